/** What a server sends over a real socket, and over a stream with buffers of its own, lies where it is said to until it is let go of. */
import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, expect, it } from 'vitest';
import { SLAB_BYTES, type Slab } from '../sql/wire/slabs.ts';
import { FramedConnection } from './frames.ts';
import { Inflow } from './inflow.ts';

const server = createServer();
const sockets: Duplex[] = [];

afterEach(() => {
  for (const socket of sockets.splice(0)) socket.destroy();
  server.close();
});

/** A DataRow of one text, which begins with its number. */
function row(number: number, length: number): Buffer {
  const text = `${number} `.padEnd(length, String(number));
  const bytes = Buffer.alloc(11 + text.length);
  bytes.write('D');
  bytes.writeUInt32BE(bytes.length - 1, 1);
  bytes.writeUInt16BE(1, 5);
  bytes.writeInt32BE(text.length, 7);
  bytes.write(text, 11);
  return bytes;
}

/** Small ones, some that reach into the next slab, and one in fifty that is larger than a slab. */
const ROWS = Array.from({ length: 400 }, (_, at) => row(at, at % 50 === 7 ? SLAB_BYTES + 5000 : (at * 37) % 9000));

interface Seen {
  readonly slab: Slab;
  readonly start: number;
  readonly end: number;
}

/** @param own whether the socket reads into the connection's memory */
async function connected(own: boolean): Promise<{ connection: FramedConnection; theirs: Socket }> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const accepted = once(server, 'connection') as Promise<[Socket]>;
  const stream = own ? undefined : connect(port, '127.0.0.1');
  const connection = new FramedConnection({ ...(stream === undefined ? {} : { stream: () => stream }) });
  if (stream === undefined)
    (connection as unknown as { connect(port: number, host: string): void }).connect(port, '127.0.0.1');
  else connection.attachListeners(stream);
  const [theirs] = await accepted;
  sockets.push(theirs, connection.stream);
  return { connection, theirs };
}

const read = ({ slab, start, end }: Seen): Buffer => Buffer.from(slab.bytes.subarray(start, end));

it.each([
  ['a socket that reads into the memory itself', true],
  ['a stream with buffers of its own', false],
])('rows that are held stay as they came, by %s', async (_what, own) => {
  const { connection, theirs } = await connected(own);
  const seen: Seen[] = [];
  const ended = once(connection.stream, 'end');
  connection.receiver = {
    row: (slab, start, end) => {
      slab.hold();
      seen.push({ slab, start, end });
    },
    failed: (error) => expect.fail(String(error)),
  };
  theirs.end(Buffer.concat(ROWS));
  connection.stream.resume();
  await ended;
  expect(seen).toHaveLength(ROWS.length);
  for (const [at, each] of seen.entries())
    expect(read(each).equals(ROWS[at]?.subarray(5) ?? Buffer.alloc(0))).toBe(true);
});

it('memory that is let go of is used again, and a socket that is paused brings nothing', async () => {
  const { connection, theirs } = await connected(true);
  const slabs = new Set<Slab>();
  let rows = 0;
  const ended = once(connection.stream, 'end');
  const paused = new Promise<void>((resolve) => {
    connection.stream.once('pause', resolve);
  });
  connection.receiver = {
    row: (slab, start, end) => {
      slabs.add(slab);
      if (!read({ slab, start, end }).equals(row(rows, 500).subarray(5))) expect.fail(`row ${rows} is another`);
      rows += 1;
      if (rows === 3000) connection.stream.pause();
    },
    failed: (error) => expect.fail(String(error)),
  };
  for (let at = 0; at < 20_000; at += 1) theirs.write(row(at, 500));
  theirs.end();
  await paused;
  // All that one read brought is handed out first.
  await sleep(5);
  const atPause = rows;
  await sleep(50);
  expect(rows).toBe(atPause);
  expect(rows).toBeLessThan(20_000);
  connection.stream.resume();
  await ended;
  expect(rows).toBe(20_000);
  expect(slabs.size).toBeLessThanOrEqual(4);
});

it('a message has memory by what came of it, not by the length that it tells', () => {
  const inflow = new Inflow();
  const sent = Buffer.alloc(3 * 1024 * 1024, 'of a length that is no power of two;');
  inflow.consumed(0, 250 * 1024 * 1024);
  for (let at = 0; at < sent.length; at += 10_000) {
    inflow.add(sent.subarray(at, at + 10_000));
    expect(inflow.slab.bytes.length).toBeLessThanOrEqual(Math.max(SLAB_BYTES, 4 * inflow.to));
  }
  expect(inflow.slab.bytes.subarray(inflow.from, inflow.to).equals(sent)).toBe(true);
  // Its end is known by now: not more than it takes.
  inflow.consumed(0, sent.length + 5_000_000);
  inflow.add(Buffer.alloc(5_000_000));
  expect(inflow.slab.bytes.length).toBe(sent.length + 5_000_000);
});
