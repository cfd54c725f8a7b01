/** The adapter against a real receiver of OTLP over HTTP, and against none. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { readTraceParent, traceIdOf } from '../ports/tracing.ts';
import { openTraces } from './open-traces.ts';
import type { Traces } from './traces.ts';

interface Received {
  readonly resourceSpans: readonly {
    readonly scopeSpans: readonly { readonly spans: readonly Readonly<Record<string, unknown>>[] }[];
  }[];
}

const opened: AsyncDisposable[] = [];

afterEach(async () => {
  for (const one of opened.splice(0).toReversed()) await one[Symbol.asyncDispose]();
});

async function receiver() {
  const bodies: Received[] = [];
  const headers: Readonly<Record<string, unknown>>[] = [];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      headers.push(request.headers);
      bodies.push(JSON.parse(Buffer.concat(chunks).toString('utf8')) as Received);
      response.writeHead(200, { 'content-type': 'application/json' }).end('{}');
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  opened.push({
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  });
  const spans = () =>
    bodies.flatMap(({ resourceSpans }) =>
      resourceSpans.flatMap(({ scopeSpans }) => scopeSpans.flatMap((scope) => scope.spans)),
    );
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1/traces`, spans, headers };
}

async function tracesTo(url: string, ratio = 1, warnings: string[] = []): Promise<Traces> {
  const traces = await openTraces(
    { telemetry: { traces: { url, ratio, headers: { authorization: 'Bearer t' } } } },
    {
      service: 'parqueue-test',
      version: '1',
      instance: 'one',
      log: { warn: (details, message) => void warnings.push(`${message}: ${JSON.stringify(details)}`) },
    },
  );
  if (traces === null) throw new Error('they are on');
  return traces;
}

const wish = (name: string, parent: string | null) =>
  ({ name, parent, kind: 'internal', attributes: { n: 1 } }) as const;

test('without an address there is no tracer at all', async () => {
  const log = { warn: () => undefined };
  expect(
    await openTraces({ telemetry: { traces: null } }, { service: 's', version: '1', instance: 'i', log }),
  ).toBeNull();
});

test('spans are one trace by their traceparents alone, and a failure is an error by its code', async () => {
  const { url, spans, headers } = await receiver();
  const traces = await tracesTo(url);
  const outer = traces.tracer.start(wish('outer', null));
  const inner = traces.tracer.start({ ...wish('inner', outer.traceparent), beganAtMs: 1_000_000 });
  inner.link('00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01');
  inner.end('PQ_SOURCE_UNAVAILABLE', 1_002_000);
  outer.end();
  await traces[Symbol.asyncDispose]();
  expect(headers[0]).toMatchObject({ authorization: 'Bearer t' });
  const [first, second] = spans();
  expect(first).toMatchObject({
    name: 'inner',
    traceId: second?.['traceId'],
    parentSpanId: second?.['spanId'],
    startTimeUnixNano: '1000000000000',
    endTimeUnixNano: '1002000000000',
    status: { code: 2 },
    links: [{ traceId: '0af7651916cd43dd8448eb211c80319c' }],
  });
  expect(JSON.stringify(first?.['attributes'])).toContain('PQ_SOURCE_UNAVAILABLE');
});

test('a process that ends sends all that wait, a full buffer as well', async () => {
  const { url, spans } = await receiver();
  const warnings: string[] = [];
  const traces = await tracesTo(url, 1, warnings);
  for (let at = 0; at < 4096; at += 1) traces.tracer.start(wish(`span ${at}`, null)).end();
  await traces[Symbol.asyncDispose]();
  expect(warnings).toEqual([]);
  expect(new Set(spans().map(({ name }) => name)).size).toBe(4096);
});

test('who records decides for all that follows; the ratio is for traces that begin here', async () => {
  const { url, spans } = await receiver();
  const traces = await tracesTo(url, 0);
  const own = traces.tracer.start(wish('own', null));
  expect(own.traceparent).toMatch(/-00$/);
  traces.tracer.start(wish('of a caller who records', '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01')).end();
  traces.tracer
    .start(wish('of a caller who does not', '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00'))
    .end();
  own.end();
  await traces[Symbol.asyncDispose]();
  expect(spans().map(({ name }) => name)).toEqual(['of a caller who records']);
});

test('a collector that is away costs the spans and a line', async () => {
  const { url } = await receiver();
  for (const one of opened.splice(0)) await one[Symbol.asyncDispose]();
  const warnings: string[] = [];
  const traces = await tracesTo(url, 1, warnings);
  traces.tracer.start(wish('lost', null)).end();
  await traces[Symbol.asyncDispose]();
  expect(warnings.join('\n')).toContain('traces were not taken by their collector');
  expect(warnings.join('\n')).not.toContain('Bearer t');
});

test("a caller's header is taken where it is a trace context, and nothing of it otherwise", () => {
  const good = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
  expect(readTraceParent(good)).toBe(good);
  expect(traceIdOf(good)).toBe('0af7651916cd43dd8448eb211c80319c');
  const wrong = [
    undefined,
    '',
    [good],
    good.toUpperCase(),
    `${good}\nx: y`,
    `${good}-more`,
    good.replace('00-', 'ff-'),
    '00-00000000000000000000000000000000-b7ad6b7169203331-01',
    '00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01',
  ];
  expect(wrong.map(readTraceParent).filter((read) => read !== null)).toEqual([]);
});
