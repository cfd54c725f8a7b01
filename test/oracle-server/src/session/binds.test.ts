/** Bind values arrive in their places, by what they were announced as. */
import oracledb from 'oracledb';
import { expect, test } from 'vitest';
import type { Bind } from '../engine.ts';
import { numbered, startFixture } from '../testing/fixture.ts';

process.env.TZ = 'UTC';

async function bound(sql: string, binds: oracledb.BindParameters): Promise<readonly Bind[] | undefined> {
  await using fixture = await startFixture(() => numbered(1));
  const connection = await fixture.connect();
  await connection.execute(sql, binds);
  const first = fixture.engine.binds.at(-1);
  await connection.execute(sql, binds);
  expect(fixture.engine.binds.at(-1)).toEqual(first);
  expect(fixture.engine.binds).toHaveLength(2);
  return first;
}

test('by position, of each type', async () => {
  const at = new Date('2024-02-29T12:34:56.789Z');
  const time = { year: 2024, month: 2, day: 29, hour: 12, minute: 34, second: 56, nanos: 789_000_000 };
  const double = { val: 1.25, type: oracledb.DB_TYPE_BINARY_DOUBLE };
  const float = { val: -1.25, type: oracledb.DB_TYPE_BINARY_FLOAT };
  const date = { val: at, type: oracledb.DB_TYPE_DATE };
  const zoned = { val: at, type: oracledb.DB_TYPE_TIMESTAMP_TZ };
  const local = { val: at, type: oracledb.DB_TYPE_TIMESTAMP_LTZ };
  const given = [
    '007',
    7,
    12.5,
    -0.001,
    2n ** 80n,
    at,
    Buffer.of(0, 1),
    null,
    true,
    false,
    double,
    float,
    date,
    zoned,
    local,
  ];
  expect(await bound(`select ${given.map((_, i) => `:${i + 1}`).join()}`, given)).toEqual([
    { kind: 'text', value: '007' },
    { kind: 'number', value: '7' },
    { kind: 'number', value: '12.5' },
    { kind: 'number', value: '-0.001' },
    { kind: 'number', value: String(2n ** 80n) },
    { kind: 'time', value: time },
    { kind: 'bytes', value: Buffer.of(0, 1) },
    { kind: 'null', value: null },
    { kind: 'boolean', value: true },
    { kind: 'boolean', value: false },
    { kind: 'double', value: 1.25 },
    { kind: 'double', value: -1.25 },
    { kind: 'time', value: { ...time, nanos: 0 } },
    { kind: 'time', value: time },
    { kind: 'time', value: time },
  ]);
});

test('by name, repeated: one value per occurrence', async () => {
  expect(await bound('select :a, :b, :a', { a: 'x', b: 2 })).toEqual([
    { kind: 'text', value: 'x' },
    { kind: 'number', value: '2' },
    { kind: 'text', value: 'x' },
  ]);
});

test('an empty string and a typed null are null', async () => {
  const typed = { val: null, type: oracledb.DB_TYPE_BOOLEAN };
  expect(await bound('select :1, :2', ['', typed])).toEqual([
    { kind: 'null', value: null },
    { kind: 'null', value: null },
  ]);
});

test('texts longer than a string may be come last on the wire and arrive in their places', async () => {
  const long = 'ž'.repeat(40_000);
  const bytes = Buffer.alloc(100_000, 5);
  expect(await bound('select :1, :2, :3, :4, :5', [1, long, 2, bytes, 'end'])).toEqual([
    { kind: 'number', value: '1' },
    { kind: 'text', value: long },
    { kind: 'number', value: '2' },
    { kind: 'bytes', value: bytes },
    { kind: 'text', value: 'end' },
  ]);
});

test.each([10, 8191, 8192, 10_000, 32_767, 32_768, 40_000])(
  'a national text of %d characters before a number arrives in its place',
  async (length) => {
    const national = { val: '🦄ž'.repeat(length).slice(0, length), type: oracledb.DB_TYPE_NVARCHAR };
    expect(await bound('select :1, :2', [national, 42])).toEqual([
      { kind: 'text', value: national.val },
      { kind: 'number', value: '42' },
    ]);
  },
);

test('values that grow from run to run are announced anew', async () => {
  await using fixture = await startFixture(() => numbered(1));
  const connection = await fixture.connect();
  for (const length of [1, 300, 5, 70_000, 2]) await connection.execute('select :1, :2', ['x'.repeat(length), length]);
  await connection.execute('select :1, :2', [7, 'now the other way round']);
  expect(fixture.engine.binds.map(([text, number]) => [String(text?.value).length, number?.value])).toEqual([
    [1, '1'],
    [300, '300'],
    [5, '5'],
    [70_000, '70000'],
    [2, '2'],
    [1, 'now the other way round'],
  ]);
});
