/**
 * Requests made from the OpenAPI document: each operation with values in its places that are right, nearly right, or
 * nothing anybody should send, by callers of every kind.
 */
import fc from 'fast-check';
import type { Promised } from '../e2e/openapi-promises.ts';

export interface Sent {
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string | readonly string[]>>;
  readonly body: Buffer | null;
  /** Sent without telling its length. */
  readonly chunked: boolean;
}

/** What is there, by the name of the parameter in a path. */
export type Known = Readonly<Record<string, readonly string[]>>;

interface Parameter {
  readonly name: string;
  readonly in: string;
}

/** Texts that have broken routers, readers of numbers and of lists before. */
const STRANGE: readonly string[] = [
  ...[
    '',
    ' ',
    '0',
    '-0',
    '-1',
    '1',
    '007',
    '1.5',
    '1e3',
    '1e400',
    '9007199254740993',
    '99999999999999999999',
    '0x10',
    'NaN',
    'Infinity',
    'null',
    'true',
  ],
  ...[
    '%2F',
    '%2e%2e%2f',
    '..%5c',
    '%00',
    '%0d%0aX-Evil:1',
    '%zz',
    '%',
    '%c3%28',
    '%f0%9f%98%80',
    '%ED%A0%80',
    '%2525',
    ';',
    ',',
    ',,',
    'a,a',
    '*',
    '[]',
    '{}',
    "'",
    '"',
  ],
  ...[
    '__proto__',
    'constructor',
    'hasOwnProperty',
    'toString',
    'words.parquet',
    '.',
    '..',
    '-',
    '~',
    'A'.repeat(300),
    'ä',
    '€',
    'id,word',
    'csv',
    'parquet',
  ],
];

const HEADER_VALUES: Readonly<Record<string, readonly string[]>> = {
  range: [
    'bytes=0-3',
    'bytes=-4',
    'bytes=4-',
    'bytes=0-0,2-3',
    'bytes=9-1',
    'bytes=-0',
    'bytes=99999999999999-',
    'bytes=',
    'items=0-1',
    'bytes=0-3;x',
    `bytes=${'0-0,'.repeat(400)}0-1`,
  ],
  'if-range': ['"x"', 'W/"x"', 'Wed, 21 Oct 2015 07:28:00 GMT', '*', 'x'],
  'if-match': ['*', '"x"', 'W/"x"', '"a", "b"', '"', `${'"a",'.repeat(300)}"b"`],
  'if-none-match': ['*', '"x"', 'W/"x", "y"', 'x', '""'],
  'if-modified-since': [
    'Wed, 21 Oct 2015 07:28:00 GMT',
    'Wed, 21 Oct 2115 07:28:00 GMT',
    'yesterday',
    '0',
    'Sun, 00 Jan 0000 99:99:99 GMT',
  ],
  'if-unmodified-since': ['Wed, 21 Oct 2015 07:28:00 GMT', 'Wed, 21 Oct 2115 07:28:00 GMT', '-1'],
  'cache-control': [
    'no-cache',
    'max-age=0',
    'max-age=60',
    'max-age=-1',
    'max-age=1e9',
    'max-stale',
    'max-stale=99999999999',
    'only-if-cached',
    'max-age="5"',
    'no-cache, max-age=5, only-if-cached',
    ',,,=',
    'max-age',
  ],
  prefer: [
    'respond-async',
    'wait=5',
    'wait=0',
    'wait=-1',
    'wait=1.5',
    'wait="5"',
    'wait',
    'respond-async, wait=2; x=y',
    ';=,',
  ],
  accept: [
    '*/*',
    'text/csv',
    'application/json;q=0.5, text/csv;q=0',
    'text/html',
    'a/b;q=2',
    ';;;',
    'application/vnd.apache.arrow.stream',
    '*/*;q=0',
  ],
  'accept-encoding': ['gzip', 'zstd', 'identity;q=0', '*;q=0', 'br', 'gzip;q=x', ''],
  'parqueue-fill': ['lake.fill.0', 'x', 'lake.fill.', '../../x', 'lake.probe.%00', '{}'],
  'last-event-id': ['0', '-1', 'x', '9:9', `${'9'.repeat(40)}`, 'NaN'],
  'x-request-id': ['abc', 'x'.repeat(400), '"', 'a b', '${jndi:x}'],
  'sec-fetch-site': ['cross-site', 'same-origin', 'none', 'x'],
  origin: ['https://evil.example', 'null', 'http://localhost'],
  host: ['localhost', 'evil.example', '127.0.0.1', '[::1]', ''],
  expect: ['100-continue', 'x'],
};

const AUTHORIZATIONS = [
  'Bearer admin',
  'Bearer admin',
  'Bearer admin',
  'Bearer admin',
  'Bearer reader',
  'Bearer stranger',
  'Bearer hurried',
  'Bearer nobody',
  'Bearer',
  'Basic YWRtaW46',
  '',
  'bearer admin',
  `Bearer ${'x'.repeat(3000)}`,
];

const CONTENT_TYPES = [
  'application/json',
  'application/json',
  'application/json',
  'application/json; charset=utf-8',
  'application/json; charset=utf-16',
  'text/plain',
  'application/x-www-form-urlencoded',
  'multipart/form-data',
  'application/problem+json',
  'x',
  '',
];

const strange = fc.oneof(
  fc.constantFrom(...STRANGE),
  fc.string({ unit: 'grapheme', maxLength: 8 }).map(encodeURIComponent),
);

function bodies(known: Known): fc.Arbitrary<Buffer> {
  const [dataset = fc.constant(''), key = fc.constant('')] = [known['name'], known['key']].map((some = []) =>
    fc.constantFrom(...some),
  );
  const value = fc.oneof(
    fc.jsonValue({ maxDepth: 1 }),
    fc.constantFrom<unknown>(
      '1m',
      '-1m',
      '1e9h',
      'hard',
      'soft',
      'purge',
      'words.csv',
      '../words.csv',
      'prices/a-2026.csv',
      'lake',
      'select 1',
      ['id'],
      ['id', 'id'],
      { market: 'a' },
      2 ** 60,
      -1,
      null,
    ),
  );
  const object = fc.dictionary(
    fc.constantFrom(
      'dataset',
      'source',
      'path',
      'sql',
      'binds',
      'params',
      'columns',
      'freshness',
      'pin',
      'ttl',
      'generation',
      'key',
      'table',
      'prefix',
      'mode',
      'reason',
      '__proto__',
      'constructor',
      'x',
    ),
    fc.oneof(value, dataset, key),
    { maxKeys: 5 },
  );
  const sound = fc.oneof(
    dataset.map((name) => ({ dataset: name })),
    fc.constantFrom('words.csv', 'gone.csv', '../x', 'broken.csv').map((path) => ({ source: 'lake', path })),
    key.map((one) => ({ key: one })),
  );
  const text = fc.oneof(
    sound.map((one) => JSON.stringify(one)),
    fc.tuple(sound, object).map(([one, more]) => JSON.stringify({ ...one, ...more })),
    object.map((one) => JSON.stringify(one)),
    fc.jsonValue({ maxDepth: 2 }).map((one) => JSON.stringify(one)),
    fc.constantFrom(
      '',
      '{',
      '[',
      'null',
      '"x"',
      '1e999',
      '{"dataset":"words"',
      '{"a":1,"a":2}',
      '{"__proto__":{"dataset":"words"}}',
      `${'['.repeat(200_000)}`,
      `${'{"params":'.repeat(60)}1${'}'.repeat(60)}`,
      '\ufeff{}',
      `"${'x'.repeat(100_000)}"`,
    ),
  );
  return fc.oneof(
    { weight: 8, arbitrary: text.map((one) => Buffer.from(one)) },
    { weight: 1, arbitrary: fc.uint8Array({ maxLength: 40 }).map((one) => Buffer.from(one)) },
    { weight: 1, arbitrary: fc.constant(Buffer.from([0x7b, 0x22, 0xff, 0xfe, 0x22, 0x3a, 0x31, 0x7d])) },
  );
}

/** Any request for one of the operations. `parametersOf`: as the document lists them. */
export function anyRequest(
  operations: readonly Promised[],
  known: Known,
  parametersOf: (operation: Promised) => readonly Parameter[],
): fc.Arbitrary<Sent> {
  const header = fc
    .constantFrom(...Object.keys(HEADER_VALUES))
    .chain((name) =>
      fc.tuple(
        fc.constant(name),
        fc.oneof(
          { weight: 4, arbitrary: fc.constantFrom(...(HEADER_VALUES[name] ?? [''])) },
          { weight: 1, arbitrary: fc.string({ maxLength: 20 }).map((text) => text.replaceAll(/[^\x20-\x7e]/g, '')) },
        ),
      ),
    );
  return fc.constantFrom(...operations).chain((operation) => {
    const names = parametersOf(operation)
      .filter((one) => one.in === 'query')
      .map(({ name }) => name);
    const name = fc.oneof(
      { weight: 4, arbitrary: fc.constantFrom('market', 'year', ...names) },
      { weight: 1, arbitrary: strange },
    );
    const query = fc.oneof(
      { weight: 2, arbitrary: fc.constant<[string, string][]>([]) },
      {
        weight: 3,
        arbitrary: fc.array(fc.tuple(name, fc.oneof(strange, fc.constantFrom('1', '2', 'csv', 'a', 'id'))), {
          maxLength: 3,
        }),
      },
    );
    const places = [...operation.path.matchAll(/\{([A-Za-z]+)\}/g)].map(([, place = '']) =>
      fc.oneof(
        { weight: 3, arbitrary: fc.constantFrom(...(known[place] ?? ['1'])) },
        { weight: 1, arbitrary: strange },
      ),
    );
    return fc
      .record({
        places: fc.tuple(...places),
        query,
        headers: fc.array(header, { maxLength: 3 }),
        authorization: fc.constantFrom(...AUTHORIZATIONS),
        body: fc.oneof(
          { weight: operation.hasBody ? 1 : 6, arbitrary: fc.constant(null) },
          { weight: operation.hasBody ? 6 : 1, arbitrary: bodies(known) },
        ),
        type: fc.constantFrom(...CONTENT_TYPES),
        chunked: fc.boolean(),
        method: fc.oneof(
          { weight: 30, arbitrary: fc.constant(operation.method) },
          { weight: 1, arbitrary: fc.constantFrom('PATCH', 'OPTIONS', 'PUT', 'DELETE', 'POST', 'TRACE') },
        ),
      })
      .map(({ places: filled, query: asked, headers, authorization, body, type, chunked, method }) => {
        let at = 0;
        const path = operation.path.replaceAll(/\{[A-Za-z]+\}/g, () => clean(filled[at++] ?? '') || '%20');
        const search = asked.map(([one, value]) => `${clean(one)}=${clean(value)}`).join('&');
        const own = {
          ...(authorization === '' ? {} : { authorization }),
          ...(body === null || type === '' ? {} : { 'content-type': type }),
        };
        return {
          method,
          path: search === '' ? path : `${path}?${search}`,
          headers: { ...own, ...Object.fromEntries(headers) },
          body: method === 'TRACE' ? null : body,
          chunked,
        };
      });
  });
}

/** What a request line can hold; everything else is for the raw socket. */
function clean(text: string): string {
  return text.replaceAll(/[^\x21-\x7e]/g, encodeURIComponent).replaceAll(/[#?&]/g, '');
}

/** Bytes on a socket that are nearly HTTP. */
export const anyBytes: fc.Arbitrary<readonly Buffer[]> = (() => {
  const lines = [
    'GET /healthz HTTP/1.1',
    'GET /v1/datasets HTTP/1.1',
    'POST /v1/resolve HTTP/1.1',
    'GET /v1/datasets/words.json HTTP/1.0',
    'GET http://x/healthz HTTP/1.1',
    'OPTIONS * HTTP/1.1',
    'GET /healthz',
    'GET  /healthz HTTP/1.1',
    'GET /\u00e9 HTTP/1.1',
    'BREW / HTTP/1.1',
    'PRI * HTTP/2.0',
    'GET / HTTP/9.9',
    'CONNECT x:1 HTTP/1.1',
    `GET /${'a'.repeat(20_000)} HTTP/1.1`,
    '\0\0\0',
    '\x16\x03\x01\x02\x00',
  ];
  const headers = [
    'Host: localhost',
    'Host: localhost',
    'Host: a\r\nHost: b',
    'Authorization: Bearer admin',
    'Content-Length: 5',
    'Content-Length: -1',
    'Content-Length: 5\r\nContent-Length: 6',
    'Content-Length: 99999999999999999999',
    'Transfer-Encoding: chunked',
    'Transfer-Encoding: chunked\r\nContent-Length: 5',
    'Transfer-Encoding: gzip, chunked',
    'Content-Type: application/json',
    'Connection: close',
    'Upgrade: h2c\r\nConnection: Upgrade',
    'Upgrade: websocket\r\nConnection: Upgrade',
    'Expect: 100-continue',
    ' folded: yes',
    'No colon',
    ': empty',
    'X: \0',
    `X: ${'y'.repeat(20_000)}`,
  ];
  const bodies_ = [
    '',
    '{"a"',
    '5\r\nhello\r\n0\r\n\r\n',
    'FFFFFFFFFFFFFFFFF\r\n',
    '-1\r\nx',
    '5;ext=1\r\n{"a":\r\n',
    '0\r\n\r\nGET /healthz HTTP/1.1\r\nHost: x\r\n\r\n',
    '\xff\xfe\x00',
  ];
  const request = fc
    .tuple(
      fc.constantFrom(...lines),
      fc.array(fc.constantFrom(...headers), { maxLength: 4 }),
      fc.constantFrom('\r\n', '\r\n', '\r\n', '\n', ''),
      fc.constantFrom(...bodies_),
    )
    .map(([line, some, newline, body]) =>
      Buffer.from([line, ...some].map((one) => one + newline).join('') + newline + body, 'latin1'),
    );
  const sound = fc.constant(Buffer.from('GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n'));
  return fc.array(
    fc.oneof(
      { weight: 4, arbitrary: request },
      { weight: 2, arbitrary: sound },
      { weight: 1, arbitrary: fc.uint8Array({ maxLength: 60 }).map((one) => Buffer.from(one)) },
    ),
    { minLength: 1, maxLength: 4 },
  );
})();
