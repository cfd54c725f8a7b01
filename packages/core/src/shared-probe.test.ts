/** Who asks the source and who takes what others found, on the ports in memory. */
import { beforeEach, describe, expect, test } from 'vitest';
import { PartFlights } from './part-flights.ts';
import { probeShared, type ProbeFinding } from './shared-probe.ts';
import { deferred } from './model/deferred.ts';
import { DEFAULT_PARQUET, type ResolvedRequest, type SqlVersioning } from './model/request.ts';
import { epochStart, type Tick } from './model/ticks.ts';
import type { ProbeContext, ProbeReport } from './ports/work.ts';
import { openEpoch } from './testing/coordination-contract.ts';
import { MemoryCoordination, MemoryRedis } from './testing/memory/redis.ts';

const START = epochStart(1);

let coordination: MemoryCoordination;
let nowMs: number;
/** The tables of the database. */
let tables: Record<string, number>;
/** Which parts each probe asked for, in order. */
let asked: string[][];
/** Held before the source answers. */
let gate: Promise<void>;
let failure: string | null;
/** What asking one part costs, ms. */
let cost: number;

beforeEach(async () => {
  nowMs = 1_000_000;
  tables = { 'APP.A': 1, 'APP.B': 1 };
  asked = [];
  gate = Promise.resolve();
  failure = null;
  cost = 1;
  coordination = new MemoryCoordination(new MemoryRedis({ now: () => nowMs }));
  await openEpoch({ ports: coordination, storeId: 'probe' }, 1);
});

describe('a table that several keys read', () => {
  test('is asked once for callers who asked before, and the version is the one its source would tell', async () => {
    const worker = process();
    expect(await worker(['APP.A'], START)).toEqual(version('rowscn:APP.A=1', START + 1));
    expect(await worker(['APP.A', 'APP.B'], START)).toEqual(version('rowscn:APP.A=1;APP.B=1', START + 1));
    expect(await worker(['APP.B', 'APP.A'], START)).toEqual(version('rowscn:APP.A=1;APP.B=1', START + 1));
    expect(asked).toEqual([['APP.A'], ['APP.B']]);
  });

  test('is asked again for whoever asked at its tick or later', async () => {
    const worker = process();
    await worker(['APP.A'], START);
    tables['APP.A'] = 2;
    expect(await worker(['APP.A'], START + 1)).toEqual(version('rowscn:APP.A=2', START + 2));
    expect(asked).toEqual([['APP.A'], ['APP.A']]);
  });

  test('raises started of what is asked, and of nothing that is known', async () => {
    const worker = process();
    await worker(['APP.A'], START);
    await worker(['APP.A', 'APP.B'], START);
    expect(await startedOf('APP.A')).toBe(START + 1);
    expect(await startedOf('APP.B')).toBe(START + 2);
  });

  test('is shared by statements with other binds, and a refresh key is as well', async () => {
    const worker = process();
    await worker(['APP.A'], START, { region: 'north' });
    await worker(['APP.A'], START, { region: 'south' });
    const version = { kind: 'refresh-key', statement: 'SELECT 1 FROM DUAL' } as const;
    await worker(['refresh-key:1'], START, { region: 'north', version });
    await worker(['refresh-key:1'], START, { region: 'south', version });
    expect(asked).toEqual([['APP.A'], ['refresh-key:1']]);
  });

  test('is not shared with another system of record, another user of it, or under other session settings', async () => {
    const worker = process();
    await worker(['APP.A'], START);
    await worker(['APP.A'], START, { identity: 'oracle:elsewhere/app' });
    await worker(['APP.A'], START, { session: { TIME_ZONE: 'Europe/Berlin' } });
    expect(asked).toEqual([['APP.A'], ['APP.A'], ['APP.A']]);
  });
});

describe('a table that is being asked', () => {
  test('is waited for in the same process by those who asked before', async () => {
    const worker = process();
    const held = deferred<void>();
    gate = held.promise;
    const first = worker(['APP.A'], START);
    await settled();
    const second = worker(['APP.A', 'APP.B'], START);
    await settled();
    expect(asked).toEqual([['APP.A']]);
    held.resolve();
    expect(await first).toEqual(version('rowscn:APP.A=1', START + 1));
    expect(await second).toEqual(version('rowscn:APP.A=1;APP.B=1', START + 1));
    expect(asked).toEqual([['APP.A'], ['APP.B']]);
  });

  test('is not waited for by those who asked after it began', async () => {
    const worker = process();
    const held = deferred<void>();
    gate = held.promise;
    const first = worker(['APP.A'], START);
    await settled();
    const second = worker(['APP.A'], START + 1);
    await settled();
    expect(asked).toEqual([['APP.A'], ['APP.A']]);
    held.resolve();
    expect(await first).toEqual(version('rowscn:APP.A=1', START + 1));
    expect(await second).toEqual(version('rowscn:APP.A=1', START + 2));
  });

  test('in another process is waited for, as long as that can be expected to live', async () => {
    const held = deferred<void>();
    gate = held.promise;
    const first = process()(['APP.A'], START);
    await settled();
    gate = Promise.resolve();
    const pauses: number[] = [];
    const second = process(pauses)(['APP.A'], START);
    await settled();
    expect(await second).toEqual(version('rowscn:APP.A=1', START + 2));
    expect(pauses.reduce((sum, ms) => sum + ms, 0)).toBeGreaterThanOrEqual(15_000);
    held.resolve();
    await first;
  });

  test('in another process is waited for longer where it took long the last time', async () => {
    cost = 20_000;
    await process()(['APP.A'], START);
    const held = deferred<void>();
    gate = held.promise;
    const first = process()(['APP.A'], START + 1);
    await settled();
    gate = Promise.resolve();
    const pauses: number[] = [];
    await process(pauses)(['APP.A'], START + 1);
    expect(pauses.reduce((sum, ms) => sum + ms, 0)).toBeGreaterThanOrEqual(40_000);
    held.resolve();
    await first;
  });

  test('in another process is not waited for by those who asked after it began', async () => {
    const held = deferred<void>();
    gate = held.promise;
    const first = process()(['APP.A'], START);
    await settled();
    gate = Promise.resolve();
    const pauses: number[] = [];
    expect(await process(pauses)(['APP.A'], START + 1)).toEqual(version('rowscn:APP.A=1', START + 2));
    expect(pauses).toEqual([]);
    held.resolve();
    await first;
  });

  test('in another process is not waited for any more once that failed or was stopped', async () => {
    failure = 'down';
    expect(await process()(['APP.A'], START)).toMatchObject({ kind: 'failed' });
    failure = null;
    const held = deferred<void>();
    gate = held.promise;
    const stop = new AbortController();
    const stopped = process()(['APP.A'], START, { signal: stop.signal });
    await settled();
    expect(asked).toHaveLength(2);
    stop.abort('shutdown');
    held.resolve();
    expect(await stopped).toEqual({ kind: 'stopped' });
    const pauses: number[] = [];
    expect(await process(pauses)(['APP.A'], START)).toEqual(version('rowscn:APP.A=1', START + 3));
    expect(pauses).toEqual([]);
  });

  test('fails for all who waited, and is asked again by whoever comes then', async () => {
    const worker = process();
    const held = deferred<void>();
    gate = held.promise;
    failure = 'down';
    const both = [worker(['APP.A'], START), worker(['APP.A'], START)];
    await settled();
    held.resolve();
    expect(await Promise.all(both)).toMatchObject([
      { kind: 'failed', failure: { message: 'down' } },
      { kind: 'failed', failure: { message: 'down' } },
    ]);
    expect(asked).toEqual([['APP.A']]);
    failure = null;
    expect(await worker(['APP.A'], START)).toEqual(version('rowscn:APP.A=1', START + 2));
  });

  test('by a job that is stopped is asked by those who waited', async () => {
    const worker = process();
    const held = deferred<void>();
    gate = held.promise;
    const stop = new AbortController();
    const first = worker(['APP.A'], START, { signal: stop.signal });
    await settled();
    const second = worker(['APP.A'], START);
    await settled();
    stop.abort('shutdown');
    held.resolve();
    expect(await first).toEqual({ kind: 'stopped' });
    expect(await second).toEqual(version('rowscn:APP.A=1', START + 2));
  });
});

test('a view that a probe expands hears of marks that its tables had before', async () => {
  const hard = await coordination.ticks.invalidate('table:wh/APP.A', 'hard');
  await process()(['APP.V'], hard);
  const { seen } = await coordination.heads.look({ key: 'k', scopes: ['table:wh/APP.V'], probeTargets: [] }, null);
  expect(seen.hard).toBe(hard);
  expect(await coordination.parts.readers('wh/APP.A')).toEqual(['wh/APP.V']);
});

test('an older proof is never told as a younger one, whatever order the parts were asked in', async () => {
  const worker = process();
  await worker(['APP.B'], START);
  nowMs += 500;
  const beganAtMs = 1_000_000;
  expect(await worker(['APP.A', 'APP.B'], START)).toMatchObject({ tick: START + 1, beganAtMs });
});

function version(text: string, tick: Tick): unknown {
  return expect.objectContaining({ kind: 'version', version: text, tick });
}

interface Wish {
  readonly identity?: string;
  /** The value of a bind. */
  readonly region?: string;
  readonly version?: SqlVersioning;
  readonly session?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal;
}

/** One worker process: what it is asked waits until the gate opens. */
function process(pauses: number[] = []) {
  const flights = new PartFlights();
  const clock = {
    now: () => nowMs,
    sleep: async (ms: number) => {
      pauses.push(ms);
      nowMs += ms;
    },
  };
  const work = { probe: askDatabase };
  const deps = { ticks: coordination.ticks, parts: coordination.parts, work, flights, clock, onStep: () => undefined };
  return (names: readonly string[], after: Tick, wish: Wish = {}): Promise<ProbeFinding> => {
    const context = { signal: wish.signal ?? new AbortController().signal, onProgress: () => undefined };
    return probeShared({ request: request(names, wish), after, jobId: 'job', context }, deps);
  };
}

async function askDatabase({ probeTargets }: ResolvedRequest, { known }: ProbeContext): Promise<ProbeReport> {
  const names = probeTargets.map((target) => target.slice('wh/'.length));
  const missing = names.filter((name) => known[name] === undefined);
  asked.push(missing);
  await gate;
  if (failure !== null)
    return { kind: 'failed', failure: { code: 'PQ_SOURCE_UNAVAILABLE', message: failure, retryable: true } };
  const parts = missing.map((name) => [name, { version: String(tables[name] ?? 'A=1'), costMs: cost }] as const);
  const all = { ...known, ...Object.fromEntries(parts.map(([name, part]) => [name, part.version])) };
  const vector = names.toSorted().map((name) => `${name}=${all[name]}`);
  const reads = missing.includes('APP.V') ? { 'APP.V': ['APP.A'] } : {};
  return { kind: 'version', version: `rowscn:${vector.join(';')}`, parts: Object.fromEntries(parts), reads };
}

async function startedOf(name: string): Promise<Tick> {
  const look = await coordination.heads.look({ key: 'other', scopes: [], probeTargets: [`wh/${name}`] }, null);
  return look.seen.started;
}

/** All that can happen without the gate has happened. */
function settled(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}

function request(names: readonly string[], wish: Wish): ResolvedRequest {
  const { identity = 'oracle:wh/app', region = 'north', version = { kind: 'rowscn' }, session = {} } = wish;
  return {
    key: `k-${names.join('-')}`,
    canonical: {
      keyFormat: 1,
      sourceKind: 'oracle',
      sourceIdentity: identity,
      columns: null,
      columnTypes: {},
      parquet: DEFAULT_PARQUET,
      question: {
        kind: 'sql',
        statement: names.join(),
        binds: { REGION: { type: 'string', value: region } },
        session,
        version,
        numbers: 'double',
        split: null,
      },
    },
    source: 'wh',
    dataset: null,
    scopes: [],
    probeTargets: names.map((name) => `wh/${name}`),
    versionKind: version.kind,
    limits: { rowsMax: 1, bytesMax: 1, timeoutMs: 1 },
  };
}
