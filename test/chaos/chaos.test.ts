/**
 * The chaos swarm in its short form: every deed of the nemesis once, on the built program, and then processes that lie, which
 * the same judge has to catch. `npm run chaos` is the long form. A run that fails is played again with its seed:
 * PARQUEUE_CHAOS_SEED.
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { REAL_DATABASE } from '../e2e/oracle-database.ts';
import { DEED_KINDS } from './deeds.ts';
import { LIES, type Lie } from './liar.ts';
import { Run, SHORT, type Story } from './run.ts';

const LIMIT_MS = 1_500_000;
const { PARQUEUE_CHAOS_SEED = String(Date.now() % 1_000_000) } = process.env;

describe.skipIf(REAL_DATABASE !== null)(`the chaos swarm, seed ${PARQUEUE_CHAOS_SEED}`, () => {
  let run: Run | undefined;
  let story: Story;

  beforeAll(async () => {
    const seed = Number(PARQUEUE_CHAOS_SEED);
    run = await Run.open({ ...SHORT, seed, reads: 100, onProgress: (line) => console.log(line) });
    story = await run.play();
  }, LIMIT_MS);
  afterAll(async () => {
    await run?.[Symbol.asyncDispose]();
  });

  test('no answer was wrong, no refusal without a reason, and nothing was left behind', () => {
    expect(story.findings).toEqual([]);
  });

  test('every deed was done, and what it broke worked again', () => {
    const done = new Set(story.deeds.filter(({ endedMs }) => endedMs !== null).map(({ kind }) => kind));
    expect(DEED_KINDS.filter((kind) => !done.has(kind))).toEqual([]);
  });

  test.each(Object.keys(LIES) as Lie[])(
    'an API that answers with %s is caught',
    async (lie) => {
      const findings = (await run?.findingsOf(lie)) ?? [];
      expect(findings.map(({ reason }) => reason)).toContain(LIES[lie].caught);
    },
    LIMIT_MS,
  );
});
