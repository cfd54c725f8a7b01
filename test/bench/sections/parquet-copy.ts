/** A Parquet file that is taken as it is. */
import { createHash } from 'node:crypto';
import { mkdir, open, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { alternate, type Contender } from '../alternate.ts';
import { run as duckDb } from '../files/duckdb.ts';
import { openFills } from '../files/fills.ts';
import { atLeast, type Bench, type Findings, type Section } from '../section.ts';

/** 16 bytes each, which no codec makes smaller. */
const ROWS = { tiny: 100_000, short: 12_500_000, long: 120_000_000 };
const MB = 1e6;
const CHUNK_BYTES = 1024 * 1024;

const FILL = 'Parqueue';
const COPY = 'copy, SHA-256, fsync';

export const parquetCopy: Section = {
  name: 'parquet-copy',
  title: 'Parquet file fill',
  about:
    'A Parquet file that is already what was asked for. Floor: a copy in Node with two buffers of 1 MiB, read, hashed (SHA-256) and written at once, and an fsync. '
    + 'Parqueue: footer and pages looked at, copy, SHA-256, fsync, manifest, publication.',
  goals: [atLeast('overCopy', 0.95, '≥ 0.95 of copy, SHA-256 and fsync')],
  run,
};

async function run(bench: Bench): Promise<Findings> {
  const lake = join(bench.scratch, 'lake');
  await mkdir(lake);
  const file = 'rows.parquet';
  const source = join(lake, file);
  bench.progress('writes the file');
  const rows = `SELECT random() AS a, random() AS b FROM range(${bench.pick(ROWS)})`;
  await duckDb(`COPY (${rows}) TO '${source}' (FORMAT parquet, COMPRESSION zstd)`, null);
  const { size } = await stat(source);
  const fills = await openFills(bench.scratch, lake, { memoryLimit: '384MB', threads: 2 });
  const target = join(bench.scratch, 'copy.parquet');
  const contenders: readonly Contender[] = [
    {
      name: FILL,
      role: 'ours',
      run: async () => {
        await fills.fill(file, 'parquet');
        return size / MB;
      },
      after: () => fills.forget(),
    },
    {
      name: COPY,
      role: 'floor',
      run: async () => {
        await copyHashed(source, target);
        return size / MB;
      },
      after: () => rm(target),
    },
  ];
  const raced = await alternate(bench, { contenders, unit: 'MB', rounds: bench.pick({ tiny: 1, short: 9, long: 5 }) });
  return {
    ...raced.findings,
    figures: { overCopy: raced.ratio(FILL, COPY).median, cpuOverCopy: raced.cpuRatio(FILL, COPY).median },
    notes: [
      `One file of ${(size / MB).toFixed(0)} MB, in the page cache, whose pages have no checksums (DuckDB writes none).`,
    ],
  };
}

async function copyHashed(from: string, to: string): Promise<string> {
  await using source = await open(from, 'r');
  await using target = await open(to, 'w');
  const hash = createHash('sha256');
  let [filled, free] = [Buffer.allocUnsafe(CHUNK_BYTES), Buffer.allocUnsafe(CHUNK_BYTES)];
  let reading = source.read(filled, 0, CHUNK_BYTES, 0);
  for (let at = 0; ;) {
    const { bytesRead } = await reading;
    if (bytesRead === 0) break;
    reading = source.read(free, 0, CHUNK_BYTES, at + bytesRead);
    const writing = target.write(filled, 0, bytesRead, at);
    hash.update(filled.subarray(0, bytesRead));
    const { bytesWritten } = await writing;
    if (bytesWritten !== bytesRead) throw new Error('the disk is full');
    at += bytesRead;
    [filled, free] = [free, filled];
  }
  await target.sync();
  return hash.digest('hex');
}
