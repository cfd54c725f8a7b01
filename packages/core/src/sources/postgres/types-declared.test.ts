/** Declared types, refusals and time zones on a real server: each value kept and read back by DuckDB, or refused by name. */
import type pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { sessionSettings } from '../../config/session-settings.ts';
import { isParqueueError, type ParqueueError } from '../../model/errors.ts';
import type { NumbersAs } from '../../model/request.ts';
import type { Source } from '../../ports/source.ts';
import { openPostgresTestDatabase, type PostgresTestDatabase } from '../../testing/postgres-database.ts';
import { textClient } from '../../testing/postgres-texts.ts';
import { loadParquet } from '../../testing/sql-parquet.ts';
import { postgresRequest } from '../../testing/sql-request.ts';

let database: PostgresTestDatabase;
let client: pg.Client;
let source: Source;

beforeAll(async () => {
  database = await openPostgresTestDatabase();
  client = await textClient(database);
  source = await database.source();
  await database.execute('CREATE EXTENSION hstore');
  // What days are added to an instant depends on the session's time zone: these are made in UTC.
  await client.query(`CREATE TABLE instants AS
    SELECT i, '1890-01-01 00:00:00+00'::timestamptz + i * '97 days 03:04:05.000006'::interval AS v
    FROM generate_series(-2000, 2000) AS i`);
});

afterAll(async () => {
  await source[Symbol.asyncDispose]();
  await database[Symbol.asyncDispose]();
});

/** The values of `v` as DuckDB prints them. */
async function printed(statement: string, declared: string): Promise<readonly unknown[]> {
  await using loaded = await loadParquet(source, postgresRequest(statement, { columnTypes: { v: declared } }));
  return (await loaded.query('SELECT CAST(v AS VARCHAR) FROM parquet')).map(([text]) => text);
}

describe('a declared type keeps', () => {
  it.each([
    ['numeric', '123456789012345.67', 'decimal(18,2)', '123456789012345.67'],
    ['numeric', '-0.50', 'decimal(18,2)', '-0.50'],
    ['numeric', '9223372036854775807', 'bigint', '9223372036854775807'],
    ['numeric', '0.1', 'double', '0.1'],
    ['numeric', 'NaN', 'double', 'nan'],
    ['numeric', '-Infinity', 'double', '-inf'],
    ['numeric', 'Infinity', 'real', 'inf'],
    ['numeric', '1.5', 'real', '1.5'],
    ['numeric(10,2)', 'NaN', 'double', 'nan'],
    ['numeric(10,2)', '12.00', 'double', '12.0'],
    ['numeric(5,0)', '255', 'utinyint', '255'],
    ['numeric', '18446744073709551615', 'ubigint', '18446744073709551615'],
    ['money', '12.34', 'decimal(18,2)', '12.34'],
    ['money', '12.34', 'varchar', '$12.34'],
    ['bigint', '-9223372036854775808', 'decimal(38,0)', '-9223372036854775808'],
    ['bigint', '9007199254740992', 'double', '9007199254740992.0'],
    ['int', '1', 'boolean', 'true'],
    ['oid', '4294967295', 'uinteger', '4294967295'],
    ['float8', '0.1', 'decimal(3,2)', '0.10'],
    ['float8', '1e15', 'bigint', '1000000000000000'],
    ['float4', '0.1', 'varchar', '0.1'],
    ['float8', '1e20', 'varchar', '1e+20'],
    ['float4', '0.1', 'double', '0.10000000149011612'],
    ['boolean', 'true', 'integer', '1'],
    ['boolean', 'false', 'varchar', 'false'],
    ['text', ' 12.50 ', 'decimal(6,2)', '12.50'],
    ['char(10)', '2024-02-29', 'date', '2024-02-29'],
    ['text', '2024-02-29 12:00:00.5', 'timestamp', '2024-02-29 12:00:00.5'],
    ['text', '2024-02-29 12:00:00+05:30', 'timestamptz', '2024-02-29 06:30:00+00'],
    ['text', 'yes', 'boolean', 'true'],
    ['text', 'žluť', 'blob', '\\xC5\\xBElu\\xC5\\xA5'],
    ['bytea', '\\x00ff', 'varchar', '\\x00ff'],
    ['date', '2024-02-29', 'timestamp', '2024-02-29 00:00:00'],
    ['date', '0044-03-15 BC', 'timestamp', '0044-03-15 (BC) 00:00:00'],
    ['date', 'infinity', 'timestamp', 'infinity'],
    ['date', '-infinity', 'timestamp', '-infinity'],
    ['date', '5874897-12-31', 'date', '5874897-12-31'],
    ['date', '5874897-12-31', 'varchar', '5874897-12-31'],
    ['timestamp', '2024-02-29 00:00:00', 'date', '2024-02-29'],
    ['timestamp', '0044-03-15 00:00:00 BC', 'date', '0044-03-15 (BC)'],
    ['timestamp', '12024-02-29 00:00:00', 'date', '12024-02-29'],
    ['timestamp', '-infinity', 'date', '-infinity'],
    ['timestamp', '294276-12-31 23:59:59.999999', 'varchar', '294276-12-31 23:59:59.999999'],
    ['timestamptz', '2024-02-29 12:00:00.000001+02', 'timestamptz', '2024-02-29 10:00:00.000001+00'],
    ['timestamptz', 'infinity', 'varchar', 'infinity'],
    ['interval', '1 day', 'varchar', 'P1D'],
    ['jsonb', '12', 'integer', '12'],
  ] as const)('%s %s as %s', async (type, value, declared, kept) => {
    const values = await printed(`SELECT * FROM (VALUES ('${value}'::${type}), (NULL)) AS t(v)`, declared);
    expect(values).toEqual([kept, null]);
  });
});

async function refusal(load: Promise<unknown>): Promise<ParqueueError> {
  const error: unknown = await load.then(
    () => new Error('it was loaded'),
    (failure: unknown) => failure,
  );
  if (!isParqueueError(error)) throw error;
  return error;
}

describe('a value that does not fit is refused with column, row and the way out', () => {
  it.each([
    ['numeric(10,2)', 'NaN', 'text', /"NaN" is not a decimal.* \(a decimal has no NaN: declare it double or varchar\)/],
    ['numeric', '1e28', 'exact', /1000.* has more than the 38 digits .* or varchar; or set numbers: text\)/],
    ['numeric', '1e-11', 'exact', /"0.00000000001" is not a decimal with 10 fraction digits .* or varchar/],
    ['numeric', 'Infinity', 'exact', /"Infinity" is not a decimal/],
    ['numeric', '1e309', 'double', /"1000.* is not a float64 \(declare it varchar\)/],
    ['timestamp', '294247-01-10 04:00:54.775807', 'text', /has the count of infinity .*declare it varchar/],
    ['timestamp', '294276-12-31 23:59:59', 'text', /is beyond a timestamp of this unit .*declare it varchar/],
    ['timestamptz', '294276-12-31 23:59:59+00', 'text', /is beyond a timestamp of this unit .*declare it varchar/],
  ] as const)('%s %s, numbers: %s', async (type, value, numbers: NumbersAs, message) => {
    const statement = `SELECT * FROM (VALUES (1, NULL::${type}), (2, '${value}'::${type})) AS t(i, v)`;
    const error = await refusal(loadParquet(source, postgresRequest(statement, { numbers })));
    expect(error.code).toBe('PQ_VALUE_OUT_OF_RANGE');
    expect(error.message).toMatch(/^row 2, column v /);
    expect(error.message).toMatch(message);
    expect(error.details).toMatchObject({ column: 'v', row: 2 });
  });

  it.each([
    ['numeric', '12.345', 'decimal(18,2)'],
    ['numeric', 'NaN', 'decimal(18,2)'],
    ['numeric', '0.1', 'bigint'],
    ['numeric', '1e400', 'double'],
    ['numeric', '0.12345678901234567890', 'double'],
    ['text', 'NaN', 'double'],
    ['timestamp', '2024-02-29 00:00:00.000001', 'date'],
    ['date', '5874897-12-31', 'timestamp'],
    ['text', '2024-02-29 12:00:00', 'timestamptz'],
    ['interval', '1 day', 'bigint'],
    ['int', '2', 'boolean'],
  ] as const)('%s %s declared %s', async (type, value, declared) => {
    const error = await refusal(printed(`SELECT '${value}'::${type} AS v`, declared));
    expect(error.code).toBe('PQ_VALUE_OUT_OF_RANGE');
    expect(error.message).toMatch(/^row 1, column v /);
  });
});

describe('a column that cannot be loaded is refused before anything is read', () => {
  it.each([
    ["'a=>1'::hstore", 'hstore', /: select c::text$/],
    ["ARRAY['a=>1'::hstore]", 'hstore[]', /: select c::text$/],
    ['pg_sleep(0)', 'void', /: select an expression of another type in its place$/],
  ] as const)('%s', async (expression, type, message) => {
    const error = await refusal(loadParquet(source, postgresRequest(`SELECT 1 AS i, ${expression} AS tags`)));
    expect(error.code).toBe('PQ_UNSUPPORTED_TYPE');
    expect(error.details).toEqual({ column: 'tags', type });
    expect(error.message).toMatch(message);
    expect(await printed(`SELECT (${expression})::text AS v`, 'varchar')).toHaveLength(1);
  });

  it.each([
    ['timestamptz', 'now()', 'date'],
    ['timestamptz', 'now()', 'timestamp'],
    ['timestamp', 'now()', 'timestamptz'],
    ['time', 'localtime', 'time'],
    ['bytea', `'x'`, 'bigint'],
    ['int', '1', 'date'],
    ['date', 'now()', 'int8'],
  ] as const)('%s %s declared %s', async (type, value, declared) => {
    const error = await refusal(printed(`SELECT (${value})::${type} AS v`, declared));
    expect(error.code).toBe('PQ_UNSUPPORTED_TYPE');
    expect(error.details).toMatchObject({ column: 'v', declared });
  });
});

describe('an instant is the same in UTC, whatever the time zone of the session', () => {
  it.each([
    'UTC',
    'Asia/Kolkata',
    'America/New_York',
    'Africa/Monrovia',
    'Europe/Amsterdam',
    'Asia/Kathmandu',
    '<+03>-3',
  ])('%s', async (zone) => {
    const instants = 'SELECT i, v FROM instants ORDER BY i';
    const session = sessionSettings('postgres', { timezone: zone });
    await using elsewhere = await database.source({ session });
    await using loaded = await loadParquet(elsewhere, postgresRequest(instants, { session }));

    const { rows } = await client.query({
      text: `SELECT (extract(epoch FROM v) * 1000000)::bigint::text FROM instants ORDER BY i`,
      rowMode: 'array',
    });
    expect(await loaded.query('SELECT CAST(epoch_us(v) AS VARCHAR) FROM parquet ORDER BY i')).toEqual(rows);
  });
});

it('numbers: double counts what it rounds, and keeps what has no number', async () => {
  const statement = `SELECT * FROM (VALUES ('0.1'::numeric), (1/3.0), (1e300), (2::numeric ^ 70 + 1), ('NaN'), ('-Infinity'), (NULL), (2::numeric ^ 80)) AS t(v)`;
  await using loaded = await loadParquet(source, postgresRequest(statement, { numbers: 'double' }));
  expect(loaded.extract.details['rounded']).toEqual({ v: 2 });
  expect(await loaded.query('SELECT v FROM parquet')).toEqual(
    [0.1, 1 / 3, 1e300, 2 ** 70, Number.NaN, Number.NEGATIVE_INFINITY, null, 2 ** 80].map((v) => [v]),
  );
});
