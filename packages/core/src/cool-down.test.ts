/** What reaches a source that fails, on the cool-down in memory. */
import { expect, test } from 'vitest';
import { coolDown } from './cool-down.ts';
import type { ErrorCode } from './model/errors.ts';
import { DEFAULT_PARQUET, type ResolvedRequest, type SourceKind } from './model/request.ts';
import { COOLING } from './ports/cooling.ts';
import type { FillReport, FillTask, ProbeContext, ProbeReport } from './ports/work.ts';
import { openEpoch } from './testing/coordination-contract.ts';
import { MemoryCoordination, MemoryRedis } from './testing/memory/redis.ts';

const FOUND: ProbeReport = { kind: 'version', version: 'v', parts: {}, reads: {} };

const context: ProbeContext = {
  signal: new AbortController().signal,
  known: {},
  onProgress: () => undefined,
  onStep: () => undefined,
};

test('after three failures in a row the source is left alone, and callers hear why, until when, and what it last said', async () => {
  const { work, touched, advance } = await setUp(failing('PQ_SOURCE_UNAVAILABLE', 'ORA-12541'));
  for (let i = 0; i < 3; i += 1) await work.probe(request('oracle'), context);
  advance(1000);
  const refused = await work.probe(request('oracle'), context);
  expect(refused).toMatchObject({
    kind: 'failed',
    failure: {
      code: 'PQ_SOURCE_UNAVAILABLE',
      retryable: true,
      message: expect.stringContaining('source wh failed 3 times in a row'),
      details: {
        database: 'ORA-12541',
        source: 'wh',
        coolingUntil: new Date(1_000_000 + COOLING.firstMs).toISOString(),
        retryAfterMs: COOLING.firstMs - 1000,
      },
    },
  });
  expect(touched()).toBe(3);
});

test('when the time is over one job goes first, and its answer lets everybody in again', async () => {
  let report = failing('PQ_SOURCE_UNAVAILABLE');
  const { work, touched, advance } = await setUp(() => report());
  for (let i = 0; i < 3; i += 1) await work.fill(task(), context);
  advance(COOLING.firstMs + 1);
  report = () => FOUND;
  expect(await work.probe(request('oracle'), context)).toEqual(FOUND);
  expect(await work.probe(request('oracle'), context)).toEqual(FOUND);
  expect(touched()).toBe(5);
});

test('a fill on trial lets others in as soon as its first rows are there', async () => {
  let seen: ProbeReport | null = null;
  const { work, advance } = await setUp(failing('PQ_SOURCE_UNAVAILABLE'), {
    fill: async (_task, { onStep }) => {
      await onStep('first-batch');
      seen = await work.probe(request('oracle'), context);
      return { kind: 'unchanged', version: 'v' };
    },
  });
  for (let i = 0; i < 3; i += 1) await work.probe(request('oracle'), context);
  advance(COOLING.firstMs + 1);
  await work.fill(task(), context);
  expect(seen).toMatchObject({ failure: { message: 'no' } });
});

test.each(['PQ_SOURCE_REJECTED', 'PQ_UNTRACKABLE', 'PQ_LIMIT_EXCEEDED'] as const)(
  '%s is an answer: the count starts anew',
  async (code) => {
    const reports = [3, 3, 0, 3, 3, 0].map((kind) => failing(kind === 0 ? code : 'PQ_SOURCE_UNAVAILABLE'));
    const { work, touched } = await setUp(() => (reports.shift() ?? (() => FOUND))());
    for (let i = 0; i < 7; i += 1) await work.probe(request('oracle'), context);
    expect(touched()).toBe(7);
  },
);

test.each(['PQ_CANCELLED', 'PQ_WORKER_CRASHED', 'PQ_FILL_TIMEOUT', 'PQ_STORE_FULL'] as const)(
  '%s says nothing of the source: neither a failure nor an answer',
  async (code) => {
    const reports = [1, 1, 0, 1].map((kind) => failing(kind === 0 ? code : 'PQ_SOURCE_UNAVAILABLE'));
    const { work, touched } = await setUp(() => (reports.shift() ?? (() => FOUND))());
    for (let i = 0; i < 6; i += 1) await work.probe(request('oracle'), context);
    expect(touched()).toBe(4);
  },
);

test('a file source never cools down', async () => {
  const { work, touched } = await setUp(failing('PQ_SOURCE_UNAVAILABLE'));
  for (let i = 0; i < 8; i += 1) await work.probe(request('file'), context);
  expect(touched()).toBe(8);
});

test('a Redis that forgot meanwhile takes nothing from work that is done', async () => {
  const { work, forget } = await setUp(() => {
    forget();
    return FOUND;
  });
  expect(await work.probe(request('oracle'), context)).toEqual(FOUND);
  expect(await work.probe(request('oracle'), context)).toEqual(FOUND);
});

function failing(code: ErrorCode, database?: string): () => ProbeReport {
  const details = database === undefined ? {} : { details: { database } };
  return () => ({ kind: 'failed', failure: { code, message: 'no', retryable: true, ...details } });
}

async function setUp(
  report: () => ProbeReport,
  more: { fill?: (task: FillTask, at: Pick<ProbeContext, 'onStep'>) => Promise<FillReport> } = {},
) {
  let nowMs = 1_000_000;
  let touches = 0;
  const redis = new MemoryRedis({ now: () => nowMs });
  const ports = new MemoryCoordination(redis);
  await openEpoch({ ports, storeId: 'cooling' }, 1);
  const touch = async () => {
    touches += 1;
    return report() as Extract<ProbeReport, { kind: 'failed' }>;
  };
  const work = coolDown(
    { probe: touch, fill: more.fill ?? touch },
    { cooling: ports.cooling, onCooling: () => undefined },
  );
  return {
    work,
    touched: () => touches,
    advance: (ms: number) => {
      nowMs += ms;
    },
    forget: () => redis.restart('another'),
  };
}

function task(): FillTask {
  return { request: request('oracle'), fence: 1, fillId: 'f', startedAtMs: 1, current: null };
}

function request(sourceKind: SourceKind): ResolvedRequest {
  return {
    key: 'k',
    canonical: {
      keyFormat: 1,
      sourceKind,
      sourceIdentity: 'wh',
      columns: null,
      columnTypes: {},
      parquet: DEFAULT_PARQUET,
      question: { kind: 'file', path: 'x', format: 'csv', csv: null },
    },
    source: 'wh',
    dataset: null,
    scopes: [],
    probeTargets: [],
    versionKind: 'rowscn',
    limits: { rowsMax: 1, bytesMax: 1, timeoutMs: 1 },
  };
}
