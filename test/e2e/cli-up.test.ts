/** What the supervisor promises: a Redis of its own, children that come back, order in which things end. */
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, inject, test } from 'vitest';
import { CliStage, type Server } from './cli-stage.ts';

let stage: CliStage;
beforeEach(async () => {
  stage = new CliStage();
  await stage.init();
  await stage.run(['generate', 'data/orders.parquet', '--rows', '5000']);
});
afterEach(async () => {
  await stage.endAll();
});

/** Child processes of a supervisor by the command they run; Linux tells by /proc. */
function childOf(server: Server, command: 'api' | 'worker'): number {
  const children = readFileSync(`/proc/${server.child.pid}/task/${server.child.pid}/children`, 'utf8')
    .trim()
    .split(' ');
  const found = children.find((pid) => readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0').includes(command));
  return Number(found ?? Number.NaN);
}

interface Got {
  readonly cacheStatus: string;
  readonly generation: number;
}

async function get(server: Server): Promise<Got> {
  const { out, err } = await stage.run(['get', 'orders', '-o', 'out.parquet', '--json'], { PARQUEUE_URL: server.url });
  if (out === '') throw new Error(err);
  return JSON.parse(out) as Got;
}

describe('without redis-server on PATH', () => {
  test('up runs on the JavaScript Redis and says loudly what that means', async () => {
    const server = await stage.up([], { PATH: stage.barePath() });
    expect(server.err()).toContain('NOT DURABLE');
    const { generation, cacheStatus } = await get(server);
    expect(cacheStatus).toContain('fwd=miss');
    expect((await get(server)).cacheStatus).toContain('; hit');
    expect(await server.stop()).toBe(0);
    const again = await stage.up([], { PATH: stage.barePath() });
    expect((await get(again)).generation, 'published files outlive a Redis that forgot').toBe(generation);
    expect(await again.stop()).toBe(0);
  });

  test('production refuses it', async () => {
    const { exit, err } = await stage.run(['up', '--port', '0'], { PATH: stage.barePath(), NODE_ENV: 'production' });
    expect([exit, err]).toEqual([1, expect.stringMatching(/^parqueue: PQ_CONFIG: no Redis: set REDIS_URL.*\n$/)]);
  });
});

test('a Redis without persistence is refused unless the configuration accepts it', async () => {
  const refused = await stage.run(['up', '--port', '0'], { REDIS_URL: inject('redisUrl') });
  expect([refused.exit, refused.err]).toEqual([
    1,
    expect.stringMatching(/^parqueue: PQ_CONFIG: .*no persistence.*redis.durable: false\n$/),
  ]);
  const path = join(stage.folder, 'parqueue.yaml');
  writeFileSync(path, readFileSync(path, 'utf8').replace('durable: true', 'durable: false'));
  const server = await stage.up([], { REDIS_URL: `${inject('redisUrl')}/77` });
  expect((await get(server)).cacheStatus).toContain('fwd=miss');
  expect(await server.stop()).toBe(0);
});

test('SIGHUP has the API read its keys again, and ends no worker', async () => {
  const server = await stage.up();
  const asked = async (): Promise<number> => (await fetch(`${server.url}/v1/whoami`)).status;
  expect(await asked()).toBe(200);
  const path = join(stage.folder, 'parqueue.yaml');
  const written = readFileSync(path, 'utf8').replace(/^auth:.*\n/m, '');
  writeFileSync(path, `${written}\nauth: { apiKeys: [{ name: a, sha256: ${'ab'.repeat(32)}, scopes: [read] }] }\n`);
  server.child.kill('SIGHUP');
  await expect.poll(asked).toBe(401);
  if (process.platform === 'linux') {
    const worker = childOf(server, 'worker');
    process.kill(worker, 'SIGHUP');
    await expect.poll(() => server.err()).toContain('nothing is read again by a worker');
    expect(childOf(server, 'worker')).toBe(worker);
  }
  expect(await server.stop()).toBe(0);
});

describe.runIf(process.platform === 'linux')('a child that is killed', () => {
  test('is started again: the API at its old port, the worker to work on', async () => {
    const server = await stage.up();
    const [api, worker] = [childOf(server, 'api'), childOf(server, 'worker')];
    process.kill(api, 'SIGKILL');
    process.kill(worker, 'SIGKILL');
    await expect.poll(() => server.err()).toContain('api is back');
    await expect.poll(() => server.err()).toContain('worker is back');
    expect([childOf(server, 'api'), childOf(server, 'worker')]).not.toEqual([api, worker]);
    expect((await get(server)).cacheStatus).toContain('fwd=miss');
    expect(await server.stop()).toBe(0);
  });

  test('and the supervisor itself: its children end, and the next up goes on with the data', async () => {
    const first = await stage.up();
    expect((await get(first)).cacheStatus).toContain('fwd=miss');
    const children = [childOf(first, 'api'), childOf(first, 'worker')];
    await first.stop('SIGKILL');
    await expect.poll(() => children.filter(isAlive)).toEqual([]);
    const second = await stage.up();
    expect((await get(second)).cacheStatus).toContain('; hit');
    expect(await second.stop()).toBe(0);
  });
});

test('a configuration that cannot work ends up with its reason, not with restarts', async () => {
  rmSync(join(stage.folder, 'data'), { recursive: true });
  writeFileSync(
    join(stage.folder, 'parqueue.yaml'),
    'store: { root: /dev/null/store }\nsources: { files: { kind: file, root: ./data } }\n',
  );
  const { exit, err } = await stage.run(['up', '--port', '0', '--log-format', 'json']);
  expect(exit).not.toBe(0);
  expect(err.trimEnd().split('\n').at(-1)).toMatch(/^parqueue: PQ_/);
});

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    // Gone.
    return false;
  }
}
