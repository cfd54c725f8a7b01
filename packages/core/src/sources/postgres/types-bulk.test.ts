/**
 * Many random values of a type, made by the server: counts, sums, extremes and a digest of all values in order, computed
 * by Postgres over its table and by DuckDB over the Parquet file.
 */
import { createHash } from 'node:crypto';
import type pg from 'pg';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Source } from '../../ports/source.ts';
import { openPostgresTestDatabase, type PostgresTestDatabase } from '../../testing/postgres-database.ts';
import { textClient, textsOf } from '../../testing/postgres-texts.ts';
import { loadParquet } from '../../testing/sql-parquet.ts';
import { postgresRequest } from '../../testing/sql-request.ts';

const ROWS = 20_000;
/** For setseed; a failing run is repeated by putting its number here. */
const SEED = Math.round(Math.random() * 1e6) / 1e6;

let database: PostgresTestDatabase;
let client: pg.Client;
let source: Source;

beforeAll(async () => {
  database = await openPostgresTestDatabase();
  client = await textClient(database);
  source = await database.source();
});

afterAll(async () => {
  await source[Symbol.asyncDispose]();
  await database[Symbol.asyncDispose]();
});

interface BulkCase {
  readonly type: string;
  /** An expression with random(). */
  readonly value: string;
  readonly parquet: string;
  /** Aggregates of `v` that both databases print alike. */
  readonly aggregates: readonly string[];
  /** Of a value `v`, the text that both databases agree on. */
  readonly postgres?: string;
  readonly duckdb?: string;
}

const EXTREMES = ['min(v)', 'max(v)'];
const SUMS = [...EXTREMES, 'sum(v)'];
/** Random digits of up to `count`. */
const digits = (count: number): string =>
  `left(translate(md5(random()::text) || md5(random()::text), 'abcdef', '012345'), ceil(random() * ${count})::int)`;
const sign = `CASE WHEN random() < 0.5 THEN '-' ELSE '' END`;
const DAY = `(random() * 4000000 - 2400000)::int`;
const TIME = `'2000-01-01'::timestamp + (random() * 3600000 - 700000)::int * interval '1 day' + (random() * 86399999999)::bigint * interval '1 microsecond'`;
/** DuckDB writes the era behind the day, Postgres at the end. */
const ERA = `regexp_replace(CAST(v AS VARCHAR), '^([^ ]*) [(]BC[)](.*)$', '\\1\\2 BC')`;

const CASES: readonly BulkCase[] = [
  { type: 'boolean', value: 'random() < 0.3', parquet: 'bool', aggregates: ['count(*) FILTER (WHERE v)'] },
  { type: 'smallint', value: '(random() * 65535 - 32768)::int', parquet: 'int32', aggregates: SUMS },
  { type: 'integer', value: '(random() * 4294967295 - 2147483648)::bigint', parquet: 'int32', aggregates: SUMS },
  { type: 'bigint', value: `((${sign}) || ${digits(18)})::bigint`, parquet: 'int64', aggregates: SUMS },
  {
    type: 'numeric(15,2)',
    value: `((${sign}) || ${digits(13)})::numeric / 100`,
    parquet: 'decimal128(15, 2)',
    aggregates: SUMS,
  },
  {
    type: 'numeric(38,6)',
    value: `((${sign}) || ${digits(32)})::numeric / 1000000`,
    parquet: 'decimal128(38, 6)',
    aggregates: EXTREMES,
  },
  {
    type: 'numeric',
    value: `((${sign}) || ${digits(60)} || '.' || ${digits(60)})::numeric`,
    parquet: 'utf8',
    aggregates: [],
  },
  {
    type: 'money',
    value: `(${digits(14)})::numeric::money / 100`,
    parquet: 'decimal128(22, 3)',
    aggregates: [],
    postgres: 'v::numeric(22,3)::text',
  },
  { type: 'date', value: `'2000-01-01'::date + ${DAY}`, parquet: 'date32', aggregates: [], duckdb: ERA },
  { type: 'timestamp without time zone', value: TIME, parquet: 'timestamp[us]', aggregates: [], duckdb: ERA },
  { type: 'timestamp(2) without time zone', value: TIME, parquet: 'timestamp[us]', aggregates: [], duckdb: ERA },
  {
    type: 'timestamp with time zone',
    value: `(${TIME})::timestamptz`,
    parquet: 'timestamp[us, UTC]',
    aggregates: [],
    postgres: '(extract(epoch FROM v) * 1000000)::bigint::text',
    duckdb: 'CAST(epoch_us(v) AS VARCHAR)',
  },
  {
    type: 'interval',
    value: `make_interval(months => ${DAY}, days => ${DAY}, secs => random() * 1e6 - 5e5)`,
    parquet: 'utf8',
    aggregates: [],
  },
  { type: 'uuid', value: 'gen_random_uuid()', parquet: 'utf8', aggregates: [] },
  {
    type: 'text',
    value: `(SELECT coalesce(string_agg(chr((32 + random() * 50000)::int), ''), '') FROM generate_series(1, (random() * 12)::int) WHERE i > 0)`,
    parquet: 'utf8',
    aggregates: ['sum(length(v))'],
  },
  {
    type: 'bytea',
    value: `decode(left(md5(random()::text) || md5(random()::text), 2 * (random() * 32)::int), 'hex')`,
    parquet: 'binary',
    aggregates: ['sum(octet_length(v))'],
    postgres: `encode(v, 'hex')`,
    duckdb: 'lower(hex(v))',
  },
  { type: 'integer[]', value: `ARRAY[(random() * 100)::int, NULL, -i]`, parquet: 'utf8', aggregates: [] },
];

/** One in ten is NULL. */
async function tableOf(type: string, value: string): Promise<string> {
  await database.execute(`DROP TABLE IF EXISTS bulk; SELECT setseed(${SEED});
    CREATE TABLE bulk (i int, v ${type});
    INSERT INTO bulk SELECT i, CASE WHEN random() < 0.9 THEN ${value} END FROM generate_series(1, ${ROWS}) AS i`);
  return 'bulk';
}

it.each(CASES)(`$type (seed ${SEED})`, async ({ type, value, parquet, aggregates, postgres, duckdb }) => {
  const table = await tableOf(type, value);
  await using loaded = await loadParquet(source, postgresRequest(`SELECT i, v FROM ${table} ORDER BY i`));
  expect(loaded.extract.columns[1]?.type).toBe(parquet);
  const asked = (text: string, cast: string): string => {
    const values = ['count(*)', 'count(v)', 'count(DISTINCT v)', ...aggregates].map(
      (term) => `CAST(${term} AS ${cast})`,
    );
    return `SELECT ${[...values, `md5(string_agg(${text}, ',' ORDER BY i))`].join(', ')}`;
  };
  const [expected] = await textsOf(client, `${asked(postgres ?? 'v::text', 'text')} FROM ${table}`);
  const [read] = await loaded.query(`${asked(duckdb ?? 'CAST(v AS VARCHAR)', 'VARCHAR')} FROM parquet`);
  expect(read).toEqual(expected);
  expect(expected?.[0]).toBe(String(ROWS));
});

it.each([
  ['double precision', 'float8send', '600', (value: number) => Float64Array.of(value).buffer],
  ['real', 'float4send', '75', (value: number) => Float32Array.of(value).buffer],
] as const)(`%s, bit by bit (seed ${SEED})`, async (type, send, powers, bufferOf) => {
  const table = await tableOf(type, `(random() - 0.5) * 10::float8 ^ (random() * ${powers} - ${powers} / 2)`);
  await using loaded = await loadParquet(source, postgresRequest(`SELECT i, v FROM ${table} ORDER BY i`));
  const [[expected] = []] = await textsOf(
    client,
    `SELECT md5(string_agg(coalesce(encode(${send}(v), 'hex'), '-'), '' ORDER BY i)) FROM ${table}`,
  );
  const digest = createHash('md5');
  for (const [value] of await loaded.query('SELECT v FROM parquet ORDER BY i'))
    digest.update(
      value === null
        ? '-'
        : Buffer.from(bufferOf(value as number))
            .reverse()
            .toString('hex'),
    );
  expect(digest.digest('hex')).toBe(expected);
});
