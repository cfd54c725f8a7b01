/** Refreshes on the ports in memory, with the real probes and fills, in a time that passes only when nobody works. */
import { beforeEach, describe, expect, test } from 'vitest';
import { countsOf, HOUR_MS, RefreshBench } from './testing/refresh-bench.ts';
import { deferred } from './model/deferred.ts';

const DAY_MS = 24 * HOUR_MS;

let bench: RefreshBench;

beforeEach(async () => {
  bench = await new RefreshBench().open();
});

describe('what a refresh does with an entry', () => {
  test('whose source did not change: it is proved right, and nothing is loaded', async () => {
    await bench.fill('a.csv');
    const { verified = 0 } = bench.head('a.csv') ?? {};
    expect(countsOf(await bench.refresh())).toEqual({ verified: 1 });
    expect(bench.enqueued).toEqual(['background probe a.csv']);
    expect(bench.head('a.csv')?.verified).toBeGreaterThan(verified);
    expect(bench.loads).toEqual([]);
  });

  test('whose source changed: it is loaded once, before anybody asks', async () => {
    await bench.fill('a.csv');
    bench.files.set('a.csv', 'a.csv 2');
    expect(countsOf(await bench.refresh())).toEqual({ loaded: 1 });
    expect(bench.loads).toEqual(['a.csv']);
  });

  test('is told as it was, also where the head tells of the work before its job does', async () => {
    bench.outcomeAfterMs = 60_000;
    const plan = bench.plan({ always: [bench.request('new.csv')] });
    bench.files.set('new.csv', 'new.csv 1');
    expect(countsOf(await bench.refresh(plan))).toEqual({ loaded: 1 });
    await bench.timeline.until(bench.timeline.sleep(HOUR_MS));
    expect(countsOf(await bench.refresh(plan))).toEqual({ verified: 1 });
  });

  test('whose version changed and whose bytes did not: its hash, and so its ETag, stays', async () => {
    await bench.fill('a.csv');
    const before = bench.head('a.csv');
    bench.files.set('a.csv', 'a.csv 2');
    await bench.refresh();
    const after = bench.head('a.csv');
    expect(after?.sha256).toBe(before?.sha256);
    expect(after?.version).not.toBe(before?.version);
    expect(after?.fence).toBeGreaterThan(before?.fence ?? Infinity);
  });

  test('that is named by its parameters: it is loaded although nobody ever asked', async () => {
    bench.files.set('new.csv', 'new.csv 1');
    const always = [bench.request('new.csv')];
    expect(countsOf(await bench.refresh(bench.plan({ always })))).toEqual({ loaded: 1 });
    expect(bench.enqueued).toEqual(['background fill new.csv']);
    expect(countsOf(await bench.refresh(bench.plan({ always })))).toEqual({ verified: 1 });
  });

  test('that the present configuration would not make: it is left alone', async () => {
    await bench.fill('a.csv');
    expect(countsOf(await bench.refresh(bench.plan({ again: () => null })))).toEqual({ foreign: 1 });
    expect(bench.enqueued).toEqual([]);
  });

  test('that somebody marked hard: it is loaded although its source did not change', async () => {
    await bench.fill('a.csv');
    await bench.coordination.ticks.invalidate('dataset:prices', 'hard');
    expect(countsOf(await bench.refresh())).toEqual({ loaded: 1 });
  });
});

describe('which entries a refresh is for', () => {
  test('those that somebody read lately; what a refresh loads is not read by that', async () => {
    await bench.fill('old.csv');
    bench.lastReads.set(bench.request('old.csv').key, bench.timeline.now() - 8 * DAY_MS);
    await bench.fill('a.csv');
    bench.files.set('a.csv', 'a.csv 2');
    expect(countsOf(await bench.refresh())).toEqual({ loaded: 1, unread: 1 });
    expect([...(bench.redis.state.keys.get(bench.request('a.csv').key)?.pins.keys() ?? [])]).toHaveLength(1);
  });

  test('all of them where it says so', async () => {
    await bench.fill('old.csv');
    bench.lastReads.set(bench.request('old.csv').key, bench.timeline.now() - 8 * DAY_MS);
    expect(countsOf(await bench.refresh(bench.plan({ readWithinMs: null })))).toEqual({ verified: 1 });
  });

  test('those whose reads Redis forgot, for as long as if they had been read then', async () => {
    await bench.fill('a.csv');
    bench.lastReads.clear();
    expect(countsOf(await bench.refresh())).toEqual({ verified: 1 });
    await bench.timeline.until(bench.timeline.sleep(8 * DAY_MS));
    expect(countsOf(await bench.refresh())).toEqual({ unread: 1 });
  });
});

describe('a refresh and the work of others', () => {
  /** A load that a caller asked for, held before its rows. */
  async function heldLoad(path: string) {
    const reached = deferred<void>();
    const rows = deferred<void>();
    bench.beforeRows = async () => {
      reached.resolve();
      await rows.promise;
    };
    const { seen } = await bench.coordination.heads.look(
      { key: bench.request(path).key, scopes: [], probeTargets: [] },
      null,
    );
    const load = bench.run({
      kind: 'fill',
      request: bench.request(path),
      requirement: { after: seen.clock, hardAfter: 0 },
      requestId: 'caller',
    });
    await reached.promise;
    return { finish: () => rows.resolve(), load };
  }

  test('of an interval joins a load that runs', async () => {
    await bench.fill('a.csv');
    bench.files.set('a.csv', 'a.csv 2');
    const { finish, load } = await heldLoad('a.csv');
    expect(countsOf(await bench.refresh())).toEqual({ joined: 1 });
    expect(bench.enqueued).toEqual([]);
    finish();
    expect(await load).toMatchObject({ kind: 'committed' });
    expect(bench.loads).toEqual(['a.csv']);
  });

  test('of an interval joins no load that began before a mark, soft or hard', async () => {
    for (const mode of ['soft', 'hard'] as const) {
      await bench.fill(`${mode}.csv`);
      bench.files.set(`${mode}.csv`, `${mode}.csv 2`);
      const { finish, load } = await heldLoad(`${mode}.csv`);
      await bench.coordination.ticks.invalidate('dataset:prices', mode);
      const always = [bench.request(`${mode}.csv`)];
      const refreshed = bench.start(bench.plan({ always, again: () => null }));
      void bench.timeline.sleep(5_000).then(finish);
      const { joined, verified = 0, loaded = 0 } = countsOf(await bench.timeline.until(refreshed)) ?? {};
      expect([joined, verified + loaded]).toEqual([undefined, 1]);
      await load;
    }
  });

  test('of a time of day looks again after a load that began before, and reads no row twice for it', async () => {
    await bench.fill('a.csv');
    bench.files.set('a.csv', 'a.csv 2');
    const { finish, load } = await heldLoad('a.csv');
    const refreshed = bench.start(bench.plan({ joinsRunning: false }));
    void bench.timeline.sleep(5_000).then(finish);
    expect(countsOf(await bench.timeline.until(refreshed))).toEqual({ verified: 1 });
    await load;
    expect(bench.loads).toEqual(['a.csv']);
    expect(bench.enqueued).toEqual(['background probe a.csv', 'background fill a.csv']);
  });

  test('on demand, while a load runs that began before, looks once more and reads no row twice', async () => {
    await bench.fill('a.csv');
    bench.files.set('a.csv', 'a.csv 2');
    const { finish, load } = await heldLoad('a.csv');
    const request = bench.request('a.csv');
    const { seen } = await bench.coordination.heads.look({ key: request.key, scopes: [], probeTargets: [] }, null);
    const requirement = { after: seen.started, hardAfter: 0 };
    const demanded = bench.run({ kind: 'probe', request, requirement, requestId: 'another caller' });
    void bench.timeline.sleep(5_000).then(finish);
    expect(await bench.timeline.until(demanded)).toMatchObject({ kind: 'changed' });
    const loaded = bench.run({ kind: 'fill', request, requirement, requestId: 'another caller' });
    const found = await bench.timeline.until(loaded);
    expect(found).toMatchObject({ fence: bench.head('a.csv')?.fence });
    expect(await load).toMatchObject({ kind: 'committed', fence: bench.head('a.csv')?.fence });
    expect(bench.loads).toEqual(['a.csv']);
  });

  test('leaves alone what somebody proved since it was due, and so may run twice', async () => {
    await bench.fill('a.csv');
    await bench.fill('b.csv');
    let since: number | null = null;
    const onSince = async (tick: number) => void (since = tick);
    expect(countsOf(await bench.refresh(bench.plan(), { onSince }))).toEqual({ verified: 2 });
    expect(countsOf(await bench.refresh(bench.plan(), { since }))).toEqual({ fresh: 2 });
  });

  test('leaves one job of an entry that has no turn, however often it is due, and what that finds serves the next', async () => {
    await bench.fill('a.csv');
    bench.files.set('a.csv', 'a.csv 2');
    const turn = deferred<void>();
    bench.beforeJobs = turn.promise;
    for (let due = 0; due < 3; due += 1) {
      expect(countsOf(await bench.refresh())).toEqual({ late: 1 });
      // The clock goes on meanwhile, as it does where others work.
      await bench.coordination.ticks.invalidate('dataset:other', 'soft');
    }
    expect(bench.enqueued).toEqual(['background probe a.csv']);
    const refreshed = bench.start();
    void bench.timeline.sleep(5_000).then(turn.resolve);
    expect(countsOf(await bench.timeline.until(refreshed))).toEqual({ loaded: 1 });
    expect(bench.loads).toEqual(['a.csv']);
  });

  test('of a time of day is not content with what an earlier refresh began to load', async () => {
    bench.files.set('a.csv', 'a.csv 1');
    const rows = deferred<void>();
    bench.beforeRows = () => rows.promise;
    const plan = bench.plan({ always: [bench.request('a.csv')], joinsRunning: false });
    expect(countsOf(await bench.refresh(plan))).toEqual({ late: 1 });
    const refreshed = bench.start(plan);
    void bench.timeline.sleep(5_000).then(rows.resolve);
    expect(countsOf(await bench.timeline.until(refreshed))).toEqual({ verified: 1 });
    expect(bench.enqueued).toEqual(['background fill a.csv', 'background fill a.csv']);
    expect(bench.loads).toEqual(['a.csv']);
  });

  test('is let go of at once when its worker is asked to stop', async () => {
    await bench.fill('a.csv');
    const stop = new AbortController();
    const refreshed = bench.start(bench.plan({ jitterMs: HOUR_MS }), { signal: stop.signal });
    stop.abort('shutdown');
    expect(await bench.timeline.until(refreshed)).toBeNull();
  });
});

describe('a refresh in bad weather', () => {
  test('waits while its source is paused', async () => {
    await bench.fill('a.csv');
    bench.paused = true;
    void bench.timeline.sleep(20 * 60_000).then(() => {
      bench.paused = false;
    });
    const report = await bench.refresh();
    expect(countsOf(report)).toEqual({ verified: 1 });
    expect(report?.lastFailure?.code).toBe('PQ_SOURCE_PAUSED');
    expect(bench.told.filter((name) => name === 'failed')).toHaveLength(1);
  });

  test('waits while its source cannot be reached, and ends when the next is due', async () => {
    await bench.fill('a.csv');
    await bench.fill('b.csv');
    bench.files.set('a.csv', null).set('b.csv', null);
    const report = await bench.refresh();
    expect(countsOf(report)).toEqual({ late: 2 });
    expect(report?.lastFailure?.code).toBe('PQ_SOURCE_UNAVAILABLE');
    expect(bench.loads).toEqual([]);
  });

  test('is not held up by an entry that cannot be loaded whenever it is tried, though that was proved longest ago', async () => {
    for (const path of ['bad.csv', 'a.csv', 'b.csv']) {
      await bench.fill(path);
      await bench.timeline.until(bench.timeline.sleep(1_000));
    }
    bench.files.set('bad.csv', null);
    for (let times = 0; times < 2; times += 1) {
      bench.enqueued.length = 0;
      expect(countsOf(await bench.refresh())).toEqual({ verified: 2, late: 1 });
      expect(bench.enqueued.slice(0, 4)).toEqual(
        ['bad', 'a', 'b', 'bad'].map((name) => `background probe ${name}.csv`),
      );
    }
  });

  test('asks a source that cools down only when the time is over', async () => {
    await bench.fill('a.csv');
    const failure = { code: 'PQ_SOURCE_UNAVAILABLE', message: 'away', retryable: true } as const;
    for (let times = 0; times < 3; times += 1)
      await bench.coordination.cooling.tell('lake', { kind: 'unavailable', failure }, false);
    const { coolingUntilMs } = await bench.coordination.cooling.read('lake');
    expect(countsOf(await bench.refresh())).toEqual({ verified: 1 });
    expect(bench.head('a.csv')?.verifiedAtMs).toBeGreaterThanOrEqual(coolingUntilMs ?? Infinity);
  });

  test('waits for the pass over the store of a new epoch, before which Redis knows some of the entries only', async () => {
    await bench.fill('a.csv');
    bench.redis.restart('run-2');
    void bench.timeline.sleep(60_000).then(() => bench.open());
    expect(countsOf(await bench.refresh())).toEqual({ verified: 1 });
  });
});

test('entries are spread over the jitter by their keys, the same each time', async () => {
  for (let n = 0; n < 20; n += 1) await bench.fill(`${n}.csv`);
  const moments = async (): Promise<readonly number[]> => {
    const began = bench.timeline.now();
    await bench.refresh(bench.plan({ jitterMs: 600_000 }));
    return Array.from({ length: 20 }, (_, n) => (bench.head(`${n}.csv`)?.verifiedAtMs ?? 0) - began);
  };
  const first = await moments();
  expect(Math.max(...first)).toBeLessThanOrEqual(600_000);
  expect(new Set(first.map((ms) => Math.floor(ms / 60_000))).size).toBeGreaterThan(5);
  await bench.timeline.until(bench.timeline.sleep(HOUR_MS));
  expect(await moments()).toEqual(first);
});
