/**
 * Equal questions have equal keys, unequal ones unequal keys (I1), from what callers send to the bytes that are hashed:
 * values in all their spellings, parameters and binds in any order, requests that differ in one thing.
 */
import { cacheKey, canonicalJson, isCacheKey, isParqueueError, type CanonicalRequest } from '@parqueue/core';
import { Catalog, loadConfig, type AdhocQuestion, type RawBinds, type RawParams } from '@parqueue/core/config';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { readValue } from '../../packages/core/src/config/param-values.ts';
import { claim } from './fuzz.ts';

/** Equal by value, and only then; -0 is 0 in JSON too. */
function same(a: unknown, b: unknown): boolean {
  if (typeof a === 'number' && typeof b === 'number') return a === b;
  if (Array.isArray(a) || Array.isArray(b))
    return Array.isArray(a) && Array.isArray(b) && a.length === b.length && a.every((item, i) => same(item, b[i]));
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return a === b;
  const names = Object.keys(a);
  return (
    names.length === Object.keys(b).length
    && names.every((name) => Object.hasOwn(b, name) && same(Reflect.get(a, name), Reflect.get(b, name)))
  );
}

/** Few different leaves, so that two values are equal, or nearly so, often; and texts that look like what holds them. */
const leaf = fc.constantFrom<unknown>(
  null,
  true,
  false,
  0,
  -0,
  1,
  1.5,
  1e21,
  2 ** 53,
  5e-324,
  '',
  '0',
  '1',
  'null',
  'a',
  'A',
  '\u00e9',
  'e\u0301',
  '"',
  '\\',
  ',',
  '":"',
  '{}',
  '[]',
  '{"a":1}',
  '\u0000',
  '\u2028',
  '\u{1F600}',
  '__proto__',
);
const { value: json } = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 3, withCrossShrink: true },
    leaf,
    fc.array(tie('value'), { maxLength: 3 }),
    fc.dictionary(
      fc.constantFrom('a', 'b', '__proto__', 'constructor', '1', '', 'a"', 'a,b', '\u00e9', 'e\u0301'),
      tie('value'),
      { maxKeys: 3 },
    ),
  ),
}));

function shuffled(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(shuffled);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .map(([name, member]): [string, unknown] => [name, shuffled(member)])
      .toReversed(),
  );
}

describe('the canonical form', () => {
  claim(
    'of two values is one text where they are equal, and two where they are not',
    { runs: 2000, values: fc.tuple(json, json) },
    ([a, b]) => {
      expect(canonicalJson(a) === canonicalJson(b)).toBe(same(a, b));
      expect(canonicalJson(shuffled(a))).toBe(canonicalJson(a));
    },
  );

  claim(
    'is read back as the value it was made of, and made of it again',
    { runs: 2000, values: fc.oneof(json, fc.jsonValue({ maxDepth: 4 })) },
    (value) => {
      const text = canonicalJson(value);
      expect(same(JSON.parse(text), value)).toBe(true);
      expect(canonicalJson(JSON.parse(text))).toBe(text);
    },
  );
});

describe('a value', () => {
  const integer = fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n });
  const sign = fc.constantFrom('', '+');
  const zeros = fc.nat(12).map((count) => '0'.repeat(count));

  claim(
    'that is a whole number is one text, however many zeros and signs it is given',
    { runs: 1000, values: fc.tuple(integer, zeros, sign) },
    ([value, more, plus]) => {
      const spelled = value < 0n ? `-${more}${-value}` : `${plus}${more}${value}`;
      expect(readValue('integer', spelled)).toEqual({ ok: true, text: String(value) });
      if (Number.isSafeInteger(Number(value)))
        expect(readValue('integer', Number(value))).toEqual({ ok: true, text: String(value) });
    },
  );

  const double = fc.double({ noNaN: true, noDefaultInfinity: true });
  claim(
    'that is a number is one text, with zeros, points and exponents at any place',
    { runs: 2000, values: fc.tuple(double, zeros, fc.integer({ min: -8, max: 8 })) },
    ([value, more, shift]) => {
      const own = readValue('number', value);
      expect(own).toEqual({ ok: true, text: String(value === 0 ? 0 : value) });
      const [mantissa = '', exponent = '0'] = String(Math.abs(value)).split('e');
      const [whole = '', fraction = ''] = mantissa.split('.');
      // Ten to the power that moves the point back to where it was.
      const moved =
        shift >= 0
          ? `${whole}${fraction}${more}.0${more}e${Number(exponent) - fraction.length - more.length}`
          : `${more}.${'0'.repeat(-shift)}${whole}${fraction}${more}E${Number(exponent) + whole.length - shift}`;
      const spelled = `${value < 0 ? '-' : ''}${moved}`;
      if (spelled.length <= 400) expect(readValue('number', spelled)).toEqual(own);
    },
  );

  claim(
    'that is no double is refused rather than rounded',
    { runs: 1000, values: fc.tuple(fc.stringMatching(/^[1-9][0-9]{0,24}$/), fc.stringMatching(/^[0-9]{0,24}[1-9]$/)) },
    ([whole, fraction]) => {
      const reading = readValue('number', `${whole}.${fraction}`);
      if (!reading.ok) return;
      const [kept = '', digits = ''] = reading.text.split('.');
      expect(reading.text.includes('e') || (kept === whole && digits === fraction)).toBe(true);
    },
  );

  const instant = fc.date({
    min: new Date('0001-01-02T00:00:00Z'),
    max: new Date('9999-12-30T00:00:00Z'),
    noInvalidDate: true,
  });
  claim(
    'that is an instant is one text, in whatever zone it is written',
    {
      runs: 1000,
      values: fc.tuple(
        instant,
        fc.integer({ min: -15 * 60, max: 15 * 60 }),
        fc.nat(999),
        fc.constantFrom('T', 't', ' '),
      ),
    },
    ([at, minutes, micros, parting]) => {
      const pad = (number: number): string => String(number).padStart(2, '0');
      const iso = (ms: number): string => new Date(ms).toISOString();
      const own = `${iso(at.getTime()).slice(0, 23)}${String(micros).padStart(3, '0')}Z`;
      const there = iso(at.getTime() + minutes * 60_000);
      if (!/^[0-9]{4}-/.test(there)) return;
      const zone = `${minutes < 0 ? '-' : '+'}${pad(Math.floor(Math.abs(minutes) / 60))}:${pad(Math.abs(minutes) % 60)}`;
      const spelled = `${there.slice(0, 10)}${parting}${there.slice(11, 23)}${String(micros).padStart(3, '0')}000${zone}`;
      expect(readValue('timestamp', spelled)).toEqual({ ok: true, text: own });
      expect(readValue('timestamp', own)).toEqual({ ok: true, text: own });
    },
  );

  claim(
    'of any type, once read, reads as itself',
    {
      runs: 1500,
      values: fc.tuple(
        fc.constantFrom(
          'string' as const,
          'integer' as const,
          'number' as const,
          'boolean' as const,
          'date' as const,
          'timestamp' as const,
        ),
        fc.oneof(
          fc.jsonValue({ maxDepth: 1 }),
          fc.stringMatching(/^[-+]?[0-9]{0,5}[.:eEtTzZ +-]{0,3}[0-9]{0,5}$/),
          fc.string({ unit: 'binary' }),
          fc.stringMatching(
            /^[0-9]{4}-[0-9]{2}-[0-9]{2}([T ][0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]{1,9})?)?([Zz]|[+-][0-9]{2}:?[0-9]{2})?)?$/,
          ),
        ),
      ),
    },
    ([type, raw]) => {
      const reading = readValue(type, raw);
      if (reading.ok) expect(readValue(type, reading.text)).toEqual(reading);
      else if (typeof raw === 'string' && raw.length > 12) expect(reading.expected).not.toContain(raw);
    },
  );
});

const CONFIG = `
sources:
  lake: { kind: file, root: /srv/lake, adhoc: true }
  erp: { kind: postgres, connectString: "postgres://db.example/d", user: u, password: p, adhoc: true }
datasets:
  day: { source: lake, path: "{market}/{day}-{n}.csv", params: { market: { type: string }, day: { type: date }, n: { type: integer, default: 7 } } }
`;

describe('a question', () => {
  const config = loadConfig(CONFIG, { path: '/etc/parqueue.yaml', env: {}, readFile: () => '' });
  const catalog = new Catalog(config);
  type Ask = AdhocQuestion | { readonly params: RawParams; readonly columns?: readonly string[] };
  const resolved = (ask: Ask) =>
    'params' in ask ? catalog.resolveDataset('day', ask.params, ask) : catalog.resolveAdhoc(ask);
  const keyOf = (ask: Ask): string | null => {
    try {
      const { key, canonical } = resolved(ask).request;
      expect(isCacheKey(key)).toBe(true);
      expect(cacheKey(JSON.parse(JSON.stringify(canonical)) as CanonicalRequest)).toBe(key);
      return key.slice(key.lastIndexOf('-') + 1);
    } catch (error) {
      expect(
        isParqueueError(error) && ['PQ_INVALID_REQUEST', 'PQ_LIMIT_EXCEEDED', 'PQ_UNTRACKABLE'].includes(error.code),
        String(error),
      ).toBe(true);
      return null;
    }
  };

  const market = fc.oneof(
    fc.string({ unit: 'grapheme', minLength: 1, maxLength: 6 }),
    fc.constantFrom('a-b', 'a', '2026-01-01-1', '..', 'é', 'e\u0301', '{n}', '%2e', 'a/b'),
  );
  const params = fc.record({
    market,
    day: fc.constantFrom('2026-01-01', '2026-01-02'),
    n: fc.constantFrom<unknown>(7, '7', '007', '+7', 8, '-0', 0, undefined),
  });
  const nOf = (n: unknown): bigint => (n === undefined ? 7n : BigInt(String(n).replace('+', '')));

  claim(
    'to a dataset has the key of another where they name one file, and no other',
    { runs: 800, values: fc.tuple(params, params) },
    ([a, b]) => {
      const keys = [a, b].map((one) => keyOf({ params: Object.fromEntries(Object.entries(one).toReversed()) }));
      if (keys[0] === null || keys[1] === null) return;
      const paths = [a, b].map(({ market: name, day, n }) => `${name}/${day}-${nOf(n)}.csv`);
      expect(keys[0] === keys[1]).toBe(paths[0] === paths[1]);
      expect(keyOf({ source: 'lake', path: paths[0] ?? '' })).toBe(keys[0]);
    },
  );

  const bind = fc.constantFrom<unknown>(
    null,
    true,
    'true',
    1,
    '1',
    1.5,
    '1.5',
    { type: 'integer', value: '1' },
    { type: 'integer', value: 1 },
    { type: 'number', value: 1 },
    { type: 'string', value: '1' },
    { type: 'date', value: '2026-01-01' },
    { type: 'string', value: '2026-01-01' },
    { type: 'timestamp', value: '2026-01-01T00:00' },
    { type: 'timestamp', value: '2026-01-01 01:00+01:00' },
  );
  const meant = (value: unknown): string => {
    const { type, value: inner } =
      typeof value === 'object' && value !== null
        ? (value as { type: string; value: unknown })
        : {
            type:
              value === null
                ? 'string'
                : typeof value === 'number'
                  ? Number.isInteger(value)
                    ? 'integer'
                    : 'number'
                  : typeof value,
            value,
          };
    return `${type} ${type === 'timestamp' ? '2026-01-01' : String(inner)}`;
  };

  claim(
    'to a database has the key of another where statement and typed binds are the same',
    { runs: 800, values: fc.tuple(bind, bind, bind, bind) },
    ([a, b, c, d]) => {
      const one = keyOf({ source: 'erp', sql: 'select :a, :b', binds: { a, b } });
      const other = keyOf({ source: 'erp', sql: 'SELECT  :A ,/* x */:b ;', binds: { B: d, A: c } });
      expect(one).not.toBeNull();
      expect(one === other).toBe(meant(a) === meant(c) && meant(b) === meant(d));
      expect(keyOf({ source: 'erp', sql: 'select :a, :b', binds: [a, b] })).toBe(one);
    },
  );

  const anything = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 20 }),
    fc.jsonValue({ maxDepth: 2, noUnicodeString: true }),
  );
  claim(
    'with anything in its places is refused with a code, or has a key',
    {
      runs: 1500,
      values: fc.tuple(
        fc.dictionary(
          fc.constantFrom('market', 'day', 'n', '__proto__', 'constructor', 'columns', 'toString'),
          anything,
        ),
        fc.string({ unit: 'binary' }),
        fc.oneof(
          fc.dictionary(fc.constantFrom('a', 'A', '__proto__', 'b'), anything),
          fc.array(anything, { maxLength: 3 }),
        ),
        fc.array(fc.string({ unit: 'binary', maxLength: 4 }), { maxLength: 3 }),
      ),
    },
    ([given, path, binds, columns]) => {
      keyOf({ params: given, columns });
      keyOf({ source: 'lake', path, columns });
      keyOf({ source: 'erp', sql: 'select :a', binds: binds as RawBinds, columns });
    },
  );

  test('of a million parameters, or binds, is refused without their being told one by one', () => {
    const many = Object.fromEntries(Array.from({ length: 200_000 }, (_, i) => [`p${i}`, 1]));
    for (const ask of [{ params: many }, { source: 'erp', sql: 'select 1', binds: many }]) {
      expect(() => resolved(ask)).toThrow(
        expect.objectContaining({
          code: 'PQ_INVALID_REQUEST',
          message: expect.stringMatching(/^.{0,4000}$/s) as string,
        }) as Error,
      );
    }
  });
});
