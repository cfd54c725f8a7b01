/** What is answered from the store alone, on the store in memory; and a property over what others do meanwhile. */
import fc from 'fast-check';
import { beforeEach, describe, expect, test } from 'vitest';
import { decideDegraded, degradedAgeMaxMs, lookOnStore, type Degraded, type ToldHead } from './degraded.ts';
import type { FreshnessPolicy } from './model/freshness.ts';
import { MemoryStore } from './testing/memory-store.ts';
import { KEY, publishGeneration } from './testing/store-fixtures.ts';

const HOUR = 3_600_000;
const BEGAN = 1_000_000;
const SCOPES = ['dataset:sales', 'source:lake', 'table:lake/V'];
const LENIENT: FreshnessPolicy = {
  version: 'checksum',
  maxAgeMs: 60_000,
  staleWhileRevalidateMs: 0,
  staleIfErrorMs: HOUR,
};

let store: MemoryStore;
let nowMs: number;

beforeEach(() => {
  store = new MemoryStore({ storeId: 'degraded' });
  nowMs = BEGAN + 1000;
});

interface Wish {
  readonly declared?: Partial<FreshnessPolicy>;
  readonly policy?: Partial<FreshnessPolicy>;
  readonly told?: ToldHead;
}

async function asked({ declared = {}, policy = declared, told }: Wish = {}): Promise<Degraded> {
  const wanted = { declared: { ...LENIENT, ...declared }, policy: { ...LENIENT, ...policy } };
  const look = await lookOnStore({ key: KEY, scopes: SCOPES }, told ?? null, store);
  return decideDegraded(look, wanted, nowMs);
}

/** Publishes, and names it in head.json unless the writer died before that. */
async function commit(
  fence: number,
  { named = true, startedAtMs = BEGAN, reads = {} }: { named?: boolean; startedAtMs?: number; reads?: object } = {},
): Promise<void> {
  await publishGeneration(store, { key: KEY, fence, fillId: `f${fence}`, startedAtMs, sourceDetails: { reads } });
  if (named) await store.marks.writeHead(headFile(fence));
}

const headFile = (fence: number) => ({
  key: KEY,
  fence,
  version: 'checksum:00',
  sha256: '0'.repeat(64),
  verified: fence,
  verifiedAtMs: Number.MAX_SAFE_INTEGER,
});
const refused = (why: string) => ({ kind: 'refused', why });
const fenceOf = (degraded: Degraded): number | null => (degraded.kind === 'answer' ? degraded.manifest.fence : null);

describe('the window of staleIfError decides', () => {
  test('how old an answer may be, counted from when its load began, whatever head.json claims', async () => {
    await commit(5);
    nowMs = BEGAN + 60_000 + HOUR;
    // Last-Modified, too, by the clock of Redis alone: by that of the host that wrote it, it might be before its forerunner's.
    const times = { verifiedAtMs: BEGAN, committedAtMs: BEGAN };
    expect(await asked()).toMatchObject({ kind: 'answer', ...times, ageMs: 60_000 + HOUR });
    nowMs += 1;
    expect(await asked()).toEqual(refused('too-old'));
  });

  test('or from when Redis last told this process that it was proved', async () => {
    await commit(5);
    nowMs = BEGAN + 3 * HOUR;
    const told = { fence: 5, verifiedAtMs: nowMs - HOUR, committedAtMs: BEGAN + 7 };
    expect(await asked({ told })).toMatchObject({ kind: 'answer', ageMs: HOUR, committedAtMs: BEGAN + 7 });
    expect(await asked({ told: { ...told, fence: 4 } })).toEqual(refused('too-old'));
  });

  test('and a dataset without it, or a caller who wants proof, is refused whatever the store has', async () => {
    await commit(5);
    expect(degradedAgeMaxMs({ declared: { ...LENIENT, staleIfErrorMs: 0 }, policy: LENIENT })).toBe(0);
    expect(await asked({ declared: { staleIfErrorMs: 0 } })).toEqual(refused('policy'));
    expect(await asked({ policy: { maxAgeMs: 0, staleIfErrorMs: 0 } })).toEqual(refused('policy'));
  });

  test('within what a caller who names an age wants', async () => {
    await commit(5);
    const policy = { maxAgeMs: 1000, staleIfErrorMs: 0 };
    expect(fenceOf(await asked({ policy }))).toBe(5);
    nowMs += 1;
    expect(await asked({ policy })).toEqual(refused('too-old'));
  });

  test('and never beyond what is declared, although a range is served from a head of the last minute elsewhere', async () => {
    await commit(5);
    const policy = { maxAgeMs: 120_000 };
    nowMs = BEGAN + 60_000 + HOUR;
    expect(fenceOf(await asked({ declared: {}, policy }))).toBe(5);
    nowMs += 1;
    expect(await asked({ declared: {}, policy })).toEqual(refused('too-old'));
  });
});

describe('which generation', () => {
  test('that of head.json, or a later one that Redis told of', async () => {
    await commit(5);
    await commit(7, { named: false });
    const told = { fence: 7, verifiedAtMs: BEGAN, committedAtMs: BEGAN };
    expect(fenceOf(await asked())).toBe(5);
    expect(fenceOf(await asked({ told }))).toBe(7);
    await commit(9);
    expect(fenceOf(await asked({ told }))).toBe(9);
  });

  test('one that is gone gives way to what head.json names', async () => {
    await commit(9);
    await store.directories.moveToTrash({ key: KEY, fence: 9 });
    expect(await asked()).toEqual(refused('nothing'));
    await commit(5);
    expect(fenceOf(await asked({ told: { fence: 9, verifiedAtMs: BEGAN, committedAtMs: BEGAN } }))).toBe(5);
  });

  test('one that is damaged is not replaced by an older one', async () => {
    await commit(5);
    await commit(7, { named: false });
    store.corruptPart(KEY, 7);
    expect(await asked({ told: { fence: 7, verifiedAtMs: BEGAN, committedAtMs: BEGAN } })).toEqual(refused('damaged'));
  });

  test('none where there never was one, and nothing is made on the store for the question', async () => {
    const called: string[] = [];
    store.beforeOperation = async (name) => void called.push(name);
    expect(await asked()).toEqual(refused('nothing'));
    expect(called).toEqual(['readHead']);
  });
});

describe('what a mark on the store forbids', () => {
  test.each([`key:${KEY}`, ...SCOPES, 'table:lake/T'])('%s', async (target) => {
    await commit(5, { reads: { V: ['T'] } });
    await store.marks.raiseMark({ target, hard: 4, purge: 0 });
    expect(fenceOf(await asked())).toBe(5);
    await store.marks.raiseMark({ target, hard: 5, purge: 0 });
    expect(await asked()).toEqual(refused('forbidden'));
    await commit(6, { reads: { V: ['T'] } });
    expect(fenceOf(await asked())).toBe(6);
    await store.marks.raiseMark({ target, hard: 6, purge: 6 });
    expect(await asked()).toEqual(refused('forbidden'));
  });

  test('a mark of something else forbids nothing', async () => {
    await commit(5);
    await store.marks.raiseMark({ target: 'dataset:other', hard: 9, purge: 9 });
    expect(fenceOf(await asked())).toBe(5);
  });
});

/** What others, who still reach Redis, do to the store while this process is cut off. */
const deed = fc.oneof(
  fc.record({ what: fc.constant('commit' as const), named: fc.boolean() }),
  fc.record({
    what: fc.constant('mark' as const),
    target: fc.constantFrom(`key:${KEY}`, ...SCOPES, 'table:lake/T', 'dataset:other'),
  }),
  fc.record({ what: fc.constant('remove-oldest' as const) }),
  fc.record({ what: fc.constant('wait' as const), ms: fc.integer({ min: 1, max: HOUR }) }),
);

test('whatever happens before and during an ask: nothing marked before it, nothing too old, nothing torn', async () => {
  const seen = { answer: 0, refused: 0 };
  await fc.assert(
    fc.asyncProperty(fc.array(deed, { maxLength: 12 }), fc.array(deed, { maxLength: 4 }), async (before, during) => {
      store = new MemoryStore({ storeId: 'degraded' });
      nowMs = BEGAN;
      let clock = 0;
      let marked = 0;
      const began = new Map<number, number>();
      const act = async (done: (typeof before)[number]): Promise<void> => {
        clock += 1;
        switch (done.what) {
          case 'commit':
            began.set(clock, nowMs);
            return await commit(clock, { named: done.named, startedAtMs: nowMs, reads: { V: ['T'] } });
          case 'mark':
            return await store.marks.raiseMark({ target: done.target, hard: clock, purge: 0 });
          case 'remove-oldest': {
            const [oldest] = store.allGenerations();
            return oldest === undefined ? undefined : await store.directories.moveToTrash(oldest);
          }
          case 'wait':
            nowMs += done.ms;
        }
      };
      for (const done of before) {
        await act(done);
        if (done.what === 'mark' && done.target !== 'dataset:other') marked = clock;
      }
      const left = [...during];
      store.beforeOperation = async () => {
        const next = left.shift();
        if (next === undefined) return;
        const { beforeOperation } = store;
        store.beforeOperation = null;
        await act(next);
        store.beforeOperation = beforeOperation;
      };
      const degraded = await asked();
      seen[degraded.kind] += 1;
      if (degraded.kind === 'refused') return;
      const { fence } = degraded.manifest;
      expect(fence).toBeGreaterThan(marked);
      expect(nowMs - (began.get(fence) ?? 0)).toBeLessThanOrEqual(LENIENT.maxAgeMs + HOUR);
    }),
    {
      numRuns: 500,
      examples: [
        [[{ what: 'commit', named: true }], []],
        [[], []],
      ],
    },
  );
  expect(Math.min(seen.answer, seen.refused)).toBeGreaterThan(0);
});
