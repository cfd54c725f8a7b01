/** What a worker holds of the machine while it fills, however many rows there are; and an API process while many read. */
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { DuckDBInstance } from '@duckdb/node-api';
import { openPostgresTestDatabase } from '@parqueue/core/testing/databases';
import { startPostgresServer } from '@parqueue/core/testing/servers';
import { Cluster, resolveFile, type ResolvedFile } from '../cluster.ts';
import { residentMiB } from '../memory/resident.ts';
import { SlowReaders } from '../memory/slow-readers.ts';
import { atMost, type Bench, type Findings, type Measure, type Section } from '../section.ts';

const ROWS = { tiny: [10_000, 50_000], short: [500_000, 2_500_000], long: [5_000_000, 100_000_000] };
const READERS = { tiny: 20, short: 1000, long: 1000 };
/** Of 16 bytes that no codec makes smaller. */
const PART_ROWS = { tiny: 200_000, short: 800_000, long: 800_000 };
const MIB = 1024 * 1024;
/** 64 of large buffers for all readers, 64 of small ones, and 128 for what connections, requests and open files are themselves. */
const READERS_GROWTH_MIB = 256;
/** Until nothing more is read for readers who take nothing. */
const SETTLED_MS = 1500;

export const memory: Section = {
  name: 'memory',
  title: 'Memory',
  about:
    'The most that a fresh worker process ever held (VmHWM) over one fill of two integers a row from Postgres, few rows against many; and what an API '
    + 'process holds above idle while many readers of one part have asked and read nothing yet, and until all of them have read it.',
  goals: [
    atMost('fillGrowthMiB', 64, 'the most rows take at most 64 MiB more than the fewest'),
    atMost(
      'readersGrowthMiB',
      READERS_GROWTH_MIB,
      `an API process takes at most ${READERS_GROWTH_MIB} MiB more for all readers, slow ones too`,
    ),
  ],
  run,
};

async function run(bench: Bench): Promise<Findings> {
  const fills = await afterFills(bench);
  const readers = await whileReading(bench);
  const [fewest, most] = [fills[0], fills.at(-1)];
  if (fewest === undefined || most === undefined) throw new Error('nothing was filled');
  const count = bench.pick(READERS);
  return {
    measures: [
      ...fills.map(({ rows, peakMiB }): Measure => ({
        name: `worker, ${rows.toLocaleString('en')} rows`,
        role: 'ours',
        value: peakMiB,
        unit: 'MiB',
      })),
      { name: 'API, idle', role: 'ours', value: readers.idleMiB, unit: 'MiB' },
      { name: `API, ${count} readers who read nothing yet`, role: 'ours', value: readers.waitingMiB, unit: 'MiB' },
      { name: `API, its most until all have read`, role: 'ours', value: readers.peakMiB, unit: 'MiB' },
    ],
    figures: {
      fillGrowthMiB: most.peakMiB - fewest.peakMiB,
      fillPeakMiB: most.peakMiB,
      readersGrowthMiB: readers.peakMiB - readers.idleMiB,
      readersPeakMiB: readers.peakMiB,
    },
    notes: [`A part of ${(readers.partBytes / MIB).toFixed(0)} MiB; each reader has a connection of its own.`],
  };
}

interface Filled {
  readonly rows: number;
  readonly peakMiB: number;
}

async function afterFills(bench: Bench): Promise<readonly Filled[]> {
  await using server = await startPostgresServer();
  await using db = await openPostgresTestDatabase({ server });
  const source = [
    'kind: postgres',
    `connectString: "${db.connectString}"`,
    `user: ${db.user}`,
    `password: "${db.password}"`,
    'adhoc: { version: ttl, maxAge: 1d }',
  ];
  await using cluster = await Cluster.start({
    folder: join(bench.scratch, 'fills'),
    worker: 'threads: 1',
    yaml: `  db: { ${source.join(', ')} }\n`,
  });
  const { url } = await cluster.startApi();
  const filled: Filled[] = [];
  for (const rows of bench.pick(ROWS)) {
    bench.progress(`fills ${rows.toLocaleString('en')} rows`);
    const worker = await cluster.startWorker();
    // Drivers and encoders are loaded by the first fill, whatever it has.
    await load(url, statement(1000), bench.signal);
    await load(url, statement(rows), bench.signal);
    filled.push({ rows, peakMiB: residentMiB(worker.pid, 'VmHWM') });
    await cluster.endWorkers();
  }
  return filled;
}

const statement = (rows: number): string =>
  `select i::int as id, (i % 1000)::int as n from generate_series(1, ${rows}) i`;

/** However long it takes: who asks again meanwhile joins the load that runs. */
async function load(url: string, sql: string, signal: AbortSignal): Promise<void> {
  for (;;) {
    const response = await fetch(`${url}/v1/resolve`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', prefer: 'wait=30' },
      body: JSON.stringify({ source: 'db', sql }),
      signal,
    });
    const text = await response.text();
    if (response.status === 200) return;
    if (response.status !== 202) throw new Error(`${response.status}: ${text}`);
  }
}

interface Read {
  readonly partBytes: number;
  readonly idleMiB: number;
  readonly waitingMiB: number;
  readonly peakMiB: number;
}

async function whileReading(bench: Bench): Promise<Read> {
  await using cluster = await Cluster.start({ folder: join(bench.scratch, 'readers') });
  const { url, process: api } = await cluster.startApi();
  await cluster.startWorker();
  await writeRandom(cluster.lake('large.parquet'), bench.pick(PART_ROWS));
  const file: ResolvedFile = await resolveFile(url, { source: 'lake', path: 'large.parquet' });
  await cluster.endWorkers();
  const { size: partBytes } = await stat(file.path);
  await readAll(file.url, 5, bench.signal);
  const idleMiB = residentMiB(api.pid, 'VmRSS');
  const count = bench.pick(READERS);
  bench.progress(`${count} readers ask and wait`);
  await using readers = await SlowReaders.ask(file.url, count);
  await bench.pause(SETTLED_MS);
  const waitingMiB = residentMiB(api.pid, 'VmRSS');
  bench.progress(`${count} readers read`);
  const short = (await readers.read(bench.signal)).filter(({ bytes }) => bytes < partBytes);
  if (short.length > 0) {
    const [first] = short;
    throw new Error(
      `${short.length} of ${count} readers were not given the whole part: “${first?.status}”, ${first?.bytes} of ${partBytes} bytes`,
    );
  }
  return { partBytes, idleMiB, waitingMiB, peakMiB: residentMiB(api.pid, 'VmHWM') };
}

async function readAll(url: string, times: number, signal: AbortSignal): Promise<void> {
  for (let time = 0; time < times; time += 1) await (await fetch(url, { signal })).arrayBuffer();
}

async function writeRandom(path: string, rows: number): Promise<void> {
  const instance = await DuckDBInstance.create(':memory:');
  const connection = await instance.connect();
  await connection.run(`COPY (SELECT random() a, random() b FROM range(${rows})) TO '${path}' (FORMAT parquet)`);
  connection.closeSync();
  instance.closeSync();
}
