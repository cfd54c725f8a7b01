import { once } from 'node:events';
import { connect, type AddressInfo, type Socket } from 'node:net';
import { setImmediate as turn, setTimeout as sleep } from 'node:timers/promises';
import { ParqueueError, type Clock } from '@parqueue/core';
import fastify, { type FastifyInstance } from 'fastify';
import { afterEach, expect, test } from 'vitest';
import { EventStream, STREAM_HEADERS } from './event-stream.ts';

const apps: FastifyInstance[] = [];
afterEach(async () => {
  for (const app of apps.splice(0)) {
    app.server.closeAllConnections();
    await app.close();
  }
});

const clock: Clock = {
  now: () => Date.now(),
  sleep: async (ms, signal) => {
    await sleep(ms, undefined, signal === undefined ? {} : { signal });
  },
};

async function serve(tell: (stream: EventStream) => void | Promise<void>, endMs = 60_000): Promise<number> {
  const app = fastify();
  apps.push(app);
  app.get('/', async (_request, reply) => {
    const stream = new EventStream(reply, { clock, headers: STREAM_HEADERS, unsentBytesMax: 100_000, endMs });
    await tell(stream);
    await stream.ended;
    return reply;
  });
  await app.listen({ port: 0, host: '127.0.0.1' });
  return (app.server.address() as AddressInfo).port;
}

async function ask(port: number): Promise<Socket> {
  const socket = connect(port, '127.0.0.1');
  await once(socket, 'connect');
  socket.write('GET / HTTP/1.1\r\nhost: localhost\r\n\r\n');
  return socket;
}

async function readAll(socket: Socket): Promise<string> {
  let text = '';
  socket.setEncoding('utf8').on('data', (piece: string) => {
    text += piece;
    // Its connection would be kept for another request.
    if (text.endsWith('\r\n0\r\n\r\n')) socket.end();
  });
  await once(socket.resume(), 'end');
  return text;
}

const PADDING = { padding: 'x'.repeat(50_000) };

/** Events until the stream ends, with turns in between for those who take them. */
async function flood(stream: EventStream): Promise<void> {
  while (!stream.isOver) {
    stream.send({ event: 'fill', data: PADDING });
    await turn();
  }
}

test('events and comments come as the standard writes them, and what is refused before is an answer of its own', async () => {
  const port = await serve((stream) => {
    stream.comment('connected');
    stream.send({ event: 'head', id: '7-0', data: { key: 'k' } });
    stream.end();
  });
  const answer = await fetch(`http://127.0.0.1:${port}/`);
  expect(answer.headers.get('content-type')).toBe('text/event-stream');
  expect(await answer.text()).toBe(': connected\n\nid: 7-0\nevent: head\ndata: {"key":"k"}\n\n');
  const refusing = await serve(() => {
    throw new ParqueueError('PQ_COORDINATION_DOWN', 'away');
  });
  expect((await fetch(`http://127.0.0.1:${refusing}/`)).status).toBe(500);
});

test('a quiet stream gets a comment now and then, a busy one does not need any', async () => {
  const port = await serve((stream) => {
    stream.comment('connected');
    for (let look = 0; look < 31; look += 1) {
      if (look === 16) stream.send({ event: 'fill', data: {} });
      stream.keepOpen();
    }
    stream.end();
  });
  const text = await (await fetch(`http://127.0.0.1:${port}/`)).text();
  expect(text.split('\n\n').filter((part) => part !== '')).toEqual([
    ': connected',
    ': still there',
    'event: fill\ndata: {}',
    ': still there',
  ]);
});

test('a caller who takes its events gets all of them, many times what may wait', async () => {
  const port = await serve(async (stream) => {
    for (let sent = 0; sent < 400; sent += 1) {
      stream.send({ event: 'fill', data: PADDING });
      do await turn();
      while (stream.isBehind);
    }
    stream.end();
  });
  const text = await (await fetch(`http://127.0.0.1:${port}/`)).text();
  expect(text.match(/event: \w+/g)).toEqual(Array.from({ length: 400 }, () => 'event: fill'));
});

test('a caller who does not take them hears why the stream ends', async () => {
  const told = { isOver: false };
  const port = await serve(async (stream) => {
    await flood(stream);
    told.isOver = true;
  });
  const socket = (await ask(port)).pause();
  await expect.poll(() => told.isOver).toBe(true);
  expect(await readAll(socket)).toMatch(/event: bye\ndata: \{"code":"PQ_RATE_LIMITED",[^\n]*\}\n\n/);
});

test('a caller who does not take the end either loses the connection', async () => {
  const port = await serve(flood, 20);
  const socket = (await ask(port)).pause().on('error', () => undefined);
  const server = apps[0]?.server;
  const connections = (): Promise<number> =>
    new Promise((resolve) => server?.getConnections((_error, count) => resolve(count)));
  await expect.poll(connections).toBe(0);
  socket.destroy();
});
