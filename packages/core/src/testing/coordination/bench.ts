/**
 * The bench on which every story of the coordination contract is told: one key, one process, epoch 1 open and
 * reconciled.
 */
import { expect } from 'vitest';
import type {
  CommitRequest,
  CommitResult,
  LeaseClaim,
  Look,
  LookTarget,
  LookWish,
  PinWish,
} from '../../ports/coordination.ts';
import type { CoordinationHarness, CoordinationPorts } from '../coordination-harness.ts';

export const KEY = 'prices-00112233445566778899aabbccddeeff';
export const OTHER = 'orders-ffeeddccbbaa99887766554433221100';
export const SCOPES = ['source:lake', 'dataset:prices'];
export const TARGET: LookTarget = { key: KEY, scopes: SCOPES, probeTargets: ['file:lake/prices.csv'] };
export const PIN: PinWish = { id: 'pin-1', ttlMs: 60_000 };

export class Bench {
  #harness: CoordinationHarness | null = null;

  /** A fresh memory, in epoch 1. */
  async set(harness: CoordinationHarness): Promise<void> {
    this.#harness = harness;
    await openEpoch(harness, 1);
    await harness.ports.reconciler.completePass(1);
  }

  get harness(): CoordinationHarness {
    if (this.#harness === null) throw new Error('the bench is not set');
    return this.#harness;
  }

  get ports(): CoordinationPorts {
    return this.harness.ports;
  }

  readonly claim = (fillId: string, key = KEY): LeaseClaim => ({
    key,
    fillId,
    holder: 'worker-1',
    ttlMs: 30_000,
    scopes: key === KEY ? SCOPES : [],
  });

  readonly granted = async (fillId: string, key = KEY): Promise<number> => {
    const grant = await this.ports.leases.acquire(this.claim(fillId, key));
    if (grant.kind !== 'granted') throw new Error(`the lease is ${grant.kind}`);
    return grant.fence;
  };

  readonly commit = async (fence: number, fillId: string, version = 'checksum:a'): Promise<CommitResult> =>
    await this.ports.heads.commit(commitRequest(fence, fillId, version));

  readonly request = (fence: number, fillId: string): CommitRequest => commitRequest(fence, fillId, 'checksum:a');

  /** All data are gone, and the next epoch is open. */
  readonly reopen = async (epoch: number): Promise<void> => {
    await this.harness.forget();
    await openEpoch(this.harness, epoch);
  };

  /** Redis kept its data, and the next epoch is open. */
  readonly reopenKeeping = async (epoch: number): Promise<void> => {
    await openEpoch(this.harness, epoch);
  };

  /** One whole fill. @returns its fence */
  readonly filled = async (fillId: string, version = 'checksum:a'): Promise<number> => {
    const fence = await this.granted(fillId);
    expect(await this.commit(fence, fillId, version)).toEqual({ kind: 'committed' });
    await this.ports.leases.release(this.claim(fillId), fence);
    return fence;
  };

  readonly retire = async (fence: number, graceMs: number): Promise<'removable' | 'refused'> =>
    await this.ports.retirement.retire(
      { key: KEY, fence },
      {
        epoch: await this.ports.ticks.epoch(),
        graceMs,
        dryRun: false,
      },
    );

  readonly look = async (wish: LookWish = null): Promise<Look> => await this.ports.heads.look(TARGET, wish);
}

export function commitRequest(fence: number, fillId: string, version: string): CommitRequest {
  return {
    key: KEY,
    scopes: SCOPES,
    fence,
    fillId,
    version,
    sha256: '0'.repeat(64),
    bytes: 10,
    rows: 2,
    consistency: 'exact',
    source: 'lake',
    dataset: 'prices',
    startedAtMs: 1000,
  };
}

/** Opens an epoch as a process does, and adopts it. */
export async function openEpoch(
  { ports, storeId }: Pick<CoordinationHarness, 'ports' | 'storeId'>,
  epoch: number,
  marks: Parameters<CoordinationPorts['register']['open']>[2] = [],
): Promise<void> {
  const { runId, incarnation } = await ports.register.read();
  const next = { epoch, runId, incarnation: `incarnation-${epoch}`, storeId };
  const opened = await ports.register.open(next, { runId, incarnation }, marks);
  if (!opened) throw new Error(`epoch ${epoch} could not be opened`);
  ports.register.adopt(next);
}
