/** The bytes of a part of 200 MB over loopback HTTP, from the API and from nginx, which sends the same file by sendfile. */
import { stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { DuckDBInstance } from '@duckdb/node-api';
import { alternate, type Contender, type Raced, type Taken } from '../alternate.ts';
import { dropBody } from '../byte-drop.ts';
import { Cluster, resolveFile } from '../cluster.ts';
import { NGINX, Nginx } from '../nginx.ts';
import { childrenOf, cpuSecondsOf } from '../process-cpu.ts';
import { atLeast, type Bench, type Findings, type Section } from '../section.ts';

/** Of 16 bytes each, which no codec makes smaller. */
const ROWS = { tiny: 100_000, short: 12_500_000, long: 12_500_000 };
const ROUNDS = { tiny: 1, short: 7, long: 21 };
/** So many times in a row by one reader: once takes a tenth of a second. */
const READS = { tiny: 1, short: 3, long: 5 };
const READERS = 8;
const MB = 1e6;
const OURS = 'Parqueue';
const PEER = 'nginx, sendfile';

export const warmRead: Section = {
  name: 'warm-read',
  title: 'Warm read of 200 MB',
  about:
    'The bytes of one generation over loopback HTTP, read by a client that drops them: from `parqueue api`, which looks the generation up in Redis, checks its manifest and its file, pins it while it is sent and takes the connection '
    + 'down when a byte is missing; and from nginx, which sends the same file of the store by sendfile, without a log. By one reader, and by eight at a time.',
  goals: [
    atLeast('overNginx', 1, '≥ 1.0 of nginx with sendfile, one reader'),
    atLeast('overNginx', 1.2, 'aim: ≥ 1.2 of it'),
  ],
  run,
};

async function run(bench: Bench): Promise<Findings> {
  await using cluster = await Cluster.start({ folder: bench.scratch });
  bench.progress('makes the file, and loads it');
  await writeRandom(cluster.lake('big.parquet'), bench.pick(ROWS));
  const [api] = await Promise.all([cluster.startApi(), cluster.startWorker()]);
  const { url, path } = await resolveFile(api.url, { source: 'lake', path: 'big.parquet' });
  // It has nothing to do any more.
  await cluster.endWorkers();
  const { size } = await stat(path);
  const nginx = NGINX === null ? null : await Nginx.start(NGINX, join(bench.scratch, 'nginx'), dirname(path));
  await using _nginx = nginx;
  const servers: readonly Server[] = [
    { name: OURS, role: 'ours', url, pids: () => [api.process.pid] },
    ...(nginx === null
      ? []
      : [
          {
            name: PEER,
            role: 'peer',
            url: `${nginx.url}/${basename(path)}`,
            pids: () => childrenOf(nginx.pid),
          } as const,
        ]),
  ];
  const one = await race(bench, servers, { readers: 1, reads: bench.pick(READS) });
  const eight = await race(bench, servers, { readers: READERS, reads: 1 });
  const isCompared = nginx !== null;
  return {
    measures: [...one.findings.measures, ...eight.findings.measures],
    ratios: [...(one.findings.ratios ?? []), ...(eight.findings.ratios ?? [])],
    figures: {
      mbPerSecond: one.rate(OURS),
      mbPerSecondOfEight: eight.rate(ofEight(OURS)),
      ...(isCompared
        ? {
            overNginx: one.ratio(OURS, PEER).median,
            overNginxOfEight: eight.ratio(ofEight(OURS), ofEight(PEER)).median,
          }
        : {}),
    },
    notes: [
      `One part of ${(size / MB).toFixed(0)} MB, in the page cache. CPU is that of the server alone.`,
      ...(isCompared ? [] : ['There is no nginx on this machine: nothing was compared.']),
    ],
  };
}

interface Server {
  readonly name: string;
  readonly role: Contender['role'];
  readonly url: string;
  pids(): readonly number[];
}

interface Reading {
  readonly readers: number;
  /** Of each, one after the other. */
  readonly reads: number;
}

async function race(bench: Bench, servers: readonly Server[], { readers, reads }: Reading): Promise<Raced> {
  const contenders = servers.map((server) => ({
    name: readers === 1 ? server.name : ofEight(server.name),
    role: server.role,
    run: async (): Promise<Taken> => {
      const before = cpuOf(server);
      const readAll = async (): Promise<number> => {
        let bytes = 0;
        for (let read = 0; read < reads; read += 1) bytes += await dropBody(server.url);
        return bytes;
      };
      const bytes = await Promise.all(Array.from({ length: readers }, readAll));
      return { units: bytes.reduce((sum, own) => sum + own, 0) / MB, cpuSeconds: cpuOf(server) - before };
    },
  }));
  return await alternate(bench, { contenders, unit: 'MB', rounds: bench.pick(ROUNDS) });
}

function ofEight(name: string): string {
  return `${name}, eight readers`;
}

function cpuOf({ pids }: Server): number {
  return pids().reduce((sum, pid) => sum + cpuSecondsOf(pid), 0);
}

async function writeRandom(path: string, rows: number): Promise<void> {
  const instance = await DuckDBInstance.create(':memory:');
  const connection = await instance.connect();
  await connection.run(`COPY (SELECT random() a, random() b FROM range(${rows})) TO '${path}' (FORMAT parquet)`);
  connection.closeSync();
  instance.closeSync();
}
