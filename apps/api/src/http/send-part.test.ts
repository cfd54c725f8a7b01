import { createHash, randomBytes } from 'node:crypto';
import { mkdirSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { createServer, get, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { openFileStoreSubject, type FileOperation } from '@parqueue/core/testing';
import { afterAll, afterEach, describe, expect, test } from 'vitest';
import { SendMemory } from './send-memory.ts';
import { openPart, sendPart, type Sent } from './send-part.ts';

const REF = { key: `words-${'0a'.repeat(16)}`, fence: 1 };
const store = await openFileStoreSubject();
const path = store.reader.partPath(REF.key, REF.fence).absolute;
mkdirSync(dirname(path), { recursive: true });
const MIB = 1024 * 1024;
const from = { parts: store.parts, memory: new SendMemory() };
let server: Server | null = null;

afterEach(() => {
  server?.closeAllConnections();
  server?.close();
  store.files.disarm();
  expect(from.memory.lentBytes).toBe(0);
});
afterAll(() => store[Symbol.asyncDispose]());

/** Serves one range of the file once. */
async function serve(range: {
  bytes: number;
  start: number;
  length: number;
}): Promise<{ url: string; sent: Promise<Sent> }> {
  return await new Promise((listening) => {
    let settle: (sent: Sent) => void = () => undefined;
    const sent = new Promise<Sent>((resolve) => {
      settle = resolve;
    });
    server = createServer((_request, response) => {
      void (async () => {
        await using part = await openPart(from, REF, range);
        response.writeHead(200, { 'content-length': range.length });
        settle(await sendPart(response, part));
      })();
    });
    server.listen(0, '127.0.0.1', () => {
      const { port } = server!.address() as AddressInfo;
      listening({ url: `http://127.0.0.1:${port}`, sent });
    });
  });
}

function respond(url: string): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => get(url, resolve).on('error', reject));
}

test.each([
  ['nothing', 0, 0],
  ['one byte', 0, 1],
  ['exactly one buffer', 0, MIB],
  ['a byte more than two buffers', 5, 2 * MIB + 1],
  ['many buffers', 0, 9 * MIB - 3],
])('%s arrives as it is', async (_name, start, length) => {
  const content = randomBytes(9 * MIB);
  writeFileSync(path, content);
  const { url, sent } = await serve({ bytes: content.length, start, length });
  const body = Buffer.from(await (await fetch(url)).arrayBuffer());
  const digest = (bytes: Buffer) => createHash('sha256').update(bytes).digest('hex');
  expect(digest(body)).toBe(digest(content.subarray(start, start + length)));
  expect(await sent).toBe('sent');
});

test('a slow reader holds the sender back, and gets every byte in the end', async () => {
  const content = randomBytes(24 * MIB);
  writeFileSync(path, content);
  const { url, sent } = await serve({ bytes: content.length, start: 0, length: content.length });
  const response = await respond(url);
  const hash = createHash('sha256');
  for await (const chunk of response) {
    hash.update(chunk as Buffer);
    await new Promise((resolve) => setImmediate(resolve));
  }
  expect(hash.digest('hex')).toBe(createHash('sha256').update(content).digest('hex'));
  expect(await sent).toBe('sent');
});

test('of a reader who takes nothing, no more is read than its buffers and those of the system hold', async () => {
  const size = 64 * MIB;
  writeFileSync(path, Buffer.alloc(size, 1));
  store.files.log.length = 0;
  const reads = (): number => store.files.log.filter(({ operation }) => operation === 'read').length;
  const { url, sent } = await serve({ bytes: size, start: 0, length: size });
  const response = await respond(url);
  response.pause();
  // Until it stands still: nothing was read for a while.
  for (let [before, after] = [-1, reads()]; before !== after; [before, after] = [after, reads()]) await sleep(200);
  expect(reads()).toBeLessThan(size / MIB);
  response.destroy();
  expect(await sent).toBe('caller-left');
});

test('buffers are read into again only when their bytes are out: every byte is in its place however slow the reader is', async () => {
  const words = Uint32Array.from({ length: (12 * MIB) / 4 }, (_, at) => at);
  writeFileSync(path, words);
  const { url, sent } = await serve({ bytes: 12 * MIB, start: 0, length: 12 * MIB });
  const response = await respond(url);
  const chunks: Buffer[] = [];
  for await (const chunk of response) {
    chunks.push(chunk as Buffer);
    if (chunks.length % 16 === 0) await sleep(1);
  }
  expect(Buffer.concat(chunks).equals(Buffer.from(words.buffer))).toBe(true);
  expect(await sent).toBe('sent');
});

test('a file that ends too soon in mid-body breaks the connection instead of ending it', async () => {
  const size = 64 * MIB;
  writeFileSync(path, Buffer.alloc(size, 1));
  const { url, sent } = await serve({ bytes: size, start: 0, length: size });
  const response = await respond(url);
  response.pause();
  truncateSync(path, 2 * MIB);
  const read = async (): Promise<void> => {
    for await (const _chunk of response) {
      /* only its end matters */
    }
  };
  await expect(read()).rejects.toMatchObject({ code: 'ECONNRESET' });
  expect(await sent).toBe('part-lost');
});

test('a caller who leaves ends the sending', async () => {
  const size = 64 * MIB;
  writeFileSync(path, Buffer.alloc(size, 1));
  const { url, sent } = await serve({ bytes: size, start: 0, length: size });
  const response = await respond(url);
  response.destroy();
  expect(await sent).toBe('caller-left');
});

describe('before anything is sent', () => {
  const range = { bytes: 100, start: 10, length: 50 };
  const open = (expected = range) => openPart(from, REF, expected);

  test.each<FileOperation>(['open', 'stat', 'read'])(
    'a handle that is stale at %s is opened afresh',
    async (operation) => {
      writeFileSync(path, Buffer.alloc(100, 7));
      store.files.fail({ operation, path }, 'ESTALE');
      await using opened = await open();
      expect(opened.part.first).toEqual(new Uint8Array(50).fill(7));
    },
  );

  test('one that stays stale, and a file that is gone, are to be asked for again', async () => {
    writeFileSync(path, Buffer.alloc(100));
    store.files.fail({ operation: 'read', path, times: 2 }, 'ESTALE');
    await expect(open()).rejects.toMatchObject({ name: 'PartLost', how: 'gone' });
    rmSync(path);
    await expect(open()).rejects.toMatchObject({ name: 'PartLost', how: 'gone' });
  });

  test('another size and bytes that cannot be read are told apart from it', async () => {
    writeFileSync(path, Buffer.alloc(99));
    await expect(open()).rejects.toMatchObject({ name: 'PartLost', how: 'different' });
    writeFileSync(path, Buffer.alloc(100));
    store.files.fail({ operation: 'read', path }, 'EIO');
    await expect(open()).rejects.toMatchObject({ name: 'PartLost', how: 'unreadable' });
  });

  test('what this host may not do is no verdict about the file', async () => {
    store.files.fail({ operation: 'open', path }, 'EACCES');
    await expect(open()).rejects.toMatchObject({ code: 'PQ_STORE_IO', details: { errno: 'EACCES' } });
  });
});

test('a handle that goes stale in mid-body breaks the connection, and no other file is opened in its place', async () => {
  const size = 64 * MIB;
  writeFileSync(path, Buffer.alloc(size, 1));
  store.files.fail({ operation: 'read', path, skip: 2, times: 1000 }, 'ESTALE');
  store.files.log.length = 0;
  const { url, sent } = await serve({ bytes: size, start: 0, length: size });
  const response = await respond(url);
  expect(response.statusCode).toBe(200);
  const read = async (): Promise<void> => {
    for await (const _chunk of response) {
      /* only its end matters */
    }
  };
  await expect(read()).rejects.toMatchObject({ code: 'ECONNRESET' });
  expect(await sent).toBe('part-lost');
  expect(store.files.log.filter(({ operation }) => operation === 'open')).toHaveLength(1);
});
