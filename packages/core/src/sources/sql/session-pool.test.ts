/** Who waits for a place in the pool: until there is one, and not for longer than the use may take. */
import { setImmediate } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { hostClock } from '../../testing/host-clock.ts';
import type { SqlDriver, Use } from './driver.ts';
import { SessionPool } from './session-pool.ts';

const done = async (): Promise<void> => undefined;

const driver: SqlDriver<object> = {
  connect: async () => ({}),
  setUp: done,
  beginUse: done,
  limitCall: () => undefined,
  isHealthy: () => true,
  ping: done,
  rollback: done,
  close: done,
  interrupt: done,
  destroy: null,
  faultOf: () => null,
};

const use = (ms: number, signal = new AbortController().signal): Use => ({
  signal,
  deadlineMs: hostClock.now() + ms,
  clock: hostClock,
  redact: (text) => text,
  action: 'fill',
});

const poolOf = (max: number): SessionPool<object> =>
  new SessionPool({ driver, max, connectTimeoutMs: 1000, clock: hostClock });

it('two loads that wait for each other end at their time limit', async () => {
  const pool = poolOf(2);
  const taken = [await pool.take(use(60_000)), await pool.take(use(60_000))];
  const both = await Promise.allSettled([pool.take(use(50)), pool.take(use(50))]);
  expect(both).toMatchObject([{ reason: { code: 'PQ_FILL_TIMEOUT' } }, { reason: { code: 'PQ_FILL_TIMEOUT' } }]);
  for (const session of taken) await session[Symbol.asyncDispose]();
  await pool[Symbol.asyncDispose]();
});

it('a place that comes free as its taker is aborted goes to the next one', async () => {
  const pool = poolOf(1);
  const only = await pool.take(use(60_000));
  const aborted = new AbortController();
  const first = pool.take(use(60_000, aborted.signal));
  const second = pool.take(use(60_000));
  await setImmediate();
  const given = only[Symbol.asyncDispose]();
  aborted.abort();
  await given;
  await expect(first).rejects.toMatchObject({ code: 'PQ_CANCELLED' });
  const session = await second;
  await session[Symbol.asyncDispose]();
  await pool[Symbol.asyncDispose]();
});
