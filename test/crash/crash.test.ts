/**
 * The crash matrix: each step of a fill meets each fault, on the built program, while readers never stop. `npm test` plays
 * a pairwise selection, `npm run crash` all cells, with a report. A cell that fails is named; its name plays it alone.
 */
import { appendFileSync, writeFileSync } from 'node:fs';
import { afterAll, describe, expect, test } from 'vitest';
import { REAL_DATABASE } from '../e2e/oracle-database.ts';
import { ALL_CELLS, nameOf, PAIRWISE_CELLS } from './cells.ts';
import { failuresOf, heardOf, matrixOf, totalsOf, type Failure } from './report.ts';
import { runCell, type CellReport } from './run-cell.ts';
import { Stages } from './stages.ts';

/** Cells mostly wait, for leases and locks to run out. */
const AT_A_TIME = 3;
const CELL_LIMIT_MS = 240_000;

const { PARQUEUE_CRASH_CELLS = 'pairwise', PARQUEUE_CRASH_ONLY = '', PARQUEUE_CRASH_REPORT } = process.env;
const cells = (PARQUEUE_CRASH_CELLS === 'all' ? ALL_CELLS : PAIRWISE_CELLS).filter((cell) =>
  nameOf(cell).includes(PARQUEUE_CRASH_ONLY),
);
const stages = new Stages(AT_A_TIME);
const reports: CellReport[] = [];
const failures: Failure[] = [];

afterAll(async () => {
  await stages[Symbol.asyncDispose]();
  if (PARQUEUE_CRASH_REPORT === undefined) return;
  const played = { reports, failures };
  const parts = [totalsOf(played), matrixOf(played), heardOf(played), ...failuresOf(played)];
  writeFileSync(PARQUEUE_CRASH_REPORT, `${parts.join('\n\n')}\n`);
});

describe.skipIf(REAL_DATABASE !== null)(
  'after a crash verify is clean, readers saw no wrong row, one retry fills',
  () => {
    test.concurrent.each(cells.map((cell) => [nameOf(cell), cell] as const))(
      '%s',
      { timeout: CELL_LIMIT_MS },
      async (name, cell) => {
        const began = Date.now();
        try {
          await stages.play(async (stage) => {
            const report = await runCell(stage, cell);
            reports.push(report);
            if (process.env['CRASH_LOG'])
              appendFileSync(process.env['CRASH_LOG'], `${Date.now() - began} ${JSON.stringify(report)}\n`);
            expect(report.wrong).toEqual([]);
          });
        } catch (error) {
          if (reports.every((report) => report.cell !== cell)) failures.push({ cell, why: String(error) });
          throw error;
        }
      },
    );
  },
);
