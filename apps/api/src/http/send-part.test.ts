import { createHash, randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { createServer, get, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, expect, test } from 'vitest';
import { openPart, PartLost, sendPart, type Sent } from './send-part.ts';

const dir = mkdtempSync(join(tmpdir(), 'parqueue-send-'));
const path = join(dir, 'part');
const MIB = 1024 * 1024;
let server: Server | null = null;

afterEach(() => {
  server?.closeAllConnections();
  server?.close();
});
afterAll(() => rmSync(dir, { recursive: true }));

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
        await using part = await openPart(path, range);
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

test('what is not as it was inspected is noticed before anything is sent', async () => {
  writeFileSync(path, Buffer.alloc(100));
  await expect(openPart(path, { bytes: 101, start: 0, length: 101 })).rejects.toThrow(PartLost);
  await expect(openPart(join(dir, 'gone'), { bytes: 1, start: 0, length: 1 })).rejects.toThrow(/ENOENT/);
  await expect(openPart(dir, { bytes: 4096, start: 0, length: 1 })).rejects.toThrow(PartLost);
});
