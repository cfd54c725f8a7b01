/**
 * What arrives in the Parquet file, read back by DuckDB: it shares nothing with the writer. Values are compared as texts,
 * so that no reader's number type hides a digit.
 */
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DuckDBInstance } from '@duckdb/node-api';
import { tableFromIPC } from 'apache-arrow';
import { readParquet } from 'parquet-wasm';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Extract, Source } from '../../ports/source.ts';
import {
  openOracleTestDatabase,
  oracleRequest,
  type OracleAsk,
  type OracleTestDatabase,
} from '../../testing/oracle-database.ts';
import { sourceContext } from '../../testing/source-contract.ts';

let database: OracleTestDatabase;
let source: Source;
let out: string;
let files = 0;

beforeAll(async () => {
  out = await mkdtemp(join(tmpdir(), 'pq-oracle-load-'));
  database = await openOracleTestDatabase();
  source = await database.source();
});

afterAll(async () => {
  await database[Symbol.asyncDispose]();
  await rm(out, { recursive: true });
});

interface Loaded {
  readonly extract: Extract;
  readonly path: string;
}

async function load(sql: string, ask: OracleAsk = {}, context = sourceContext()): Promise<Loaded> {
  const path = join(out, `${(files += 1)}.parquet`);
  await using snapshot = await source.open(oracleRequest(sql, ask), context);
  return { extract: await snapshot.extract({ path }), path };
}

/** Rows of texts, null for NULL. */
async function readBack(path: string): Promise<readonly (readonly (string | null)[])[]> {
  const instance = await DuckDBInstance.create();
  const connection = await instance.connect();
  await connection.run("SET TimeZone = 'UTC'");
  const reader = await connection.runAndReadAll(`SELECT CAST(COLUMNS(*) AS VARCHAR) FROM read_parquet('${path}')`);
  const rows = reader.getRows() as (string | null)[][];
  connection.closeSync();
  instance.closeSync();
  return rows;
}

async function loadedRows(sql: string, ask: OracleAsk = {}): Promise<readonly (readonly (string | null)[])[]> {
  return await readBack((await load(sql, ask)).path);
}

interface TypeCase {
  readonly declared: string;
  readonly parquet: string;
  /** SQL literal or expression → text of the value in the file. */
  readonly values: readonly (readonly [string, string | null])[];
  readonly ask?: OracleAsk;
}

const TYPES: readonly TypeCase[] = [
  {
    declared: 'NUMBER(9)',
    parquet: 'int32',
    values: [
      ['999999999', '999999999'],
      ['-999999999', '-999999999'],
      ['0', '0'],
    ],
  },
  {
    declared: 'NUMBER(18)',
    parquet: 'int64',
    values: [
      ['999999999999999999', '999999999999999999'],
      ['-9007199254740993', '-9007199254740993'],
    ],
  },
  {
    declared: 'NUMBER(38)',
    parquet: 'decimal128(38, 0)',
    values: [['99999999999999999999999999999999999999', '99999999999999999999999999999999999999']],
  },
  {
    declared: 'NUMBER(12,2)',
    parquet: 'decimal128(12, 2)',
    values: [
      ['0.05', '0.05'],
      ['-1234567890.12', '-1234567890.12'],
    ],
  },
  {
    declared: 'NUMBER',
    parquet: 'float64',
    values: [
      ['0.5', '0.5'],
      ['12345678901234567890', '1.2345678901234567e+19'],
    ],
  },
  {
    declared: 'NUMBER',
    parquet: 'decimal128(38, 10)',
    values: [['12345678901234567890.0123456789', '12345678901234567890.0123456789']],
    ask: { numbers: 'exact' },
  },
  { declared: 'BINARY_FLOAT', parquet: 'float32', values: [['1.5', '1.5']] },
  {
    declared: 'BINARY_DOUBLE',
    parquet: 'float64',
    values: [
      ['0.1', '0.1'],
      ['-1.5', '-1.5'],
    ],
  },
  {
    declared: 'VARCHAR2(40)',
    parquet: 'utf8',
    values: [
      ["'žlutý 🐎'", 'žlutý 🐎'],
      ["''", null],
      ["'a  b '", 'a  b '],
    ],
  },
  { declared: 'NVARCHAR2(40)', parquet: 'utf8', values: [["'žlutý 🐎'", 'žlutý 🐎']] },
  { declared: 'CHAR(4)', parquet: 'utf8', values: [["'ab'", 'ab  ']] },
  { declared: 'CLOB', parquet: 'utf8', values: [["'some text'", 'some text']] },
  { declared: 'RAW(8)', parquet: 'binary', values: [["HEXTORAW('00FF10')", '\\x00\\xFF\\x10']] },
  { declared: 'BLOB', parquet: 'binary', values: [["HEXTORAW('00FF10')", '\\x00\\xFF\\x10']] },
  {
    declared: 'DATE',
    parquet: 'timestamp[us]',
    values: [
      ["TO_DATE('2024-02-29 12:34:56','YYYY-MM-DD HH24:MI:SS')", '2024-02-29 12:34:56'],
      ["TO_DATE('0001-01-01','YYYY-MM-DD')", '0001-01-01 00:00:00'],
      ["TO_DATE('0099-12-31','YYYY-MM-DD')", '0099-12-31 00:00:00'],
      ["TO_DATE('9999-12-31 23:59:59','YYYY-MM-DD HH24:MI:SS')", '9999-12-31 23:59:59'],
    ],
  },
  {
    declared: 'TIMESTAMP(6)',
    parquet: 'timestamp[us]',
    values: [["TIMESTAMP '2024-03-31 02:30:00.123456'", '2024-03-31 02:30:00.123456']],
  },
  {
    declared: 'TIMESTAMP(9)',
    parquet: 'timestamp[ns]',
    values: [["TIMESTAMP '2024-02-29 12:34:56.123456789'", '2024-02-29 12:34:56.123456789']],
  },
  {
    declared: 'TIMESTAMP(6) WITH TIME ZONE',
    parquet: 'timestamp[us, UTC]',
    values: [["TIMESTAMP '2024-02-29 12:34:56.123456 +02:00'", '2024-02-29 10:34:56.123456+00']],
  },
  { declared: 'INTERVAL YEAR(4) TO MONTH', parquet: 'int32', values: [["INTERVAL '2-3' YEAR TO MONTH", '27']] },
  {
    declared: 'INTERVAL DAY(4) TO SECOND(6)',
    parquet: 'int64',
    values: [["INTERVAL '1 02:03:04.000005' DAY TO SECOND", '93784000005000']],
  },
];

describe('a value', () => {
  it.each(TYPES)(
    'of $declared arrives as $parquet, whole, with its NULLs',
    async ({ declared, parquet, values, ask }) => {
      await database.drop('TABLE PQ_TYPES');
      await database.execute(`CREATE TABLE PQ_TYPES (N NUMBER(9), V ${declared})`);
      for (const [i, [literal]] of values.entries())
        await database.execute(`INSERT INTO PQ_TYPES VALUES (${i}, ${literal})`);
      await database.execute('INSERT INTO PQ_TYPES (N) VALUES (99)');
      const { extract, path } = await load('SELECT V FROM PQ_TYPES ORDER BY N', ask);
      expect(extract.columns).toMatchObject([{ name: 'V', type: parquet }]);
      expect(await readBack(path)).toEqual([...values.map(([, text]) => [text]), [null]]);
    },
  );

  it('that a double cannot hold is rounded, counted and told in the manifest', async () => {
    const { extract } = await load(
      'SELECT 0.1 AS A, 12345678901234567891 AS B FROM DUAL UNION ALL SELECT 3, 98765432109876543211 FROM DUAL',
      { version: { kind: 'manual' } },
    );
    expect(extract.details).toMatchObject({ rounded: { B: 2 } });
    expect(extract.details['rounded']).not.toHaveProperty('A');
  });

  it('that an exact number has no room for is refused by its column', async () => {
    await expect(
      load('SELECT 1 / 3 AS THIRD FROM DUAL', { numbers: 'exact', version: { kind: 'manual' } }),
    ).rejects.toMatchObject({ code: 'PQ_VALUE_OUT_OF_RANGE', details: { column: 'THIRD' } });
  });
});

describe('a large value', () => {
  it('of a CLOB or BLOB arrives whole, among small, empty and missing ones', async () => {
    await database.drop('TABLE PQ_LARGE');
    await database.execute('CREATE TABLE PQ_LARGE (ID NUMBER(9), T CLOB, B BLOB)');
    const text = 'žlutý 🐎 '.repeat(50_000);
    const bytes = Buffer.from(Array.from({ length: 300_000 }, (_, i) => i % 251));
    await database.execute('INSERT INTO PQ_LARGE VALUES (1, :T, :B)', { T: text, B: bytes });
    await database.execute("INSERT INTO PQ_LARGE VALUES (2, 'x', HEXTORAW('01'))");
    await database.execute('INSERT INTO PQ_LARGE (ID) VALUES (3)');
    const { path } = await load('SELECT T, B FROM PQ_LARGE ORDER BY ID');
    const table = tableFromIPC(readParquet(await readFile(path)).intoIPCStream());
    const rows = table
      .toArray()
      .map((row: { T: string | null; B: Uint8Array | null }) => [row.T, row.B === null ? null : Buffer.from(row.B)]);
    expect(rows).toEqual([
      [text, bytes],
      ['x', Buffer.from([1])],
      [null, null],
    ]);
  });
});

describe('session settings', () => {
  it('decide what dates look like as text', async () => {
    const session = { NLS_DATE_FORMAT: 'DD/MM/YYYY' };
    await using german = await database.source({ session });
    const path = join(out, 'settings.parquet');
    const request = oracleRequest("SELECT TO_CHAR(DATE '2024-02-29') AS D FROM DUAL", { session });
    await using snapshot = await german.open(request, sourceContext());
    await snapshot.extract({ path });
    expect(await readBack(path)).toEqual([['29/02/2024']]);
  });
});

describe('columns', () => {
  it('of one name are told apart', async () => {
    const { extract, path } = await load("SELECT 1 AS A, 'x' AS A, DATE '2024-02-29' AS A FROM DUAL");
    expect(extract.columns.map(({ name }) => name)).toEqual(['A', 'A_1', 'A_2']);
    expect(await readBack(path)).toEqual([['1.0', 'x', '2024-02-29 00:00:00']]);
  });

  it('are given as wanted: some of them, in another order, in any case of their names', async () => {
    const { extract, path } = await load("SELECT 1 AS A, 'x' AS B, 'y' AS C FROM DUAL", { columns: ['c', 'A'] });
    expect(extract.columns.map(({ name }) => name)).toEqual(['C', 'A']);
    expect(await readBack(path)).toEqual([['y', '1.0']]);
    await expect(load('SELECT 1 AS A FROM DUAL', { columns: ['D'] })).rejects.toMatchObject({
      code: 'PQ_INVALID_REQUEST',
    });
  });

  it('may be declared as another type', async () => {
    const { extract, path } = await load("SELECT 12.5 AS A, DATE '2024-02-29' AS D FROM DUAL", {
      columnTypes: { A: 'decimal(10,2)', D: 'date' },
    });
    expect(extract.columns.map(({ type }) => type)).toEqual(['decimal128(10, 2)', 'date32']);
    expect(await readBack(path)).toEqual([['12.50', '2024-02-29']]);
  });

  it('may be a thousand', async () => {
    const list = Array.from({ length: 1000 }, (_, i) => `LEVEL + ${i} AS C${i}`).join(', ');
    const { extract, path } = await load(`SELECT ${list} FROM DUAL CONNECT BY LEVEL <= 25`);
    expect(extract.rows).toBe(25);
    expect(extract.columns).toHaveLength(1000);
    expect((await readBack(path))[24]?.[999]).toBe('1024.0');
  });

  it('may hold nothing but NULL', async () => {
    const { extract, path } = await load('SELECT NULL AS A, LEVEL AS B FROM DUAL CONNECT BY LEVEL <= 3');
    expect(extract.columns[0]).toMatchObject({ name: 'A', type: 'utf8' });
    expect((await readBack(path)).map(([value]) => value)).toEqual([null, null, null]);
  });
});

describe('rows', () => {
  it.each([0, 1, 999, 1000, 1001, 2000, 70_001])('arrive complete and in order: %i', async (rows) => {
    const { extract, path } = await load(
      `SELECT N FROM (SELECT LEVEL AS N FROM DUAL CONNECT BY LEVEL <= 70001) WHERE N <= ${rows}`,
    );
    expect(extract.rows).toBe(rows);
    const back = await readBack(path);
    expect(back).toHaveLength(rows);
    expect(back.every(([value], i) => Number(value) === i + 1)).toBe(true);
  });

  it('none at all still have their columns', async () => {
    const { extract } = await load("SELECT 1 AS A, DATE '2024-02-29' AS D FROM DUAL WHERE 1 = 0");
    expect(extract).toMatchObject({ rows: 0, columns: [{ name: 'A' }, { name: 'D', type: 'timestamp[us]' }] });
  });
});

describe('binds', () => {
  it('of each type mean what they say', async () => {
    const rows = await loadedRows(
      'SELECT :S AS S, :I + 1 AS I, :N * 2 AS N, :B AS B, :D AS D, :T AS T, :Z AS Z FROM DUAL WHERE :S IS NOT NULL',
      {
        columnTypes: { I: 'bigint', N: 'double', B: 'integer' },
        binds: {
          S: { type: 'string', value: "it's :not a bind" },
          I: { type: 'integer', value: '9007199254740992' },
          N: { type: 'number', value: '0.25' },
          B: { type: 'boolean', value: 'true' },
          D: { type: 'date', value: '0099-02-28' },
          T: { type: 'timestamp', value: '2024-02-29T12:34:56.123456Z' },
          Z: { type: 'string', value: null },
        },
      },
    );
    expect(rows).toEqual([
      ["it's :not a bind", '9007199254740993', '0.5', '1', '0099-02-28 00:00:00', '2024-02-29 12:34:56.123456', null],
    ]);
  });

  it('may be named by numbers', async () => {
    const binds = { 1: { type: 'string', value: 'a' }, 2: { type: 'string', value: 'b' } } as const;
    expect(await loadedRows('SELECT :2 AS B, :1 AS A FROM DUAL', { binds })).toEqual([['b', 'a']]);
  });
});

describe('what the database refuses', () => {
  it.each([
    ['SELECT * FROM PQ_NOWHERE', 'ORA-00942'],
    ['SELECT NOT_A_COLUMN FROM DUAL', 'ORA-00904'],
    ["SELECT TO_NUMBER('geheim') AS N FROM DUAL", 'ORA-01722'],
  ])('%s is PQ_SOURCE_REJECTED with its number, without SQL or values', async (sql, database_) => {
    const before = await readdir(out);
    const error: unknown = await load(sql).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: 'PQ_SOURCE_REJECTED', retryable: false, details: { database: database_ } });
    expect(JSON.stringify([String(error), error])).not.toMatch(/geheim|SELECT \*|TO_NUMBER/);
    expect(await readdir(out)).toEqual(before);
  });
});
