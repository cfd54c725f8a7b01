import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { isParqueueHttpError, Parqueue, type ParqueueHttpError } from './index.ts';

type Handler = (request: IncomingMessage & { body: string }, response: ServerResponse) => void;

const closers: (() => Promise<void>)[] = [];

afterEach(async () => {
  for (const close of closers.splice(0)) await close();
});

/** A real server that answers the n-th request with the n-th handler, and a client for it that does not sleep. */
async function serve(
  handlers: readonly Handler[],
  options: { apiKey?: string; retries?: number; prefix?: string } = {},
) {
  const seen: { method: string; url: string; headers: IncomingMessage['headers']; body: string }[] = [];
  const slept: number[] = [];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const body = Buffer.concat(chunks).toString();
      const handler = handlers[seen.length];
      seen.push({ method: request.method ?? '', url: request.url ?? '', headers: request.headers, body });
      if (handler === undefined) response.writeHead(500).end('no more answers');
      else handler(Object.assign(request, { body }), response);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  closers.push(async () => {
    server.closeAllConnections();
    await new Promise<void>((resolve) => server.close(() => resolve()));
  });
  const { port } = server.address() as AddressInfo;
  const { prefix = '', ...rest } = options;
  const client = new Parqueue({
    url: `http://127.0.0.1:${port}${prefix}`,
    ...rest,
    sleep: async (ms, signal) => {
      slept.push(ms);
      signal?.throwIfAborted();
    },
  });
  return { client, seen, slept, port };
}

const json =
  (status: number, body: unknown, headers: Record<string, string> = {}): Handler =>
  (_, response) => {
    response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(body));
  };

const rows =
  (text: string, headers: Record<string, string> = {}): Handler =>
  (_, response) => {
    response
      .writeHead(200, {
        etag: '"abc"',
        'parqueue-key': 'k-1',
        'parqueue-generation': '7',
        'cache-status': 'parqueue; hit',
        ...headers,
      })
      .end(text);
  };

const accepted =
  (id: string, retryAfter = '2'): Handler =>
  (_, response) => {
    response.writeHead(202, { location: `/v1/fills/${id}`, 'retry-after': retryAfter }).end('{}');
  };

async function failureOf(promise: Promise<unknown>): Promise<ParqueueHttpError> {
  try {
    await promise;
  } catch (error) {
    if (isParqueueHttpError(error)) return error;
    throw error;
  }
  throw new Error('it was answered');
}

describe('asking for rows', () => {
  it('sends parameters, columns, format, key and freshness, and reads the headers of the answer', async () => {
    const { client, seen } = await serve([rows('a,b\n')], { apiKey: 'pq_secret' });
    const answer = await client.get('prices', {
      params: { market: 'l&e', n: 7, live: true },
      columns: ['a', 'b'],
      format: 'csv',
      freshness: { maxAge: 60, maxStale: Number.POSITIVE_INFINITY },
      ifNoneMatch: '"old"',
    });
    expect(await answer.text()).toBe('a,b\n');
    expect(answer).toMatchObject({
      key: 'k-1',
      generation: 7,
      etag: '"abc"',
      cacheStatus: 'parqueue; hit',
      notModified: false,
    });
    expect(seen[0]?.url).toBe('/v1/datasets/prices/data?market=l%26e&n=7&live=true&format=csv&columns=a%2Cb');
    expect(seen[0]?.headers).toMatchObject({
      authorization: 'Bearer pq_secret',
      prefer: 'wait=30',
      'cache-control': 'max-age=60, max-stale',
      'if-none-match': '"old"',
    });
  });

  it('streams the body', async () => {
    const { client } = await serve([
      (_, response) => {
        response.writeHead(200);
        response.write('one ');
        response.end('two');
      },
    ]);
    const decoder = new TextDecoder();
    let text = '';
    for await (const chunk of (await client.get('d')).stream()) text += decoder.decode(chunk, { stream: true });
    expect(text).toBe('one two');
  });

  it('takes 304 as an answer without a body', async () => {
    const { client } = await serve([(_, response) => void response.writeHead(304).end()]);
    const answer = await client.get('d', { ifNoneMatch: '"abc"' });
    expect(answer.notModified).toBe(true);
    expect(await answer.bytes()).toHaveLength(0);
  });

  it('keeps the path prefix of a server behind a proxy', async () => {
    const { client, seen } = await serve([rows('')], { prefix: '/warehouse' });
    await client.get('d');
    expect(seen[0]?.url).toBe('/warehouse/v1/datasets/d/data?format=parquet');
  });
});

describe('a load that takes its time', () => {
  it('is watched at its address after the time told, and then asked for again as the same ask', async () => {
    const progress = { phase: 'reading', rows: 5, bytes: 10, bytesTotal: null };
    const { client, seen, slept } = await serve([
      accepted('lake.fill.01', '3'),
      json(200, { id: 'lake.fill.01', state: 'running', progress }, { 'retry-after': '5' }),
      json(200, {
        id: 'lake.fill.01',
        state: 'finished',
        outcome: { kind: 'committed', fence: 7, rows: 1, bytes: 1 },
        data: '/v1/entries/k/generations/7/data',
      }),
      rows('done'),
    ]);
    const phases: (string | undefined)[] = [];
    const answer = await client.get('d', { onWait: (fill) => phases.push(fill.progress?.phase) });
    expect(await answer.text()).toBe('done');
    expect(seen.map(({ url }) => url)).toEqual([
      '/v1/datasets/d/data?format=parquet',
      '/v1/fills/lake.fill.01',
      '/v1/fills/lake.fill.01',
      '/v1/datasets/d/data?format=parquet',
    ]);
    expect(seen.map(({ headers }) => headers['parqueue-fill'])).toEqual([
      undefined,
      undefined,
      undefined,
      'lake.fill.01',
    ]);
    expect(slept).toEqual([3000, 5000]);
    expect(phases).toEqual(['reading', undefined]);
  });

  it('is looked at twice a minute at least, whatever is told', async () => {
    const ended = { kind: 'committed', fence: 7, rows: 1, bytes: 1 };
    const fill = json(200, { id: 'lake.fill.01', state: 'finished', outcome: ended });
    const { client, slept } = await serve([accepted('lake.fill.01', '86400'), fill, rows('done')]);
    expect(await (await client.get('d')).text()).toBe('done');
    expect(slept).toEqual([30_000]);
  });

  it('is asked for again when nobody remembers it', async () => {
    const { client } = await serve([
      accepted('a'),
      json(404, { code: 'PQ_NOT_FOUND', detail: 'gone' }),
      accepted('b'),
      json(410, { code: 'PQ_GONE', detail: 'gone' }),
      rows('ok'),
    ]);
    expect(await (await client.get('d')).text()).toBe('ok');
  });

  it('reports its failure and is not started again', async () => {
    const failure = {
      code: 'PQ_MALFORMED_SOURCE',
      message: 'line 7: three values, expected two',
      retryable: false,
      details: { line: 7 },
    };
    const { client, seen } = await serve([
      accepted('a'),
      json(200, { id: 'a', state: 'finished', outcome: { kind: 'failed', failure } }),
    ]);
    const error = await failureOf(client.resolve({ dataset: 'd' }));
    expect(error).toMatchObject({
      code: 'PQ_MALFORMED_SOURCE',
      message: failure.message,
      retryable: false,
      details: { line: 7 },
    });
    expect(seen).toHaveLength(2);
  });

  it('that failed for now is asked about once more: the server may have an older answer', async () => {
    const failure = { code: 'PQ_SOURCE_UNAVAILABLE', message: 'cannot be reached', retryable: true };
    const failed = json(200, { id: 'a', state: 'finished', outcome: { kind: 'failed', failure } });
    const lenient = await serve([accepted('a'), failed, rows('old but allowed')]);
    expect(await (await lenient.client.get('d')).text()).toBe('old but allowed');
    const strict = await serve([accepted('a'), failed, accepted('b'), failed, rows('never asked for')]);
    expect(await failureOf(strict.client.get('d'))).toMatchObject({ code: 'PQ_SOURCE_UNAVAILABLE', retryable: true });
    expect(strict.seen).toHaveLength(4);
  });

  it('reports that it was cancelled', async () => {
    const { client } = await serve([
      accepted('a'),
      json(200, { id: 'a', state: 'finished', outcome: { kind: 'cancelled' } }),
    ]);
    expect(await failureOf(client.get('d'))).toMatchObject({ code: 'PQ_CANCELLED', retryable: false });
  });

  it('stops being waited for when the caller aborts', async () => {
    const controller = new AbortController();
    const running = json(200, { id: 'a', state: 'running' });
    const { client, seen } = await serve([accepted('a'), running, running, running]);
    const waiting = client.get('d', { signal: controller.signal, onWait: () => controller.abort(new Error('enough')) });
    await expect(waiting).rejects.toThrow('enough');
    expect(seen).toHaveLength(2);
  });
});

describe('a refusal', () => {
  it('carries code, words and details of the problem', async () => {
    const problems = [{ name: 'day', message: 'is missing' }];
    const { client } = await serve([
      json(400, {
        type: 'about:blank',
        title: 'Invalid request',
        status: 400,
        code: 'PQ_INVALID_REQUEST',
        detail: 'day is missing',
        problems,
        requestId: 'r1',
      }),
    ]);
    const error = await failureOf(client.get('d'));
    expect(error).toMatchObject({
      code: 'PQ_INVALID_REQUEST',
      status: 400,
      message: 'day is missing',
      retryable: false,
      details: { problems, requestId: 'r1' },
    });
  });

  it('with a time to come back is obeyed, a limited number of times', async () => {
    const busy = json(429, { code: 'PQ_QUEUE_FULL', detail: 'full', retryable: true }, { 'retry-after': '4' });
    const patient = await serve([busy, busy, rows('at last')], { retries: 2 });
    expect(await (await patient.client.get('d')).text()).toBe('at last');
    expect(patient.slept).toEqual([4000, 4000]);
    const impatient = await serve([busy, busy, rows('too late')], { retries: 1 });
    expect(await failureOf(impatient.client.get('d'))).toMatchObject({
      code: 'PQ_QUEUE_FULL',
      retryable: true,
      retryAfterMs: 4000,
    });
  });

  it('with a time to come back that is far away is told at once', async () => {
    const paused = json(
      503,
      { code: 'PQ_SOURCE_PAUSED', detail: 'paused', retryable: true },
      { 'retry-after': '3600' },
    );
    const { client, slept } = await serve([paused, rows('too late')]);
    expect(await failureOf(client.get('d'))).toMatchObject({ code: 'PQ_SOURCE_PAUSED', retryAfterMs: 3_600_000 });
    expect(slept).toEqual([]);
  });

  it('without a time to come back is final', async () => {
    const { client, seen } = await serve([json(503, { code: 'PQ_STORE_FULL', detail: 'full' })]);
    expect(await failureOf(client.get('d'))).toMatchObject({ code: 'PQ_STORE_FULL', retryable: true });
    expect(seen).toHaveLength(1);
  });

  it('in a language of its own is told by its status', async () => {
    const { client } = await serve([
      (_, response) => void response.writeHead(502, { 'content-type': 'text/html' }).end('<h1>proxy</h1>'),
    ]);
    expect(await failureOf(client.get('d'))).toMatchObject({ code: 'UNEXPECTED', status: 502, retryable: true });
  });

  it('is UNREACHABLE where no server answers', async () => {
    const { client, port } = await serve([]);
    for (const close of closers.splice(0)) await close();
    const error = await failureOf(client.datasets());
    expect(error).toMatchObject({ code: 'UNREACHABLE', status: 0, retryable: true });
    expect(error.message).toContain(`http://127.0.0.1:${port}`);
  });

  it('of a URL that is none comes at once', () => {
    expect(() => new Parqueue({ url: 'localhost' })).toThrow(TypeError);
  });
});

describe('the events of a fill', () => {
  it('end their connection when nobody listens any more', async () => {
    let closed = (): void => {};
    const wasClosed = new Promise<void>((resolve) => {
      closed = resolve;
    });
    const { client } = await serve([
      (_, response) => {
        response.on('close', closed);
        response.writeHead(200);
        response.write('data: 1\n\n');
      },
    ]);
    for await (const event of client.fillEvents('a')) {
      expect(event.data).toBe(1);
      break;
    }
    await wasClosed;
  });
});

it('events of the cache come as they are told, behind the id that was heard last', async () => {
  const asked: string[] = [];
  const { client } = await serve([
    (request, response) => {
      asked.push(`${request.url} ${request.headers['last-event-id']}`);
      response.writeHead(200);
      response.end(
        ': connected\nretry: 2000\n\nid: 7-1\nevent: head\ndata: {"key":"k"}\n\nevent: bye\ndata: {"code":"c"}\n\n',
      );
    },
  ]);
  const events = [];
  for await (const event of client.events({ dataset: 'prices', lastEventId: '7-0' })) events.push(event);
  expect(events).toEqual([
    { event: 'head', id: '7-1', data: { key: 'k' } },
    { event: 'bye', id: '7-1', data: { code: 'c' } },
  ]);
  expect(asked).toEqual(['/v1/events?dataset=prices 7-0']);
});
