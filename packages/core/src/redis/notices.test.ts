/** Subscriptions over a Redis of their own, which falls silent and goes on. */
import type { ChildProcess } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Redis } from 'ioredis';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { freePort } from '../testing/free-port.ts';
import { startRedis } from '../testing/redis-child.ts';
import { connected, connectRedis } from './connection.ts';
import { RedisSubscriber } from './notices.ts';
import { hostClock } from '../testing/host-clock.ts';

let dir: string;
let server: ChildProcess;
let redis: Redis;

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'parqueue-notices-'));
});
afterEach(async () => {
  redis.disconnect();
  server.kill('SIGKILL');
  await rm(dir, { recursive: true, force: true });
});

test('a channel whose acknowledgement came too late is asked for again, as long as somebody wants it', async () => {
  const port = await freePort();
  server = await startRedis({ port, dir }, ['--save', '']);
  const url = `redis://127.0.0.1:${port}`;
  redis = connectRedis({ url }, 'notices');
  await connected(redis);
  let tell = (): void => undefined;
  const failed = new Promise<void>((resolve) => {
    tell = resolve;
  });
  const log = { info: () => undefined, warn: () => tell() };
  const subscriber = new RedisSubscriber({ redis, url, clock: hostClock, reconnectMs: 30_000, log });
  server.kill('SIGSTOP');
  const first = subscriber.subscribe('a', () => undefined);
  await failed;
  server.kill('SIGCONT');
  // One who comes then waits with the first.
  const subscriptions = await Promise.all([first, subscriber.subscribe('a', () => undefined)]);
  expect(subscriptions).toHaveLength(2);
  for (const subscription of subscriptions) await subscription.close();
});
