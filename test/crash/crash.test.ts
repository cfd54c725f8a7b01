/**
 * The crash matrix: each step of a fill meets each fault, on the built program, while readers never stop. `npm test` plays
 * a pairwise selection, `npm run crash` all cells (main.ts), with a report, or one that failed, by its name.
 */
import { afterAll, describe, expect, test } from 'vitest';
import { REAL_DATABASE } from '../e2e/oracle-database.ts';
import { aftermathOf, reserved } from './aftermath.ts';
import { nameOf, PAIRWISE_CELLS } from './cells.ts';
import { plant } from './planted.ts';
import { playedToTheEnd } from './play.ts';
import type { Stage } from './stage.ts';
import { Stages } from './stages.ts';

const CELL_LIMIT_MS = 900_000;
const PLAYS_MAX = 3;
/** At a time. Cells mostly wait, for leases and locks to run out; each stage costs the start of two workers. */
const STAGES = 4;

const stages = new Stages(STAGES, null);
afterAll(() => stages[Symbol.asyncDispose]());

describe.skipIf(REAL_DATABASE !== null)('verify is clean, readers saw no wrong row, and one retry fills, after', () => {
  test.concurrent.each(PAIRWISE_CELLS.map((cell) => [nameOf(cell), cell] as const))(
    '%s',
    { timeout: CELL_LIMIT_MS },
    async (_, cell) => {
      const { outcome } = await playedToTheEnd(stages, cell, PLAYS_MAX);
      expect(outcome.wrong).toEqual([]);
    },
  );
});

describe.skipIf(REAL_DATABASE !== null)('the judge of what a cell leaves behind', () => {
  test.concurrent('finds each thing that was put there', { timeout: CELL_LIMIT_MS }, async () => {
    const on = async (stage: Stage): Promise<void> => {
      const subject = stage.subject('file');
      const given = { stage, subject, fault: 'throw', reservedBefore: await reserved(stage) } as const;
      expect(await aftermathOf({ ...given, named: [] })).toMatchObject({ wrong: [] });
      const { named, found } = await plant(stage, subject);
      const { wrong } = await aftermathOf({ ...given, named });
      for (const what of found) expect(wrong).toContainEqual(expect.stringMatching(what));
    };
    await stages.play({ name: 'the judge', on, isClean: () => false });
  });
});
