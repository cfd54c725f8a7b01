/**
 * The API with anything a caller can send: what it answers is what its OpenAPI document promises, a refusal has a code,
 * and afterwards it answers the next one.
 */
import { once } from 'node:events';
import { Agent, request, type IncomingMessage } from 'node:http';
import { connect } from 'node:net';
import { Ajv2020 } from 'ajv/dist/2020.js';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { OpenApiStage } from '../e2e/openapi-stage.ts';
import { Promises, readDocument, type Promised } from '../e2e/openapi-promises.ts';
import { asyncClaim } from './fuzz.ts';
import { anyBytes, anyRequest, type Known, type Sent } from './http-asks.ts';

/** Whatever was sent; conversions and their threads have their own limit of 384 MiB. */
const MEMORY_BYTES_MAX = 1.5 * 1024 ** 3;
const QUIET_MS = 400;
/** Of what becomes no request. */
const UNREADABLE: readonly number[] = [400, 408, 417, 431];

const agent = new Agent({ keepAlive: true, maxSockets: 8 });
const document = readDocument() as ReturnType<typeof readDocument> & {
  readonly components: { readonly parameters: Readonly<Record<string, object>> };
};
const { operations } = new Promises(document);
/** Filled when there is something: values are made before the server is. */
const known: Record<string, string[]> = {
  name: ['words', 'lenient', 'prices', 'broken', 'gone', 'malformed', 'big', 'nowhere'],
  source: ['fragile', 'nowhere', 'closed'],
  fence: ['1', '0', '99'],
  key: ['words-00000000000000000000000000000000'],
  id: ['lake.fill.0'],
};
const isProblem = new Ajv2020({ strict: false })
  .addSchema({ $id: 'document', components: document.components })
  .compile({ $ref: 'document#/components/schemas/Problem' });
const heldBefore = process.memoryUsage().rss;

let stage: OpenApiStage;

beforeAll(async () => {
  stage = await OpenApiStage.open();
  await stage.stage.startWorker();
  const { key, generation } = (await stage.post('/v1/resolve', { dataset: 'words', pin: '1h' })).body as {
    key: string;
    generation: number;
  };
  known['key']?.push(key, key);
  known['fence']?.push(String(generation), String(generation));
});

afterAll(async () => {
  agent.destroy();
  await stage[Symbol.asyncDispose]();
});

function parametersOf({ method, path }: Promised): readonly { readonly name: string; readonly in: string }[] {
  const operation = document.paths[path]?.[method.toLowerCase()] as
    | { readonly parameters?: readonly { readonly $ref?: string }[] }
    | undefined;
  const parameters = operation?.parameters ?? [];
  return parameters.map(
    (one) =>
      (one.$ref === undefined ? one : document.components.parameters[one.$ref.split('/').at(-1) ?? '']) as {
        name: string;
        in: string;
      },
  );
}

/** The request as it is, without the cleaning that fetch does. Streams of events are left when they have begun. */
async function answered({ method, path, headers, body, chunked }: Sent): Promise<Response> {
  const { hostname, port } = new URL(stage.stage.url);
  const length =
    body === null ? {} : chunked ? { 'transfer-encoding': 'chunked' } : { 'content-length': String(body.length) };
  const sent = request({ agent, hostname, port, method, path, headers: { ...headers, ...length } });
  const coming = once(sent, 'response') as Promise<[IncomingMessage]>;
  if (body !== null && chunked) sent.write(body);
  sent.end(body === null || chunked ? undefined : body);
  const [response] = await coming;
  const told = Object.entries(response.headers).flatMap(([name, value]) =>
    [value ?? []].flat().map((one): [string, string] => [name, one]),
  );
  const chunks: Buffer[] = [];
  if (response.headers['content-type']?.startsWith('text/event-stream') === true) response.destroy();
  else for await (const chunk of response) chunks.push(chunk as Buffer);
  const status = response.statusCode ?? 0;
  const empty = status === 204 || status === 304 || method === 'HEAD';
  return new Response(empty ? null : Buffer.concat(chunks), { status, headers: told });
}

/** /readyz tells what is missing, which is no problem of the request. */
function isHealth({ headers }: Response): boolean {
  return headers.get('content-type')?.startsWith('application/json') === true;
}

async function requireProblem(answer: Response, status: number): Promise<void> {
  const problem: unknown = JSON.parse(await answer.text());
  expect(isProblem(problem), JSON.stringify(isProblem.errors)).toBe(true);
  expect(problem).toMatchObject({ status });
}

async function healthy(): Promise<void> {
  const { status } = await answered({ method: 'GET', path: '/healthz', headers: {}, body: null, chunked: false });
  expect(status).toBe(200);
  expect(process.memoryUsage().rss - heldBefore).toBeLessThan(MEMORY_BYTES_MAX);
}

asyncClaim(
  'any request is answered as the document promises',
  { runs: 400, values: fc.nat().chain(() => anyRequest(operations, known as Known, parametersOf)) },
  async (sent) => {
    const response = await answered(sent);
    const { status } = response;
    expect(status).not.toBe(500);
    if (status >= 400 && sent.method !== 'HEAD' && !isHealth(response)) await requireProblem(response.clone(), status);
    if (response.headers.has('x-request-id')) {
      const before = stage.promises.broken.size;
      await stage.promises.check(sent.method, sent.path, response);
      expect([...stage.promises.broken].slice(before)).toEqual([]);
    } else {
      expect(UNREADABLE).toContain(status);
    }
    await healthy();
  },
);

/** Each answer on the socket: its status, and its body where it tells its length. */
function answersIn(
  bytes: Buffer,
): readonly { readonly status: number; readonly type: string; readonly body: string }[] {
  const answers = [];
  for (let at = 0; at < bytes.length;) {
    const head = bytes.indexOf('\r\n\r\n', at);
    if (head === -1) break;
    const text = bytes.toString('latin1', at, head);
    const status = Number(/^HTTP\/1\.[01] ([0-9]{3}) /.exec(text)?.[1]);
    const length = /^content-length: ([0-9]+)$/im.exec(text)?.[1];
    const end = status === 100 ? head + 4 : length === undefined ? bytes.length : head + 4 + Number(length);
    answers.push({
      status,
      type: /^content-type: ([^;\r]+)/im.exec(text)?.[1] ?? '',
      body: bytes.toString('utf8', head + 4, end),
    });
    at = end;
  }
  return answers;
}

/** Ends when the server ends it, or when nothing came for a while: some of what is sent is half a request. */
async function said(pieces: readonly Buffer[]): Promise<Buffer> {
  const { hostname, port } = new URL(stage.stage.url);
  const socket = connect({ host: hostname, port: Number(port) });
  const chunks: Buffer[] = [];
  const closed = new Promise<void>((resolve) => {
    socket.on('error', () => undefined).on('close', () => resolve());
    socket.setTimeout(QUIET_MS, () => socket.destroy());
  });
  socket.on('data', (chunk) => chunks.push(chunk));
  for (const piece of pieces) socket.write(piece);
  socket.end();
  await closed;
  return Buffer.concat(chunks);
}

asyncClaim(
  'any bytes on a socket are answered with requests\u2019 answers, refused with a code, or not at all',
  { runs: 120, values: anyBytes },
  async (pieces) => {
    for (const { status, type, body } of answersIn(await said(pieces))) {
      expect(status).toBeGreaterThanOrEqual(100);
      expect(status).not.toBe(500);
      if (type !== 'application/problem+json') continue;
      await requireProblem(new Response(body), status);
    }
    await healthy();
  },
);

test('a hundred megabytes of body, sent slowly or at once, are refused at the first', async () => {
  const { hostname, port } = new URL(stage.stage.url);
  const sent = request({
    hostname,
    port,
    method: 'POST',
    path: '/v1/resolve',
    headers: { authorization: 'Bearer admin', 'content-type': 'application/json' },
  });
  const coming = once(sent, 'response') as Promise<[IncomingMessage]>;
  sent.on('error', () => undefined);
  const mebibyte = Buffer.alloc(1024 * 1024, 0x20);
  for (let i = 0; i < 100 && !sent.destroyed; i += 1) sent.write(mebibyte);
  const [response] = await coming;
  expect(response.statusCode).toBe(413);
  response.destroy();
  sent.destroy();
  await healthy();
});
