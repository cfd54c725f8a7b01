/** The judge, told false histories: a judge that is blind would let every run pass. */
import { describe, expect, test } from 'vitest';
import { Deeds, type DeedKind } from './deeds.ts';
import { Judge, type Answered, type Mark, type Reason } from './judge.ts';
import { EntryLoads, judgeExecutions, judgeLoads, loadsOf, type Loads } from './loads.ts';
import { apiStoodStill, redisStoodStill } from './pulse.ts';
import { ALL_COLUMNS, QUESTIONS, type Question } from './questions.ts';
import { foundIn, History, rowsOf, type Found, type Row } from './truth.ts';

function question(name: string): Question {
  const found = QUESTIONS.find((candidate) => candidate.name === name);
  if (found === undefined) throw new Error(`no question ${name}`);
  return found;
}

const ADA = question('pg/ada');
const BOB = question('pg/bob');
const STRICT = { maxAgeMs: 0, whileRevalidateMs: 0, ifErrorMs: 0, degradedMs: 0 };
const AGED = { maxAgeMs: 2000, whileRevalidateMs: 0, ifErrorMs: 5000, degradedMs: 7000 };

/** Version n is begun at n × 10,000 and done 100 later. */
async function historyOf(versions: number): Promise<History> {
  let nowMs = 0;
  const history = new History(() => nowMs);
  for (let version = 1; version <= versions; version += 1) {
    nowMs = version * 10_000;
    await history.next(async () => {
      nowMs += 100;
      await Promise.resolve();
    });
  }
  return history;
}

async function court(): Promise<{ readonly judge: Judge; readonly deeds: Deeds }> {
  const deeds = new Deeds();
  const history = await historyOf(3);
  return { judge: new Judge({ pg: history, ora: history, lake: history }, deeds), deeds };
}

/** Version 2, as somebody is told who asks when it has been there for a while. */
function answer(change: Partial<Answered> = {}): Answered {
  const version = change.found?.wrong === null ? change.found.version : 2;
  return {
    api: 'API 1',
    question: ADA,
    askedMs: 25_000,
    answeredMs: 25_010,
    wish: STRICT,
    key: 'key-of-ada',
    generation: 100 + version,
    form: 'parquet',
    digest: `digest ${version}`,
    promised: `digest ${version}`,
    tag: null,
    found: { owner: 'ada', version, wrong: null },
    age: 0,
    stale: 'no',
    ...change,
  };
}

const ofVersion = (version: number): Found => ({ owner: 'ada', version, wrong: null });

async function reasons(...answers: readonly Answered[]): Promise<readonly Reason[]> {
  const { judge } = await court();
  return answers.flatMap((each) => judge.answered(each)).map(({ reason }) => reason);
}

describe('rows', () => {
  const told = (rows: readonly Row[]): readonly Readonly<Record<string, unknown>>[] =>
    rows.map(({ id, owner, version, word }) => ({
      ID: BigInt(id),
      owner,
      version: String(version),
      twin: version,
      word,
    }));
  const rows = told(rowsOf('ada', 5));
  const change = (at: number, to: object): readonly Readonly<Record<string, unknown>>[] =>
    rows.map((row, index) => (index === at ? { ...row, ...to } : row));

  test('prove by themselves whose they are, in any order and spelling', () => {
    expect(foundIn(rows, ALL_COLUMNS)).toEqual({ owner: 'ada', version: 5, wrong: null });
    expect(foundIn(rows.toReversed(), ALL_COLUMNS)).toEqual({ owner: 'ada', version: 5, wrong: null });
  });

  test.each([
    ['there are none', []],
    ['one is missing', rows.slice(1)],
    ['the one that tells about the others is missing', rows.slice(0, -1)],
    ['one is there twice, and another one is not', [...rows.slice(0, -2), ...rows.slice(0, 1), ...rows.slice(-1)]],
    ['one is of another version', change(7, { version: 4 })],
    ['one was joined across two versions', change(7, { twin: 4 })],
    ['one is of somebody else', change(7, { owner: 'bob' })],
    ['one has the word of another version', change(7, { word: 'ada 4007' })],
    ['half are of the version before', [...told(rowsOf('ada', 4)).slice(0, 20), ...rows.slice(20)]],
    ['their version is none', rows.map((row) => ({ ...row, version: 0 }))],
    ['a column is another one', rows.map(({ twin, ...row }) => ({ ...row, other: twin }))],
  ])('are wrong where %s', (_, wrong) => {
    expect(foundIn(wrong, ALL_COLUMNS).wrong).toEqual(expect.any(String));
  });
});

describe('an answer', () => {
  test('may be of the version that was there when it was asked for, or of one that came while it was', async () => {
    expect(await reasons(answer())).toEqual([]);
    expect(await reasons(answer({ askedMs: 29_000, answeredMs: 31_000, found: ofVersion(3) }))).toEqual([]);
    expect(await reasons(answer({ askedMs: 30_050, answeredMs: 30_060 }))).toEqual([]);
  });

  test('is stale where a newer version was complete before a strict ask', async () => {
    expect(await reasons(answer({ found: ofVersion(1) }))).toEqual(['stale']);
  });

  test('may be as old as its policy says, and no older', async () => {
    const old = { wish: AGED, found: ofVersion(1), age: 1 };
    expect(await reasons(answer({ ...old, askedMs: 22_000, answeredMs: 22_001, age: 2 }))).toEqual([]);
    expect(await reasons(answer({ ...old, askedMs: 22_500, answeredMs: 22_501, age: 2 }))).toEqual(['stale']);
  });

  test('is stale where its own Age says that it is younger than it is', async () => {
    expect(
      await reasons(answer({ wish: AGED, found: ofVersion(1), askedMs: 21_900, answeredMs: 21_900, age: 0 })),
    ).toEqual(['stale']);
    expect(await reasons(answer({ wish: AGED, age: null }))).toEqual(['stale']);
  });

  test('that makes do is stale where the policy allows that not at all, or not so old', async () => {
    const without = { stale: 'coordination-down', found: ofVersion(1), age: 9 } as const;
    const { judge, deeds } = await court();
    deeds.begin('Redis killed', { target: 'Redis' }, 20_000);
    const judged = (change: Partial<Answered>): readonly Reason[] =>
      judge.answered(answer({ ...without, ...change })).map(({ reason }) => reason);
    expect(judged({ wish: AGED, askedMs: 27_000, answeredMs: 27_000 })).toEqual([]);
    expect(judged({ wish: AGED, askedMs: 27_500, answeredMs: 27_500 })).toEqual(['stale']);
    expect(judged({ wish: STRICT, askedMs: 22_000, answeredMs: 22_000 })).toEqual(['stale']);
    expect(judged({ wish: { ...AGED, degradedMs: 1000 }, askedMs: 22_000, answeredMs: 22_000 })).toEqual(['stale']);
  });

  test('that makes do has a reason', async () => {
    expect(await reasons(answer({ wish: AGED, stale: 'coordination-down' }))).toEqual(['unexplained']);
    expect(await reasons(answer({ wish: AGED, stale: 'staleIfError' }))).toEqual(['unexplained']);
  });

  test('is from the future where nobody had begun to write it', async () => {
    expect(await reasons(answer({ found: ofVersion(3) }), answer({ found: ofVersion(9) }))).toEqual([
      'future',
      'future',
    ]);
  });

  test('is torn where its rows are, or its bytes are not those of its ETag', async () => {
    expect(await reasons(answer({ found: { wrong: 'two versions' } }))).toEqual(['torn']);
    expect(await reasons(answer({ digest: 'another' }))).toEqual(['torn']);
  });

  test('is misattributed where its rows are those of another question, or its key is', async () => {
    expect(await reasons(answer({ question: BOB }))).toEqual(['misattributed']);
    const ofBob: Found = { owner: 'bob', version: 2, wrong: null };
    const shared = { key: 'key-of-ada', generation: 200, digest: 'of bob', promised: 'of bob' };
    expect(await reasons(answer(), answer({ question: BOB, found: ofBob, ...shared }))).toEqual(['misattributed']);
  });

  test('is changed where the same generation had other bytes, or another version in another form', async () => {
    expect(await reasons(answer(), answer({ digest: 'other', promised: 'other' }))).toEqual(['changed']);
    const csv = { form: 'csv', promised: null, digest: 'text' } as const;
    expect(
      await reasons(answer(), answer({ ...csv, found: ofVersion(1), generation: 102, wish: AGED, age: 60 })),
    ).toContain('changed');
    expect(await reasons(answer(), answer(csv))).toEqual([]);
  });

  test('is changed where an ETag that was met before has other bytes, whatever generation it is of', async () => {
    const csv = { form: 'csv', promised: null, tag: 'W/"1"', wish: AGED, age: 60 } as const;
    const older = { found: ofVersion(1), askedMs: 19_000, answeredMs: 19_010 };
    expect(await reasons(answer({ ...csv, ...older, digest: 'old' }), answer({ ...csv, digest: 'new' }))).toEqual([
      'changed',
    ]);
    expect(
      await reasons(answer({ ...csv, ...older, digest: 'old' }), answer({ ...csv, digest: 'new', tag: 'W/"2"' })),
    ).toEqual([]);
  });

  test('is misattributed under another key than before, or without the number of a generation', async () => {
    expect(await reasons(answer(), answer({ key: 'another-key' }))).toEqual(['misattributed']);
    expect(await reasons(answer({ generation: Number.NaN }))).toEqual(['misattributed']);
  });

  test('of one generation by its own address may be of any age', async () => {
    expect(await reasons(answer({ wish: null, found: ofVersion(1), age: null }))).toEqual([]);
  });

  test('whose bytes were damaged on the disk while they were sent is counted, and no other', async () => {
    const { judge } = await court();
    judge.damaged({ key: 'key-of-ada', generation: 102, beganMs: 25_005, endedMs: 25_006 });
    expect(judge.answered(answer({ digest: 'damaged' }))).toEqual([]);
    expect(judge.damagedOnTheWay).toBe(1);
    expect(judge.answered(answer({ digest: 'damaged', askedMs: 25_100, answeredMs: 25_110 }))).toHaveLength(1);
  });
});

describe('a mark', () => {
  async function marked(mode: Mark['mode'], later: Partial<Answered>): Promise<readonly Reason[]> {
    const { judge } = await court();
    judge.answered(answer());
    const mark: Mark = { mode, concerns: ({ name }) => name === ADA.name, sentMs: 26_000, ackedMs: 26_100 };
    judge.marked(mark, new Map([[ADA.name, judge.newestOf(ADA)]]), QUESTIONS);
    return judge.answered(answer({ wish: AGED, age: 5, answeredMs: 27_000, ...later })).map(({ reason }) => reason);
  }

  test('hard forbids what was answered before it to whoever asks after it, and allows it to whoever asked before', async () => {
    expect(await marked('hard', { askedMs: 26_200 })).toEqual(['forbidden']);
    expect(await marked('hard', { askedMs: 26_050 })).toEqual([]);
    expect(await marked('hard', { askedMs: 26_200, generation: 110 })).toEqual([]);
    expect(
      await marked('hard', {
        askedMs: 26_200,
        generation: 110,
        found: ofVersion(1),
        digest: 'x',
        promised: 'x',
        age: 60,
      }),
    ).toContain('forbidden');
  });

  test('hard leaves a generation at its own address alone, a purge does not', async () => {
    expect(await marked('hard', { askedMs: 26_200, wish: null })).toEqual([]);
    expect(await marked('purge', { askedMs: 26_200, wish: null })).toEqual(['forbidden']);
  });

  test('soft wants what was there then, also of a policy that allows age', async () => {
    const { judge } = await court();
    judge.marked({ mode: 'soft', concerns: () => true, sentMs: 20_200, ackedMs: 20_300 }, new Map(), QUESTIONS);
    const young = { wish: AGED, askedMs: 20_400, answeredMs: 20_500, age: 5 };
    expect(judge.answered(answer({ ...young, found: ofVersion(1) })).map(({ reason }) => reason)).toEqual([
      'forbidden',
    ]);
    expect(judge.answered(answer(young))).toEqual([]);
  });
});

describe('a refusal', () => {
  const refused = { api: 'API 1', detail: '', question: ADA, askedMs: 25_000, answeredMs: 25_100 };

  test('needs a deed that was under way, of the kind that causes it, to what was asked', async () => {
    const { judge, deeds } = await court();
    const wrong = (code: string, change: Partial<typeof refused> = {}): number =>
      judge.refused({ ...refused, code, ...change }).length;
    expect(wrong('PQ_SOURCE_UNAVAILABLE')).toBe(1);
    const deed = deeds.begin('Postgres down', { target: 'pg', concerns: ({ source }) => source === 'pg' }, 25_050);
    expect(wrong('PQ_SOURCE_UNAVAILABLE')).toBe(0);
    expect(wrong('PQ_SOURCE_UNAVAILABLE', { question: question('ora/ada') })).toBe(1);
    expect(wrong('PQ_INTERNAL')).toBe(1);
    expect(wrong('hangs')).toBe(1);
    deed.endedMs = 25_080;
    expect(wrong('PQ_SOURCE_UNAVAILABLE')).toBe(0);
    expect(wrong('PQ_SOURCE_UNAVAILABLE', { askedMs: 25_090 })).toBe(1);
    deeds.begin('API killed', { target: 'API 2', api: 'API 2' }, 25_000);
    expect([wrong('ECONNRESET'), wrong('ECONNRESET', { api: 'API 2' })]).toEqual([1, 0]);
    deeds.begin('worker killed', { target: 'worker 1' }, 25_000);
    expect([wrong('PQ_WORKER_CRASHED'), wrong('PQ_SOURCE_UNAVAILABLE', { askedMs: 25_090 })]).toEqual([0, 1]);
    deeds.begin('purged', { target: 'pg/bob', concerns: ({ name }) => name === BOB.name }, 25_000);
    expect([wrong('PQ_CANCELLED'), wrong('PQ_CANCELLED', { question: BOB })]).toEqual([1, 0]);
    expect(deeds.explained.get('PQ_CANCELLED')).toEqual(new Map([['purged', 1]]));
  });
});

test('what was read before is refused at its own address for want of Redis or of the process alone', async () => {
  const { judge, deeds } = await court();
  deeds.begin('files away', { target: 'pg' }, 25_000);
  deeds.begin('Redis killed', { target: 'Redis' }, 25_000);
  const refused = { api: 'API 1', question: ADA, detail: '', askedMs: 25_000, answeredMs: 29_000 };
  const wrong = (code: string, isOfGeneration: boolean): number =>
    judge.refused({ ...refused, code, isOfGeneration }).length;
  const codes = ['PQ_NOT_FOUND', 'PQ_SOURCE_UNAVAILABLE', 'PQ_COORDINATION_DOWN'];
  expect(codes.map((code) => wrong(code, false))).toEqual([0, 0, 0]);
  expect(codes.map((code) => wrong(code, true))).toEqual([1, 1, 0]);
});

test('who is slow stood still where it was kept from running, and not where it computed', () => {
  const ran = { tookMs: 1200, ranMs: 1100, waitedMs: 100 };
  const waited = { tookMs: 1200, ranMs: 200, waitedMs: 900 };
  const slept = { tookMs: 1200, ranMs: 50, waitedMs: 50 };
  expect([ran, waited, slept].map(apiStoodStill)).toEqual([false, true, false]);
  expect([ran, waited, slept].map(redisStoodStill)).toEqual([false, true, true]);
});

test('what the last load that was cut off reserved may last from its end on', () => {
  const deeds = new Deeds();
  expect(deeds.cutOffMs).toBe(0);
  deeds.begin('worker killed', { target: 'worker 1' }, 1000).endedMs = 2000;
  deeds.begin('marked hard', { target: 'pg' }, 3000).endedMs = 4000;
  expect(deeds.cutOffMs).toBe(2000);
});

test('a Redis that cannot be reached is explained by a machine that stood still then, as somebody else felt it', async () => {
  const { judge, deeds } = await court();
  const asked = { api: 'API 1', question: ADA, detail: '', askedMs: 25_000, answeredMs: 29_000 };
  const wrong = (code: string, api = 'API 1'): number => judge.refused({ ...asked, code, api }).length;
  expect(wrong('PQ_COORDINATION_DOWN')).toBe(1);
  deeds.stalls.push({ api: 'API 1', beganMs: 24_000, endedMs: 25_100 });
  expect([wrong('PQ_COORDINATION_DOWN'), wrong('PQ_COORDINATION_DOWN', 'API 2')]).toEqual([0, 1]);
  expect(wrong('PQ_SOURCE_UNAVAILABLE')).toBe(1);
  deeds.stalls.push({ api: null, beganMs: 28_000, endedMs: 29_500 });
  expect(wrong('PQ_COORDINATION_DOWN', 'API 2')).toBe(0);
});

test('a source that is unstable changed that often while it was asked for', async () => {
  const { judge } = await court();
  const unstable = { api: 'API 1', question: ADA, detail: '', code: 'PQ_SOURCE_UNSTABLE' };
  expect(judge.refused({ ...unstable, askedMs: 19_000, answeredMs: 31_000 })).toEqual([]);
  expect(judge.refused({ ...unstable, askedMs: 29_000, answeredMs: 31_000 })).toHaveLength(1);
});

describe('a generation that is gone', () => {
  const gone = { api: 'API 1', question: ADA, key: 'key-of-ada', generation: 102, currentMs: 25_000 };
  const soon = { ...gone, askedMs: 26_000, answeredMs: 26_001 };

  test('was there for its grace, where nobody purged or damaged it', async () => {
    const { judge } = await court();
    expect(judge.gone({ ...gone, askedMs: 28_000, answeredMs: 28_000 })).toEqual([]);
    expect(judge.gone(soon)).toMatchObject([{ reason: 'unexplained' }]);
    judge.damaged({ key: 'key-of-ada', generation: 101, beganMs: 25_000, endedMs: 25_000 });
    expect(judge.gone(soon)).toHaveLength(1);
    judge.damaged({ key: 'key-of-ada', generation: 102, beganMs: 25_000, endedMs: 25_000 });
    expect(judge.gone(soon)).toEqual([]);
  });

  test('was there for its grace after whoever was answered with it last, and that is not who asks', async () => {
    const { judge } = await court();
    judge.answered(answer({ askedMs: 27_000, answeredMs: 27_010 }));
    const later = { ...gone, askedMs: 28_500, answeredMs: 28_501 };
    expect(judge.gone(later)).toHaveLength(1);
    expect(judge.gone({ ...later, answeredMs: 30_000 })).toEqual([]);
    const without = { wish: AGED, stale: 'coordination-down', askedMs: 29_000, answeredMs: 29_000, age: 5 } as const;
    judge.answered(answer(without));
    expect(judge.gone({ ...later, answeredMs: 30_100 })).toEqual([]);
  });

  test('may have been purged, if it was one of those that a purge concerned', async () => {
    const { judge } = await court();
    const purge: Mark = { mode: 'purge', concerns: () => true, sentMs: 25_100, ackedMs: 25_200 };
    judge.marked(purge, new Map([[ADA.name, 101]]), QUESTIONS);
    expect(judge.gone(soon)).toHaveLength(1);
    judge.marked(purge, new Map([[ADA.name, 102]]), QUESTIONS);
    expect(judge.gone(soon)).toEqual([]);
  });
});

describe('loads', () => {
  /** Loads as [when it read rows, when it was committed, as which version]. */
  function judged(
    told: readonly (readonly [readMs: number, committedMs: number | null, version: string | null])[],
    { deeds = new Deeds(), evictedMs = [], unstable = 0 }: Partial<Circumstances> = {},
  ): { readonly loads: Loads; readonly wrong: number } {
    const entry = new EntryLoads();
    for (const [at, [readMs, committedMs, version]] of told.entries())
      Object.assign(entry.read(`fill ${at}`, readMs), { committedMs, version });
    entry.evictionsMs.push(...evictedMs);
    const loads = loadsOf({ question: ADA, entry, writes: 3, deeds: deeds.all, unstable });
    return { loads, wrong: judgeLoads([loads]).length };
  }
  interface Circumstances {
    readonly deeds: Deeds;
    readonly evictedMs: readonly number[];
    readonly unstable: number;
  }
  const deed = (kind: DeedKind, [beganMs, endedMs]: readonly [number, number], of: Question = ADA): Deeds => {
    const deeds = new Deeds();
    deeds.begin(kind, { target: 'somebody', concerns: ({ name }) => name === of.name }, beganMs).endedMs = endedMs;
    return deeds;
  };
  const twice = [
    [100, 200, 'one'],
    [300, 400, 'one'],
  ] as const;

  test('are one of each version', () => {
    expect(
      judged([
        [100, 200, 'one'],
        [300, 400, 'two'],
      ]).wrong,
    ).toBe(0);
    expect(judged(twice).wrong).toBe(1);
    expect(judged(['a', 'b', 'c', 'd'].map((version, at) => [at, at, version])).wrong).toBe(1);
  });

  test('may be one more for a mark, damage or an eviction that came between, and for nothing else', () => {
    expect(judged(twice, { deeds: deed('marked hard', [250, 260]) }).wrong).toBe(0);
    expect(judged(twice, { deeds: deed('marked hard', [450, 460]) }).wrong).toBe(1);
    expect(judged(twice, { deeds: deed('marked hard', [100, 110]) }).wrong).toBe(1);
    expect(judged(twice, { deeds: deed('marked hard', [250, 260], BOB) }).wrong).toBe(1);
    expect(judged(twice, { deeds: deed('marked soft', [250, 260]) }).wrong).toBe(1);
    expect(judged([...twice, [350, 500, 'one']], { deeds: deed('marked hard', [250, 600]) }).wrong).toBe(1);
    expect(judged(twice, { evictedMs: [250] }).wrong).toBe(0);
    expect(judged(twice, { evictedMs: [150] }).wrong).toBe(1);
  });

  test('that read rows in vain were cut off while they ran, two for each deed, or their source was unstable', () => {
    const cut = [
      [100, null, null],
      [300, 400, 'one'],
    ] as const;
    expect(judged(cut).wrong).toBe(1);
    expect(judged(cut, { unstable: 1 }).wrong).toBe(0);
    expect(judged(cut, { deeds: deed('worker killed', [250, 260]) }).wrong).toBe(0);
    expect(judged(cut, { deeds: deed('worker killed', [350, 360]) }).wrong).toBe(1);
    const thrice = [100, 110, 120].map((readMs) => [readMs, null, null] as const);
    expect(judged(thrice, { deeds: deed('worker killed', [90, 200]) }).loads.inVain).toMatchObject({
      all: 3,
      unexplained: 1,
    });
  });

  test('are all that the database counts, but for those that were cut off before they read', () => {
    const loads = { ...judged(twice).loads, question: question('ora/ada') };
    const deeds = new Deeds();
    expect(judgeExecutions([loads], 2, deeds)).toEqual([]);
    expect(judgeExecutions([loads], 3, deeds)).toHaveLength(1);
    deeds.begin('Oracle down', { target: 'ora' }, 0);
    expect(judgeExecutions([loads], 4, deeds)).toEqual([]);
    expect(judgeExecutions([loads], 5, deeds)).toHaveLength(1);
  });
});
