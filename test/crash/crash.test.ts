/**
 * The crash matrix: each step of a fill meets each fault, on the built program, while readers never stop. `npm test` plays
 * a pairwise selection, `npm run crash` all cells, with a report. A cell that fails is named; its name plays it alone.
 */
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { REAL_DATABASE } from '../e2e/oracle-database.ts';
import { aftermathOf } from './aftermath.ts';
import { ALL_CELLS, nameOf, PAIRWISE_CELLS, type Cell } from './cells.ts';
import { plant } from './planted.ts';
import { Ledger, type Played } from './report.ts';
import { runCell, Unfinished } from './run-cell.ts';
import { Stages } from './stages.ts';

const CELL_LIMIT_MS = 900_000;
/** A cell that did not end while the machine stood still is played again. A defect would be there again. */
const PLAYS_MAX = 3;

const { PARQUEUE_CRASH_CELLS = 'pairwise', PARQUEUE_CRASH_ONLY = '', PARQUEUE_CRASH_FOLDER = null } = process.env;
/** At a time. Cells mostly wait, for leases and locks to run out. */
const { PARQUEUE_CRASH_STAGES = '3' } = process.env;
const ledger = new Ledger(PARQUEUE_CRASH_FOLDER === null ? null : join(PARQUEUE_CRASH_FOLDER, 'cells.ndjson'));
const cells = (PARQUEUE_CRASH_CELLS === 'all' ? ALL_CELLS : PAIRWISE_CELLS).filter((cell) => {
  const name = nameOf(cell);
  return name.includes(PARQUEUE_CRASH_ONLY) && !ledger.held(name);
});
const stages = new Stages(Number(PARQUEUE_CRASH_STAGES));

afterAll(async () => {
  await stages[Symbol.asyncDispose]();
  if (PARQUEUE_CRASH_FOLDER !== null) ledger.writeTo(join(PARQUEUE_CRASH_FOLDER, 'report.md'));
});

describe.skipIf(REAL_DATABASE !== null)('verify is clean, readers saw no wrong row, and one retry fills, after', () => {
  test.concurrent.each(cells.map((cell) => [nameOf(cell), cell] as const))(
    '%s',
    { timeout: CELL_LIMIT_MS },
    async (_, cell) => {
      const played = await playedToTheEnd(cell);
      ledger.add(played);
      expect(played.wrong).toEqual([]);
    },
  );
});

describe.skipIf(REAL_DATABASE !== null || PARQUEUE_CRASH_ONLY !== '')('the judge of what a cell leaves behind', () => {
  test.concurrent('finds each thing that was put there', { timeout: CELL_LIMIT_MS }, async () => {
    await stages.playAlone(async (stage) => {
      const subject = stage.subject('file');
      expect(await aftermathOf({ stage, subject, fault: 'throw', named: [] })).toMatchObject({ wrong: [] });
      const { named, found } = await plant(stage, subject);
      const { wrong } = await aftermathOf({ stage, subject, fault: 'throw', named });
      for (const what of found) expect(wrong).toContainEqual(expect.stringMatching(what));
    });
  });
});

async function playedToTheEnd(cell: Cell): Promise<Played> {
  for (let plays = 1; ; plays += 1) {
    try {
      return await stages.play(
        (stage) => runCell(stage, cell),
        ({ wrong }) => wrong.length === 0,
      );
    } catch (error) {
      if (!(error instanceof Unfinished && error.stalled && plays < PLAYS_MAX)) return { cell, wrong: [String(error)] };
      console.warn(`${nameOf(cell)}: played again, a process did not run for a while: ${error.message}`);
    }
  }
}
