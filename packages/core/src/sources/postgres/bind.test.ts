import { expect, test } from 'vitest';
import { readStatement } from '../../sql/index.ts';
import { boundStatement } from './bind.ts';

const bound = (statement: string, values: Parameters<typeof boundStatement>[1]) =>
  boundStatement(readStatement(statement, 'postgres').text, values);

test('a name has one number, however often it occurs, in the order of first occurrences', () => {
  expect(
    bound('SELECT :b, :a FROM t WHERE x = :a OR y = :b', {
      A: { type: 'string', value: 'one' },
      B: { type: 'integer', value: '2' },
    }),
  ).toEqual({ text: expect.stringMatching(/\$1\s*,\s*\$2 .*=\s*\$2 .*=\s*\$1$/i), binds: ['2', 'one'] });
});

test('dates, timestamps and booleans have their type; texts and numbers get theirs from where they stand', () => {
  const { text, binds } = bound('SELECT 1 FROM t WHERE a = :s AND b = :i AND c = :n AND d = :d AND e = :t AND f = :b', {
    S: { type: 'string', value: "it's" },
    I: { type: 'integer', value: '9223372036854775807' },
    N: { type: 'number', value: '0.1' },
    D: { type: 'date', value: '2024-02-29' },
    T: { type: 'timestamp', value: '2024-02-29T12:34:56.123456Z' },
    B: { type: 'boolean', value: 'true' },
  });
  expect(text).toMatch(/\$1 .*\$2 .*\$3 .*\$4::date .*\$5::timestamptz .*\$6::boolean$/i);
  expect(binds).toEqual(["it's", '9223372036854775807', '0.1', '2024-02-29', '2024-02-29T12:34:56.123456Z', 'true']);
});

test('a type that the statement gives itself follows the placeholder', () => {
  expect(bound('SELECT :since::date', { SINCE: { type: 'string', value: '2024-01-01' } }).text).toMatch(
    /\$1 ?:: ?date$/i,
  );
});

test('what looks like a placeholder in a literal, a quoted name or a cast is none', () => {
  const statement = `SELECT ':a', ":a", x::text, $$ :a $$ FROM t`;
  expect(bound(statement, {}).binds).toEqual([]);
});

test('NULL is NULL', () => {
  expect(bound('SELECT :a', { A: { type: 'date', value: null } }).binds).toEqual([null]);
});

test.each([
  ['has no value', {}],
  ['holds a zero byte', { A: { type: 'string', value: 'secret\0' } }],
  ['holds half of a surrogate pair', { A: { type: 'string', value: 'secret\ud83d' } }],
  ['has no value', Object.create({ A: { type: 'string', value: 'inherited' } })],
] as const)('a placeholder that %s is refused without its value', (why, values) => {
  expect(() => bound('SELECT :a', values)).toThrow(expect.objectContaining({ code: 'PQ_INVALID_REQUEST' }));
  expect(() => bound('SELECT :a', values)).toThrow(`the placeholder :A ${why}`);
  expect(() => bound('SELECT :a', values)).not.toThrow('secret');
});
