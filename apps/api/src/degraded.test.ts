/** What an API process keeps for the time without Redis, over the store in memory. */
import { beforeEach, expect, test } from 'vitest';
import { STRICT, type Head, type ResolvedRequest } from '@parqueue/core';
import { MemoryStore, publishGeneration } from '@parqueue/core/testing';
import { DegradedMode, type DegradedOutcome } from './degraded.ts';
import { RedisTime } from './redis-time.ts';

const KEY = `prices_de-${'0a'.repeat(16)}`;
const HOUR = 3_600_000;
const LENIENT = { ...STRICT, staleIfErrorMs: HOUR };
const LIMITS = { rowsMax: 1, bytesMax: 1, timeoutMs: 1 };

let store: MemoryStore;
let time: RedisTime;
let counted: DegradedOutcome[];

beforeEach(() => {
  store = new MemoryStore({ storeId: 'degraded' });
  time = new RedisTime({ now: () => 0 }, () => 0);
  counted = [];
});

const modeOf = (...policies: readonly ({ readonly staleIfErrorMs: number } | null)[]): DegradedMode =>
  new DegradedMode({ store, time, policies, count: (outcome) => void counted.push(outcome) });

async function requestOf(fence: number): Promise<ResolvedRequest> {
  const { manifest } = await publishGeneration(store, { key: KEY, fence, fillId: `f${fence}` });
  const { key, version, source, request } = manifest;
  await store.marks.writeHead({ key, fence, version, sha256: '', verified: fence, verifiedAtMs: 1 });
  const scopes = ['source:lake'];
  return {
    key,
    canonical: request,
    source,
    dataset: null,
    scopes,
    probeTargets: [],
    versionKind: 'checksum',
    limits: LIMITS,
  };
}

const head = (fence: number, verifiedAtMs: number): Head => ({
  fence,
  fillId: 'f',
  version: 'checksum:00',
  sha256: '0'.repeat(64),
  bytes: 1,
  rows: 1,
  consistency: 'exact',
  source: 'lake',
  dataset: null,
  verified: fence,
  verifiedAtMs,
  committedAtMs: verifiedAtMs,
  damaged: null,
});

const wanted = { declared: LENIENT, policy: LENIENT };

test('it is possible once Redis was heard of, and only where some policy allows it', () => {
  expect(modeOf(LENIENT).possible).toBe(false);
  time.hear(10 * HOUR, 0);
  expect(modeOf(LENIENT).possible).toBe(true);
  expect(modeOf(null, STRICT).possible).toBe(false);
  expect(modeOf(null, STRICT, LENIENT).possible).toBe(true);
});

test('who never heard of Redis knows no age, and answers nobody', async () => {
  const asked = modeOf(LENIENT).resolve(await requestOf(5), wanted, null);
  await expect(asked).rejects.toMatchObject({ code: 'PQ_COORDINATION_DOWN', details: { degraded: 'never-connected' } });
  expect(counted).toEqual(['never-connected']);
});

test('an age counts from what Redis told last, whichever of two asks ended first', async () => {
  const mode = modeOf(LENIENT);
  const request = await requestOf(5);
  time.hear(10 * HOUR, 0);
  await expect(mode.resolve(request, wanted, null)).rejects.toMatchObject({ details: { degraded: 'too-old' } });
  mode.remember(KEY, head(5, 10 * HOUR - 500));
  mode.remember(KEY, head(5, 10 * HOUR - 9000));
  mode.remember(KEY, head(4, 10 * HOUR));
  expect(await mode.resolve(request, wanted, null)).toMatchObject({ ageMs: 500, manifest: { fence: 5 } });
  expect(counted).toEqual(['too-old', 'answered']);
});

test('callers of one question share a look at the store that began after they asked', async () => {
  const mode = modeOf(LENIENT);
  const request = await requestOf(5);
  time.hear(1, 0);
  const looks: string[] = [];
  store.beforeOperation = async (name) => void looks.push(name);
  await Promise.all(Array.from({ length: 1000 }, () => mode.resolve(request, wanted, null)));
  // One for all who asked in one turn of the event loop.
  expect(looks.filter((name) => name === 'inspect')).toHaveLength(1);
  await mode.resolve(request, wanted, null);
  expect(looks.filter((name) => name === 'inspect')).toHaveLength(2);
});

test('two sources may be one system: who asks through one has no look with the marks of the other', async () => {
  const mode = modeOf(LENIENT);
  const request = await requestOf(5);
  time.hear(1, 0);
  await store.marks.raiseMark({ target: 'source:lake-too', hard: 9, purge: 0 });
  const other: ResolvedRequest = { ...request, source: 'lake-too', scopes: ['source:lake-too'] };
  const asked = await Promise.allSettled([request, other].map((wished) => mode.resolve(wished, wanted, null)));
  expect(asked).toMatchObject([
    { status: 'fulfilled' },
    { status: 'rejected', reason: { details: { degraded: 'forbidden' } } },
  ]);
});
