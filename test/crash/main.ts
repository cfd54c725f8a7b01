/**
 * `npm run crash [-- CELL]`: all cells, or those whose name has this in it, several at a time, with a line for each. Interrupted,
 * it goes on later where it was; whenever it ends, docs/crash-matrix.md has what was seen until then.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { ALL_CELLS, nameOf } from './cells.ts';
import { playedToTheEnd } from './play.ts';
import { documentIn, Ledger } from './report.ts';
import { Stages } from './stages.ts';

/** Beside other work a machine stands still more often than in a test run. */
const PLAYS_MAX = 6;

const root = join(import.meta.dirname, '../../..');
const folder = join(root, 'var/crash');
const { values, positionals } = parseArgs({
  options: { 'at-once': { type: 'string', default: '4' }, report: { type: 'boolean', default: false } },
  allowPositionals: true,
});
const [only = ''] = positionals;
mkdirSync(folder, { recursive: true });
const ledger = new Ledger(join(folder, 'cells.ndjson'));

function tell(): void {
  const report = ledger.report();
  writeFileSync(join(folder, 'report.md'), `${report}\n`);
  // Of a few cells that somebody looks into, the document says nothing.
  if (only === '') documentIn(join(root, 'docs/crash-matrix.md'), report);
}

async function play(): Promise<void> {
  const cells = ALL_CELLS.filter((cell) => nameOf(cell).includes(only) && !ledger.held(nameOf(cell)));
  const stages = new Stages(Number(values['at-once']), join(folder, 'failed'));
  let left = cells.length;
  let isEnded = false;
  console.log(`${left} cells, ${values['at-once']} at a time`);
  for (const signal of ['SIGINT', 'SIGTERM'] as const)
    process.once(signal, () => {
      isEnded = true;
      console.log(`${signal}: ${left} cells are left`);
      tell();
      void stages[Symbol.asyncDispose]().finally(() => process.exit(1));
    });
  // In a test run it would fail the run: here the others are still played.
  process.on('unhandledRejection', (error) => {
    console.error('nobody waited for', error);
    process.exitCode = 1;
  });
  await Promise.all(
    cells.map(async (cell) => {
      const { outcome, plays } = await playedToTheEnd(stages, cell, PLAYS_MAX);
      // Its processes are ended under it: that says nothing of the cell.
      if (isEnded) return;
      ledger.add(outcome, plays);
      left -= 1;
      const { wrong } = outcome;
      if (wrong.length > 0) process.exitCode = 1;
      console.log(`${left} left; ${wrong.length === 0 ? 'held' : 'FAILED'}: ${[nameOf(cell), ...wrong].join('\n  ')}`);
    }),
  );
  await stages[Symbol.asyncDispose]();
}

if (!values.report) await play();
tell();
console.log(`${ledger.size} cells: ${join(folder, 'report.md')}`);
process.exit();
