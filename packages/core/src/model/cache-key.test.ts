import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { assertKeyMatches, cacheKey, isCacheKey, shardOf } from './cache-key.ts';
import { isParqueueError } from './errors.ts';
import {
  COMPRESSIONS,
  FILE_FORMATS,
  KEY_FORMAT,
  PARAM_TYPES,
  SOURCE_KINDS,
  type CanonicalRequest,
  type ResolvedRequest,
} from './request.ts';

interface Golden {
  readonly name: string;
  readonly request: CanonicalRequest;
  readonly key: string;
}

const golden = JSON.parse(readFileSync(new URL('cache-key.golden.json', import.meta.url), 'utf8')) as Golden[];

const text = fc.string({ unit: 'grapheme', maxLength: 12 });
const nullable = <T>(value: fc.Arbitrary<T>): fc.Arbitrary<T | null> => fc.option(value, { nil: null });
const csv = fc.record({
  header: nullable(fc.boolean()),
  delimiter: nullable(text),
  quote: nullable(text),
  escape: nullable(text),
  nullText: nullable(text),
});
const fileQuestion = fc.record({
  kind: fc.constant('file' as const),
  path: text,
  format: fc.constantFrom(...FILE_FORMATS),
  csv: nullable(csv),
});
const bind = fc.record({ type: fc.constantFrom(...PARAM_TYPES), value: nullable(text) });
const sqlQuestion = fc.record({
  kind: fc.constant('sql' as const),
  statement: text,
  binds: fc.dictionary(text, bind, { maxKeys: 3 }),
  session: fc.dictionary(text, text, { maxKeys: 3 }),
  version: fc.oneof(
    fc.record({ kind: fc.constantFrom('rowscn' as const, 'ttl' as const, 'manual' as const) }),
    fc.record({ kind: fc.constant('refresh-key' as const), statement: text }),
  ),
  numbers: fc.constantFrom('double' as const, 'exact' as const),
  split: nullable(fc.record({ column: text, into: fc.nat() })),
});
const wrappedQuestion = fc.record({
  kind: fc.constant('wrapped' as const),
  name: text,
  revision: text,
  arguments: fc.array(text, { maxLength: 3 }),
  version: fc.record({ kind: fc.constantFrom('token' as const, 'ttl' as const, 'manual' as const) }),
});
const SQL_REST = { session: {}, version: { kind: 'rowscn' }, numbers: 'double', split: null } as const;
const request: fc.Arbitrary<CanonicalRequest> = fc.record({
  keyFormat: fc.constant(KEY_FORMAT),
  sourceKind: fc.constantFrom(...SOURCE_KINDS, 'wrapped' as const),
  sourceIdentity: text,
  question: fc.oneof(fileQuestion, sqlQuestion, wrappedQuestion),
  columns: nullable(fc.array(text, { maxLength: 3 })),
  columnTypes: fc.dictionary(text, text, { maxKeys: 3 }),
  parquet: fc.record({ compression: fc.constantFrom(...COMPRESSIONS), rowGroupRows: fc.nat() }),
});

/** Every way to change one leaf, drop or add one member, anywhere in the value. */
function changesOf(value: unknown): unknown[] {
  if (value === null) return ['null'];
  if (typeof value === 'string')
    return [
      `${value} `,
      Array.from(value).slice(1).join('') === value ? 'x' : Array.from(value).slice(1).join(''),
      null,
    ];
  if (typeof value === 'number') return [value + 1, String(value)];
  if (typeof value === 'boolean') return [!value, String(value), null];
  if (Array.isArray(value)) {
    const items = value.flatMap((item, index) => changesOf(item).map((changed) => value.with(index, changed)));
    const swapped = value.length > 1 && value[0] !== value[1] ? [[value[1], value[0], ...value.slice(2)]] : [];
    return [...items, ...swapped, [...value, 'more'], null];
  }
  const entries = Object.entries(value as object);
  const members = entries.flatMap(([name, member]) =>
    changesOf(member).map((changed) => ({ ...(value as object), [name]: changed })),
  );
  const dropped = entries.map(([name]) => Object.fromEntries(entries.filter(([other]) => other !== name)));
  return [...members, ...dropped, { ...(value as object), 'a new member': 1 }];
}

function reordered<T>(value: T): T {
  if (Array.isArray(value)) return value.map(reordered) as T;
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .map(([name, member]): [string, unknown] => [name, reordered(member)])
      .toReversed(),
  ) as T;
}

const hashOf = (key: string): string => key.slice(key.lastIndexOf('-') + 1);

describe('equal requests have equal keys (I1)', () => {
  it('whatever the order in which they were put together', () => {
    fc.assert(
      fc.property(request, (value) => {
        expect(cacheKey(reordered(value))).toBe(cacheKey(value));
      }),
    );
  });

  it('and whatever way they travelled', () => {
    fc.assert(
      fc.property(request, (value) => {
        expect(cacheKey(JSON.parse(JSON.stringify(value)) as CanonicalRequest)).toBe(cacheKey(value));
      }),
    );
  });
});

describe('unequal requests have unequal keys (I1)', () => {
  it('whatever one thing is changed in them, by the hash alone', () => {
    fc.assert(
      fc.property(request, (value) => {
        const own = hashOf(cacheKey(value));
        for (const changed of changesOf(value)) {
          const { question } = changed as { question?: unknown };
          // The slug needs a question; a request without one is no request.
          if (typeof question !== 'object' || question === null) continue;
          const { kind, path, name, statement } = question as Record<string, unknown>;
          if (typeof (kind === 'file' ? path : kind === 'wrapped' ? name : statement) !== 'string') continue;
          expect(hashOf(cacheKey(changed as CanonicalRequest))).not.toBe(own);
        }
      }),
      { numRuns: 40 },
    );
  });

  it('also where only the letter case or the spaces of a literal differ', () => {
    const base = golden.find(({ request: { question } }) => question.kind === 'sql')?.request as CanonicalRequest;
    const keys = ["select 'a' from t", "select 'A' from t", "select  'a' from t", "select 'a' from T"].map(
      (statement) => cacheKey({ ...base, question: { kind: 'sql', statement, binds: {}, ...SQL_REST } }),
    );
    expect(new Set(keys.map(hashOf)).size).toBe(4);
  });

  it('also where a bind has the same text but another type', () => {
    const base = golden.find(({ request: { question } }) => question.kind === 'sql')?.request as CanonicalRequest;
    const keys = PARAM_TYPES.map((type) =>
      cacheKey({ ...base, question: { kind: 'sql', statement: 's', binds: { a: { type, value: '1' } }, ...SQL_REST } }),
    );
    expect(new Set(keys).size).toBe(PARAM_TYPES.length);
  });
});

describe('a key', () => {
  it.each(golden)('of $name is what it always was', ({ request: value, key }) => {
    expect(cacheKey(value)).toBe(key);
  });

  it('is a folder name of plain letters that tells its shard', () => {
    fc.assert(
      fc.property(request, (value) => {
        const key = cacheKey(value);
        expect(isCacheKey(key)).toBe(true);
        expect(key).toMatch(/^[a-z0-9_]{1,32}-[0-9a-f]{32}$/);
        expect(shardOf(key)).toBe(hashOf(key).slice(0, 2));
      }),
    );
  });

  it('is recognised, and nothing else is', () => {
    const hash = 'ab'.repeat(16);
    expect(isCacheKey(`prices-${hash}`)).toBe(true);
    for (const other of [
      '',
      hash,
      `-${hash}`,
      `Prices-${hash}`,
      `../x-${hash}`,
      `a/b-${hash}`,
      `prices-${hash}0`,
      `prices-${hash}\n`,
      `prices-${hash.toUpperCase()}`,
    ]) {
      expect(isCacheKey(other)).toBe(false);
    }
  });

  it('cannot be made of text that has no UTF-8 form', () => {
    const base = (golden[0] as Golden).request;
    const attempt = (): string =>
      cacheKey({ ...base, question: { kind: 'file', path: '\ud800', format: 'csv', csv: null } });
    expect(attempt).toThrow(expect.objectContaining({ code: 'PQ_INVALID_REQUEST' }) as Error);
  });
});

describe('a job from another release', () => {
  const { request: canonical, key } = golden[0] as Golden;
  const resolved: ResolvedRequest = {
    key,
    canonical,
    source: 'lake',
    dataset: null,
    scopes: [],
    probeTargets: [],
    versionKind: 'checksum',
    limits: { rowsMax: 1, bytesMax: 1, timeoutMs: 1 },
  };

  it('is accepted where its key is the key of its request here', () => {
    expect(() => assertKeyMatches(resolved)).not.toThrow();
  });

  it('is refused where it is not, and may be tried again after the upgrade', () => {
    try {
      assertKeyMatches({ ...resolved, canonical: { ...canonical, sourceIdentity: 'file:/elsewhere' } });
    } catch (error) {
      expect(isParqueueError(error) && [error.code, error.retryable]).toEqual(['PQ_INVALID_REQUEST', true]);
      return;
    }
    throw new Error('it was accepted');
  });
});
