/**
 * Wrapped functions in applications of their own, several processes over one store and one Redis, beside an API and a
 * worker: what leases, fences and versions promise of workers holds for them.
 */
import { execFile } from 'node:child_process';
import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { shardOf } from '@parqueue/core';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { REPOSITORY } from '../fixtures/source-graph.ts';
import { Stage } from './api-stage.ts';
import { redisCommand } from './redis-wire.ts';
import { ApplicationHandle } from './wrap-handle.ts';
import { FIELDS, TOPIC_ROWS, type TopicState } from './wrap-protocol.ts';

let stage: Stage;
let state: string;
let applications: ApplicationHandle[] = [];

beforeAll(async () => {
  stage = await Stage.open();
  state = join(stage.base, 'state');
  await mkdir(state);
});

afterEach(async () => {
  for (const application of applications) await application.kill();
  applications = [];
});

afterAll(async () => {
  await stage[Symbol.asyncDispose]();
});

/** @param leaseSeconds short only where a test waits for a lease to run out */
async function startApplications(count: number, leaseSeconds = 20): Promise<readonly ApplicationHandle[]> {
  const { url, config, redis } = stage;
  const order = { url, root: config.store.root, redis: redis.url, state, leaseSeconds };
  const started = await Promise.all(Array.from({ length: count }, () => ApplicationHandle.start(order)));
  applications.push(...started);
  return started;
}

/** As if those who hold one had been silent for too long. */
async function expireLeases(): Promise<void> {
  const script =
    "for _, key in ipairs(redis.call('KEYS', '{pq}:lease:*')) do redis.call('HSET', key, 'expiresAt', '1') end";
  await redisCommand(stage.redis.url, ['EVAL', script, '0']);
}

async function writeState(topic: string, of: TopicState): Promise<void> {
  await writeFile(join(state, `${topic}.json`), JSON.stringify(of));
}

const complete = (version: number) => ({ rows: TOPIC_ROWS, versions: [version] });

interface Listed {
  readonly entries: readonly { readonly key: string; readonly source: string; readonly generation: number }[];
}

async function entries(): Promise<Listed['entries']> {
  return ((await (await stage.get('/v1/entries?prefix=topics')).json()) as Listed).entries;
}

/** Generations and staging directories of the newest entry of the topics. */
async function onDisk(
  key: string,
): Promise<{ readonly generations: readonly string[]; readonly staging: readonly string[] }> {
  const folder = join(stage.config.store.root, 'entries', shardOf(key), key);
  const names = await readdir(folder);
  return {
    generations: names.filter((name) => /^g[0-9]+$/.test(name)),
    staging: await readdir(join(folder, 'staging')),
  };
}

/** The entry that came into being between two looks. */
async function newEntry(before: Listed['entries']): Promise<Listed['entries'][number]> {
  const found = (await entries()).filter(({ key }) => !before.some((known) => known.key === key));
  expect(found).toHaveLength(1);
  return found[0] as Listed['entries'][number];
}

test('fifty callers in three processes share one load, and a new version is noticed by the next call', async () => {
  const before = await entries();
  await writeState('shared', { version: 1 });
  const three = await startApplications(3);
  const answers = (await Promise.all(three.map((one, at) => one.ask('shared', at === 0 ? 18 : 16)))).flat();
  expect(answers).toEqual(Array.from({ length: 50 }, () => complete(1)));
  const loads = (): number => three.reduce((sum, one) => sum + one.loads('shared'), 0);
  expect(loads()).toBe(1);

  await writeState('shared', { version: 2 });
  expect(await three[1]?.ask('shared', 3)).toEqual([complete(2), complete(2), complete(2)]);
  expect(await three[2]?.ask('shared')).toEqual([complete(2)]);
  expect(loads()).toBe(2);

  // The API and the worker of the same store live with the entry: listed, explained, served, invalidated.
  const { key, source } = await newEntry(before);
  expect(source).toBe('wrapped:topics');
  const explained = await (await stage.get(`/v1/entries/${key}/explain`)).json();
  expect(explained).toMatchObject({
    source: { name: 'wrapped:topics' },
    manifest: { consistency: 'best-effort', request: { question: { kind: 'wrapped', name: 'topics' } } },
  });
  expect(JSON.stringify(explained)).not.toContain('"shared"');
  const served: unknown = await (await stage.get(`/v1/entries/${key}/data?format=json&limit=2`)).json();
  expect(served).toEqual([
    { id: 0, version: 2, text: 'shared 0' },
    { id: 1, version: 2, text: 'shared 1' },
  ]);
  for (const [target, count] of [
    [{ key }, 3],
    [{ source: 'wrapped:topics' }, 4],
  ] as const) {
    expect((await stage.post('/v1/invalidate', { ...target, mode: 'hard' })).status).toBe(200);
    expect(await three[0]?.ask('shared')).toEqual([complete(2)]);
    expect(loads()).toBe(count);
  }
  expect(await Promise.all(three.map((one) => one.close()))).toEqual([0, 0, 0]);
  applications = [];
});

test('a process killed in the middle of a load: another one takes over, and nothing of the first is seen or left', async () => {
  const before = await entries();
  await writeState('killed', { version: 1, hold: true });
  const [doomed, other] = (await startApplications(2)) as [ApplicationHandle, ApplicationHandle];
  void doomed.ask('killed', 5);
  await doomed.hears((message) => message.kind === 'load');
  const asked = other.ask('killed', 5);
  await doomed.kill();
  await writeState('killed', { version: 1 });
  await expireLeases();
  expect(await asked).toEqual(Array.from({ length: 5 }, () => complete(1)));
  expect(other.loads('killed')).toBe(1);
  const { key, generation } = await newEntry(before);
  expect(await onDisk(key)).toEqual({ generations: [`g${generation}`], staging: [] });
});

test('a process stopped beyond its lease: its load is told to stop, and what it brings late is never the answer', async () => {
  const before = await entries();
  await writeState('zombie', { version: 1, hold: true });
  // Of the two it is the zombie alone that renews its lease in short, and would lose it if the machine stalled.
  const [[zombie], [other]] = [await startApplications(1, 2), await startApplications(1)] as unknown as [
    [ApplicationHandle],
    [ApplicationHandle],
  ];
  const late = zombie.ask('zombie', 2);
  await zombie.hears((message) => message.kind === 'load');
  zombie.signal('SIGSTOP');
  await writeState('zombie', { version: 2 });
  expect(await other.ask('zombie')).toEqual([complete(2)]);
  const { key, generation } = await newEntry(before);

  zombie.signal('SIGCONT');
  await zombie.hears((message) => message.kind === 'stopped');
  zombie.release();
  expect(await late).toEqual([complete(2), complete(2)]);
  expect(zombie.loads('zombie')).toBe(1);
  const { generation: now } = (await entries()).find((entry) => entry.key === key) ?? {};
  expect(now).toBe(generation);
  await expect.poll(() => onDisk(key)).toEqual({ generations: [`g${generation}`], staging: [] });
});

test('a function that fails is told with its own error where it ran, leaves the last answer, and is run again', async () => {
  await writeState('failing', { version: 1 });
  const [one] = (await startApplications(1)) as [ApplicationHandle];
  expect(await one.ask('failing')).toEqual([complete(1)]);
  await writeState('failing', { version: 2, fail: 'password=hunter2' });
  const [failed] = await one.ask('failing');
  expect(failed).toMatchObject({ code: 'PQ_SOURCE_UNAVAILABLE', cause: 'password=hunter2' });
  expect(JSON.stringify({ ...failed, cause: null })).not.toContain('hunter2');
  await writeState('failing', { version: 2 });
  expect(await one.ask('failing')).toEqual([complete(2)]);
});

test('the example says what it says it does', async () => {
  const { url, config, redis } = stage;
  const run = async (): Promise<string> => {
    const env = {
      PATH: process.env['PATH'],
      PARQUEUE_URL: url,
      PARQUEUE_STORE: config.store.root,
      PARQUEUE_REDIS: redis.url,
    };
    const { stdout } = await promisify(execFile)(
      process.execPath,
      [join(REPOSITORY, 'examples/client/wrap.mjs'), state],
      { env },
    );
    return stdout;
  };
  const files = (await readdir(state)).length;
  const first = await run();
  expect(first).toContain(`reading ${state}`);
  expect(first).toContain(`${files} files`);
  const second = await run();
  expect(second).not.toContain('reading');
  expect(second).toContain(`${files} files`);
});

test('decorated fields hold questions to the server', async () => {
  await stage.writeWords('one', 'two', 'three');
  const [one] = (await startApplications(1)) as [ApplicationHandle];
  expect(await one.ask(FIELDS)).toEqual([{ rows: 3, versions: [3] }]);
});
