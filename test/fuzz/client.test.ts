/** What the client and the CLI make of answers and arguments that nobody of ours wrote: an error with a code, or a value. */
import { InvalidArgumentError } from 'commander';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { bind, nameList, parameter, portNumber, wholeNumber } from '../../packages/cli/src/arguments.ts';
import { readEvents } from '../../packages/client/src/event-stream.ts';
import { isParqueueHttpError } from '../../packages/client/src/problem.ts';
import { Transport } from '../../packages/client/src/transport.ts';
import { asyncClaim, claim } from './fuzz.ts';

const value = fc.oneof(
  fc.jsonValue({ maxDepth: 2, noUnicodeString: true }),
  fc.constantFrom<unknown>(
    null,
    {},
    'failed',
    { kind: 'failed' },
    { kind: 'failed', failure: null },
    { kind: 'failed', failure: { code: 'PQ_X', message: 'x', retryable: true } },
    { kind: 'cancelled' },
    { kind: 'filled' },
  ),
);
const body = fc.oneof(
  fc
    .dictionary(
      fc.constantFrom(
        'id',
        'state',
        'outcome',
        'code',
        'detail',
        'title',
        'status',
        'retryable',
        'details',
        '__proto__',
        'constructor',
      ),
      value,
    )
    .map((one) => JSON.stringify(one)),
  value.map((outcome) => JSON.stringify({ id: 'x', state: 'done', outcome })),
  fc.constantFrom('', '{', 'null', '[]', '<html>', '\ufeff{}', '1e999'),
);
const header = fc.tuple(
  fc.constantFrom('location', 'retry-after', 'date', 'content-type'),
  fc.oneof(
    fc.constantFrom(
      '/v1/fills/%zz',
      '/v1/fills/a%00',
      '/v1/fills/lake.fill.1',
      '/v1/fills/',
      'x',
      '-1',
      '0',
      '1',
      '9999999999',
      '1e9',
      'Fri, 31 Dec 9999 23:59:59 GMT',
      'yesterday',
      '',
      'a/b;;',
    ),
    fc.stringMatching(/^[\x21-\x7e]{0,12}$/),
  ),
);
const answer = fc.record({
  status: fc.constantFrom(200, 202, 202, 202, 204, 206, 301, 304, 400, 404, 410, 429, 500, 503),
  headers: fc.array(header, { maxLength: 3 }),
  body,
});

asyncClaim(
  'any answer is a value, or an error with a code, and the client comes to an end',
  { runs: 500, values: fc.array(answer, { minLength: 1, maxLength: 6 }) },
  async (answers) => {
    let asked = 0;
    const transport = new Transport({
      url: 'http://x/',
      sleep: async () => undefined,
      fetch: async () => {
        const {
          status,
          headers,
          body: text,
        } = answers[Math.min(asked, answers.length - 1)] ?? { status: 500, headers: [], body: '' };
        asked += 1;
        // A server that never has an answer is asked for ever, as it says: the last one is final here.
        if (asked > 20) return new Response('{}', { status: 404 });
        return new Response(status === 204 || status === 304 ? null : text, { status, headers });
      },
    });
    for (const call of [
      () => transport.askJson({ method: 'POST', path: 'v1/resolve', body: {} }),
      () => transport.json({ method: 'GET', path: 'v1/whoami' }),
    ]) {
      asked = 0;
      const outcome = await call().catch((error: unknown) => error);
      if (outcome instanceof Error)
        expect(isParqueueHttpError(outcome) && typeof outcome.code, String(outcome.stack)).toBe('string');
    }
  },
);

test.each([
  ['a broken escape in the address of a fill', { location: '/v1/fills/%zz' }, {}],
  [
    'a failed fill without a failure',
    { location: '/v1/fills/a' },
    { id: 'a', state: 'done', outcome: { kind: 'failed' } },
  ],
])('an answer with %s is UNEXPECTED', async (_what, headers, fill) => {
  const replies = [new Response('{}', { status: 202, headers }), Response.json(fill)];
  const transport = new Transport({
    url: 'http://x/',
    sleep: async () => undefined,
    fetch: async () => replies.shift() ?? Response.error(),
  });
  await expect(transport.askJson({ method: 'GET', path: 'v1/x' })).rejects.toMatchObject({ code: 'UNEXPECTED' });
});

const line = fc.oneof(
  fc.constantFrom(
    'data: {"a":1}',
    'data',
    'data:',
    ': x',
    'event: head',
    'id: 7',
    'id:\0',
    'retry: 1',
    '',
    '',
    '__proto__: x',
    'data: {',
  ),
  fc.string({ maxLength: 10 }),
);

asyncClaim(
  'a stream of events is the same however it is cut, and whatever ends its lines',
  {
    runs: 500,
    values: fc.tuple(
      fc.array(
        fc.tuple(
          line.map((text) => text.replaceAll(/[\r\n]/g, '')),
          fc.constantFrom('\n', '\r\n', '\r'),
        ),
        { maxLength: 12 },
      ),
      fc.array(fc.nat(200), { maxLength: 6 }),
    ),
  },
  async ([lines, cuts]) => {
    const bytes = new TextEncoder().encode(`${lines.map(([text]) => text).join('\n')}\n: more comes\n`);
    const ended = new TextEncoder().encode(`${lines.map(([text, end]) => `${text}${end}`).join('')}: more comes\n`);
    const places = [...new Set(cuts.map((cut) => cut % (ended.length + 1)))].toSorted((a, b) => a - b);
    const pieces = [0, ...places].map((from, i) => ended.subarray(from, places[i]));
    const read = async (chunks: readonly Uint8Array[]): Promise<unknown[]> => {
      const events: unknown[] = [];
      const stream = new ReadableStream<Uint8Array>({
        start: (to) => {
          for (const chunk of chunks) to.enqueue(chunk);
          to.close();
        },
      });
      for await (const event of readEvents(stream)) events.push(event);
      return events;
    };
    // A CR at the end of a line and a LF of the next would be one end: empty lines then differ.
    if (
      !lines.some(
        ([text, end], i) =>
          end === '\r' && text !== undefined && lines[i + 1]?.[0] === '' && lines[i + 1]?.[1] === '\n',
      )
    )
      expect(await read(pieces)).toEqual(await read([bytes]));
  },
);

claim(
  'any argument of the command line is read, or refused as wrong use',
  {
    runs: 2000,
    values: fc.oneof(
      fc.string(),
      fc.constantFrom(
        '__proto__=1',
        'a=1',
        '=',
        'a:b=c',
        '1e6',
        '1_000',
        '0x10',
        '-1',
        '1.5',
        '1e400',
        'Infinity',
        ' ',
        '65536',
        'a:date=2026-01-01',
        '__proto__:x=1',
      ),
    ),
  },
  (text) => {
    for (const read of [wholeNumber, portNumber, parameter, bind, nameList]) {
      try {
        const found: unknown = read(text);
        if (typeof found === 'number') expect(Number.isSafeInteger(found) && found >= 0).toBe(true);
      } catch (error) {
        expect(error).toBeInstanceOf(InvalidArgumentError);
      }
    }
    expect(Object.keys(Object.prototype)).toEqual([]);
  },
);
