/**
 * The crash matrix: each step of a fill meets each fault, on the built program, while readers never stop. `npm test` plays
 * a pairwise selection, `npm run crash` all cells, with a report. A cell that fails is named; its name plays it alone.
 */
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { REAL_DATABASE } from '../e2e/oracle-database.ts';
import { ALL_CELLS, nameOf, PAIRWISE_CELLS } from './cells.ts';
import { Ledger } from './report.ts';
import { runCell } from './run-cell.ts';
import { Stages } from './stages.ts';

const CELL_LIMIT_MS = 600_000;

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
      await stages.play(async (stage) => {
        const played = await runCell(stage, cell).catch((error: unknown) => {
          ledger.add({ cell, wrong: [String(error)] });
          throw error;
        });
        ledger.add(played);
        expect(played.wrong).toEqual([]);
      });
    },
  );
});
