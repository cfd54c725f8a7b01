/** What work tells of its source, and what a real Redis remembers of it and of who paused it. */
import { afterEach, beforeEach, expect, inject, test } from 'vitest';
import { connectRedis, openCoordination, type Coordination } from './redis/index.ts';
import { toFailure, ParqueueError, type ErrorCode } from './model/errors.ts';
import type { ResolvedRequest } from './model/request.ts';
import type { Contact } from './ports/source-health.ts';
import type { ProbeReport, SourceWork } from './ports/work.ts';
import { observed } from './source-health.ts';
import { randomId, STORE_ID, systemClock } from './testing/redis-harness.ts';

const URL = `${inject('redisUrl')}/123`;

const failed = (code: ErrorCode): ProbeReport => ({
  kind: 'failed',
  failure: toFailure(new ParqueueError(code, `it said ${code}`)),
});
const answered: ProbeReport = { kind: 'version', version: 'checksum:a', parts: {}, reads: {} };

test('failures are told at once, answers now and then and after a failure; what is nobody’s fault is not told', async () => {
  let nowMs = 0;
  const told: Contact[] = [];
  const reports: ProbeReport[] = [];
  const work: SourceWork = {
    probe: async () => reports.shift() ?? answered,
    fill: async () => ({ kind: 'unchanged', version: 'checksum:a' }),
  };
  const { probe } = observed(work, {
    health: { tell: async (_source, contact) => void told.push(contact) },
    clock: { now: () => nowMs, sleep: async () => undefined },
  });
  const request = { source: 'erp' } as ResolvedRequest;
  const context = {
    signal: new AbortController().signal,
    known: {},
    onProgress: () => undefined,
    onStep: () => undefined,
  };
  const ask = async (report: ProbeReport, afterMs = 0): Promise<number> => {
    nowMs += afterMs;
    reports.push(report);
    expect(await probe(request, context)).toBe(report);
    return told.splice(0).length;
  };
  expect(await ask(answered)).toBe(1);
  expect(await ask(answered, 4_999)).toBe(0);
  expect(await ask(answered, 1)).toBe(1);
  for (let times = 0; times < 2; times += 1) expect(await ask(failed('PQ_SOURCE_UNAVAILABLE'))).toBe(1);
  expect(await ask(answered)).toBe(1);
  for (const code of ['PQ_STORE_FULL', 'PQ_NOT_FOUND', 'PQ_CANCELLED'] as const)
    expect(await ask(failed(code))).toBe(0);
});

let coordination: Coordination;

beforeEach(async () => {
  const admin = connectRedis({ url: URL }, 'worker');
  await admin.flushdb();
  admin.disconnect();
  coordination = await openCoordination({ url: URL, storeId: STORE_ID, clock: systemClock, randomId });
});

afterEach(() => coordination.close());

test('the last answer and the last failure of a source are remembered beside each other', async () => {
  const { sourceHealth } = coordination;
  expect(await sourceHealth.read('erp')).toEqual({ answeredAtMs: null, failedAtMs: null, failure: null });
  const failure = toFailure(new ParqueueError('PQ_SOURCE_REJECTED', 'ORA-00942'.padEnd(2_000, '.')));
  await sourceHealth.tell('erp', { answered: false, failure });
  expect(await sourceHealth.read('erp')).toMatchObject({ answeredAtMs: null, failedAtMs: expect.any(Number) });
  await sourceHealth.tell('erp', { answered: true, failure: null });
  const known = await sourceHealth.read('erp');
  expect(known.answeredAtMs).toBeGreaterThanOrEqual(known.failedAtMs ?? Infinity);
  expect(known.failure?.code).toBe('PQ_SOURCE_REJECTED');
  expect(known.failure?.message).toHaveLength(500);
});

test('a pause keeps its beginning when it is said again, and its note goes with it', async () => {
  const { jobs } = coordination;
  expect(await jobs.pauseOf('lake')).toBeNull();
  await jobs.pause('lake', { reason: 'index rebuild', by: 'key:dba' });
  const first = await jobs.pauseOf('lake');
  expect(first).toMatchObject({ reason: 'index rebuild', by: 'key:dba' });
  await jobs.pause('lake', { reason: 'takes longer', by: 'key:ops' });
  expect(await jobs.pauseOf('lake')).toEqual({ reason: 'takes longer', by: 'key:ops', sinceMs: first?.sinceMs });
  await jobs.resume('lake');
  expect(await jobs.pauseOf('lake')).toBeNull();
  await jobs.pause('lake');
  expect(await jobs.pauseOf('lake')).toMatchObject({ reason: null, by: null });
});
