/** Opens store, Redis and epoch for the wrapped functions of this process: where its clock and its chance come in. */
import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { ParqueueError } from '../model/errors.ts';
import type { Clock } from '../ports/clock.ts';
import type { OnStep } from '../ports/steps.ts';
import { openCoordination } from '../redis/index.ts';
import { FileThread } from '../sources/wrapped/index.ts';
import { openStore } from '../store/index.ts';
import { InProcess } from './in-process.ts';

export interface OpenInProcessOptions {
  readonly root: string;
  readonly redis: string;
  /** Mode of files in the store. The workers of a store have to agree with it. */
  readonly fileMode?: number;
  /** A load whose process is silent this long may be taken over by another. */
  readonly leaseTtlMs?: number;
  /** Loads that run here at a time. */
  readonly fillsMax?: number;
  readonly onStep?: OnStep;
}

const { version: VERSION } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as {
  readonly version: string;
};

const FILE_MODE = 0o640;
const LEASE_TTL_MS = 30_000;
/** A heartbeat comes at a third of it. */
const LEASE_TTL_MS_MIN = 100;
const LEASE_TTL_MS_MAX = 24 * 3_600_000;
const FILLS_MAX = 8;

const clock: Clock = {
  now: () => Date.now(),
  sleep: (ms, signal) => sleep(ms, undefined, signal === undefined ? {} : { signal }),
};

const randomId = (): string => randomBytes(16).toString('hex');

/** @throws ParqueueError PQ_CONFIG, PQ_COORDINATION_DOWN, PQ_STORE_IO */
export async function openInProcess(options: OpenInProcessOptions): Promise<InProcess> {
  const { root, redis, fileMode = FILE_MODE, leaseTtlMs = LEASE_TTL_MS, fillsMax = FILLS_MAX } = options;
  if (!(Number.isInteger(fillsMax) && fillsMax > 0))
    throw new ParqueueError('PQ_CONFIG', 'the loads that may run at a time have to be a whole number above 0');
  if (!(leaseTtlMs >= LEASE_TTL_MS_MIN && leaseTtlMs <= LEASE_TTL_MS_MAX)) {
    const [least, most] = [LEASE_TTL_MS_MIN / 1000, LEASE_TTL_MS_MAX / 1000];
    throw new ParqueueError('PQ_CONFIG', `the lease has to last ${least} to ${most} seconds`);
  }
  const store = await openStore({ root, fileMode });
  const coordination = await openCoordination({ url: redis, storeId: store.storeId, clock, randomId });
  const host = hostname();
  const inProcess = new InProcess({
    store,
    coordination,
    files: new FileThread(),
    clock,
    randomId,
    onStep: options.onStep ?? (() => undefined),
    holder: `${host}:${process.pid}:${randomId().slice(0, 8)}`,
    host,
    program: `parqueue-core/${VERSION}`,
    leaseTtlMs,
    fillsMax,
  });
  try {
    await inProcess.open();
    return inProcess;
  } catch (error) {
    await inProcess.close(AbortSignal.abort());
    throw error;
  }
}
