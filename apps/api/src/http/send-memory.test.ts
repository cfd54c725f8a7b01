import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdirSync, truncateSync, writeFileSync } from 'node:fs';
import { createServer, get, type IncomingMessage, type Server } from 'node:http';
import { connect, type AddressInfo } from 'node:net';
import { dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { openFileStoreSubject } from '@parqueue/core/testing';
import { afterAll, afterEach, describe, expect, test, vi } from 'vitest';
import { LARGE_BYTES, SendMemory, SMALL_BYTES, TINY_BYTES } from './send-memory.ts';
import { openPart, sendPart, type Sent } from './send-part.ts';

const MIB = 1024 * 1024;
/** However busy the machine is: the test's own limit ends it. */
const eventually = (check: () => void): Promise<void> => vi.waitFor(check, { timeout: 60_000 });

describe('large buffers', () => {
  test('eight readers have four each, as one alone has, and nobody has more', () => {
    const memory = new SendMemory();
    for (let reader = 0; reader < 8; reader += 1) {
      const buffers = memory.forReader();
      const lengths = [buffers.first(100 * MIB), ...[1, 2, 3].map(() => buffers.next(false))].map((own) => own?.length);
      expect(lengths).toEqual([LARGE_BYTES, LARGE_BYTES, LARGE_BYTES, LARGE_BYTES]);
      expect(buffers.next(false)).toBeNull();
    }
    expect(memory.lentBytes).toBe(32 * LARGE_BYTES);
  });

  test('three thousand readers have no more than the budgets, each something to go on with, and nothing at the end', () => {
    const memory = new SendMemory();
    const readers = Array.from({ length: 3000 }, () => memory.forReader());
    const own = new Set(readers.flatMap((reader) => [reader.first(100 * MIB), reader.next(false), reader.next(false)]));
    own.delete(null);
    const bytes = [...own].reduce((sum, buffer) => sum + (buffer?.length ?? 0), 0);
    expect(memory.lentBytes).toBeLessThanOrEqual(128 * MIB);
    expect(bytes).toBeLessThanOrEqual(128 * MIB + 3000 * TINY_BYTES);
    expect(Math.min(...readers.map((reader) => reader.next(true).length))).toBe(TINY_BYTES);
    for (const reader of readers) reader[Symbol.dispose]();
    expect(memory.lentBytes).toBe(0);
  });

  test('what was given back is used again; what was not given back by the end never is, and cannot be later', () => {
    const memory = new SendMemory();
    const [one, other] = [memory.forReader(), memory.forReader()];
    const given = one.first(2 * MIB);
    const sending = one.next(false);
    one.giveBack(given);
    one[Symbol.dispose]();
    one.giveBack(sending!);
    expect(memory.lentBytes).toBe(0);
    const [first, second] = [other.next(true), other.next(true)];
    // Not by toBe, which looks through both.
    expect([first === given, second === given, second === sending]).toEqual([true, false, false]);
  });

  test('those that wait for their next use make room for a beginning of another size', () => {
    const memory = new SendMemory(MIB);
    const reader = memory.forReader();
    const buffer = reader.first(2 * MIB);
    reader.giveBack(buffer);
    expect(reader.first(MIB).length).toBe(MIB);
    expect(memory.lentBytes).toBe(MIB);
    expect(memory.forReader().next(true).length).toBe(SMALL_BYTES);
  });
});

describe('of many readers', () => {
  const REF = { key: `words-${'0b'.repeat(16)}`, fence: 1 };
  let server: Server | null = null;
  const store = openFileStoreSubject();

  afterEach(async () => {
    server?.closeAllConnections();
    server?.close();
    (await store).files.disarm();
  });
  afterAll(async () => (await store)[Symbol.asyncDispose]());

  async function keep(content: Buffer): Promise<string> {
    const path = (await store).reader.partPath(REF.key, REF.fence).absolute;
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, content);
    return path;
  }

  /** Serves the whole file to whoever asks, and tells how that ended. */
  async function serve(bytes: number, memory: SendMemory): Promise<{ readonly port: number; readonly ended: Sent[] }> {
    const { parts } = await store;
    const ended: Sent[] = [];
    server = createServer((_request, response) => {
      void (async () => {
        await using range = await openPart({ parts, memory }, REF, { bytes, start: 0, length: bytes });
        response.writeHead(200, { 'content-length': bytes });
        ended.push(await sendPart(response, range));
      })();
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    return { port, ended };
  }

  async function ask(port: number): Promise<IncomingMessage> {
    const request = get({ port, host: '127.0.0.1', agent: false });
    const [response] = (await once(request, 'response')) as [IncomingMessage];
    response.on('error', () => undefined);
    return response.pause();
  }

  async function read(response: IncomingMessage): Promise<Buffer> {
    const chunks: Buffer[] = [];
    for await (const chunk of response) chunks.push(chunk as Buffer);
    return Buffer.concat(chunks);
  }

  const reads = async (): Promise<number> => (await store).files.log.filter((call) => call.operation === 'read').length;

  /** Until nothing more is read for readers who take nothing. */
  async function standStill(): Promise<void> {
    for (let [before, after] = [-1, await reads()]; before !== after; [before, after] = [after, await reads()])
      await sleep(200);
  }

  test('the slow hold no more than the budget, those who leave give all back, and the others get every byte', async () => {
    const content = randomBytes(32 * MIB);
    await keep(content);
    const memory = new SendMemory(2 * MIB);
    const lend = vi.spyOn(memory, 'lend');
    const { port, ended } = await serve(content.length, memory);
    const responses = await Promise.all(Array.from({ length: 12 }, () => ask(port)));
    await standStill();
    expect(memory.lentBytes).toBeGreaterThan(0);
    expect(memory.lentBytes).toBeLessThanOrEqual(2 * MIB + 12 * SMALL_BYTES);
    expect(lend.mock.results.some(({ value }) => value === null)).toBe(true);
    // Who comes now finds nothing left, and is served beside them.
    expect((await read(await ask(port))).equals(content)).toBe(true);
    const [leaving, staying] = [responses.slice(0, 6), responses.slice(6)];
    for (const response of leaving) response.destroy();
    for (const response of staying) expect((await read(response)).equals(content)).toBe(true);
    await eventually(() => expect(ended).toHaveLength(13));
    expect(ended.filter((end) => end === 'caller-left')).toHaveLength(6);
    await eventually(() => expect(memory.lentBytes).toBe(0));
  });

  test('a range that is otherwise read at once is not in memory where there is no room, and arrives as it is', async () => {
    const content = randomBytes(MIB);
    await keep(content);
    const { parts } = await store;
    const range = { bytes: MIB, start: 0, length: MIB };
    {
      await using roomy = await openPart({ parts, memory: new SendMemory() }, REF, range);
      await using cramped = await openPart({ parts, memory: new SendMemory(0) }, REF, range);
      expect([roomy.isInMemory, cramped.isInMemory]).toEqual([true, false]);
    }
    const { port, ended } = await serve(MIB, new SendMemory(0));
    expect((await read(await ask(port))).equals(content)).toBe(true);
    await eventually(() => expect(ended).toEqual(['sent']));
  });

  test('a file that ends too soon, and one that cannot be opened, give all back', async () => {
    const path = await keep(Buffer.alloc(64 * MIB, 1));
    const memory = new SendMemory();
    const { port, ended } = await serve(64 * MIB, memory);
    const response = await ask(port);
    truncateSync(path, 2 * MIB);
    await expect(read(response)).rejects.toMatchObject({ code: 'ECONNRESET' });
    await eventually(() => expect(ended).toEqual(['part-lost']));
    const { parts, files } = await store;
    const open = () => openPart({ parts, memory }, REF, { bytes: 64 * MIB, start: 0, length: 64 * MIB });
    await expect(open()).rejects.toMatchObject({ how: 'different' });
    files.fail({ operation: 'read', path }, 'EIO');
    await expect(open()).rejects.toMatchObject({ how: 'unreadable' });
    expect(memory.lentBytes).toBe(0);
  });

  test('an answer behind another one ends with their connection, though nothing of it was sent', async () => {
    const content = randomBytes(32 * MIB);
    await keep(content);
    const memory = new SendMemory();
    const { port, ended } = await serve(content.length, memory);
    const socket = connect(port, '127.0.0.1').pause();
    socket.write('GET /1 HTTP/1.1\r\nhost: a\r\n\r\nGET /2 HTTP/1.1\r\nhost: a\r\n\r\n');
    await eventually(() => expect(memory.lentBytes).toBe(8 * LARGE_BYTES));
    socket.destroy();
    await eventually(() => expect(ended).toEqual(['caller-left', 'caller-left']));
    await eventually(() => expect(memory.lentBytes).toBe(0));
  });
});
