/** What the sections of CSV and NDJSON share: the same rows, loaded by Parqueue and copied by DuckDB in turns. */
import { mkdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { alternate, type Contender } from '../alternate.ts';
import type { Bench, Findings } from '../section.ts';
import { mixedRows, run } from './duckdb.ts';
import { openFills } from './fills.ts';

const ROWS = { tiny: 20_000, short: 500_000, long: 5_000_000 };
const MB = 1e6;

/** What a worker gives a thread's DuckDB by default. */
const DUCKDB = { memoryLimit: '384MB', threads: 2 };

const FILL = 'Parqueue';
const SAME = 'DuckDB COPY, memory and threads as ours';
const DEFAULT = 'DuckDB COPY, its own settings';

/** `writing`: options of DuckDB's COPY for such a file; `reading`: the table function over a path. */
export async function textFill(
  bench: Bench,
  format: 'csv' | 'ndjson',
  sql: { readonly writing: string; readonly reading: (path: string) => string },
): Promise<Findings> {
  const lake = join(bench.scratch, 'lake');
  await mkdir(lake);
  const file = `rows.${format}`;
  const path = join(lake, file);
  bench.progress('writes the file');
  await run(`COPY (${mixedRows(bench.pick(ROWS))}) TO '${path}' (${sql.writing})`, null);
  const { size } = await stat(path);
  const fills = await openFills(bench.scratch, lake, DUCKDB);
  const parquet = join(bench.scratch, 'copy.parquet');
  const copy = `COPY (SELECT * FROM ${sql.reading(path)}) TO '${parquet}' (FORMAT parquet, COMPRESSION zstd)`;
  const after = (): Promise<void> => rm(parquet, { force: true });
  const contenders: readonly Contender[] = [
    {
      name: FILL,
      role: 'ours',
      run: async () => {
        await fills.fill(file, format);
        return size / MB;
      },
      after: () => fills.forget(),
    },
    { name: SAME, role: 'floor', run: async () => ((await run(copy, DUCKDB)) > 0 ? size / MB : 0), after },
    { name: DEFAULT, role: 'floor', run: async () => ((await run(copy, null)) > 0 ? size / MB : 0), after },
  ];
  const raced = await alternate(bench, { contenders, unit: 'MB', rounds: bench.pick({ tiny: 1, short: 5, long: 7 }) });
  const faster = raced.rate(SAME) >= raced.rate(DEFAULT) ? SAME : DEFAULT;
  return {
    ...raced.findings,
    figures: { overCopy: raced.ratio(FILL, faster).median, cpuOverCopy: raced.cpuRatio(FILL, faster).median },
    notes: [
      `${bench.pick(ROWS).toLocaleString('en')} rows of ten columns, ${(size / MB).toFixed(0)} MB; MB are those of the text.`,
      `DuckDB takes its types from the first 20,480 rows and does not sync what it writes; judged against the faster of its two settings.`,
    ],
  };
}
