/**
 * Every type's edge values, written in SQL on a real server, loaded, and read back from the Parquet by DuckDB: value for
 * value what the database itself prints, NULL included.
 */
import type pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Source } from '../../ports/source.ts';
import { openPostgresTestDatabase, type PostgresTestDatabase } from '../../testing/postgres-database.ts';
import { textClient, textsOf } from '../../testing/postgres-texts.ts';
import { loadParquet } from '../../testing/sql-parquet.ts';
import { postgresRequest, type SqlAsk } from '../../testing/sql-request.ts';

let database: PostgresTestDatabase;
let client: pg.Client;
let source: Source;

beforeAll(async () => {
  database = await openPostgresTestDatabase();
  client = await textClient(database);
  source = await database.source();
  await database.execute(`
    CREATE TYPE mood AS ENUM ('sad', 'o k', 'žluť 🦆', '"', '');
    CREATE TYPE pair AS (a int, b text);
    CREATE DOMAIN amount AS numeric(10,2) CHECK (VALUE >= 0);
    CREATE DOMAIN amounts AS numeric(6,1)[];
    CREATE DOMAIN deep AS amount;
    CREATE DOMAIN moody AS mood;
    CREATE TYPE floats AS RANGE (subtype = float8, multirange_type_name = many_floats);
    CREATE EXTENSION citext;
    CREATE EXTENSION hstore;
  `);
});

afterAll(async () => {
  await source[Symbol.asyncDispose]();
  await database[Symbol.asyncDispose]();
});

interface TypeCase {
  readonly type: string;
  /** SQL expressions that can be assigned to a column of the type. */
  readonly values: readonly string[];
  readonly parquet: string;
  readonly ask?: SqlAsk;
  /** The type that the manifest names, where it is another. */
  readonly source?: string;
  /** Of a value `v`, the text that both databases agree on; `v::text` and `CAST(v AS VARCHAR)` otherwise. */
  readonly printed?: { readonly postgres?: string; readonly duckdb?: string };
}

const nines = (count: number): string => '9'.repeat(count);
const quoted = (...values: readonly string[]): readonly string[] => values.map((value) => `'${value}'`);

/** DuckDB writes the era behind the day, Postgres at the end. */
const eraLast = (text: string): string =>
  `CASE WHEN ${text} LIKE '% (BC)%' THEN replace(${text}, ' (BC)', '') || ' BC' ELSE ${text} END`;
const WITH_ERA = { duckdb: eraLast('CAST(v AS VARCHAR)') };
/** DuckDB counts the last centuries of a TIMESTAMPTZ in inexact milliseconds when it prints them, those of a TIMESTAMP not. */
const WITH_ERA_UTC = {
  duckdb: eraLast(
    `CASE WHEN isinf(v) THEN CAST(v AS VARCHAR) ELSE CAST(make_timestamp(epoch_us(v)) AS VARCHAR) || '+00' END`,
  ),
};
/** DuckDB leaves out the zero before the point where the type has no room for it. */
const NO_ZERO = { postgres: `regexp_replace(v::text, '^(-?)0[.]', '\\1.')` };
/** The bits; the databases print some floats differently. */
const DOUBLE_BITS = {
  postgres: `CASE WHEN v = 'NaN' THEN 'NaN' ELSE ('x' || encode(float8send(v), 'hex'))::bit(64)::bigint::text END`,
};
const REAL_BITS = {
  postgres: `CASE WHEN v = 'NaN' THEN 'NaN' ELSE ('x' || encode(float4send(v), 'hex'))::bit(32)::int::text END`,
};
const HEX = { postgres: `encode(v, 'hex')`, duckdb: `lower(hex(v))` };

const DATES = [
  '2024-02-29',
  '1970-01-01',
  '1969-12-31',
  '0001-01-01',
  '0001-12-31 BC',
  '0001-02-29 BC',
  '0005-02-29 BC',
  '0044-03-15 BC',
  '4714-11-24 BC',
  '9999-12-31',
  '10000-01-01',
  '12024-02-29',
  '100000-06-15',
  '294276-12-31',
  '1900-02-28',
  '1582-10-10',
  'epoch',
];
const CLOCKS = ['00:00:00', '12:34:56.1', '23:59:59.999999', '04:05:06.000001', '01:02:03.120000'];
const TIMES = [
  ...DATES.filter((day) => day !== 'epoch' && day !== '294276-12-31').flatMap((day, at) =>
    [CLOCKS[at % CLOCKS.length], CLOCKS[(at + 2) % CLOCKS.length]].map(
      (clock) => `${day.replace(' BC', '')} ${clock}${day.endsWith('BC') ? ' BC' : ''}`,
    ),
  ),
  '294247-01-10 04:00:54.775806',
  '294246-12-31 23:59:59',
  'infinity',
  '-infinity',
];

const CASES: readonly TypeCase[] = [
  { type: 'boolean', values: ['true', 'false'], parquet: 'bool' },
  { type: 'smallint', values: ['-32768', '32767', '0'], parquet: 'int32' },
  { type: 'integer', values: ['-2147483648', '2147483647', '0', '-1'], parquet: 'int32' },
  {
    type: 'bigint',
    values: ['-9223372036854775808', '9223372036854775807', '0', '9007199254740993'],
    parquet: 'int64',
  },
  { type: 'oid', values: ['0', '4294967295'], parquet: 'int64' },
  { type: 'xid', values: quoted('0', '4294967295'), parquet: 'int64' },
  { type: 'xid8', values: quoted('0', '18446744073709551615'), parquet: 'decimal128(20, 0)' },
  { type: 'numeric(10,2)', values: ['0', '-0.01', '99999999.99', '-99999999.99', '1.5'], parquet: 'decimal128(10, 2)' },
  { type: 'numeric(1,0)', values: ['9', '-9', '0'], parquet: 'decimal128(1, 0)' },
  { type: 'numeric(38,0)', values: [nines(38), `-${nines(38)}`, '0', '1'], parquet: 'decimal128(38, 0)' },
  {
    type: 'numeric(38,38)',
    values: [`0.${nines(38)}`, `-0.${nines(38)}`, `1e-38`, '0'],
    parquet: 'decimal128(38, 38)',
    printed: NO_ZERO,
  },
  { type: 'numeric(2,5)', values: ['0.00099', '-0.00001', '0'], parquet: 'decimal128(5, 5)', printed: NO_ZERO },
  { type: 'numeric(5,-3)', values: ['99999000', '-1000', '499', '1500'], parquet: 'decimal128(8, 0)' },
  { type: 'numeric(19,4)', values: ['922337203685477.5807', '-922337203685477.5808'], parquet: 'decimal128(19, 4)' },
  {
    type: 'numeric',
    values: [
      '0',
      '-0.10',
      '1e-16383',
      `1e131071`,
      `-${nines(50)}.${nines(30)}`,
      ...quoted('NaN', 'Infinity', '-Infinity'),
    ],
    parquet: 'utf8',
  },
  { type: 'numeric(39,1)', values: [`${nines(38)}.9`, '0', `'NaN'`], parquet: 'utf8' },
  { type: 'numeric(3,-40)', values: ['999e40', '0'], parquet: 'utf8' },
  {
    type: 'numeric',
    values: [`${nines(28)}.${nines(10)}`, `-${nines(28)}.${nines(10)}`, '1e-10', '0'],
    parquet: 'decimal128(38, 10)',
    ask: { numbers: 'exact' },
    printed: { postgres: 'v::numeric(38,10)::text' },
  },
  {
    type: 'numeric',
    values: ['0.1', '-1e300', '123456789012345', '1e-300', '0', ...quoted('NaN', 'Infinity', '-Infinity')],
    parquet: 'float64',
    ask: { numbers: 'double' },
    printed: { postgres: DOUBLE_BITS.postgres.replace('send(v)', 'send(v::float8)') },
  },
  {
    type: 'real',
    values: quoted(
      '0',
      '-0',
      '0.1',
      '3.4028235e+38',
      '-3.4028235e+38',
      '1e-45',
      '1.1754944e-38',
      '7.038531e-26',
      '16777216',
      '1e-5',
      'NaN',
      'Infinity',
      '-Infinity',
    ),
    parquet: 'float32',
    printed: REAL_BITS,
  },
  {
    type: 'double precision',
    values: quoted(
      '0',
      '-0',
      '0.1',
      '1.7976931348623157e+308',
      '5e-324',
      '2.2250738585072014e-308',
      '9007199254740993',
      '0.30000000000000004',
      '1e21',
      '123456789012345680',
      'NaN',
      'Infinity',
      '-Infinity',
    ),
    parquet: 'float64',
    printed: DOUBLE_BITS,
  },
  {
    type: 'money',
    values: quoted('92233720368547758.07', '-92233720368547758.08', '0', '-0.01', '1234.5'),
    parquet: 'decimal128(22, 3)',
    printed: { postgres: 'v::numeric(22,3)::text' },
  },
  {
    type: 'text',
    values: [
      ...quoted('', ' ', 'a', 'žluť 🦆', '\\N', 'NULL', '{}', 'a"b', '\t', '\u{10FFFF}'),
      `E'a\\nb\\r\\n'`,
      `repeat('ž', 100000)`,
    ],
    parquet: 'utf8',
  },
  { type: 'character varying(30)', values: quoted('', 'žluť', 'x '), parquet: 'utf8' },
  {
    type: 'character(5)',
    values: quoted('', 'ab', 'žluťo'),
    parquet: 'utf8',
    printed: { postgres: `rpad(v::text, 5)` },
  },
  { type: 'name', values: quoted('', 'relname'), parquet: 'utf8' },
  { type: '"char"', values: [`'A'`, `''`, `' '`, `(-56)::"char"`, `(-1)::"char"`, `'\\'`], parquet: 'utf8' },
  {
    type: 'bytea',
    values: [...quoted('\\x', '\\x00', '\\xff00deadbeef', '\\x5c78'), `decode(repeat('00ff80', 50000), 'hex')`],
    parquet: 'binary',
    printed: HEX,
  },
  {
    type: 'date',
    values: quoted(...DATES, '5874897-12-31', '-infinity', 'infinity'),
    parquet: 'date32',
    printed: WITH_ERA,
  },
  {
    type: 'timestamp without time zone',
    values: quoted(...TIMES),
    parquet: 'timestamp[us]',
    printed: WITH_ERA,
  },
  {
    type: 'timestamp(3) without time zone',
    values: quoted('2024-02-29 12:34:56.789', '1969-12-31 23:59:59.999', '0044-03-15 00:00:00.001 BC'),
    parquet: 'timestamp[us]',
    printed: WITH_ERA,
  },
  {
    type: 'timestamp(0) without time zone',
    values: quoted('2024-02-29 12:34:56', 'infinity'),
    parquet: 'timestamp[us]',
    printed: WITH_ERA,
  },
  {
    type: 'timestamp with time zone',
    values: quoted(
      ...TIMES.map((time) =>
        time.endsWith('BC') ? time.replace(/ BC$/, '+00 BC') : time.endsWith('infinity') ? time : `${time}+00`,
      ),
    ),
    parquet: 'timestamp[us, UTC]',
    printed: WITH_ERA_UTC,
  },
  {
    type: 'time without time zone',
    values: quoted('00:00:00', '24:00:00', '23:59:59.999999', '12:00:00.1'),
    parquet: 'utf8',
  },
  { type: 'time(0) without time zone', values: quoted('00:00:00', '24:00:00'), parquet: 'utf8' },
  {
    type: 'time with time zone',
    values: quoted('00:00:00+00', '24:00:00-15:59', '12:34:56.000001+05:30', '01:00:00+00:19:32'),
    parquet: 'utf8',
  },
  {
    type: 'interval',
    values: quoted(
      '0',
      '1 year 2 months 3 days 04:05:06.789',
      '-1 day +00:00:00.000001',
      '178000000 years',
      '-178000000 years',
      '1 mon -1 day',
      '9223372036854775807 microseconds',
    ),
    parquet: 'utf8',
  },
  { type: 'interval hour to minute', values: quoted('12:34', '-1:02'), parquet: 'utf8' },
  {
    type: 'uuid',
    values: quoted('00000000-0000-0000-0000-000000000000', 'ffffffff-ffff-ffff-ffff-ffffffffffff'),
    parquet: 'utf8',
  },
  {
    type: 'json',
    values: quoted('{"b": 1,  "a": [1e400, "\\u0000", null]}', 'null', '""', '123456789012345678901234567890.1'),
    parquet: 'utf8',
  },
  {
    type: 'jsonb',
    values: quoted('{"b": 1,  "a": [1.10, null]}', 'null', '"ž"', '123456789012345678901234567890.10'),
    parquet: 'utf8',
  },
  { type: 'jsonpath', values: quoted('$.a[*] ? (@ > 1)'), parquet: 'utf8' },
  { type: 'xml', values: [`'<a>ž &amp; <b/></a>'`, `''`, `xmlpi(name x)`], parquet: 'utf8' },
  {
    type: 'inet',
    values: quoted('192.168.0.1/24', '10.0.0.1', '::1', 'fe80::1/64'),
    parquet: 'utf8',
    printed: { postgres: 'abbrev(v)' },
  },
  { type: 'cidr', values: quoted('192.168.0.0/24', '2001:db8::/32', '10.0.0.1/32'), parquet: 'utf8' },
  { type: 'macaddr', values: quoted('08:00:2b:01:02:03'), parquet: 'utf8' },
  { type: 'macaddr8', values: quoted('08:00:2b:01:02:03:04:05'), parquet: 'utf8' },
  { type: 'bit(5)', values: [`B'00000'`, `B'10101'`], parquet: 'utf8' },
  { type: 'bit varying(70)', values: [`B''`, `B'1'`, `repeat('10', 35)::bit varying`], parquet: 'utf8' },
  { type: 'point', values: quoted('(0.1,-0)', '(1e300,NaN)', '(Infinity,5e-324)'), parquet: 'utf8' },
  { type: 'circle', values: quoted('<(1,2),3.5>'), parquet: 'utf8' },
  { type: 'polygon', values: quoted('((0,0),(1,1),(1,0))'), parquet: 'utf8' },
  { type: 'tsvector', values: [`''`, `'a:1A b:2 "c d":3'`], parquet: 'utf8' },
  { type: 'tsquery', values: quoted('a & !b | c <-> d', ''), parquet: 'utf8' },
  { type: 'pg_lsn', values: quoted('0/0', 'FFFFFFFF/FFFFFFFF'), parquet: 'utf8' },
  { type: 'regclass', values: quoted('pg_class', '-', 'pg_type'), parquet: 'utf8' },
  { type: 'tid', values: quoted('(0,1)', '(4294967295,65535)'), parquet: 'utf8' },
  { type: 'int2vector', values: quoted('1 2 3', ''), parquet: 'utf8' },
  { type: 'integer[]', values: quoted('{}', '{1,NULL,-3}', '{{1,2},{3,4}}', '[0:1]={7,8}'), parquet: 'utf8' },
  { type: 'text[]', values: [`ARRAY['', 'NULL', NULL, 'a"b\\c', 'x y', 'ž,{}']`, `'{}'`], parquet: 'utf8' },
  { type: 'numeric(10,2)[]', values: quoted('{1.5,NaN}'), parquet: 'utf8' },
  { type: 'timestamp with time zone[]', values: quoted('{2024-02-29 12:00:00+00,infinity}'), parquet: 'utf8' },
  { type: 'mood', values: quoted('sad', 'o k', 'žluť 🦆', '"', ''), parquet: 'utf8' },
  { type: 'mood[]', values: quoted('{sad,"o k",""}'), parquet: 'utf8' },
  { type: 'pair', values: [`ROW(1, 'a "b", c')`, `ROW(NULL, NULL)`, `ROW(NULL, '')`], parquet: 'utf8' },
  { type: 'pair[]', values: [`ARRAY[ROW(1, 'x y')::pair, NULL]`], parquet: 'utf8' },
  { type: 'int4range', values: quoted('[1,10)', 'empty', '(,)', '[5,5]'), parquet: 'utf8' },
  { type: 'tstzrange', values: quoted('[2024-02-29 12:00:00+00,infinity)'), parquet: 'utf8' },
  { type: 'floats', values: quoted('[0.1,1e300)', 'empty'), parquet: 'utf8' },
  { type: 'int8multirange', values: quoted('{}', '{[1,3),[5,9)}'), parquet: 'utf8' },
  { type: 'many_floats', values: quoted('{[0.1,0.2),[1,2)}'), parquet: 'utf8' },
  { type: 'amount', values: ['0', '99999999.99'], parquet: 'decimal128(10, 2)', source: 'numeric(10,2)' },
  { type: 'deep', values: ['0', '12.34'], parquet: 'decimal128(10, 2)', source: 'numeric(10,2)' },
  { type: 'amounts', values: quoted('{1.5,2}'), parquet: 'utf8', source: 'numeric(6,1)[]' },
  { type: 'amount[]', values: quoted('{1.5,2}'), parquet: 'utf8' },
  { type: 'moody', values: quoted('sad', ''), parquet: 'utf8', source: 'mood' },
  { type: 'citext', values: quoted('AbC', ''), parquet: 'utf8' },
  { type: 'citext[]', values: quoted('{AbC,""}'), parquet: 'utf8' },
  { type: 'refcursor', values: quoted('c1'), parquet: 'utf8' },
  { type: 'information_schema.cardinal_number', values: ['0', '2147483647'], parquet: 'int32', source: 'integer' },
];

/** By its case: two tests look at each. */
const tables = new Map<TypeCase, string>();

async function tableOf(of: TypeCase): Promise<string> {
  const made = tables.get(of);
  if (made !== undefined) return made;
  const name = `t${tables.size}`;
  const rows = [...of.values, 'NULL'].map((value, at) => `(${at}, ${value})`);
  await database.execute(`CREATE TABLE ${name} (i int, v ${of.type}); INSERT INTO ${name} VALUES ${rows.join(', ')}`);
  tables.set(of, name);
  return name;
}

/** What a float is made of, by JavaScript's own account. */
function bitsOf(value: unknown, bytes: 4 | 8): string | null {
  if (typeof value !== 'number') return null;
  if (Number.isNaN(value)) return 'NaN';
  return bytes === 4
    ? String(new Int32Array(Float32Array.of(value).buffer)[0])
    : String(new BigInt64Array(Float64Array.of(value).buffer)[0]);
}

describe('every value arrives as it was', () => {
  it.each(CASES)('$type: $parquet', async (of) => {
    const table = await tableOf(of);
    await using loaded = await loadParquet(source, postgresRequest(`SELECT i, v FROM ${table} ORDER BY i`, of.ask));
    expect(loaded.extract.columns[1]).toMatchObject({ sourceType: of.source ?? of.type, type: of.parquet });
    const { rows } = await client.query<[string | null]>({
      text: `SELECT ${of.printed?.postgres ?? 'v::text'} FROM ${table} ORDER BY i`,
      rowMode: 'array',
    });
    const floats = of.parquet === 'float32' ? 4 : of.parquet === 'float64' ? 8 : null;
    const read =
      floats === null
        ? await loaded.query(`SELECT ${of.printed?.duckdb ?? 'CAST(v AS VARCHAR)'} FROM parquet`)
        : (await loaded.query('SELECT v FROM parquet')).map(([value]) => [bitsOf(value, floats)]);
    expect(read).toEqual(rows);
    expect(read).toHaveLength(of.values.length + 1);
    expect(read.at(-1)).toEqual([null]);
    expect(loaded.extract.details['rounded']).toEqual({});
  });

  it.each(CASES)('$type as varchar: what Postgres writes', async (of) => {
    const table = await tableOf(of);
    await using loaded = await loadParquet(
      source,
      postgresRequest(`SELECT i, v FROM ${table} ORDER BY i`, {
        columnTypes: { v: 'varchar' },
      }),
    );
    const written = await textsOf(client, `SELECT v FROM ${table} ORDER BY i`);
    const spelled = { t: 'true', f: 'false' } as Readonly<Record<string, string>>;
    const expected = written.map(([text]) => [of.type === 'boolean' && text !== null ? spelled[text as string] : text]);
    expect(await loaded.query('SELECT v FROM parquet')).toEqual(expected);
  });
});

it('every type that the server has is loaded, and its arrays', async () => {
  const names = await textsOf(
    client,
    `SELECT format_type(oid, NULL) FROM pg_type WHERE typnamespace = 'pg_catalog'::regnamespace
     AND (typtype IN ('b', 'r', 'm') OR typname = 'pg_class') ORDER BY 1`,
  );
  await using loaded = await loadParquet(
    source,
    postgresRequest(`SELECT ${names.map(([name]) => `NULL::${name as string}`).join(', ')}`),
  );
  const others = loaded.extract.columns.filter(({ type }) => type !== 'utf8').map(({ sourceType }) => sourceType);
  // `bit` and `character` without a length have one.
  expect(loaded.extract.columns.map(({ sourceType }) => [sourceType.replace('(1)', '')])).toEqual(names);
  expect(names.length).toBeGreaterThan(150);
  expect(others).toEqual([
    'bigint',
    'boolean',
    'bytea',
    'cid',
    'date',
    'double precision',
    'integer',
    'money',
    'oid',
    'real',
    'smallint',
    'timestamp with time zone',
    'timestamp without time zone',
    'xid',
    'xid8',
  ]);
});
