/** What stands between client and server, or is done by the caller meanwhile, that must not give wrong rows. */
import { getEventListeners } from 'node:events';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { Parqueue } from '@parqueue/client';
import { breaksAfter, FaultServer, type Fault } from './fault-server.ts';

let server: FaultServer;
let folder: string;

beforeEach(async () => {
  server = await FaultServer.start();
  server.parquet = Buffer.from('PAR1'.repeat(50_000));
  folder = await mkdtemp(join(tmpdir(), 'parqueue-trouble-'));
});

afterEach(async () => {
  await server[Symbol.asyncDispose]();
  await rm(folder, { recursive: true, force: true });
});

/** The page of a proxy that wants a login, with a status that says all is well. */
const loginPage: Fault = ({ response }) =>
  void response.writeHead(200, { 'content-type': 'text/html' }).end('<html>log in</html>');
const resets: Fault = ({ response }) => void response.socket?.resetAndDestroy();
const undeclared = { source: 's', sql: 'select 1' } as const;

describe('a transfer that was to go on and had to begin again', () => {
  test('does not go on where the one before it broke, whatever happens to the new one', async () => {
    const wholeAgain: Fault = ({ response }) => void response.writeHead(200, { 'content-length': 4 }).end('PAR1');
    server.meet(breaksAfter(70_000), wholeAgain, resets, resets, resets);
    const bytes = await server.client({ retries: 2 }).fetch('d', { as: 'bytes' });
    expect(Buffer.compare(bytes, server.parquet)).toBe(0);
  });

  test.each([
    ['another generation', { etag: '"another"' }],
    ['another length', { 'content-range': 'bytes 70000-200001/200002' }],
  ])('takes no part of %s', async (_name, other) => {
    // Without a digest only the headers can tell.
    const unhashed: Fault = (call) => {
      const head = call.response.writeHead.bind(call.response);
      call.response.writeHead = ((status: number, headers: Record<string, string>) =>
        head(status, { ...headers, etag: '"a"', 'repr-digest': '' })) as typeof call.response.writeHead;
      breaksAfter(70_000)(call);
    };
    const part: Fault = ({ request, response }) => {
      const start = Number(/\d+/.exec(request.headers.range ?? '')?.[0]);
      const range = { etag: '"a"', 'content-range': `bytes ${start}-199999/200000` };
      response.writeHead(206, { ...range, ...other }).end(Buffer.alloc(200_000 - start, '!'));
    };
    server.meet(unhashed, part);
    const bytes = await server.client().fetch('d', { as: 'bytes' });
    expect(Buffer.compare(bytes, server.parquet)).toBe(0);
  });
});

test('bytes that a proxy coded are checked once they are decoded', async () => {
  const coded =
    (body: Buffer): Fault =>
    ({ response }) => {
      const told = { 'parqueue-key': 'k1', 'parqueue-generation': '1', 'content-encoding': 'gzip' };
      response.writeHead(200, { ...told, etag: `W/"${server.sha256}"` }).end(body);
    };
  server.meet(coded(gzipSync(server.parquet)));
  expect(Buffer.compare(await server.client().fetch('d', { as: 'bytes' }), server.parquet)).toBe(0);
  // Node's fetch takes a gzip stream that was cut for a good one.
  const cut = gzipSync(server.parquet).subarray(0, -40);
  server.meet(coded(cut), coded(cut));
  await expect(server.client({ retries: 1 }).fetch('d', { as: 'bytes' })).rejects.toMatchObject({ code: 'CORRUPTED' });
});

describe('a page of a proxy', () => {
  test('does not replace a file', async () => {
    const path = join(folder, 'd.parquet');
    await writeFile(path, 'what was there');
    server.meet(loginPage);
    await expect(server.client().fetch('d', { as: 'file', path })).rejects.toMatchObject({ code: 'UNEXPECTED' });
    expect(await readFile(path, 'utf8')).toBe('what was there');
    expect(await readdir(folder)).toEqual(['d.parquet']);
  });

  test.each([
    ['to resolve', [loginPage]],
    ['to a generation', [({ answer }) => answer(), loginPage]],
  ] as readonly (readonly [string, readonly Fault[]])[])('that answers %s is UNEXPECTED', async (_name, faults) => {
    server.meet(...faults);
    const client = server.client();
    await expect(client.fetch(undeclared, { as: 'bytes' })).rejects.toMatchObject({ code: 'UNEXPECTED' });
    expect(client.cacheStats.memory.entries).toBe(0);
  });

  test('that answers what is JSON otherwise is UNEXPECTED, too', async () => {
    server.meet(loginPage);
    await expect(server.client().datasets()).rejects.toMatchObject({ code: 'UNEXPECTED' });
  });
});

test.each([
  ['another generation', { 'parqueue-generation': '7' }, 200],
  ['a part of it', {}, 206],
])('a generation that is answered with %s is UNEXPECTED', async (_name, other, status) => {
  const told = { etag: '"a"', 'parqueue-key': 'k1', 'parqueue-generation': '1', ...other };
  server.meet(
    ({ answer }) => answer(),
    ({ response }) => void response.writeHead(status, told).end('PAR1'),
  );
  await expect(server.client().fetch(undeclared, { as: 'bytes' })).rejects.toMatchObject({ code: 'UNEXPECTED' });
});

describe('an answer of JSON that breaks off', () => {
  const half: Fault = ({ response }) => {
    response.writeHead(200, { 'content-length': 100 }).write('{"key":', () => response.destroy());
  };

  test('is asked for again', async () => {
    server.meet(half);
    expect(Buffer.compare(await server.client().fetch(undeclared, { as: 'bytes' }), server.parquet)).toBe(0);
  });

  test('is INTERRUPTED when it never ends, or may not be asked for again', async () => {
    server.meet(half, half, half, half);
    await expect(server.client().datasets()).rejects.toMatchObject({ code: 'INTERRUPTED', retryable: true });
    await expect(server.client().invalidate({ key: 'k' })).rejects.toMatchObject({ code: 'INTERRUPTED' });
    expect(server.seen).toHaveLength(4);
  });

  test('of a refusal has its status still', async () => {
    server.meet(({ response }) => {
      response.writeHead(403, { 'content-length': 100 }).write('{"code":', () => response.destroy());
    });
    await expect(server.client().fetch('d')).rejects.toMatchObject({ code: 'UNEXPECTED', status: 403 });
  });
});

describe('a question', () => {
  test('is what it was when it was asked, whatever becomes of the object', async () => {
    const client = server.client();
    const question = { dataset: 'd', params: { market: 'a' }, columns: ['x'] };
    const fetching = client.fetch(question);
    question.params.market = 'b';
    question.columns.push('y');
    await fetching;
    expect(server.seen[0]?.url).toContain('market=a');
    expect(server.seen[0]?.url).toMatch(/columns=x$/);
  });

  test('of a parameter that is not a finite number is a question of its own', async () => {
    const client = server.client();
    for (const limit of [Number.NaN, Infinity, -Infinity])
      await client.fetch({ dataset: 'd', params: { limit } }, { maxAge: 60 });
    expect(server.seen).toHaveLength(3);
  });

  test('does not send a parameter that is undefined', async () => {
    const params = { a: undefined } as unknown as Record<string, string>;
    await server.client().fetch({ dataset: 'd', params });
    expect(server.seen[0]?.url).not.toContain('a=');
  });

  test('of a column with a comma goes where a column can have one', async () => {
    const client = server.client();
    await client.fetch('d', { as: 'bytes', columns: ['a,b'] });
    expect(server.requests).toEqual(['POST /v1/resolve', 'GET /v1/entries/k1/generations/1/data']);
    expect(JSON.parse(server.seen[0]?.body ?? '')).toEqual({ dataset: 'd', columns: ['a,b'] });
    await expect(client.get('d', { columns: ['a,b'] })).rejects.toThrow('comma');
  });

  test('of an unknown kind of result is refused', async () => {
    const as = 'Rows' as 'rows';
    await expect(server.client().fetch('d', { as })).rejects.toThrow('as must be');
  });
});

test.each([
  ['localhost:8787', 'key'],
  ['http://user:secret@127.0.0.1:8787', 'key'],
  ['http://127.0.0.1:8787', 'sec\nret'],
])('a client of %j with the key %j is refused at once, and its secret is not said', (url, apiKey) => {
  expect(() => new Parqueue({ url, apiKey })).toThrow(TypeError);
  expect(() => new Parqueue({ url, apiKey })).not.toThrow(/sec/);
});

test('what is read from disk while it is dropped is not kept', async () => {
  const disk = { cache: { disk: { directory: folder, bytes: 1e6 } } };
  for (let round = 0; round < 5; round += 1) {
    const client = server.client(disk);
    await client.fetch('d', { maxAge: 60 });
    const other = server.client(disk);
    const reading = other.fetch('d', { maxAge: 60 });
    const dropping = other.clearCache();
    const meanwhile = other.fetch('d', { maxAge: 60 });
    await Promise.all([reading, dropping, meanwhile]);
    const sent = server.seen.length;
    await other.fetch('d', { maxAge: 60 });
    expect(server.seen.length).toBe(sent + 1);
  }
});

test('who asks after an invalidation does not build on what was asked for before it', async () => {
  const client = server.client();
  const after: Promise<Uint8Array>[] = [];
  server.meet(({ answer }) => {
    void client.invalidate({ dataset: 'd' }).then(() => {
      after.push(client.fetch('d', { as: 'bytes', maxAge: 60 }));
      answer();
    });
  });
  await client.fetch('d', { as: 'bytes', maxAge: 60 });
  await Promise.all(after);
  expect(server.requests.filter((request) => request.startsWith('GET'))).toHaveLength(2);
});

test('many who wait under one signal are one listener, and leave at once', async () => {
  const client = server.client();
  const controller = new AbortController();
  const { signal } = controller;
  server.meet(...Array.from({ length: 90 }, (): Fault => () => undefined));
  const names = Array.from({ length: 30 }, (_, at) => `d${at}`);
  const fetching = names.flatMap((name) => [
    client.fetch(name, { as: 'bytes', signal }),
    client.fetch(name, { as: 'rows', signal }),
    client.fetch(name, { as: 'file', path: join(folder, name), signal }),
  ]);
  const ended = Promise.allSettled(fetching);
  expect(getEventListeners(signal, 'abort')).toHaveLength(1);
  controller.abort(new Error('enough'));
  expect((await ended).map((result) => result.status === 'rejected' && String(result.reason))).toEqual(
    fetching.map(() => 'Error: enough'),
  );
  expect(getEventListeners(signal, 'abort')).toHaveLength(0);
});

test('a folder of the disk cache that was removed is made again, and costs no answer', async () => {
  const directory = join(folder, 'cache');
  const client = server.client({ cache: { disk: { directory, bytes: 1e6 } } });
  await client.fetch('a', { as: 'bytes' });
  await rm(directory, { recursive: true });
  for (const name of ['b', 'c']) await client.fetch(name, { as: 'bytes' });
  expect(client.cacheStats.diskFailures).toBe(1);
  expect(await readdir(join(directory, 'v1'))).toHaveLength(2);
  await rm(directory, { recursive: true });
  await writeFile(directory, '');
  for (const name of ['d', 'e']) await client.fetch(name, { as: 'bytes' });
});

describe('a pin', () => {
  test('is lost when its time is over, also where the server hangs and the clock is set back', async () => {
    await writeFile(join(folder, 'parqueue.json'), JSON.stringify({ storeId: 's1' }));
    await mkdir(join(folder, 'entries'));
    await writeFile(join(folder, 'entries', 'f'), 'PAR1');
    const entry = {
      key: 'k',
      generation: 1,
      version: 'v',
      etag: '"e"',
      ageSeconds: 0,
      storeId: 's1',
      bytes: 4,
      rows: 1,
    };
    server.meet(({ response }) => {
      const body = { ...entry, sha256: '', file: { relative: 'entries/f' }, pin: { id: 'p' } };
      response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(body));
    });
    let now = 1_000_000;
    const client = server.client({ mount: folder, now: () => (now -= 1000) });
    const pinned = await client.fetch('d', { as: 'path', pinSeconds: 5 });
    expect(pinned.signal.aborted).toBe(false);
    // Two renewals, and none after them.
    const renews: Fault = ({ response }) => void response.writeHead(200).end('{}');
    server.meet(renews, renews, ...Array.from({ length: 9 }, (): Fault => () => undefined));
    await new Promise((resolve) => pinned.signal.addEventListener('abort', resolve));
    expect(pinned.signal.reason).toMatchObject({ code: 'UNEXPECTED' });
    expect(server.requests.filter((request) => request === 'PUT /v1/pins/p').length).toBeGreaterThanOrEqual(4);
  });
});
