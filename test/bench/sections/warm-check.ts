/** Whether a source file of 2 GB is the one that was loaded: one probe through the queue and a worker, and a job of the same queue that has nothing to do. */
import { randomBytes } from 'node:crypto';
import { open, readFile, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { DuckDBInstance } from '@duckdb/node-api';
import { Epochs, type Clock, type Outcome, type Requirement } from '@parqueue/core';
import { Catalog, loadConfig } from '@parqueue/core/config';
import { openCoordination } from '@parqueue/core/redis';
import { openStore } from '@parqueue/core/store';
import { median, milliseconds } from '../alternate.ts';
import { Cluster } from '../cluster.ts';
import { atMost, type Bench, type Findings, type Section } from '../section.ts';

const BYTES = { tiny: 16 * 2 ** 20, short: 2 * 2 ** 30, long: 2 * 2 ** 30 };
const TURNS = { tiny: 5, short: 100, long: 500 };
/** A hash counts that was begun two seconds after the file was first seen as it is. */
const GRAIN_MS = 2_100;
const FOOTER_TAIL_BYTES = 8;
const DATASETS = `
datasets:
  big: { source: lake, path: big.parquet }
`;

export const warmCheck: Section = {
  name: 'warm-check',
  title: 'Warm check of an unchanged file of 2 GB',
  about:
    'From putting a probe of one file into its queue to reading its outcome: a worker takes the job, a thread of it opens the file and asks what it is, and the head is marked verified. Floor: a probe of the same queue, worker and '
    + 'entry whose requirement is met before it begins, so that it ends without touching the source. The file is a valid Parquet file with a hole in the middle.',
  goals: [
    atMost('overNothingMs', 5, '≤ 5 ms above a job that does nothing'),
    atMost('readMiB', 1, 'no rehash: nothing of the file is read'),
  ],
  run,
};

const clock: Clock = {
  now: () => Date.now(),
  sleep: (ms, signal) => sleep(ms, undefined, signal === undefined ? {} : { signal }),
};
const randomId = (): string => randomBytes(16).toString('hex');

async function run(bench: Bench): Promise<Findings> {
  await using cluster = await Cluster.start({ folder: bench.scratch, yaml: DATASETS });
  bench.progress('writes the file');
  await writeSparse(cluster.lake('big.parquet'), bench.pick(BYTES));
  const [api, worker] = await Promise.all([cluster.startApi(), cluster.startWorker()]);
  bench.progress('loads it');
  await ask(bench, api.url);
  await bench.pause(GRAIN_MS);
  bench.progress('has it hashed once more, which is remembered');
  await ask(bench, api.url);

  const path = join(bench.scratch, 'parqueue.yaml');
  const config = loadConfig(await readFile(path, 'utf8'), { path, env: {}, readFile: () => '' });
  const store = await openStore(config.store);
  const coordination = await openCoordination({ url: cluster.redis.url, storeId: store.storeId, clock, randomId });
  try {
    const { register, heads, jobs } = coordination;
    await new Epochs({ register, store: store.epochs, clock, randomId, onStep: () => undefined }).open();
    const { request } = new Catalog(config).resolveDataset('big', {});
    const { key, scopes, probeTargets } = request;
    const probe = async (requirement: Requirement): Promise<{ ms: number; outcome: Outcome['kind'] }> => {
      bench.signal.throwIfAborted();
      const beganMs = performance.now();
      const { id } = await jobs.enqueue({ kind: 'probe', request, requirement, requestId: null });
      for (;;) {
        const status = await jobs.status(id);
        if (status.state === 'finished') return { ms: performance.now() - beganMs, outcome: status.outcome.kind };
        if (status.state === 'vanished') throw new Error('the job vanished');
      }
    };
    const nothing: number[] = [];
    const checks: number[] = [];
    const warmUps = 3;
    let readBefore = 0;
    for (let turn = -warmUps; turn < bench.pick(TURNS); turn += 1) {
      if (turn === 0) readBefore = await bytesRead(worker.pid);
      bench.progress(`check ${turn + 1} of ${bench.pick(TURNS)}`);
      const idle = await probe({ after: 0, hardAfter: 0 });
      const { head } = await heads.look({ key, scopes, probeTargets }, null);
      const check = await probe({ after: head?.verified ?? 0, hardAfter: 0 });
      if (idle.outcome !== 'satisfied' || check.outcome !== 'verified')
        throw new Error(`the jobs ended as ${idle.outcome} and ${check.outcome}`);
      if (turn < 0) continue;
      nothing.push(idle.ms);
      checks.push(check.ms);
    }
    const read = (await bytesRead(worker.pid)) - readBefore;
    return findingsOf(nothing, checks, { read, bytes: bench.pick(BYTES) });
  } finally {
    await coordination.close();
  }
}

function findingsOf(
  nothing: readonly number[],
  checks: readonly number[],
  { read, bytes }: { readonly read: number; readonly bytes: number },
): Findings {
  return {
    measures: [
      milliseconds('a job that does nothing', 'floor', nothing),
      milliseconds('Parqueue, probe of the file', 'ours', checks),
    ],
    figures: {
      overNothingMs: median(checks.map((ms, turn) => ms - (nothing[turn] ?? Number.NaN))),
      readMiB: read / checks.length / 2 ** 20,
    },
    notes: [
      `A file of ${(bytes / 1e9).toFixed(2)} GB, sparse. What the worker read per check is by the system's own count, sockets included. That a check is one stat of the open file, a test of the source counts.`,
    ],
  };
}

/** Through read(2), by files and sockets. */
async function bytesRead(pid: number): Promise<number> {
  return Number(/^rchar: (\d+)/m.exec(await readFile(`/proc/${pid}/io`, 'utf8'))?.[1] ?? Number.NaN);
}

async function ask(bench: Bench, url: string): Promise<void> {
  const response = await fetch(`${url}/v1/resolve`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', prefer: 'wait=120' },
    body: JSON.stringify({ dataset: 'big' }),
    signal: bench.signal,
  });
  if (response.status !== 200) throw new Error(`${response.status}: ${await response.text()}`);
  await response.arrayBuffer();
}

/** Pages stay at the beginning, where the footer says that they are; the footer goes to the end. */
async function writeSparse(path: string, bytes: number): Promise<void> {
  const instance = await DuckDBInstance.create(':memory:');
  const connection = await instance.connect();
  await connection.run(`COPY (SELECT range id FROM range(1000)) TO '${path}.small' (FORMAT parquet)`);
  connection.closeSync();
  instance.closeSync();
  const small = await readFile(`${path}.small`);
  const footerBytes = small.readUInt32LE(small.length - FOOTER_TAIL_BYTES) + FOOTER_TAIL_BYTES;
  const file = await open(`${path}.small`, 'r+');
  await file.write(small, small.length - footerBytes, footerBytes, bytes - footerBytes);
  await file.close();
  await rename(`${path}.small`, path);
}
