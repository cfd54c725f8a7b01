import { chmod, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { tableFromArrays, tableToIPC } from 'apache-arrow';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { isParqueueHttpError, type ParqueueHttpError, type Progress } from '@parqueue/client';
import { arrowOf, breaksAfter, FaultServer, refuses, spoils, stallsAfter } from './fault-server.ts';

let server: FaultServer;
let folder: string;

beforeEach(async () => {
  server = await FaultServer.start();
  server.parquet = Buffer.from('PAR1'.repeat(50_000));
  folder = await mkdtemp(join(tmpdir(), 'parqueue-client-'));
});

afterEach(async () => {
  await server[Symbol.asyncDispose]();
  await rm(folder, { recursive: true, force: true });
});

async function failureOf(promise: Promise<unknown>): Promise<ParqueueHttpError> {
  const error = await promise.then(
    () => new Error('it was answered'),
    (reason: unknown) => reason,
  );
  if (isParqueueHttpError(error)) return error;
  throw error;
}

describe('a transfer of immutable bytes that breaks', () => {
  test('goes on where it broke, at the address of these very bytes and only for them', async () => {
    server.meet(breaksAfter(70_000), breaksAfter(60_000));
    const bytes = await server.client().fetch('d', { as: 'bytes' });
    expect(Buffer.compare(bytes, server.parquet)).toBe(0);
    expect(server.requests).toEqual([
      'GET /v1/datasets/d/data',
      'GET /v1/entries/k1/generations/1/data',
      'GET /v1/entries/k1/generations/1/data',
    ]);
    const [first, second, third] = server.seen.map(({ headers }) => headers);
    expect(first?.range).toBeUndefined();
    expect(second?.['if-range']).toMatch(/^"[0-9a-f]{64}"$/);
    const starts = [second, third].map((headers) => Number(/^bytes=(\d+)-$/.exec(headers?.range ?? '')?.[1]));
    expect(starts[0]).toBeGreaterThan(0);
    expect(starts[1]).toBeGreaterThan(starts[0] ?? 0);
  });

  test('goes on more often than `retries` as long as each attempt brings bytes', async () => {
    server.meet(...Array.from({ length: 6 }, () => breaksAfter(20_000)));
    const bytes = await server.client({ retries: 1 }).fetch('d', { as: 'bytes' });
    expect(Buffer.compare(bytes, server.parquet)).toBe(0);
  });

  test('does not go on with a part that begins elsewhere', async () => {
    server.meet(breaksAfter(70_000), ({ request, response }) => {
      const told = {
        etag: String(request.headers['if-range']),
        'content-range': 'bytes 5-9/200000',
        'content-length': 5,
      };
      response.writeHead(206, told).end('wrong');
    });
    const bytes = await server.client({ retries: 1 }).fetch('d', { as: 'bytes' });
    expect(Buffer.compare(bytes, server.parquet)).toBe(0);
    expect(server.requests[2]).toBe('GET /v1/datasets/d/data');
  });

  test('begins again where the generation was removed meanwhile, and brings the newer one whole', async () => {
    server.meet((call) => {
      breaksAfter(50_000)(call);
      server.change([7, 8]);
    });
    const bytes = await server.client().fetch('d', { as: 'bytes' });
    expect(Buffer.from(bytes).toString()).toBe('PAR1 7 8 PAR1');
  });

  test('fails as INTERRUPTED, never with short bytes, when it never ends', async () => {
    const never = Array.from({ length: 9 }, () => breaksAfter(0));
    server.meet(...never);
    expect(await failureOf(server.client({ retries: 2 }).fetch('d', { as: 'bytes' }))).toMatchObject({
      code: 'INTERRUPTED',
      retryable: true,
    });
    expect(server.seen).toHaveLength(3);
  });
});

describe('bytes that are not what they should be', () => {
  const flipped = (body: Uint8Array): Uint8Array => Uint8Array.from(body, (byte, at) => (at === 9 ? byte ^ 1 : byte));

  test('are fetched again', async () => {
    server.meet(spoils(flipped));
    const bytes = await server.client().fetch('d', { as: 'bytes' });
    expect(Buffer.compare(bytes, server.parquet)).toBe(0);
    expect(server.seen).toHaveLength(2);
  });

  test('are never given to anybody, nor kept', async () => {
    server.meet(spoils(flipped), spoils(flipped), spoils(flipped));
    const client = server.client();
    expect(await failureOf(client.fetch('d', { as: 'bytes' }))).toMatchObject({ code: 'CORRUPTED' });
    expect(client.cacheStats.memory.entries).toBe(0);
    expect(Buffer.compare(await client.fetch('d', { as: 'bytes' }), server.parquet)).toBe(0);
  });

  test('that are fewer than promised are noticed here, too, where the runtime does not look', async () => {
    const short: typeof fetch = async (input, init) => {
      const response = await fetch(input, init);
      const cut = new Uint8Array(await response.arrayBuffer()).subarray(0, 100);
      const headers = new Headers(response.headers);
      for (const name of ['repr-digest', 'content-location']) headers.delete(name);
      headers.set('etag', 'W/"of-no-digest"');
      return new Response(cut, { status: response.status, headers });
    };
    expect(await failureOf(server.client({ fetch: short }).fetch('d', { as: 'bytes' }))).toMatchObject({
      code: 'INTERRUPTED',
      message: 'the answer ended after 100 of 200000 bytes',
    });
  });

  test('of Arrow, cut in good order where a batch ended, lack their end and are fetched again', async () => {
    server.arrow = arrowOf([1, 2, 3, 4]);
    const cut = (body: Uint8Array): Uint8Array => body.subarray(0, -8);
    server.meet(spoils(cut));
    expect((await server.client().fetch('d')).numRows).toBe(4);
    server.meet(spoils(cut), spoils(cut), spoils(cut));
    expect(await failureOf(server.client().fetch('d', { as: 'rows' }))).toMatchObject({ code: 'INTERRUPTED' });
  });
});

describe('a server that asks for patience', () => {
  test('is obeyed a limited number of times', async () => {
    const slept: number[] = [];
    const client = server.client({ sleep: async (ms) => void slept.push(ms) });
    server.meet(refuses(429, '4'), refuses(503, 'Sun, 22 Nov 2026 07:00:09 GMT'));
    await client.fetch('d', { as: 'bytes' });
    expect(slept[0]).toBe(4000);
    server.meet(refuses(429, '1'), refuses(429, '1'), refuses(429, '1'));
    expect(await failureOf(client.fetch('e', { as: 'bytes' }))).toMatchObject({ status: 429, retryAfterMs: 1000 });
  });

  test('is not waited for once the caller left', async () => {
    const controller = new AbortController();
    const client = server.client({
      sleep: async (_ms, signal) => {
        controller.abort(new Error('enough'));
        signal?.throwIfAborted();
      },
    });
    server.meet(refuses(503, '60'));
    await expect(client.fetch('d', { signal: controller.signal })).rejects.toThrow('enough');
  });

  test('with a connection that was reset before any answer is asked again', async () => {
    server.meet(({ response }) => void response.socket?.resetAndDestroy());
    expect((await server.client().fetch('d')).numRows).toBe(3);
    expect(server.seen).toHaveLength(2);
  });
});

describe('a caller who leaves', () => {
  test('in the middle of a body is let go at once', async () => {
    const controller = new AbortController();
    server.meet(stallsAfter(1000));
    const fetching = server.client().fetch('d', {
      as: 'bytes',
      signal: controller.signal,
      onProgress: (progress) => {
        if (progress.bytes > 0) controller.abort(new Error('enough'));
      },
    });
    await expect(fetching).rejects.toThrow('enough');
  });

  test('does not take the answer from others who wait for the same', async () => {
    const controller = new AbortController();
    const client = server.client();
    const left = client.fetch('d', { as: 'rows', signal: controller.signal });
    const stayed = client.fetch('d', { as: 'rows' });
    controller.abort(new Error('enough'));
    await expect(left).rejects.toThrow('enough');
    expect(await stayed).toEqual([{ n: 1 }, { n: 2 }, { n: 3 }]);
    expect(server.seen).toHaveLength(1);
  });

  test('before the request was sent causes none', async () => {
    await expect(server.client().fetch('d', { signal: AbortSignal.abort(new Error('no')) })).rejects.toThrow('no');
    expect(server.seen).toHaveLength(0);
  });
});

test('progress counts the bytes that arrived, of all there are', async () => {
  const told: Progress[] = [];
  await server.client().fetch('d', { as: 'bytes', onProgress: (progress) => told.push(progress) });
  expect(told[0]).toEqual({ kind: 'transfer', bytes: 0, bytesTotal: 200_000 });
  expect(told.at(-1)).toEqual({ kind: 'transfer', bytes: 200_000, bytesTotal: 200_000 });
});

describe('a file', () => {
  test('appears whole or not at all, and leaves nothing beside it', async () => {
    const path = join(folder, 'rows.parquet');
    await writeFile(path, 'what was there before');
    const never = Array.from({ length: 3 }, () => breaksAfter(0));
    server.meet(...never);
    expect(await failureOf(server.client().fetch('d', { as: 'file', path }))).toMatchObject({ code: 'INTERRUPTED' });
    expect(await readFile(path, 'utf8')).toBe('what was there before');
    server.meet(breaksAfter(90_000));
    const file = await server.client().fetch('d', { as: 'file', path });
    expect(file).toMatchObject({ path, bytes: 200_000, info: { from: 'server', generation: 1 } });
    expect(Buffer.compare(await readFile(path), server.parquet)).toBe(0);
    expect(await readdir(folder)).toEqual(['rows.parquet']);
  });

  test('that is still right is not transferred, and one that is not is replaced', async () => {
    const path = join(folder, 'rows.parquet');
    await server.client().fetch('d', { as: 'file', path });
    const sent = server.sentBytes;
    const again = await server.client().fetch('d', { as: 'file', path });
    expect(again).toMatchObject({ bytes: 200_000, info: { from: 'disk', verified: true } });
    expect(server.sentBytes).toBe(sent);
    await writeFile(path, 'changed by somebody');
    await chmod(path, 0o600);
    await server.client().fetch('d', { as: 'file', path });
    expect(Buffer.compare(await readFile(path), server.parquet)).toBe(0);
    expect((await stat(path)).mode & 0o777).toBe(0o600);
  });
});

describe('batches', () => {
  const twoBatches = (): Uint8Array => {
    const part = (from: number) => tableFromArrays({ n: Int32Array.from({ length: 1000 }, (_, at) => from + at) });
    return tableToIPC(part(0).concat(part(1000)), 'stream');
  };

  test('come one at a time, and as rows where they are wanted so', async () => {
    server.arrow = twoBatches();
    const sizes: number[] = [];
    for await (const batch of server.client().fetchBatches('d')) sizes.push(batch.numRows);
    expect(sizes).toEqual([1000, 1000]);
    let last: unknown;
    for await (const rows of server.client().fetchBatches('d', { as: 'rows' })) last = rows.at(-1);
    expect(last).toEqual({ n: 1999 });
  });

  test('go on after the last whole one, of the same generation, where the transfer broke', async () => {
    server.arrow = twoBatches();
    server.meet(breaksAfter(6000));
    const numbers: unknown[] = [];
    const reading = server.client().fetchBatches('d', { as: 'rows' });
    for await (const rows of reading) {
      numbers.push(rows[0]?.['n'], rows.length);
      // The rest, as the server answers ?offset=1000.
      server.arrow = tableToIPC(tableFromArrays({ n: Int32Array.from({ length: 1000 }, (_, at) => 1000 + at) }));
    }
    expect(numbers).toEqual([0, 1000, 1000, 1000]);
    expect(server.seen[1]?.url).toMatch(/^\/v1\/entries\/k1\/generations\/1\/data\?.*offset=1000/);
  });

  test('of a window go on within it', async () => {
    server.arrow = twoBatches();
    server.meet(breaksAfter(6000));
    const window = { offset: 50, limit: 1700 };
    for await (const batch of server.client().fetchBatches('d', window)) void batch;
    const asked = server.seen.map(({ url }) => /limit=\d+&offset=\d+/.exec(url)?.[0]);
    expect(asked).toEqual(['limit=1700&offset=50', 'limit=700&offset=1050']);
  });

  test('that end in good order without the mark of their end are an error', async () => {
    server.arrow = twoBatches().subarray(0, -8);
    server.meet();
    const reading = (async () => {
      for await (const batch of server.client({ retries: 0 }).fetchBatches('d')) void batch;
    })();
    expect(await failureOf(reading)).toMatchObject({ code: 'INTERRUPTED' });
  });

  test('end the transfer when nobody reads on', async () => {
    let closed = (): void => undefined;
    const wasClosed = new Promise<void>((resolve) => (closed = resolve));
    server.arrow = twoBatches();
    server.meet((call) => {
      call.response.on('close', closed);
      stallsAfter(6000)(call);
    });
    for await (const batch of server.client().fetchBatches('d')) {
      expect(batch.numRows).toBe(1000);
      break;
    }
    await wasClosed;
  });
});
