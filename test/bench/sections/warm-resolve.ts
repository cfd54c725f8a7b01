/** POST /v1/resolve of what is in the cache, over 50 connections: one entry that all ask for, and many in turns. */
import { writeFile } from 'node:fs/promises';
import { alternate, median, type Contender, type Taken } from '../alternate.ts';
import { Child } from '../child.ts';
import { Cluster } from '../cluster.ts';
import { cpuSecondsOf } from '../process-cpu.ts';
import type { FromLoad, Load } from '../resolve/messages.ts';
import { atLeast, type Bench, type Findings, type Section } from '../section.ts';

const CONNECTIONS = 50;
/** Each is loaded before: a thousand take a minute on two cores. */
const ENTRIES = { tiny: 3, short: 100, long: 1_000 };
const ROUNDS = { tiny: 1, short: 3, long: 9 };
const MS = { tiny: 150, short: 1_000, long: 4_000 };
const WARM_UP_MS = { tiny: 50, short: 300, long: 1_000 };
const HOT = 'Parqueue, one entry';
const MANY = 'Parqueue, many entries in turns';
const FLOOR = 'Fastify and one EVALSHA';
const DATASETS = `
datasets:
  prices: { source: lake, path: "prices-{n}.csv", params: { n: { type: integer } }, freshness: { maxAge: 1h } }
`;

export const warmResolve: Section = {
  name: 'warm-resolve',
  title: 'Warm resolve',
  about:
    `Answers of POST /v1/resolve within the dataset's maxAge, to ${CONNECTIONS} connections that ask again as soon as they are answered, without log lines. Floor: Fastify with one EVALSHA of a `
    + 'hash on the same Redis, commands sent together, and as much JSON. Parqueue: who may ask and from where, the canonical request and its key, the head with all its ticks in one script, the look at manifest and part, security headers, metrics and '
    + 'counts. Servers and the one who asks are processes of their own.',
  goals: [atLeast('overFloor', 0.85, '≥ 0.85 of Fastify with one EVALSHA, one entry')],
  run,
};

async function run(bench: Bench): Promise<Findings> {
  await using cluster = await Cluster.start({ folder: bench.scratch, yaml: DATASETS });
  const entries = bench.pick(ENTRIES);
  const bodies = Array.from({ length: entries }, (_, n) => JSON.stringify({ dataset: 'prices', params: { n } }));
  for (let n = 0; n < entries; n += 1) await writeFile(cluster.lake(`prices-${n}.csv`), 'id,word\n1,one\n2,two\n');
  const [api] = await Promise.all([cluster.startApi(), cluster.startWorker()]);
  const resolution = await loadAll(bench, api.url, bodies);
  await cluster.endWorkers();
  await using floor = new Child<{ readonly url?: string; readonly error?: string }>('resolve/floor.child.js');
  const { url: floorUrl, error } = await floor.ask({ redisUrl: cluster.redis.url, resolution });
  if (floorUrl === undefined) throw new Error(error);
  await using asker = new Child<FromLoad>('resolve/load.child.js');

  const waits = new Map<string, { readonly p50: number[]; readonly p99: number[] }>();
  const contender = (
    name: string,
    role: Contender['role'],
    what: { readonly url: string; readonly pid: number; readonly bodies: readonly string[] },
  ): Contender => ({
    name,
    role,
    run: async (): Promise<Taken> => {
      let cpuBefore = Number.NaN;
      const load: Load = {
        url: what.url,
        bodies: what.bodies,
        connections: CONNECTIONS,
        warmUpMs: bench.pick(WARM_UP_MS),
        ms: bench.pick(MS),
      };
      const over = await asker.ask(load, ({ kind }) => {
        if (kind === 'began') cpuBefore = cpuSecondsOf(what.pid);
        return kind !== 'began';
      });
      const cpuSeconds = cpuSecondsOf(what.pid) - cpuBefore;
      if (over.kind !== 'over') throw new Error(over.kind === 'failed' ? over.reason : over.kind);
      const heard = waits.get(name) ?? { p50: [], p99: [] };
      waits.set(name, heard);
      heard.p50.push(over.p50Ms);
      heard.p99.push(over.p99Ms);
      return { units: over.answers, seconds: over.seconds, cpuSeconds };
    },
  });
  const { pid } = api.process;
  const contenders = [
    contender(FLOOR, 'floor', { url: floorUrl, pid: floor.pid, bodies: bodies.slice(0, 1) }),
    contender(HOT, 'ours', { url: api.url, pid, bodies: bodies.slice(0, 1) }),
    contender(MANY, 'ours', { url: api.url, pid, bodies }),
  ];
  const raced = await alternate(bench, { contenders, unit: 'answer', rounds: bench.pick(ROUNDS) });
  const msOf = (name: string, of: 'p50' | 'p99'): number => median(waits.get(name)?.[of] ?? []);
  return {
    ...raced.findings,
    figures: {
      overFloor: raced.ratio(HOT, FLOOR).median,
      overFloorByCpu: raced.cpuRatio(HOT, FLOOR).median,
      overFloorOfMany: raced.ratio(MANY, FLOOR).median,
      overFloorOfManyByCpu: raced.cpuRatio(MANY, FLOOR).median,
      p50Ms: msOf(HOT, 'p50'),
      p99Ms: msOf(HOT, 'p99'),
      p50MsOfFloor: msOf(FLOOR, 'p50'),
      p99MsOfFloor: msOf(FLOOR, 'p99'),
    },
    notes: [
      `${entries} entries; answers of ${JSON.stringify(resolution).length} bytes of JSON. CPU is that of the server alone: Redis and the one who asks have theirs.`,
    ],
  };
}

/** @returns what is answered for the first */
async function loadAll(bench: Bench, url: string, bodies: readonly string[]): Promise<Record<string, unknown>> {
  const first: Record<string, unknown>[] = [];
  let at = 0;
  const loadOn = async (): Promise<void> => {
    while (at < bodies.length) {
      const turn = at;
      at += 1;
      bench.progress(`loads ${turn + 1} of ${bodies.length} entries`);
      const headers = { 'content-type': 'application/json', prefer: 'wait=120' };
      const response = await fetch(`${url}/v1/resolve`, {
        method: 'POST',
        headers,
        body: bodies[turn] ?? '',
        signal: bench.signal,
      });
      if (response.status !== 200) throw new Error(`${response.status}: ${await response.text()}`);
      const resolution = (await response.json()) as Record<string, unknown>;
      if (turn === 0) first.push(resolution);
    }
  };
  await Promise.all(Array.from({ length: 8 }, loadOn));
  return first[0] ?? {};
}
