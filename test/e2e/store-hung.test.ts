/**
 * A store whose filesystem hangs, with real threads that are really stuck: a pipe under the name of a file keeps whoever
 * opens it waiting for somebody who writes, as a mount does whose server is away. Which other calls go on, who is refused,
 * and what it takes to recover.
 */
import { execFile } from 'node:child_process';
import { lookup } from 'node:dns/promises';
import { mkdtemp, open, readFile, rename, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { promisify } from 'node:util';
import { join } from 'node:path';
import { gzip } from 'node:zlib';
import { startWorker } from '@parqueue/worker';
import { pino } from 'pino';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { REPOSITORY } from '../fixtures/source-graph.ts';
import { problemOf, Stage } from './api-stage.ts';

/** Node has four threads here, so three may hang. */
const THREADS = 3;
const PATIENCE_MS = 1_000;
const WORDS = '/v1/datasets/words.parquet';
/** Verified a moment ago, so that no worker has to look at the store for it. */
const RECENT = { 'cache-control': 'max-age=3600' };

let stage: Stage;
let manifest: string;

beforeAll(async () => {
  stage = await Stage.open({
    datasets: '  kept: { source: lake, path: words.csv, select: [word], freshness: { maxAge: 1h } }\n',
    api: { storeCalls: { max: THREADS, patienceMs: PATIENCE_MS } },
  });
  await stage.writeWords('one');
  for (const name of ['words', 'kept']) expect((await stage.get(`/v1/datasets/${name}.parquet`)).status).toBe(200);
  const entry = await stage.post('/v1/resolve', { dataset: 'kept' });
  const { file } = (await entry.json()) as { file: { path: string } };
  manifest = join(file.path, '../manifest.json');
});
afterAll(async () => {
  await stage[Symbol.asyncDispose]();
});

const stuck = (): Promise<number> => stage.metric('parqueue_store_calls_stuck');
const kept = (): Promise<Response> => stage.get('/v1/datasets/kept.parquet', RECENT);

test('calls that hang keep three threads and no more; the process lives, says so, and goes on when they come back', async () => {
  await rename(manifest, `${manifest}.aside`);
  await promisify(execFile)('mkfifo', [manifest]);

  // Two hundred callers at once share two looks at most: one may be under way when the last of them ask. Nobody waits for longer than both.
  const refuse = async (callers: number): Promise<void> => {
    for (const response of await Promise.all(Array.from({ length: callers }, kept))) {
      expect(response.status).toBe(503);
      expect(response.headers.get('retry-after')).toBeTruthy();
      expect(await problemOf(response)).toMatchObject({ code: 'PQ_STORE_IO', errno: 'ETIMEDOUT' });
    }
  };
  await refuse(200);
  const taken = await stuck();
  expect([1, 2]).toContain(taken);
  // Others are served beside them, until whoever tries again has taken all there is.
  expect((await stage.get(WORDS)).status).toBe(200);
  for (let more = taken; more < THREADS; more += 1) await refuse(1);
  expect(await stuck()).toBe(THREADS);

  // From here on every question is refused before it reaches the filesystem, those about sound files too.
  expect(await problemOf(await stage.get(WORDS))).toMatchObject({ code: 'PQ_STORE_IO' });
  expect(await stuck()).toBe(THREADS);

  // The thread that is left resolves names and compresses; liveness needs none, readiness does not wait for one.
  expect((await lookup('localhost')).address).toBeTruthy();
  expect((await promisify(gzip)(Buffer.from('words'))).length).toBeGreaterThan(0);
  expect((await stage.get('/healthz')).status).toBe(200);
  const ready = await stage.get('/readyz');
  expect(ready.status).toBe(503);
  expect(await ready.json()).toMatchObject({
    status: 'unready',
    checks: { redis: 'ok', store: 'the store cannot be reached: ETIMEDOUT' },
  });
  expect((await stage.get('/v1/datasets')).status).toBe(200);

  // The server is back: whoever hung is answered, and the threads are free.
  await release();
  await expect.poll(stuck, { timeout: 20_000 }).toBe(0);
  expect((await stage.get('/readyz')).status).toBe(200);
  expect((await kept()).status).toBe(200);
  expect((await stage.get(WORDS)).status).toBe(200);
});

test('a worker that starts while the store hangs keeps one thread by that, however often it tries', async () => {
  const base = await mkdtemp(join(tmpdir(), 'parqueue-hung-'));
  const identity = join(base, 'parqueue.json');
  await promisify(execFile)('mkfifo', [identity]);
  const tries: string[] = [];
  const giveUp = new AbortController();
  const started = startWorker({
    config: { ...stage.config, store: { ...stage.config.store, root: base } },
    log: pino({}, { write: (line: string) => void tries.push(line) }),
    signal: giveUp.signal,
    storeCalls: { max: 1, patienceMs: 100 },
  }).catch((error: unknown) => error);

  // One more than Node has threads: each try with one of its own would have left none.
  await expect
    .poll(() => tries.filter((line) => line.includes('the store is not there yet')).length, { timeout: 30_000 })
    .toBeGreaterThan(4);
  expect(tries.at(-1)).toContain('ETIMEDOUT');
  expect((await lookup('localhost')).address).toBeTruthy();
  expect((await promisify(gzip)(Buffer.from('words'))).length).toBeGreaterThan(0);

  giveUp.abort(new Error('enough'));
  expect(await started).toBeInstanceOf(Error);
  await (await open(identity, 'r+')).close();
  await rm(base, { recursive: true });
});

test('a command that gave a store up ends when it has said so, although Node would wait for its thread', async () => {
  const base = await mkdtemp(join(tmpdir(), 'parqueue-hung-'));
  const identity = join(base, 'parqueue.json');
  const command = `
    import { openStore } from '@parqueue/core/store';
    import { endWhereStuck } from ${JSON.stringify(join(REPOSITORY, 'packages/cli/dist/stuck-store.js'))};
    const store = { root: ${JSON.stringify(base)}, fileMode: 0o640, calls: { patienceMs: 500 } };
    await openStore(store).then(() => console.log('opened'), ({ code }) => console.log(code));
    endWhereStuck();`;
  const run = () => promisify(execFile)(process.execPath, ['--input-type=module', '-e', command], { cwd: REPOSITORY });
  expect((await run()).stdout).toBe('opened\n');
  await rm(identity);
  await promisify(execFile)('mkfifo', [identity]);
  await expect(run()).rejects.toMatchObject({ signal: 'SIGKILL', stdout: 'PQ_STORE_IO\n' });
  await rm(base, { recursive: true });
});

/** What was aside is back under its name; then those who wait at the pipe are let go. */
async function release(): Promise<void> {
  const pipe = `${manifest}.pipe`;
  await rename(manifest, pipe);
  await rename(`${manifest}.aside`, manifest);
  expect(await readFile(manifest, 'utf8')).toContain('"manifest"');
  const writer = await open(pipe, 'r+');
  await expect.poll(stuck, { timeout: 20_000 }).toBe(0);
  await writer.close();
  await rm(pipe);
}
