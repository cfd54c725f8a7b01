/** Bytes that become no request, beside those that do. */
import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import { connect, type AddressInfo } from 'node:net';
import { afterEach, expect, it } from 'vitest';
import { refuseUnreadable, watchUnreadable } from './unreadable.ts';

const open: { close(): void; closeAllConnections(): void }[] = [];

afterEach(() => {
  for (const server of open.splice(0)) {
    server.closeAllConnections();
    server.close();
  }
});

/** What comes back for these bytes. Answers are given by hand, in the order in which they were asked for. */
async function said(bytes: string, answer: (response: ServerResponse, asked: number) => void): Promise<string> {
  let asked = 0;
  const server = createServer((_request, response) => answer(response, (asked += 1)));
  server.on('clientError', refuseUnreadable);
  watchUnreadable(server);
  open.push(server);
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const socket = connect((server.address() as AddressInfo).port, '127.0.0.1');
  const chunks: Buffer[] = [];
  socket.on('data', (chunk) => chunks.push(chunk));
  socket.write(bytes);
  await once(socket, 'close');
  return Buffer.concat(chunks).toString();
}

const ASKED = 'GET / HTTP/1.1\r\nHost: x\r\n\r\n';

it('what is no HTTP is refused with a code, and the connection ends', async () => {
  const text = await said('\0\0\0\r\n\r\n', (response) => response.end());
  expect(text).toMatch(/^HTTP\/1\.1 400 Bad Request\r\n/);
  expect(JSON.parse(text.slice(text.indexOf('{')))).toMatchObject({
    code: 'PQ_INVALID_REQUEST',
    status: 400,
    retryable: false,
  });
});

it('behind a request that is being answered it is not refused among the rows: they come, and the connection ends', async () => {
  const rows = 'x'.repeat(100);
  const text = await said(`${ASKED}garbage\r\n\r\n`, (response) => {
    response.writeHead(200, { 'content-length': rows.length });
    response.write(rows.slice(0, 50));
    setImmediate(() => response.end(rows.slice(50)));
  });
  expect(text.match(/^HTTP\/1\.1 [0-9]+/gm)).toEqual(['HTTP/1.1 200']);
  expect(text.endsWith(rows)).toBe(true);
});

it('behind requests that wait for their answers it waits for them too', async () => {
  const text = await said(`${ASKED}${ASKED}garbage\r\n\r\n`, (response, asked) =>
    setImmediate(() => response.end(`answer ${asked}`)),
  );
  expect(text.match(/answer [0-9]/g)).toEqual(['answer 1', 'answer 2']);
  expect(text).not.toContain(' 400 ');
});

it('a body that breaks off in the middle is refused in the place of its answer', async () => {
  const text = await said('POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n', () => undefined);
  expect(text.match(/^HTTP\/1\.1 [0-9]+/gm)).toEqual(['HTTP/1.1 400']);
});

it('what was sent in time is answered, though the process stood still until its time was over; who sends nothing is refused', async () => {
  const limits = { headersTimeout: 200, requestTimeout: 200, connectionsCheckingInterval: 20 };
  const server = createServer(limits, (_request, response) => response.end('rows'));
  server.on('clientError', refuseUnreadable);
  watchUnreadable(server);
  open.push(server);
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const ask = async (bytes: string): Promise<string> => {
    const socket = connect((server.address() as AddressInfo).port, '127.0.0.1');
    let heard = '';
    socket.on('data', (chunk: Buffer) => (heard += chunk.toString()));
    await once(server, 'connection');
    if (bytes !== '') {
      socket.write(bytes);
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 500);
    }
    await once(socket, 'close');
    return heard;
  };
  expect(await ask(ASKED.replace('\r\n\r\n', '\r\nConnection: close\r\n\r\n'))).toMatch(/^HTTP\/1\.1 200 /);
  const silent = await ask('');
  expect(silent).toMatch(/^HTTP\/1\.1 408 /);
  expect(JSON.parse(silent.slice(silent.indexOf('{')))).toMatchObject({ status: 408, retryable: true });
});

it('an expectation that nobody meets is refused with a code', async () => {
  const text = await said('GET / HTTP/1.1\r\nHost: x\r\nExpect: wonders\r\n\r\n', (response) => response.end());
  expect(text).toMatch(/^HTTP\/1\.1 417 /);
  expect(JSON.parse(text.slice(text.indexOf('{')))).toMatchObject({ code: 'PQ_INVALID_REQUEST', status: 417 });
});
