/** What people are told: no error holds a password, a bind or a value of a row, whatever goes wrong. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { sessionSettings } from '../../config/session-settings.ts';
import { isParqueueError, type ParqueueError } from '../../model/errors.ts';
import type { CanonicalRequest, TypedValue } from '../../model/request.ts';
import type { Source } from '../../ports/source.ts';
import { readStatement } from '../../sql/index.ts';
import { hostClock } from '../../testing/host-clock.ts';
import { openPostgresTestDatabase, type PostgresTestDatabase } from '../../testing/postgres-database.ts';
import { connectOptions } from '../../testing/postgres-sessions.ts';
import { sourceContext } from '../../testing/source-contract.ts';
import { openPostgresSource } from './index.ts';

/** In rows, in binds and in literals; no part of it may be told. */
const SECRET = 'Zebra4711';
const BIND = 'Quagga0815';

let database: PostgresTestDatabase;
let source: Source;
let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'pq-postgres-messages-'));
  database = await openPostgresTestDatabase();
  await database.execute(`
    CREATE TABLE secrets (id int, text text, quoted text, lines text, number numeric, at timestamp);
    INSERT INTO secrets VALUES (1, '${SECRET}', '"${SECRET}" "', E'first "\\n${SECRET}', 471108150000, '2024-01-01');
    CREATE TYPE mood AS ENUM ('sad');
    CREATE DOMAIN short AS text CHECK (length(VALUE) < 3);
    CREATE FUNCTION raising(told text) RETURNS text LANGUAGE plpgsql AS $$
      BEGIN RAISE EXCEPTION 'no luck with %', told USING ERRCODE = '42501', HINT = told, DETAIL = told; END $$;
    CREATE FUNCTION asserting(told text) RETURNS text LANGUAGE plpgsql AS $$
      BEGIN ASSERT false, told; RETURN ''; END $$;
    CREATE FUNCTION dynamic(told text) RETURNS text LANGUAGE plpgsql AS $$
      BEGIN EXECUTE 'SELECT ' || quote_ident(told); RETURN ''; END $$;
  `);
  source = await openPostgresSource({
    ...connectOptions(database),
    pool: { max: 2 },
    randomId: () => 'random',
    chance: () => 0.5,
    clock: hostClock,
  });
});

afterAll(async () => {
  await source[Symbol.asyncDispose]();
  await database[Symbol.asyncDispose]();
  await rm(folder, { recursive: true });
});

function request(sql: string, binds: Readonly<Record<string, TypedValue>>): CanonicalRequest {
  return {
    keyFormat: 1,
    sourceKind: 'postgres',
    sourceIdentity: 'test',
    columns: null,
    columnTypes: {},
    parquet: { compression: 'snappy', rowGroupRows: 1_000_000 },
    question: {
      kind: 'sql',
      statement: readStatement(sql, 'postgres').text,
      binds,
      session: sessionSettings('postgres', {}),
      version: { kind: 'ttl' },
      numbers: 'text',
      split: null,
    },
  };
}

async function failureOf(sql: string, binds: Readonly<Record<string, TypedValue>> = {}): Promise<ParqueueError> {
  await using snapshot = await source.open(request(sql, binds), sourceContext());
  try {
    await snapshot.extract({ path: join(folder, 'rows.parquet') });
  } catch (error) {
    if (isParqueueError(error)) return error;
    throw error;
  }
  throw new Error(`it did not fail: ${sql}`);
}

const CASTS = [
  'int',
  'int2',
  'int8',
  'numeric',
  'float8',
  'float4',
  'bool',
  'date',
  'timestamp',
  'timestamptz',
  'time',
  'interval',
  'uuid',
  'json',
  'jsonb',
  'inet',
  'cidr',
  'macaddr',
  'bit(3)',
  'point',
  'mood',
  'short',
  'int[]',
  'int4range',
  'regclass',
  'regtype',
  'regproc',
  'regrole',
  'regnamespace',
  'regconfig',
  'money',
  'pg_lsn',
  'jsonpath',
  'oid',
  'tid',
  'path',
  'polygon',
];

it.each([
  ...CASTS.map((type) => ['text', type] as const),
  // With quotes, and with several lines.
  ...['int', 'date', 'uuid', 'json', 'mood', 'int[]'].flatMap((type) => [
    ['quoted', type] as const,
    ['lines', type] as const,
  ]),
])('a value of a row in column %s that is no %s', async (column, type) => {
  expectNothingTold(await failureOf(`SELECT ${column}::${type} FROM secrets`));
});

it.each(CASTS)('a bind that is no %s', async (type) => {
  const binds = { VALUE: { type: 'string', value: BIND } } as const;
  expectNothingTold(await failureOf(`SELECT :value::${type}`, binds));
});

it.each([
  ...['int', 'date', 'mood', 'json'].map((type) => `SELECT '${SECRET}'::${type}`),
  `SELECT '${SECRET}' + 1`,
  `SELECT id FROM secrets WHERE id = '${SECRET}'`,
  `SELECT 1 / (id - 1) FROM secrets`,
  'SELECT raising(text) FROM secrets',
  'SELECT asserting(text) FROM secrets',
  'SELECT dynamic(text) FROM secrets',
  "SELECT to_date(text, 'YYYY-MM-DD') FROM secrets",
  "SELECT to_timestamp(text, 'YYYY') FROM secrets",
  'SELECT to_number(text, text) FROM secrets',
  'SELECT at AT TIME ZONE text FROM secrets',
  'SELECT date_trunc(text, at) FROM secrets',
  'SELECT extract(epoch FROM text::interval) FROM secrets',
  'SELECT chr(number::int) FROM secrets',
  'SELECT number::int FROM secrets',
  'SELECT number::int2 FROM secrets',
  'SELECT number::numeric(3,0) FROM secrets',
  'SELECT repeat(text, 2000000000) FROM secrets',
  "SELECT regexp_replace(text, text || '(', '') FROM secrets",
  'SELECT decode(text, text) FROM secrets',
  "SELECT decode(text, 'hex') FROM secrets",
  "SELECT decode(text, 'base64') FROM secrets",
  'SELECT convert_from(decode(text, text), text) FROM secrets',
  'SELECT convert_to(text, text) FROM secrets',
  'SELECT format(quoted || $$%s %s$$, 1) FROM secrets',
  "SELECT jsonb_path_query('{}', ('strict $.' || text)::jsonpath) FROM secrets",
  'SELECT to_tsvector(text::regconfig, text) FROM secrets',
  'SELECT (ARRAY[1])[text::int] FROM secrets',
  'SELECT current_setting(text) FROM secrets',
  'SELECT has_table_privilege(text, $$select$$) FROM secrets',
  'SELECT pg_read_file(text) FROM secrets',
  'SELECT nextval(text) FROM secrets',
  'SELECT lo_get(number::oid) FROM secrets',
  "SELECT xpath(text || '[', '<a/>') FROM secrets",
  'SELECT make_date(number::int, 1, 1) FROM secrets',
  'SELECT (SELECT id FROM generate_series(1, 2)) FROM secrets',
])('%s', async (sql) => {
  expectNothingTold(await failureOf(sql));
});

it('a name that is not there is told, with what to do about it', async () => {
  expect((await failureOf('SELECT nothing FROM secrets')).message).toMatch(
    /^42703: column "nothing" does not exist \(/,
  );
  expect((await failureOf('SELECT 1 FROM elsewhere')).message).toMatch(
    /^42P01: relation "elsewhere" does not exist \(/,
  );
});

it.each(['SELECT', 'SELECT FROM secrets'])('%s is told to give no columns', async (sql) => {
  expect(await failureOf(sql)).toMatchObject({
    code: 'PQ_INVALID_REQUEST',
    message: expect.stringContaining('no columns; select one'),
  });
});

function expectNothingTold(error: ParqueueError): void {
  const told = JSON.stringify([error.message, error.details, String(error.cause ?? '')]).toLowerCase();
  for (const hidden of [SECRET, BIND, '471108150000', database.password]) {
    expect(told).not.toContain(hidden.toLowerCase());
  }
  // Nor a part of one, where it was cut.
  expect(told).not.toMatch(/zebra|4711|quagga|0815/);
  expect(error.code).not.toBe('PQ_INTERNAL');
}
