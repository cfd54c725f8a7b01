/** What docs/crash-matrix.md says was seen is made of the cells that were played, and of nothing else. */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { REPOSITORY } from '../fixtures/source-graph.ts';
import { ALL_CELLS, nameOf, type Cell } from './cells.ts';
import { documentIn, Ledger, MARKS, type Outcome } from './report.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'parqueue-report-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const cell = (fault: string, step: string): Cell => {
  const found = ALL_CELLS.find((one) => one.fault === fault && one.step === step);
  if (found === undefined) throw new Error(`no cell: ${fault} at ${step}`);
  return found;
};
const held = (of: Cell): Outcome => ({
  cell: of,
  heard: 'PQ_INTERNAL',
  loads: 2,
  commits: 1,
  seen: { read: 10, refused: { PQ_CANCELLED: 3 }, named: [], wrong: [] },
  wrong: [],
});

test('what was played is told by another run as well, and a failure stays told when the cell holds afterwards', () => {
  const file = join(folder, 'cells.ndjson');
  const [broken, mended, good] = [cell('EIO', 'staged'), cell('throw', 'published'), cell('throw', 'staged')];
  const first = new Ledger(file);
  first.add(held(good), 2);
  first.add({ cell: broken, wrong: ['rows of two versions'] }, 1);
  first.add({ cell: mended, wrong: ['a lease lives'] }, 1);
  first.add(held(mended), 1);

  const next = new Ledger(file);
  expect([good, mended, broken].map((one) => next.held(nameOf(one)))).toEqual([true, true, false]);
  const report = next.report();
  expect(report).toBe(first.report());
  expect(report).toContain('**3 of 792 cells were played, of which 1 failed**: each fault at each step in 0–1 of 8');
  expect(report).toMatch(/\n1 were played more than once/);
  expect(report).toContain('Readers read 20 row sets, 0 of them wrong. They were refused: `PQ_CANCELLED` 6.');
  expect(report).toMatch(/\| `staged` \| 1\/1 \|(?: 0\/0 \|){7} 0\/1 \|/);
  expect(report).toContain('| throw | `PQ_INTERNAL` 2 | 2 |');
  expect(report).toContain(`- ${nameOf(broken)}: failed: rows of two versions`);
  expect(report).toMatch(/throw at published.*: failed at .* UTC, and held afterwards: a lease lives/);
});

test('it takes the place of the one before in the document, whose other words stay', async () => {
  const document = join(folder, 'crash-matrix.md');
  const original = await readFile(join(REPOSITORY, 'docs/crash-matrix.md'), 'utf8');
  await writeFile(document, original);
  documentIn(document, 'one');
  documentIn(document, 'two');
  const [before = '', rest = ''] = original.split(MARKS.begin);
  expect(await readFile(document, 'utf8')).toBe(
    `${before}${MARKS.begin}\n\ntwo\n\n${MARKS.end}${rest.split(MARKS.end)[1]}`,
  );
});
