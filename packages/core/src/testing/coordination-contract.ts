/**
 * What every implementation of the coordination ports must do. Run it on the memory port and on Redis alike. Time is
 * aged, not waited for: the harness moves what is written down into the past.
 */
import { beforeEach, describe, expect, it } from 'vitest';
import { isEpochLost, type CommitRequest, type LookTarget } from '../ports/coordination.ts';
import type { CoordinationPorts, CoordinationHarness } from './coordination-harness.ts';
import { epochStart } from '../model/ticks.ts';

const KEY = 'prices-00112233445566778899aabbccddeeff';
const OTHER = 'orders-ffeeddccbbaa99887766554433221100';
const SCOPES = ['source:lake', 'dataset:prices'];
const TARGET: LookTarget = { key: KEY, scopes: SCOPES, probeTargets: ['file:lake/prices.csv'] };
const PIN = { id: 'pin-1', ttlMs: 60_000 };

export function coordinationContract(name: string, open: () => Promise<CoordinationHarness>): void {
  describe(`coordination on ${name}`, () => {
    let harness: CoordinationHarness;
    let ports: CoordinationPorts;

    beforeEach(async () => {
      harness = await open();
      ({ ports } = harness);
      await openEpoch(harness, 1);
      await ports.reconciler.completePass(1);
      return () => harness.close();
    });

    const claim = (fillId: string, key = KEY) => ({ key, fillId, holder: 'worker-1', ttlMs: 30_000 });
    const granted = async (fillId: string, key = KEY): Promise<number> => {
      const grant = await ports.leases.acquire(claim(fillId, key));
      if (grant.kind !== 'granted') throw new Error(`the lease is ${grant.kind}`);
      return grant.fence;
    };
    const commit = async (fence: number, fillId: string, version = 'checksum:a') => (
      await ports.heads.commit(commitRequest(fence, fillId, version))
    );
    const filled = async (fillId: string, version = 'checksum:a'): Promise<number> => {
      const fence = await granted(fillId);
      expect(await commit(fence, fillId, version)).toEqual({ kind: 'committed' });
      await ports.leases.release(claim(fillId), fence);
      return fence;
    };
    const look = async (pin: typeof PIN | null = null) => await ports.heads.look(TARGET, pin);

    describe('clock and looks', () => {
      it('an unknown key has no head, no ticks and no lease', async () => {
        const seen = await look(PIN);
        expect(seen).toMatchObject({ head: null, pin: null, lease: null, latestFence: 0, reconciled: true });
        expect(seen.seen).toEqual({ epoch: 1, started: 0, soft: 0, hard: 0, purge: 0 });
      });

      it('ticks of probes, grants and invalidations only grow and name their epoch', async () => {
        const ticks = [
          (await ports.ticks.startProbe(TARGET)).tick, await granted('f1'), await ports.ticks.invalidate('source:lake', 'soft'),
        ];
        expect(ticks).toEqual([epochStart(1) + 1, epochStart(1) + 2, epochStart(1) + 3]);
      });

      it("a probe's tick is seen by every key that shares a probe target", async () => {
        const { tick } = await ports.ticks.startProbe(TARGET);
        const other = await ports.heads.look({ key: OTHER, scopes: [], probeTargets: TARGET.probeTargets }, null);
        expect(other.seen.started).toBe(tick);
        expect((await ports.heads.look({ key: OTHER, scopes: [], probeTargets: [] }, null)).seen.started).toBe(0);
      });

      it('marks of key and scopes are seen as maxima, and a purge is a hard mark', async () => {
        await ports.ticks.invalidate('dataset:prices', 'soft');
        const soft = await ports.ticks.invalidate(`key:${KEY}`, 'soft');
        const hard = await ports.ticks.invalidate('source:lake', 'hard');
        expect((await look()).seen).toMatchObject({ soft, hard, purge: 0 });
        const purge = await ports.ticks.invalidate('dataset:prices', 'purge');
        expect((await look()).seen).toMatchObject({ soft, hard: purge, purge });
      });
    });

    describe('leases', () => {
      it('one holder at a time, and the holder is named to others', async () => {
        const fence = await granted('f1');
        const other = await ports.leases.acquire(claim('f2'));
        expect(other).toMatchObject({ kind: 'busy', holder: { fence, fillId: 'f1', holder: 'worker-1' } });
        expect((await look()).lease).toMatchObject({ fence, fillId: 'f1' });
      });

      it('asking again with the same fillId returns the same grant', async () => {
        const first = await ports.leases.acquire(claim('f1'));
        expect(await ports.leases.acquire(claim('f1'))).toEqual(first);
      });

      it('an expired lease is taken over with a higher fence, and its holder cannot renew any more', async () => {
        const fence = await granted('f1');
        await harness.ageLease(KEY);
        const later = await granted('f2');
        expect(later).toBeGreaterThan(fence);
        expect(await ports.leases.renew(claim('f1'), fence)).toBe(false);
        expect(await ports.leases.renew(claim('f2'), later)).toBe(true);
      });

      it('an expired lease that nobody took is renewed', async () => {
        const fence = await granted('f1');
        await harness.ageLease(KEY);
        expect((await look()).lease).toBeNull();
        expect(await ports.leases.renew(claim('f1'), fence)).toBe(true);
        expect((await look()).lease).toMatchObject({ fence });
      });

      it('release gives up only the own lease', async () => {
        const fence = await granted('f1');
        await ports.leases.release(claim('f2'), fence);
        await ports.leases.release(claim('f1'), fence - 1);
        expect((await look()).lease).toMatchObject({ fence });
        await ports.leases.release(claim('f1'), fence);
        expect(await look()).toMatchObject({ lease: null, latestFence: fence });
        expect(await ports.leases.renew(claim('f1'), fence)).toBe(false);
      });
    });

    describe('commits', () => {
      it('the latest grant commits; head, filled and verified are its fence', async () => {
        const fence = await filled('f1');
        expect((await look()).head).toMatchObject({
          fence, fillId: 'f1', version: 'checksum:a', verified: fence, verifiedAtMs: 1000, damaged: null, dataset: 'prices',
        });
      });

      it('an earlier grant is fenced even while the later one has not committed', async () => {
        const zombie = await granted('f1');
        await harness.ageLease(KEY);
        const fence = await granted('f2');
        expect(await commit(zombie, 'f1')).toEqual({ kind: 'fenced', latestFence: fence });
        expect(await commit(fence, 'f2')).toEqual({ kind: 'committed' });
      });

      it('the latest fence under another fillId is fenced', async () => {
        const fence = await granted('f1');
        expect(await commit(fence, 'f2')).toEqual({ kind: 'fenced', latestFence: fence });
      });

      it('a repeated commit is committed, as head and after a later fill replaced it', async () => {
        const fence = await filled('f1');
        expect(await commit(fence, 'f1')).toEqual({ kind: 'committed' });
        const later = await filled('f2');
        expect(await commit(fence, 'f1')).toEqual({ kind: 'committed' });
        expect((await look()).head?.fence).toBe(later);
      });

      it.each(['source:lake', 'dataset:prices', `key:${KEY}`])('a purge of %s after the grant forbids the commit', async (target) => {
        const fence = await granted('f1');
        await ports.ticks.invalidate(target, 'purge');
        expect(await commit(fence, 'f1')).toEqual({ kind: 'fenced', latestFence: fence });
      });

      it('a hard mark after the grant does not', async () => {
        const fence = await granted('f1');
        await ports.ticks.invalidate('source:lake', 'hard');
        expect(await commit(fence, 'f1')).toEqual({ kind: 'committed' });
      });
    });

    describe('verification and damage', () => {
      it('raises verified and its time, never lowers them', async () => {
        await filled('f1');
        const first = (await ports.ticks.startProbe(TARGET)).tick;
        const second = (await ports.ticks.startProbe(TARGET)).tick;
        const proof = (tick: number, beganAtMs: number) => ({ version: 'checksum:a', tick, beganAtMs });
        expect(await ports.heads.markVerified(KEY, proof(second, 5000))).toBe(true);
        expect(await ports.heads.markVerified(KEY, proof(first, 4000))).toBe(true);
        expect((await look()).head).toMatchObject({ verified: second, verifiedAtMs: 5000 });
      });

      it('another version proves nothing', async () => {
        const fence = await filled('f1');
        const { tick } = await ports.ticks.startProbe(TARGET);
        expect(await ports.heads.markVerified(KEY, { version: 'checksum:b', tick, beganAtMs: 1 })).toBe(false);
        expect((await look()).head?.verified).toBe(fence);
      });

      it('a damaged head is returned, not pinned and not verified, until a fill replaces it', async () => {
        const fence = await filled('f1');
        await ports.heads.markDamaged(KEY, fence - 1, 'another one');
        expect((await look()).head?.damaged).toBeNull();
        await ports.heads.markDamaged(KEY, fence, 'the part is short');
        expect(await look(PIN)).toMatchObject({ head: { fence, damaged: 'the part is short' }, pin: null });
        const { tick } = await ports.ticks.startProbe(TARGET);
        expect(await ports.heads.markVerified(KEY, { version: 'checksum:a', tick, beganAtMs: 1 })).toBe(false);
        expect(await ports.pins.pinGeneration({ key: KEY, fence }, PIN)).toBeNull();
        await filled('f2');
        expect((await look()).head?.damaged).toBeNull();
      });
    });

    describe('pins', () => {
      it('a look pins the head it returns, and repeating it leaves one pin', async () => {
        const fence = await filled('f1');
        const { pin } = await look(PIN);
        expect(pin).toMatchObject({ id: 'pin-1', key: KEY, fence });
        await look(PIN);
        await filled('f2');
        await ports.pins.release(KEY, 'pin-1');
        expect(await ports.retirement.retire({ key: KEY, fence }, 0)).toBe('removable');
      });

      it('a pin is renewed until it expires or is released', async () => {
        const fence = await filled('f1');
        await look(PIN);
        expect(await ports.pins.renew(KEY, 'pin-1', 1000)).toMatchObject({ fence, id: 'pin-1' });
        await harness.agePin(KEY, 'pin-1');
        expect(await ports.pins.renew(KEY, 'pin-1', 1000)).toBeNull();
        await look(PIN);
        await ports.pins.release(KEY, 'pin-1');
        expect(await ports.pins.renew(KEY, 'pin-1', 1000)).toBeNull();
      });

      it('a purge hides the head from looks, ends its pins and forbids new ones', async () => {
        const fence = await filled('f1');
        await look(PIN);
        await ports.ticks.invalidate(`key:${KEY}`, 'purge');
        expect(await look({ id: 'pin-2', ttlMs: 1000 })).toMatchObject({ head: null, pin: null });
        expect(await ports.pins.renew(KEY, 'pin-1', 1000)).toBeNull();
        expect(await ports.pins.pinGeneration({ key: KEY, fence }, PIN)).toBeNull();
      });

      it('a purge of a scope hides the heads of keys that name it', async () => {
        await filled('f1');
        await ports.ticks.invalidate('dataset:prices', 'purge');
        expect((await look(PIN)).head).toBeNull();
        expect((await ports.heads.look({ ...TARGET, scopes: [] }, PIN)).head).not.toBeNull();
      });

      it('a retired generation can be pinned by name, an unknown one cannot', async () => {
        const old = await filled('f1');
        await filled('f2');
        expect(await ports.pins.pinGeneration({ key: KEY, fence: old }, PIN)).toMatchObject({ fence: old });
        expect(await ports.pins.pinGeneration({ key: KEY, fence: old + 500 }, PIN)).toBeNull();
      });
    });

    describe('retirement', () => {
      it('refuses the head, what is pinned, what is within its grace and what nobody retired', async () => {
        const old = await filled('f1');
        await look(PIN);
        expect(await ports.retirement.retire({ key: KEY, fence: old }, 0)).toBe('refused');
        await filled('f2');
        expect(await ports.retirement.retire({ key: KEY, fence: old }, 0)).toBe('refused');
        await ports.pins.release(KEY, 'pin-1');
        expect(await ports.retirement.retire({ key: KEY, fence: old }, 600_000)).toBe('refused');
        expect(await ports.retirement.retire({ key: KEY, fence: old - 1 }, 0)).toBe('refused');
        await harness.ageRetired(KEY, old, 600_001);
        expect(await ports.retirement.retire({ key: KEY, fence: old }, 600_000)).toBe('removable');
      });

      it('what may be removed cannot be pinned, and asking again says the same', async () => {
        const old = await filled('f1');
        await filled('f2');
        expect(await ports.retirement.retire({ key: KEY, fence: old }, 0)).toBe('removable');
        expect(await ports.pins.pinGeneration({ key: KEY, fence: old }, PIN)).toBeNull();
        expect(await ports.retirement.retire({ key: KEY, fence: old }, 0)).toBe('removable');
        await ports.retirement.removed({ key: KEY, fence: old });
        expect(await ports.retirement.retire({ key: KEY, fence: old }, 0)).toBe('refused');
      });

      it('an orphan starts its grace; a fence that may still commit is none', async () => {
        const zombie = await granted('f1');
        await ports.retirement.noteOrphans(KEY, [zombie]);
        expect(await ports.retirement.retire({ key: KEY, fence: zombie }, 0)).toBe('refused');
        await harness.ageLease(KEY);
        await granted('f2');
        await ports.retirement.noteOrphans(KEY, [zombie]);
        expect(await ports.retirement.retire({ key: KEY, fence: zombie }, 0)).toBe('removable');
      });

      it('grace starts again when something still named the generation', async () => {
        const old = await filled('f1');
        await filled('f2');
        await harness.ageRetired(KEY, old, 600_001);
        await ports.retirement.restartGrace({ key: KEY, fence: old });
        expect(await ports.retirement.retire({ key: KEY, fence: old }, 600_000)).toBe('refused');
      });
    });

    describe('epochs', () => {
      it('calls under a marker that is not the current one are refused and tell their process', async () => {
        let lost = 0;
        ports.register.onLost(() => { lost += 1; });
        const elsewhere = await harness.another();
        await openEpoch({ ...harness, ports: elsewhere }, 2);
        await expect(ports.heads.look(TARGET, null)).rejects.toSatisfy(isEpochLost);
        await expect(ports.ticks.invalidate('source:lake', 'hard')).rejects.toSatisfy(isEpochLost);
        expect(lost).toBeGreaterThan(0);
        expect((await elsewhere.heads.look(TARGET, null)).seen.hard).toBe(0);
      });

      it('only the one who saw the current marker opens the next epoch', async () => {
        const { marker, runId } = await ports.register.read();
        const expected = { runId, incarnation: marker?.incarnation ?? null };
        const next = { epoch: 2, runId, incarnation: 'two', storeId: harness.storeId };
        expect(await ports.register.open(next, { runId: 'another', incarnation: expected.incarnation }, [])).toBe(false);
        expect(await ports.register.open(next, { runId, incarnation: null }, [])).toBe(false);
        expect(await ports.register.open(next, expected, [])).toBe(true);
        expect(await ports.register.open({ ...next, epoch: 3, incarnation: 'three' }, expected, [])).toBe(false);
        expect((await ports.register.read()).marker).toEqual(next);
      });

      it('a new epoch moves the clock, voids leases, fences their commits and unsettles reconciliation', async () => {
        const old = await filled('f0');
        const fence = await granted('f1');
        await openEpoch(harness, 2);
        expect(await look()).toMatchObject({ lease: null, latestFence: fence, reconciled: false, head: { fence: old } });
        expect(await ports.leases.renew(claim('f1'), fence)).toBe(false);
        expect(await commit(fence, 'f1')).toEqual({ kind: 'fenced', latestFence: fence });
        expect(await ports.leases.acquire(claim('f2'))).toEqual({ kind: 'unreconciled' });
        await ports.reconciler.apply({ key: KEY, epoch: 2, newest: null, others: [], mark: null });
        expect(await granted('f2')).toBe(epochStart(2) + 1);
        expect(await ports.retirement.retire({ key: KEY, fence }, 0)).toBe('refused');
      });

      it('scope marks are restored with the epoch, and raise-only', async () => {
        const mark = { target: 'source:lake', hard: 700, purge: 500 };
        await openEpoch(harness, 2, [mark]);
        expect((await look()).seen).toMatchObject({ hard: 700, purge: 500 });
        const hard = await ports.ticks.invalidate('source:lake', 'hard');
        await ports.ticks.restoreMarks(2, [mark, { target: `key:${KEY}`, hard: 10, purge: 900 }]);
        expect((await look()).seen).toMatchObject({ hard, purge: 900 });
        await expect(ports.ticks.restoreMarks(1, [mark])).rejects.toSatisfy(isEpochLost);
      });
    });

    describe('reconciliation', () => {
      const restored = (fence: number, fillId = `r${fence}`) => ({ ...commitRequest(fence, fillId, 'checksum:old') });
      const apply = async (fence: number | null, others: readonly number[] = [], epoch = 2) => {
        await ports.reconciler.apply({ key: KEY, epoch, newest: fence === null ? null : restored(fence), others, mark: null });
      };

      it('sets a head that Redis forgot, unverified in this epoch', async () => {
        await openEpoch(harness, 2);
        await apply(500, [300, 400]);
        expect(await look()).toMatchObject({ reconciled: true, head: { fence: 500, verified: 500, verifiedAtMs: 1000 } });
        expect(await ports.pins.pinGeneration({ key: KEY, fence: 400 }, PIN)).not.toBeNull();
      });

      it('raises only: an older generation is retired, the head stays', async () => {
        const fence = await filled('f1');
        await openEpoch(harness, 2);
        await apply(500);
        expect((await look()).head?.fence).toBe(fence);
        expect(await ports.retirement.retire({ key: KEY, fence: 500 }, 0)).toBe('removable');
      });

      it('a head below the newest is replaced and retired', async () => {
        const fence = await filled('f1');
        await openEpoch(harness, 2);
        await apply(fence + 5);
        expect((await look()).head?.fence).toBe(fence + 5);
        expect(await ports.retirement.retire({ key: KEY, fence }, 0)).toBe('removable');
      });

      it('a listing made under another epoch is refused', async () => {
        await openEpoch(harness, 2);
        await expect(apply(500, [], 1)).rejects.toSatisfy(isEpochLost);
        expect((await look()).reconciled).toBe(false);
      });

      it('a pass is resumed within its epoch, and its completion reconciles every key', async () => {
        await openEpoch(harness, 2);
        expect(await ports.reconciler.passPosition(2)).toBeNull();
        expect((await ports.retirement.gate()).reconciledAtMs).toBeNull();
        await ports.reconciler.savePassPosition(2, '7f');
        expect(await ports.reconciler.passPosition(2)).toBe('7f');
        await ports.reconciler.completePass(2);
        const { reconciledAtMs } = await ports.retirement.gate();
        expect(reconciledAtMs).not.toBeNull();
        await ports.reconciler.completePass(2);
        expect((await ports.retirement.gate()).reconciledAtMs).toBe(reconciledAtMs);
        expect((await look()).reconciled).toBe(true);
        await openEpoch(harness, 3);
        expect(await ports.reconciler.passPosition(3)).toBeNull();
        expect((await look()).reconciled).toBe(false);
      });
    });
  });
}

export function commitRequest(fence: number, fillId: string, version: string): CommitRequest {
  return {
    key: KEY, scopes: SCOPES, fence, fillId, version, sha256: '0'.repeat(64), bytes: 10, rows: 2, consistency: 'exact',
    source: 'lake', dataset: 'prices', startedAtMs: 1000,
  };
}

/** Opens an epoch as a process does, and adopts it. */
export async function openEpoch(
  { ports, storeId }: Pick<CoordinationHarness, 'ports' | 'storeId'>, epoch: number,
  marks: Parameters<CoordinationPorts['register']['open']>[2] = [],
): Promise<void> {
  const { marker, runId } = await ports.register.read();
  const next = { epoch, runId, incarnation: `incarnation-${epoch}`, storeId };
  const opened = await ports.register.open(next, { runId, incarnation: marker?.incarnation ?? null }, marks);
  if (!opened) throw new Error(`epoch ${epoch} could not be opened`);
  ports.register.adopt(next);
}
