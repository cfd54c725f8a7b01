import { mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, inject, test } from 'vitest';
import { systemRandomId } from '../context.ts';
import { openRedis, type EmbeddedRedis, type LadderOptions } from './embedded-redis.ts';
import { findEmbeddedRedis } from './embedded-address.ts';
import { ping } from './ping.ts';
import { findRedisProgram } from './redis-program.ts';

const program = findRedisProgram(process.env['PATH'] ?? '');
let dataDirectory: string;
const opened: EmbeddedRedis[] = [];

beforeEach(() => {
  dataDirectory = mkdtempSync(join(tmpdir(), 'parqueue-ladder-'));
});

afterEach(async () => {
  await Promise.all(opened.splice(0).map(async (redis) => await redis.stop()));
  rmSync(dataDirectory, { recursive: true, force: true });
});

async function open(change: Partial<LadderOptions> = {}): Promise<EmbeddedRedis> {
  const redis = await openRedis({
    url: null,
    dataDirectory,
    program,
    undurableAllowed: false,
    randomId: systemRandomId,
    warn: () => {},
    ...change,
  });
  opened.push(redis);
  return redis;
}

/** One command in Redis's inline protocol, after AUTH; the last line of its reply, '' where it ends instead. */
async function ask(url: string, line: string): Promise<string> {
  const { port, password } = new URL(url);
  return await new Promise((resolve, reject) => {
    const socket = connect({ host: '127.0.0.1', port: Number(port) });
    let reply = '';
    socket.once('error', reject);
    socket.once('close', () => resolve(''));
    socket.on('data', (chunk: Buffer) => {
      reply += chunk.toString('utf8');
      const answer = /^\+OK\r\n(?:\+(.*)|\$\d+\r\n(.*))\r\n$/.exec(reply);
      if (answer === null) return;
      socket.destroy();
      resolve(answer[1] ?? answer[2] ?? '');
    });
    socket.write(`AUTH ${password}\r\n${line}\r\n`);
  });
}

describe('the ladder to a Redis', () => {
  test('uses a configured URL as it is', async () => {
    const redis = await open({ url: inject('redisUrl') });
    expect(redis.kind).toBe('external');
    expect(redis.url).toBe(inject('redisUrl'));
    expect(readdirSync(dataDirectory)).toEqual([]);
  });

  test('refuses to go without durability where that is asked for', async () => {
    await expect(open({ program: null })).rejects.toMatchObject({ code: 'PQ_CONFIG' });
  });

  test('says plainly when the program does not start', async () => {
    await expect(open({ program: '/bin/false' })).rejects.toThrow(/embedded Redis did not start: it ended with 1/);
  });
});

describe.runIf(program !== null)('a Redis of our own', () => {
  test('asks for its password, and keeps it from other users of the machine', async () => {
    const redis = await open();
    const port = Number(new URL(redis.url).port);
    expect(await ping({ port, password: null })).toBe('refused');
    expect(statSync(join(dataDirectory, 'redis', 'address.json')).mode & 0o077).toBe(0);
    expect(redis.description).not.toContain(new URL(redis.url).password);
  });

  test('keeps what it was told over a stop and a start', async () => {
    const first = await open();
    await ask(first.url, 'SET word kept');
    await first.stop();
    const second = await open();
    expect(await ask(second.url, 'GET word')).toBe('kept');
  });

  test('left behind by a killed supervisor ends before its files are opened again', async () => {
    const orphan = await open();
    await ask(orphan.url, 'SET word kept');
    const next = await open();
    const { port, password } = new URL(orphan.url);
    expect(await ping({ port: Number(port), password })).toBe('unreachable');
    expect(await ask(next.url, 'GET word')).toBe('kept');
  });

  test('that dies says so, and comes back at the same address with what it knew', async () => {
    const redis = await open();
    await ask(redis.url, 'SET word kept');
    const ended = new Promise((resolve) => {
      redis.onExit(resolve);
    });
    await ask(redis.url, 'SHUTDOWN');
    await ended;
    await redis.restart();
    expect(await ask(redis.url, 'GET word')).toBe('kept');
  });

  test('does not take the place of a stranger at a remembered address', async () => {
    const stranger = new URL(inject('redisUrl'));
    const directory = join(dataDirectory, 'redis');
    const first = await open();
    await first.stop();
    writeFileSync(join(directory, 'address.json'), JSON.stringify({ port: Number(stranger.port), password: 'guess' }));
    await open();
    expect(await ping({ port: Number(stranger.port), password: null })).toBe('ready');
  });
});

test('one that takes connections and says nothing is there all the same: it hangs', async () => {
  const [directory, taken] = [join(dataDirectory, 'redis'), new Set<Socket>()];
  const silent = createServer((socket) => taken.add(socket)).listen(0, '127.0.0.1');
  await once(silent, 'listening');
  const { port } = silent.address() as AddressInfo;
  mkdirSync(directory);
  writeFileSync(join(directory, 'address.json'), JSON.stringify({ port, password: 'word' }));
  expect(await findEmbeddedRedis(dataDirectory)).toEqual({ kind: 'running', url: `redis://:word@127.0.0.1:${port}` });
  for (const socket of taken) socket.destroy();
  silent.close();
});
