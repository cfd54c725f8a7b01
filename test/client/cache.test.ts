import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { AnswerInfo } from '@parqueue/client';
import { FaultServer, stallsAfter } from './fault-server.ts';

let server: FaultServer;
let folder: string;

beforeEach(async () => {
  server = await FaultServer.start();
  folder = await mkdtemp(join(tmpdir(), 'parqueue-cache-'));
});

afterEach(async () => {
  await server[Symbol.asyncDispose]();
  await rm(folder, { recursive: true, force: true });
});

const conditional = (): readonly boolean[] => server.seen.map(({ headers }) => headers['if-none-match'] !== undefined);

describe('an entry that did not change', () => {
  test.each([{ as: 'table' }, { as: 'rows' }, { as: 'bytes' }] as const)(
    'is the same object, verified and not transferred ($as)',
    async (options) => {
      const client = server.client();
      const fetch = client.fetch.bind(client) as (name: string, options: object) => Promise<unknown>;
      const first = await fetch('d', options);
      const sent = server.sentBytes;
      const infos: AnswerInfo[] = [];
      expect(await fetch('d', { ...options, onAnswer: (info: AnswerInfo) => infos.push(info) })).toBe(first);
      expect(server.sentBytes).toBe(sent);
      expect(conditional()).toEqual([false, true]);
      expect(infos).toMatchObject([{ from: 'memory', verified: true, generation: 1, key: 'k1' }]);
    },
  );

  test('of a question that no dataset declares is verified by resolve alone', async () => {
    const client = server.client();
    const question = { source: 's', sql: 'select 1', binds: { b: 1, a: 2 } };
    const first = await client.fetch(question, { as: 'rows' });
    expect(await client.fetch({ ...question, binds: { a: 2, b: 1 } }, { as: 'rows' })).toBe(first);
    server.change([4]);
    expect(await client.fetch(question, { as: 'rows' })).toEqual([{ n: 4 }]);
    expect(server.requests).toEqual([
      'POST /v1/resolve',
      'GET /v1/entries/k1/generations/1/data',
      'POST /v1/resolve',
      'POST /v1/resolve',
      'GET /v1/entries/k1/generations/2/data',
    ]);
  });

  test('is decoded anew for another kind of result, without a transfer', async () => {
    const client = server.client();
    const table = await client.fetch('d');
    const sent = server.sentBytes;
    const rows = await client.fetch('d', { as: 'rows' });
    expect(rows).toEqual([{ n: 1 }, { n: 2 }, { n: 3 }]);
    expect(table.numRows).toBe(3);
    expect(server.sentBytes).toBe(sent);
    expect(Object.isFrozen(rows) && rows.every((row) => Object.isFrozen(row))).toBe(true);
  });
});

test('a verification of other bytes than are at hand by now is not taken for theirs', async () => {
  const client = server.client();
  await client.fetch('d', { as: 'rows' });
  server.meet(({ request, response }) => {
    server.change([9]);
    const told = { etag: request.headers['if-none-match'], 'parqueue-key': 'k1', 'parqueue-generation': '1' };
    void client.fetch('d', { as: 'rows', cache: 'reload' }).then(() => response.writeHead(304, told).end());
  });
  expect(await client.fetch('d', { as: 'rows' })).toEqual([{ n: 9 }]);
  expect(conditional()).toEqual([false, true, false, false]);
});

test('a change at the server is seen by the next fetch, which brings another object', async () => {
  const client = server.client();
  const before = await client.fetch('d', { as: 'rows' });
  server.change([9]);
  expect(await client.fetch('d', { as: 'rows' })).toEqual([{ n: 9 }]);
  expect(before).toEqual([{ n: 1 }, { n: 2 }, { n: 3 }]);
});

describe('maxAge', () => {
  test('counts from when the rows were proved right, at the server and here', async () => {
    let now = 1_000_000;
    const client = server.client({ now: () => now });
    server.ageSeconds = 20;
    await client.fetch('d', { maxAge: 60 });
    now += 40_000;
    await client.fetch('d', { maxAge: 60 });
    expect(server.seen).toHaveLength(1);
    now += 1;
    await client.fetch('d', { maxAge: 60 });
    expect(conditional()).toEqual([false, true]);
    expect(server.seen[1]?.headers['cache-control']).toBe('max-age=60');
  });

  test('counts so for a question that no dataset declares, too', async () => {
    let now = 1_000_000;
    const client = server.client({ now: () => now });
    server.ageSeconds = 20;
    const question = { source: 's', sql: 'select 1' };
    for (const passed of [0, 40_000, 1]) {
      now += passed;
      await client.fetch(question, { as: 'bytes', maxAge: 60 });
    }
    expect(server.requests.filter((request) => request === 'POST /v1/resolve')).toHaveLength(2);
  });

  test('is not believed after the clock was set back', async () => {
    let now = 1_000_000;
    const client = server.client({ now: () => now });
    await client.fetch('d', { maxAge: 60 });
    now -= 1000;
    await client.fetch('d', { maxAge: 60 });
    expect(server.seen).toHaveLength(2);
  });

  test('does not apply to who says noCache', async () => {
    const client = server.client();
    await client.fetch('d');
    await client.fetch('d', { maxAge: 60, freshness: { noCache: true } });
    expect(server.seen[1]?.headers['cache-control']).toBe('no-cache, max-age=60');
  });
});

describe('a bypass', () => {
  test('reload transfers anew, proves now, and is kept', async () => {
    const client = server.client();
    const first = await client.fetch('d', { as: 'rows' });
    const second = await client.fetch('d', { as: 'rows', cache: 'reload' });
    expect(second).not.toBe(first);
    expect(server.seen[1]?.headers).toMatchObject({ 'cache-control': 'no-cache' });
    expect(conditional()).toEqual([false, false]);
    expect(await client.fetch('d', { as: 'rows' })).toBe(second);
  });

  test('no-store neither looks nor keeps', async () => {
    const client = server.client();
    const kept = await client.fetch('d', { as: 'rows' });
    expect(await client.fetch('d', { as: 'rows', cache: 'no-store' })).not.toBe(kept);
    expect(await client.fetch('d', { as: 'rows' })).toBe(kept);
    expect(conditional()).toEqual([false, false, true]);
  });

  test('a client without a cache keeps nothing', async () => {
    const client = server.client({ cache: false });
    await client.fetch('d');
    await client.fetch('d');
    expect(conditional()).toEqual([false, false]);
    expect(client.cacheStats.memory).toEqual({ entries: 0, bytes: 0 });
  });
});

describe('fetches at the same time', () => {
  test('share one request, also when they want the rows in different kinds', async () => {
    const client = server.client();
    const [a, b, c] = await Promise.all([
      client.fetch('d', { as: 'rows' }),
      client.fetch('d', { as: 'rows' }),
      client.fetch('d'),
    ]);
    expect(a).toBe(b);
    expect(c.numRows).toBe(3);
    expect(server.seen).toHaveLength(1);
  });

  test('that begin after the request was sent verify what it brought, and share that', async () => {
    const client = server.client();
    let late: Promise<unknown>[] = [];
    server.meet(({ answer }) => {
      late = [client.fetch('d', { as: 'rows' }), client.fetch('d', { as: 'rows' })];
      answer();
    });
    const first = await client.fetch('d', { as: 'rows' });
    expect(await Promise.all(late)).toEqual([first, first]);
    expect(conditional()).toEqual([false, true]);
  });

  test('do not share with one that everybody left', async () => {
    const client = server.client();
    const controller = new AbortController();
    server.meet(stallsAfter(0, () => controller.abort(new Error('enough'))));
    await expect(client.fetch('d', { signal: controller.signal })).rejects.toThrow('enough');
    expect((await client.fetch('d')).numRows).toBe(3);
  });

  test('do not share with one that everybody left before its request went out', async () => {
    // Looking at the disk takes a while.
    const client = server.client({ cache: { disk: { directory: folder, bytes: 1e6 } } });
    const controller = new AbortController();
    const left = client.fetch('d', { as: 'bytes', signal: controller.signal });
    controller.abort(new Error('enough'));
    const after = left.catch(async () => client.fetch('d', { as: 'bytes' }));
    expect(Buffer.compare(await after, server.parquet)).toBe(0);
  });

  test('do not share with those who waited for the end of one, and left', async () => {
    const client = server.client();
    const controller = new AbortController();
    const after: Promise<Uint8Array>[] = [];
    server.meet(({ answer }) => {
      const left = client.fetch('d', { as: 'bytes', signal: controller.signal });
      controller.abort(new Error('enough'));
      after.push(left.catch(async () => client.fetch('d', { as: 'bytes' })));
      setTimeout(answer, 20);
    });
    await client.fetch('d', { as: 'bytes' });
    expect((await Promise.all(after)).map((bytes) => Buffer.compare(bytes, server.parquet))).toEqual([0]);
  });
});

describe('an invalidation by this client', () => {
  test.each([
    [{ key: 'k1' }, true],
    [{ key: 'k2' }, false],
    [{ dataset: 'd' }, true],
    [{ dataset: 'other' }, false],
    [{ prefix: 'k' }, true],
    [{ source: 'unknown-of-a-dataset', table: 't' }, true],
  ])('of %j drops what it may concern: %s', async (target, drops) => {
    const client = server.client({ cache: { disk: { directory: folder, bytes: 1e6 } } });
    const first = await client.fetch('d', { as: 'rows' });
    await client.invalidate(target);
    expect((await client.fetch('d', { as: 'rows' })) === first).toBe(!drops);
    expect(conditional()).toEqual([false, false, !drops]);
  });

  test('keeps what was asked for before it out of the cache', async () => {
    const client = server.client();
    let invalidated: Promise<unknown> = Promise.resolve();
    server.meet(({ answer }) => {
      invalidated = client.invalidate({ dataset: 'd' }).then(answer);
    });
    await client.fetch('d', { maxAge: 60 });
    await invalidated;
    expect(client.cacheStats.memory.entries).toBe(0);
  });
});

test('memory stays within its bound: the least recently used go first', async () => {
  server.parquet = Buffer.alloc(100_000, 'x');
  const client = server.client({ cache: { memoryBytes: 250_000 } });
  for (const name of ['a', 'b', 'a', 'c']) await client.fetch(name, { as: 'bytes' });
  expect(client.cacheStats.memory.entries).toBe(2);
  expect(client.cacheStats.memory.bytes).toBeLessThanOrEqual(250_000);
  server.seen.length = 0;
  for (const name of ['a', 'c', 'b']) await client.fetch(name, { as: 'bytes' });
  expect(conditional()).toEqual([true, true, false]);
});

test('decoded rows are weighed, too', async () => {
  const client = server.client();
  await client.fetch('d');
  const before = client.cacheStats.memory.bytes;
  await client.fetch('d', { as: 'rows' });
  expect(client.cacheStats.memory.bytes).toBeGreaterThan(before);
});

describe('the disk cache', () => {
  const disk = (more: object = {}) => ({ cache: { disk: { directory: folder, bytes: 10_000_000, ...more } } });
  const files = async (ending: string): Promise<string[]> =>
    (await readdir(join(folder, 'v1'))).filter((name) => name.endsWith(ending)).map((name) => join(folder, 'v1', name));

  test('serves the next client of the same server and key after a verification', async () => {
    await server.client(disk()).fetch('d');
    const sent = server.sentBytes;
    const infos: AnswerInfo[] = [];
    const table = await server.client(disk()).fetch('d', { onAnswer: (info) => infos.push(info) });
    expect(table.numRows).toBe(3);
    expect(infos).toMatchObject([{ from: 'disk', verified: true }]);
    expect(server.sentBytes).toBe(sent);
  });

  test('serves within maxAge without a request', async () => {
    await server.client(disk()).fetch('d');
    await server.client(disk()).fetch('d', { maxAge: 600 });
    expect(server.seen).toHaveLength(1);
  });

  test("takes one process's proof for no other bytes, which another process wrote meanwhile", async () => {
    const [one, other] = [server.client(disk()), server.client(disk())];
    const { arrow } = server;
    const first = await one.fetch('d', { as: 'rows' });
    server.change([9]);
    await other.fetch('d');
    server.arrow = arrow;
    expect(await one.fetch('d', { as: 'rows' })).toBe(first);
    expect(await server.client(disk()).fetch('d', { as: 'rows' })).toEqual(first);
  });

  test('is nothing to another API key', async () => {
    await server.client({ ...disk(), apiKey: 'pq_one' }).fetch('d');
    await server.client({ ...disk(), apiKey: 'pq_two' }).fetch('d');
    expect(conditional()).toEqual([false, false]);
  });

  test('holds neither key nor question, and is for this user only', async () => {
    const question = { source: 'erp', sql: 'select * from secrets where id = :id', binds: { id: 'hunter2' } };
    await server.client({ ...disk(), apiKey: 'pq_topsecret' }).fetch(question);
    for (const path of [...(await files('.json')), ...(await files('.data'))]) {
      const text = `${path}\n${await readFile(path, 'latin1')}`;
      for (const secret of ['pq_topsecret', 'hunter2', 'secrets']) expect(text).not.toContain(secret);
      expect((await stat(path)).mode & 0o077).toBe(0);
    }
  });

  test.each([
    ['cut short', (content: Buffer) => content.subarray(0, -1)],
    ['changed in one bit', (content: Buffer) => Buffer.from(content.map((byte, at) => (at === 40 ? byte ^ 1 : byte)))],
    ['emptied', () => Buffer.alloc(0)],
  ])('takes a file that was %s for a miss, and heals', async (_name, damage) => {
    for (const ending of ['.data', '.json']) {
      await server.client(disk()).fetch('d');
      for (const path of await files(ending)) await writeFile(path, damage(await readFile(path)));
      const table = await server.client(disk()).fetch('d', { maxAge: 600 });
      expect(table.numRows).toBe(3);
      const sent = server.sentBytes;
      await server.client(disk()).fetch('d');
      expect(server.sentBytes).toBe(sent);
    }
  });

  test('stays within its bound, all clients together', async () => {
    server.parquet = Buffer.alloc(100_000, 'x');
    const clients = [server.client(disk({ bytes: 350_000 })), server.client(disk({ bytes: 350_000 }))];
    for (const name of ['a', 'b', 'c', 'd', 'e', 'f']) {
      await Promise.all(clients.map((client) => client.fetch(name, { as: 'bytes' })));
      const sizes = await Promise.all([...(await files('.data')), ...(await files('.json'))].map((path) => stat(path)));
      expect(sizes.reduce((sum, { size }) => sum + size, 0)).toBeLessThanOrEqual(350_000);
    }
    expect((await files('.data')).length).toBeGreaterThan(0);
  });

  test('that cannot be made is said, before anything is asked', async () => {
    await writeFile(join(folder, 'file'), '');
    const client = server.client({ cache: { disk: { directory: join(folder, 'file'), bytes: 1000 } } });
    await expect(client.fetch('d')).rejects.toMatchObject({ code: 'CACHE_UNUSABLE' });
    expect(server.seen).toHaveLength(0);
  });

  test('forgets everything when it is cleared', async () => {
    const client = server.client(disk());
    await client.fetch('d');
    await client.clearCache();
    expect([...(await files('.data')), ...(await files('.json'))]).toEqual([]);
    await client.fetch('d');
    expect(conditional()).toEqual([false, false]);
  });
});
