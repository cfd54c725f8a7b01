/**
 * One worker to four under load, and two of them told to end in the middle of a load, on one machine and real processes.
 * What is proven: every ask is answered, with rows that are not older than the question; what the ending workers had in
 * hand is done by others; each edition of each file is loaded once. The report is in var/scaling. `npm run scaling --
 * SECONDS` takes its time; in the suite it is as short as the story allows.
 */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { loadConfig } from '@parqueue/core/config';
import { expect, test } from 'vitest';
import { RedisServer } from '../faults/redis-server.ts';
import { WorkerHandle } from '../faults/worker-handle.ts';
import { REPOSITORY } from '../fixtures/source-graph.ts';
import { ParqueueProcess } from '../infra/parqueue-process.ts';
import { Crowd } from '../scaling/crowd.ts';
import { tableOf, timelineOf, type Run } from '../scaling/report.ts';
import { SourceFiles } from '../scaling/sources.ts';
import { spansOf, type WorkerStory } from '../scaling/spans.ts';

const CLI = fileURLToPath(new URL('../../packages/cli/bin/parqueue.js', import.meta.url));
/** Each of the three parts of the story takes at least a third of this. */
const SECONDS = Number(process.env['PARQUEUE_SCALING_SECONDS'] ?? 0);
const SOURCES = { lake: 4, depot: 4, archive: 2 };
const ROWS = 10_000;
const CHANGE_EVERY_MS = 500;
const LIMIT_MS = 120_000;
/** Nobody dies here, and a machine that stalls must not look like it. */
const QUEUE_TIMING = { lockDurationMs: 60_000, stalledIntervalMs: 1000 };

test('workers come and go under load: nothing is lost, and every change is loaded once', async () => {
  const base = await mkdtemp(join(tmpdir(), 'parqueue-scaling-'));
  await using cluster = await start(base);
  const { sources, crowd } = cluster;
  const beganMs = Date.now();

  // One worker, half of the files.
  await cluster.startWorker('worker 1');
  crowd.open(5);
  crowd.start();
  await cluster.changeUntilCommitted(['worker 1'], 5);

  // Four of them, and files that nobody asked for before.
  await Promise.all(['worker 2', 'worker 3', 'worker 4'].map((name) => cluster.startWorker(name)));
  crowd.open(sources.files.length);
  await cluster.changeUntilCommitted(['worker 2', 'worker 3', 'worker 4'], 4);

  // Two are told to end while they load.
  await cluster.endMidFill('worker 2');
  await cluster.endMidFill('worker 3');
  await cluster.changeUntilCommitted(['worker 1', 'worker 4'], 4);

  await crowd.end();
  for (const file of sources.files) await crowd.ask(file);
  await cluster.endAll();

  const workers = cluster.stories;
  const spans = workers.flatMap(spansOf).toSorted((a, b) => a.beganMs - b.beganMs);
  const run: Run = { beganMs, endedMs: Date.now(), workers, spans, asks: crowd.asks, changes: cluster.changes };
  await writeReport(run);

  expect(crowd.asks.filter(({ wrong }) => wrong !== null).map(({ wrong }) => wrong)).toEqual([]);
  expect(workers.map(({ exit }) => exit)).toEqual([0, 0, 0, 0]);

  const handedOn = spans.filter(({ end }) => end === 'handed-on');
  expect(new Set(handedOn.map(({ worker }) => worker))).toEqual(new Set(['worker 2', 'worker 3']));
  for (const { key, worker, beganMs: cutMs } of handedOn) {
    const after = spans.find((span) => span.key === key && span.end === 'committed' && span.beganMs > cutMs);
    expect(after, `nobody took ${key} over from ${worker}`).toBeDefined();
  }

  // Each edition was seen in an answer before the next one was written: one load for each, no more and no less.
  const published = workers.flatMap(({ steps }) => steps.filter(({ name }) => name === 'published'));
  const editions = sources.files.map(({ edition }) => edition).toSorted((a, b) => a - b);
  const perKey = new Map<unknown, number>();
  for (const { details } of published) perKey.set(details['key'], (perKey.get(details['key']) ?? 0) + 1);
  expect([...perKey.values()].toSorted((a, b) => a - b)).toEqual(editions);
  expect(spans.filter(({ end }) => end === 'committed')).toHaveLength(cluster.changes);
  expect(sources.files.map(({ seen }) => seen)).toEqual(sources.files.map(({ edition }) => edition));
}, 400_000);

async function start(base: string): Promise<ScalingCluster> {
  const redis = await RedisServer.start(join(base, 'redis'));
  const names = Object.keys(SOURCES);
  const text = `
listen: { port: 0 }
store: { root: ./store, retention: { grace: 1m } }
redis: { url: "${redis.url}", durable: false }
worker: { listen: { port: 0 }, threads: 2, threadMemory: 256MiB, leaseTtl: 30s, drain: { finish: 0 }, scratch: ./scratch }
sources:
${names.map((name) => `  ${name}: { kind: file, root: ./${name}, maxConcurrentFills: 2 }`).join('\n')}
datasets:
${names.map((name) => `  ${name}_prices: { source: ${name}, path: "{market}.csv", params: { market: { type: string } } }`).join('\n')}
`;
  const path = join(base, 'parqueue.yaml');
  await writeFile(path, text);
  const sources = new SourceFiles(base, { sources: SOURCES, rows: ROWS });
  for (const file of sources.files) await sources.change(file);
  const api = new ParqueueProcess({
    command: [process.execPath, CLI, 'api', '--config', path],
    cwd: base,
    env: { PATH: process.env['PATH'] ?? '', HOME: base },
  });
  const url = await api.ready();
  return new ScalingCluster({ base, redis, api, url, sources, text, path });
}

interface Parts {
  readonly base: string;
  readonly redis: RedisServer;
  readonly api: ParqueueProcess;
  readonly url: string;
  readonly sources: SourceFiles;
  readonly text: string;
  readonly path: string;
}

class ScalingCluster implements AsyncDisposable {
  readonly sources: SourceFiles;
  readonly crowd: Crowd;
  readonly stories: WorkerStory[] = [];
  readonly #parts: Parts;
  readonly #workers = new Map<string, { readonly handle: WorkerHandle; readonly startedMs: number }>();

  constructor(parts: Parts) {
    this.#parts = parts;
    this.sources = parts.sources;
    this.crowd = new Crowd({ url: parts.url, callers: 8, sources: parts.sources });
  }

  /** Editions of all files. */
  get changes(): number {
    return this.sources.files.reduce((sum, { edition }) => sum + edition, 0);
  }

  async startWorker(name: string): Promise<void> {
    const { text, path, base } = this.#parts;
    const startedMs = Date.now();
    const config = loadConfig(text, { path, env: {}, readFile: () => '' });
    const logFile = join(base, `${name}.log`);
    const handle = await WorkerHandle.start({ config, queueTiming: QUEUE_TIMING, hold: null, logFile });
    this.#workers.set(name, { handle, startedMs });
  }

  /** Files that were seen as they are get another edition, until these workers together have committed so many more loads. */
  async changeUntilCommitted(names: readonly string[], more: number): Promise<void> {
    const beganMs = Date.now();
    const committed = (): number =>
      names.reduce((sum, name) => sum + this.#worker(name).handle.count('commit-acked'), 0);
    const wanted = committed() + more;
    while (committed() < wanted || Date.now() - beganMs < (SECONDS * 1000) / 3) {
      if (Date.now() - beganMs > LIMIT_MS + SECONDS * 1000) throw new Error(`${names.join(', ')} commit nothing`);
      await this.#changeSeen();
      await sleep(CHANGE_EVERY_MS);
    }
  }

  /** All at once: more loads than one worker takes, so that those who wait longest get some. */
  async #changeSeen(): Promise<void> {
    const seen = this.sources.files.filter(({ seen, edition }) => seen === edition);
    await Promise.all(seen.map((file) => this.sources.change(file)));
  }

  /** The worker is held in its next load, told to end, and let go on when it knows: the load cannot be over before. */
  async endMidFill(name: string): Promise<void> {
    const { handle } = this.#worker(name);
    const before = handle.count('first-batch');
    handle.hold('first-batch');
    for (const limit = Date.now() + LIMIT_MS; handle.count('first-batch') === before; await sleep(CHANGE_EVERY_MS)) {
      if (Date.now() > limit) throw new Error(`${name} never began a load`);
      await this.#changeSeen();
    }
    const ended = this.#end(name);
    for (const limit = Date.now() + LIMIT_MS; !(await this.#drains(handle)); await sleep(20)) {
      if (Date.now() > limit) throw new Error(`${name} does not drain`);
    }
    handle.release();
    await ended;
  }

  async #drains(handle: WorkerHandle): Promise<boolean> {
    try {
      return (await (await handle.get('/readyz')).text()).includes('draining');
    } catch {
      // Its port is closed: it is beyond that.
      return true;
    }
  }

  async #end(name: string): Promise<void> {
    const { handle, startedMs } = this.#worker(name);
    const rssBytes = await handle.metric('process_resident_memory_bytes');
    const toldMs = Date.now();
    const exit = await handle.terminate();
    this.#workers.delete(name);
    this.stories.push({ name, startedMs, toldMs, endedMs: Date.now(), exit, rssBytes, steps: handle.steps });
    this.stories.sort((a, b) => (a.name < b.name ? -1 : 1));
  }

  #worker(name: string): { readonly handle: WorkerHandle; readonly startedMs: number } {
    const worker = this.#workers.get(name);
    if (worker === undefined) throw new Error(`there is no ${name}`);
    return worker;
  }

  async endAll(): Promise<void> {
    for (const name of [...this.#workers.keys()]) await this.#end(name);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const { api, redis, base } = this.#parts;
    this.crowd.leave();
    for (const { handle } of this.#workers.values()) await handle.kill();
    await api.end('SIGKILL');
    await redis.kill();
    await rm(base, { recursive: true, force: true });
  }
}

async function writeReport(run: Run): Promise<void> {
  const folder = join(REPOSITORY, 'var', 'scaling');
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, 'report.md'), tableOf(run));
  await writeFile(join(folder, 'timeline.svg'), timelineOf(run));
}
