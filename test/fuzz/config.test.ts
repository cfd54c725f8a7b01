/** Configurations that nobody should write: each is a list of problems with their places, and never a secret or a crash. */
import { isParqueueError } from '@parqueue/core';
import {
  loadConfig,
  parseCount,
  parseDuration,
  parseSize,
  redactConfig,
  shownConfig,
  type ConfigProblem,
} from '@parqueue/core/config';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { stringify } from 'yaml';
import { claim, endsInTime, patience } from './fuzz.ts';

const SECRET = 'hunter2-Tr0ub4dor';
const ENV: Readonly<Record<string, string>> = { SECRET, EMPTY: '', LINES: 'a: 1\nb: {', __proto__: 'x', PORT: '80' };

/** The problems; null: there are none. Whatever else is thrown is a defect. */
function problemsIn(text: string): readonly ConfigProblem[] | null {
  try {
    const config = loadConfig(text, { path: '/etc/parqueue.yaml', env: ENV, readFile: () => SECRET });
    expect(JSON.stringify(shownConfig(text))).not.toContain(SECRET);
    if (text === SOUND_TEXT) expect(JSON.stringify(redactConfig(config))).not.toContain(SECRET);
    return null;
  } catch (error) {
    if (!isParqueueError(error) || error.code !== 'PQ_CONFIG') throw error;
    expect(error.message).not.toContain(SECRET);
    return error.details['problems'] as readonly ConfigProblem[];
  } finally {
    expect(Reflect.get({}, 'polluted')).toBeUndefined();
    expect(Object.keys(Object.prototype)).toEqual([]);
  }
}

const SOUND = {
  listen: { host: '127.0.0.1', port: 8080 },
  store: {
    root: './store',
    quota: '50GiB',
    reserve: '1GiB',
    retention: { grace: '10m', generations: 1, maxAge: '1d', unread: '30d' },
  },
  redis: { url: '${REDIS:-redis://u:p@localhost:6379}', durable: true },
  auth: {
    limits: { requestsPerSecond: 5, burst: 10 },
    apiKeys: [{ name: 'a', sha256: 'ab'.repeat(32), scopes: ['read'], datasets: ['*'], expires: '2030-01-01' }],
  },
  limits: {
    rows: '1e9',
    bytes: '10GiB',
    fillTimeout: '10m',
    sqlBytes: '64KiB',
    queuePerSource: 10,
    waiters: 100,
    connections: 100,
  },
  worker: { threads: 2, threadMemory: '2GiB', leaseTtl: '30s', drain: { finish: '5s' }, scratch: './scratch' },
  sources: {
    lake: { kind: 'file', root: './lake', adhoc: { maxAge: '5m' }, maxConcurrentFills: 2 },
    erp: { kind: 'oracle', connectString: 'db.example.com:1521/sales', user: 'u', password: '${SECRET}' },
    pg: {
      kind: 'postgres',
      connectString: 'postgres://db/x',
      user: 'u',
      password: '${SECRET}',
      session: { timezone: 'UTC' },
      adhoc: true,
    },
    my: { kind: 'mysql', connectString: 'mysql://db/x', user: 'u', password: '${file:/run/secret}' },
  },
  datasets: {
    prices: {
      source: 'lake',
      path: 'p/{m}.csv',
      params: { m: { type: 'string', pattern: '[a-z]+', maxLength: 9 } },
      freshness: { maxAge: '1h' },
      columns: { a: 'decimal(18,2)' },
    },
    sales: {
      source: 'erp',
      sql: 'select * from s where d >= :d',
      params: { d: { type: 'date', min: '2000-01-01' } },
      numbers: 'exact',
      split: { column: 'id', into: 4 },
    },
    now: {
      source: 'pg',
      sql: 'select now()',
      freshness: { version: 'ttl', maxAge: '5s' },
      refresh: { every: '15m', jitter: '10%', params: [{}] },
    },
  },
} as const;

const SOUND_TEXT = stringify(SOUND);

const wrong = fc.oneof(
  fc.constantFrom<unknown>(
    null,
    true,
    '',
    [],
    {},
    0,
    -1,
    1.5,
    1e308,
    2 ** 60,
    Number.NaN,
    '1e999',
    '10 parsecs',
    '-5s',
    '5',
    '1e400GiB',
    '99999999999999999w',
    '${SECRET}',
    '${NOPE}',
    '${file:relative}',
    '${',
    '$${x}',
    '${SECRET:-x}',
    '${__proto__}',
    '${LINES}',
    '../..',
    '/',
    '\0',
    'a\nb',
    '*',
    '2026-02-30',
    '0 0 31 2 *',
    '[',
    '(?<a>',
    'select',
    "select '",
    'drop table t',
    'lake',
    'nowhere',
    '{a}{a}',
    'x'.repeat(5000),
  ),
  fc.jsonValue({ maxDepth: 2, noUnicodeString: true }),
);
const names = fc.constantFrom(
  '__proto__',
  'constructor',
  'prototype',
  'toString',
  'polluted',
  'kind',
  'source',
  'sql',
  'path',
  'password',
  '',
  'ä',
  'X',
  'freshness',
  'version',
  'session',
  'params',
  'default',
  'every',
  'cron',
  'type',
);

/** Where it goes, taken modulo what there is; and what comes there, instead or beside. */
const change = fc.record({
  way: fc.array(fc.nat(12), { minLength: 1, maxLength: 5 }),
  value: wrong,
  name: fc.option(names, { nil: null }),
});

function changed(
  value: unknown,
  [step = 0, ...way]: readonly number[],
  { put, name }: { readonly put: unknown; readonly name: string | null },
): unknown {
  if (typeof value !== 'object' || value === null) return put;
  if (way.length === 0 && name !== null && !Array.isArray(value))
    return Object.fromEntries([...Object.entries(value), [name, put]]);
  const entries = Object.entries(value);
  if (entries.length === 0) return put;
  const [member, inner] = entries[step % entries.length] as [string, unknown];
  const next = way.length === 0 ? put : changed(inner, way, { put, name });
  return Array.isArray(value)
    ? value.with(Number(member), next)
    : Object.fromEntries(entries.map(([key, old]) => [key, key === member ? next : old]));
}

test('the configuration that the others are made of is sound', () => {
  expect(problemsIn(SOUND_TEXT)).toBeNull();
});

claim(
  'one with wrong values in any place is loaded, or refused with the place of each problem',
  { runs: 100, values: fc.array(change, { minLength: 1, maxLength: 3 }) },
  (changes) => {
    const value = changes.reduce<unknown>(
      (config, { way, value: put, name }) => changed(config, way, { put, name }),
      SOUND,
    );
    const text = stringify(value);
    for (const { path, line, column, message } of problemsIn(text) ?? []) {
      expect(path === '' || text.includes(path.split(/[.[]/)[0] ?? '') || /^[a-z]+/.test(path)).toBe(true);
      expect([line, column].every((at) => Number.isSafeInteger(at) && at >= 1)).toBe(true);
      expect(line).toBeLessThanOrEqual(text.split('\n').length + 1);
      expect(message.length).toBeLessThan(20_000);
    }
  },
);

const yamlPiece = fc.constantFrom(
  'a',
  ': ',
  '\n',
  '  ',
  '- ',
  '&a ',
  '*a',
  '!!js/function ',
  '!!binary ',
  '!x ',
  '<<: ',
  '? ',
  '{',
  '}',
  '[',
  ']',
  ',',
  '|\n',
  '>-\n',
  '"',
  "'",
  '#',
  '%YAML 1.1\n',
  '---\n',
  '...\n',
  '\t',
  '\ufeff',
  '\ue000',
  '${',
  '}',
  '${SECRET}',
  'sources',
  'datasets',
  'lake',
  'password',
  '__proto__',
  '\0',
  '\u2028',
  'decimal(18,2)',
  '0x1F',
  '.inf',
  '~',
  'yes',
);

claim(
  'any text is a configuration, or a list of problems',
  {
    runs: 300,
    values: fc.oneof(
      fc.array(yamlPiece, { maxLength: 40 }).map((pieces) => pieces.join('')),
      fc.string({ unit: 'binary', maxLength: 80 }),
      fc.tuple(fc.nat(3000), fc.nat(20), fc.array(yamlPiece, { maxLength: 3 })).map(([at, length, pieces]) => {
        const text = stringify(SOUND);
        return text.slice(0, at) + pieces.join('') + text.slice(at + length);
      }),
    ),
  },
  (text) => {
    problemsIn(text);
  },
);

test.each([
  [
    'aliases of aliases',
    Array.from(
      { length: 30 },
      (_, i) =>
        `a${i}: &a${i} [${Array(10)
          .fill(i === 0 ? 'x' : `*a${i - 1}`)
          .join(', ')}]`,
    ).join('\n'),
  ],
  ['an alias of itself', 'sources: &a { lake: *a }'],
  ['lists in lists', `x: ${'['.repeat(100_000)}`],
  ['mappings in mappings', Array.from({ length: 3000 }, (_, i) => `${' '.repeat(i)}a:`).join('\n')],
  ['five thousand keys', Array.from({ length: 5_000 }, (_, i) => `k${i}: 1`).join('\n')],
  ['as many unset references as there may be', Array.from({ length: 7000 }, (_, i) => `k${i}: \${N${i}}`).join('\n')],
  ['many quotes', '"'.repeat(65_536)],
])(
  '%s are refused, in time',
  (_what, text) => {
    expect(endsInTime(() => problemsIn(text))).not.toEqual(null);
  },
  patience(1),
);

claim(
  'a size, a duration, a count is a whole number that is exact, or none',
  {
    runs: 2000,
    values: fc.oneof(
      fc.stringMatching(/^[-+]?[0-9]{0,20}(\.[0-9]{0,20})?(e[+-]?[0-9]{0,4})? ?(ms|[smhdw]|B|[KMGT]i?B|x)?$/),
      fc.string(),
    ),
  },
  (text) => {
    for (const parse of [parseSize, parseDuration, parseCount]) {
      const value = parse(text);
      expect(value === null || (Number.isSafeInteger(value) && value >= 0)).toBe(true);
    }
  },
);
