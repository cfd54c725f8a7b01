/** Rows that are there already → a finished Parquet file, without any database: ours beside polars and DuckDB. */
import { join } from 'node:path';
import { alternate } from '../alternate.ts';
import type { WayName } from '../encode/ways.ts';
import { WriterProcess } from '../encode/writer-process.ts';
import { atLeast, type Bench, type Findings, type Role, type Section } from '../section.ts';

/** More than two batches, so that two threads have something to do at all. */
const ROWS = { tiny: 140_000, short: 400_000, long: 1_500_000 };
const ROUNDS = { tiny: 1, short: 3, long: 9 };

const ONE = 'Parqueue, one thread';
const TWO = 'Parqueue, encoding in a second thread';
const POLARS_ONE = 'polars, one thread';
const POLARS = 'polars, as it comes';
const DUCKDB = 'DuckDB appender, COPY';

interface Entrant {
  readonly name: string;
  readonly role: Role;
  readonly way: WayName;
  readonly env?: Readonly<Record<string, string>>;
}

const ENTRANTS: readonly Entrant[] = [
  { name: ONE, role: 'ours', way: 'one thread' },
  { name: TWO, role: 'ours', way: 'two threads' },
  { name: POLARS_ONE, role: 'peer', way: 'polars', env: { POLARS_MAX_THREADS: '1' } },
  { name: POLARS, role: 'peer', way: 'polars' },
  { name: DUCKDB, role: 'peer', way: 'duckdb' },
];

export const parquetEncode: Section = {
  name: 'parquet-encode',
  title: 'Rows to a Parquet file',
  about:
    'JavaScript rows of ten mixed columns, which are there already, to a finished and synced zstd Parquet file, without any database; ours checks each value, hashes the file and compares its footer with the rows. Beside it nodejs-polars, given columns (typed arrays where it '
    + 'takes them) and cast to the same types, with one thread and as it comes; and DuckDB, its appender filled by data chunks and then COPY, with all its threads. Each in a process of its own with the same rows.',
  goals: [
    atLeast('overDuckdb', 1, 'ahead of DuckDB’s appender, encoding in a second thread'),
    atLeast('oneOverPolarsOne', 0.75, '≥ 0.75 of polars, both on one thread'),
    atLeast('twoOverPolars', 1, 'ahead of polars as it comes, encoding in a second thread'),
  ],
  run,
};

async function run(bench: Bench): Promise<Findings> {
  const rows = bench.pick(ROWS);
  bench.progress(`makes ${rows} rows in each of ${ENTRANTS.length} processes`);
  const writers = new Map<string, WriterProcess>();
  try {
    for (const [at, { name, way, env = {} }] of ENTRANTS.entries()) {
      const path = join(bench.scratch, `${at}.parquet`);
      writers.set(name, await WriterProcess.start({ way, rows, path, env }));
    }
    return await race(bench, rows, writers);
  } finally {
    await Promise.all([...writers.values()].map((writer) => writer[Symbol.asyncDispose]()));
  }
}

async function race(bench: Bench, rows: number, writers: ReadonlyMap<string, WriterProcess>): Promise<Findings> {
  const writerOf = (name: string): WriterProcess => writers.get(name) as WriterProcess;
  const raced = await alternate(bench, {
    contenders: ENTRANTS.map(({ name, role }) => ({ name, role, run: () => writerOf(name).write() })),
    unit: 'row',
    rounds: bench.pick(ROUNDS),
    warmups: bench.pick({ tiny: 0, short: 2, long: 2 }),
  });
  const sizes = ENTRANTS.map(({ name }) => `${name} ${(writerOf(name).bytes / 1e6).toFixed(1)} MB`);
  return {
    ...raced.findings,
    figures: {
      rowsPerSecond: raced.rate(TWO),
      rowsPerSecondOfOne: raced.rate(ONE),
      overDuckdb: raced.ratio(TWO, DUCKDB).median,
      oneOverDuckdb: raced.ratio(ONE, DUCKDB).median,
      oneOverPolarsOne: raced.ratio(ONE, POLARS_ONE).median,
      twoOverPolarsOne: raced.ratio(TWO, POLARS_ONE).median,
      twoOverPolars: raced.ratio(TWO, POLARS).median,
      lessCpuThanPolars: raced.cpuRatio(ONE, POLARS_ONE).median,
      lessCpuThanDuckdb: raced.cpuRatio(ONE, DUCKDB).median,
    },
    notes: [
      `${rows.toLocaleString('en')} rows; the files have ${sizes.join(', ')}. Each library compresses at its own usual level of zstd.`,
    ],
  };
}
