import { once } from 'node:events';
import { createServer, get, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { sendChunks, type ChunksSent } from './send-chunks.ts';

type Chunks = AsyncGenerator<Uint8Array, void, undefined>;

const closing: (() => void)[] = [];

afterEach(() => {
  for (const close of closing.splice(0)) close();
});

/** Serves one request with the chunks. @returns the answer as its reader sees it, and what the sender made of it */
async function serve(chunks: Chunks | ((response: ServerResponse) => Chunks), takesNothingMs = 60_000) {
  const taken = { bytes: 0 };
  let report: (sent: ChunksSent) => void = () => undefined;
  const sent = new Promise<ChunksSent>((resolve) => {
    report = resolve;
  });
  const server = createServer((_request, response: ServerResponse) => {
    response.writeHead(200);
    const onTaken = (bytes: number): void => void (taken.bytes += bytes);
    void sendChunks(response, typeof chunks === 'function' ? chunks(response) : chunks, {
      takesNothingMs,
      onTaken,
    }).then(report);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  closing.push(() => {
    server.closeAllConnections();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  const [answer] = (await once(get({ port, host: '127.0.0.1' }), 'response')) as [IncomingMessage];
  return { answer, sent, taken };
}

async function* chunksOf(count: number, size: number, onEnd: () => void = () => undefined): Chunks {
  try {
    for (let at = 0; at < count; at += 1) yield new Uint8Array(size).fill(at % 251);
  } finally {
    onEnd();
  }
}

async function drain(answer: IncomingMessage): Promise<number> {
  let bytes = 0;
  for await (const chunk of answer as AsyncIterable<Buffer>) bytes += chunk.length;
  return bytes;
}

test('every chunk arrives and is counted when it was taken', async () => {
  const { answer, sent, taken } = await serve(chunksOf(50, 100_000));
  expect(await drain(answer)).toBe(5_000_000);
  expect(await sent).toEqual({ kind: 'sent' });
  expect(taken.bytes).toBe(5_000_000);
});

test('what cannot be made to its end breaks the connection', async () => {
  async function* broken(): Chunks {
    yield* chunksOf(2, 1_000);
    throw new Error('read error');
  }
  const { answer, sent } = await serve(broken());
  await expect(drain(answer)).rejects.toThrow('aborted');
  expect(await sent).toMatchObject({ kind: 'broken', error: { message: 'read error' } });
});

test('a caller who leaves ends the chunks', async () => {
  const seen = { ended: false };
  const { answer, sent } = await serve(chunksOf(Infinity, 100_000, () => void (seen.ended = true)));
  answer.destroy();
  expect(await sent).toEqual({ kind: 'caller-left' });
  expect(seen.ended).toBe(true);
});

test('a caller who takes no byte is let go, and one who only waits for the next chunk is not', async () => {
  const { answer, sent } = await serve(chunksOf(Infinity, 1_000_000), 100);
  answer.pause();
  expect(await sent).toEqual({ kind: 'cut-off' });

  async function* slow(response: ServerResponse): Chunks {
    yield* chunksOf(1, 10);
    // What Node says when no byte was taken for the time that was set.
    response.emit('timeout');
    yield* chunksOf(1, 10);
  }
  const patient = await serve(slow);
  expect(await drain(patient.answer)).toBe(20);
  expect(await patient.sent).toEqual({ kind: 'sent' });
});
