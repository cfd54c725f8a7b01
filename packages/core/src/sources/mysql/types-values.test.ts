/**
 * Every type's edge values, written in SQL on a real server, loaded through the source, and read back from the Parquet by
 * DuckDB: value for value what was written, NULL included.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Source } from '../../ports/source.ts';
import { openMysqlTestDatabase, type MysqlTestDatabase } from '../../testing/mysql-database.ts';
import { loadParquet } from '../../testing/sql-parquet.ts';
import { mysqlRequest, type SqlAsk } from '../../testing/sql-request.ts';

let database: MysqlTestDatabase;
let source: Source;

beforeAll(async () => {
  database = await openMysqlTestDatabase();
  source = await database.source();
  // Zero dates, and whatever else a table may have got in the past.
  await database.execute("SET SESSION sql_mode = 'ALLOW_INVALID_DATES', SESSION time_zone = '+00:00'");
});

afterAll(async () => {
  await source[Symbol.asyncDispose]();
  await database[Symbol.asyncDispose]();
});

interface TypeCase {
  /** Of the column. */
  readonly declared: string;
  readonly parquet: string;
  /** In the manifest; the declared type where it is not given. */
  readonly source?: string;
  /** SQL of a value → its text in DuckDB. */
  readonly values: readonly (readonly [sql: string, text: string])[];
  readonly ask?: SqlAsk;
  /** What DuckDB is asked for of the column `v`; `CAST(v AS VARCHAR)` otherwise. */
  readonly shown?: string;
}

const same = (...values: readonly string[]): TypeCase['values'] => values.map((value) => [value, value]);
const texts = (...values: readonly string[]): TypeCase['values'] =>
  values.map((value) => [`'${value.replaceAll("'", "''")}'`, value]);
const nines = (count: number): string => '9'.repeat(count);
const HEX = 'lower(hex(v))';
/** The bits: two databases need not print a float alike. */
const VARCHAR = { columnTypes: { V: 'varchar' } };

const CASES: readonly TypeCase[] = [
  { declared: 'TINYINT', parquet: 'int32', values: same('-128', '127', '0') },
  { declared: 'TINYINT UNSIGNED', parquet: 'int32', values: same('0', '255') },
  {
    declared: 'BOOLEAN',
    source: 'TINYINT',
    parquet: 'int32',
    values: [
      ['TRUE', '1'],
      ['FALSE', '0'],
      ['2', '2'],
    ],
  },
  { declared: 'SMALLINT', parquet: 'int32', values: same('-32768', '32767') },
  { declared: 'SMALLINT UNSIGNED', parquet: 'int32', values: same('0', '65535') },
  { declared: 'MEDIUMINT', parquet: 'int32', values: same('-8388608', '8388607') },
  { declared: 'MEDIUMINT UNSIGNED', parquet: 'int32', values: same('0', '16777215') },
  { declared: 'INT', parquet: 'int32', values: same('-2147483648', '2147483647', '-1') },
  { declared: 'INT UNSIGNED', parquet: 'int64', values: same('0', '4294967295') },
  { declared: 'INT(8) UNSIGNED ZEROFILL', source: 'INT UNSIGNED', parquet: 'int64', values: same('0', '42') },
  {
    declared: 'BIGINT',
    parquet: 'int64',
    values: same(
      '-9223372036854775808',
      '9223372036854775807',
      '0',
      '9007199254740991',
      '9007199254740993',
      '-9007199254740993',
    ),
  },
  {
    declared: 'BIGINT UNSIGNED',
    parquet: 'decimal128(20, 0)',
    values: same('0', '18446744073709551615', '9223372036854775808', '9007199254740993'),
  },
  {
    declared: 'DECIMAL(10,2)',
    parquet: 'decimal128(10, 2)',
    values: same('99999999.99', '-99999999.99', '-0.01', '0.00'),
  },
  { declared: 'DECIMAL(38,0)', parquet: 'decimal128(38, 0)', values: same(nines(38), `-${nines(38)}`, '0') },
  { declared: 'DECIMAL(38,10)', parquet: 'decimal128(38, 10)', values: same(`${nines(28)}.${nines(10)}`) },
  {
    declared: 'DECIMAL(30,30) UNSIGNED',
    parquet: 'decimal128(30, 30)',
    values: [
      [`0.${nines(30)}`, `.${nines(30)}`],
      [`0.${'0'.repeat(29)}1`, `.${'0'.repeat(29)}1`],
    ],
  },
  { declared: 'DECIMAL(1,0)', parquet: 'decimal128(1, 0)', values: same('9', '-9', '0') },
  {
    declared: 'DECIMAL(65,30)',
    parquet: 'utf8',
    values: same(`${nines(35)}.${nines(30)}`, `-${nines(35)}.${nines(30)}`, `0.${'0'.repeat(29)}1`),
  },
  {
    declared: 'DECIMAL(65,30)',
    parquet: 'decimal128(38, 30)',
    ask: { columnTypes: { V: 'decimal(38,30)' } },
    values: same(`99999999.${nines(30)}`),
  },
  {
    declared: 'FLOAT',
    parquet: 'float32',
    values: [
      ['3.4028234663852886e38', '3.4028235e+38'],
      ['-3.4028234663852886e38', '-3.4028235e+38'],
      ['1.17549435e-38', '1.1754944e-38'],
      ['1.4012984643e-45', '1e-45'],
      ['0.1', '0.1'],
      ['16777216', '16777216.0'],
      ['123456.789', '123456.79'],
    ],
  },
  {
    declared: 'FLOAT',
    parquet: 'utf8',
    ask: VARCHAR,
    values: [
      ['0.1', '0.1'],
      ['123456.789', '123456.79'],
      ['16777216', '16777216'],
      ['-0.5', '-0.5'],
    ],
  },
  {
    declared: 'DOUBLE',
    parquet: 'float64',
    values: [
      ['1.7976931348623157e308', '1.7976931348623157e+308'],
      ['-2.2250738585072014e-308', '-2.2250738585072014e-308'],
      ['4.9406564584124654e-324', '5e-324'],
      ['0.1', '0.1'],
      ['9007199254740993', '9007199254740992.0'],
      ['0.30000000000000004', '0.30000000000000004'],
    ],
  },
  {
    declared: 'YEAR',
    parquet: 'int32',
    values: [
      ['1901', '1901'],
      ['2155', '2155'],
      ["'0000'", '0'],
      ["'0'", '2000'],
    ],
  },
  {
    declared: 'BIT(1)',
    parquet: 'bool',
    values: [
      ["b'1'", 'true'],
      ["b'0'", 'false'],
    ],
  },
  {
    declared: 'BIT(2)',
    parquet: 'int32',
    values: [
      ["b'11'", '3'],
      ["b'0'", '0'],
    ],
  },
  { declared: 'BIT(31)', parquet: 'int32', values: [[`b'${'1'.repeat(31)}'`, '2147483647']] },
  { declared: 'BIT(32)', parquet: 'int64', values: [[`b'${'1'.repeat(32)}'`, '4294967295']] },
  { declared: 'BIT(63)', parquet: 'int64', values: [[`b'${'1'.repeat(63)}'`, '9223372036854775807']] },
  {
    declared: 'BIT(64)',
    parquet: 'decimal128(20, 0)',
    values: [
      [`b'${'1'.repeat(64)}'`, '18446744073709551615'],
      ["b'0'", '0'],
      [`b'1${'0'.repeat(53)}1'`, '18014398509481985'],
    ],
  },
  {
    declared: 'DATE',
    parquet: 'date32',
    values: texts('2024-02-29', '1000-01-01', '9999-12-31', '0001-01-01', '1969-12-31', '1582-10-10'),
  },
  {
    declared: 'DATE',
    parquet: 'utf8',
    ask: VARCHAR,
    values: texts('0000-00-00', '2024-00-15', '2024-02-00', '0000-01-01', '2023-02-31', '2024-02-29'),
  },
  {
    declared: 'DATETIME',
    parquet: 'timestamp[us]',
    values: texts('2024-02-29 12:34:56', '1000-01-01 00:00:00', '9999-12-31 23:59:59', '1969-12-31 23:59:59'),
  },
  {
    declared: 'DATETIME(6)',
    parquet: 'timestamp[us]',
    values: [
      ...texts('2024-02-29 12:34:56.123456', '1000-01-01 00:00:00.000001', '9999-12-31 23:59:59.999999'),
      ["'2024-01-01 00:00:00.500000'", '2024-01-01 00:00:00.5'],
      ["'2024-01-01'", '2024-01-01 00:00:00'],
    ],
  },
  {
    declared: 'DATETIME(3)',
    parquet: 'timestamp[us]',
    values: texts('2024-02-29 12:34:56.789', '2024-02-29 00:00:00.001'),
  },
  {
    declared: 'DATETIME(6)',
    parquet: 'utf8',
    ask: VARCHAR,
    values: texts('0000-00-00 00:00:00.000000', '2024-02-00 10:00:00.000001', '2024-02-29 12:34:56.500000'),
  },
  {
    declared: 'DATETIME(3)',
    parquet: 'utf8',
    ask: VARCHAR,
    values: texts('2024-02-29 12:34:56.500', '2024-02-29 00:00:00.000'),
  },
  {
    declared: 'TIMESTAMP(6) NULL',
    source: 'TIMESTAMP(6)',
    parquet: 'timestamp[us, UTC]',
    values: [
      ["'1970-01-01 00:00:01'", '1970-01-01 00:00:01+00'],
      ["'2038-01-19 03:14:07.999999'", '2038-01-19 03:14:07.999999+00'],
      ["'2024-03-31 02:30:00.000001'", '2024-03-31 02:30:00.000001+00'],
    ],
  },
  {
    declared: 'TIMESTAMP(6) NULL',
    source: 'TIMESTAMP(6)',
    parquet: 'utf8',
    ask: VARCHAR,
    values: texts('0000-00-00 00:00:00.000000', '2024-03-31 02:30:00.000001'),
  },
  {
    declared: 'TIME',
    parquet: 'utf8',
    values: texts('838:59:59', '-838:59:59', '00:00:00', '23:59:59', '-00:00:01', '24:00:00'),
  },
  {
    declared: 'TIME(6)',
    parquet: 'utf8',
    values: texts('838:59:59.999999', '-838:59:59.999999', '00:00:00.000000', '-00:00:00.000001', '12:00:00.500000'),
  },
  { declared: 'TIME(2)', parquet: 'utf8', values: texts('12:00:00.50', '100:00:00.01', '00:00:00.00') },
  {
    declared: 'CHAR(5)',
    parquet: 'utf8',
    values: [
      ["'ab   '", 'ab'],
      ["''", ''],
      ["'žluť'", 'žluť'],
      ["'🦆'", '🦆'],
    ],
  },
  {
    declared: 'VARCHAR(30)',
    parquet: 'utf8',
    values: texts('', ' ', 'ab  ', '🦆 žluť', 'a\u0000b', "it's", '\u{10FFFF}'),
  },
  {
    declared: 'VARCHAR(10) CHARACTER SET latin1',
    source: 'VARCHAR(10)',
    parquet: 'utf8',
    values: texts('für', '€ÿ', ''),
  },
  { declared: 'VARCHAR(10) CHARACTER SET utf16', source: 'VARCHAR(10)', parquet: 'utf8', values: texts('🦆', 'žluť') },
  { declared: 'VARCHAR(10) CHARACTER SET ucs2', source: 'VARCHAR(10)', parquet: 'utf8', values: texts('žluť') },
  { declared: 'VARCHAR(10) CHARACTER SET utf8mb3', source: 'VARCHAR(10)', parquet: 'utf8', values: texts('žluť', '€') },
  { declared: 'VARCHAR(10) CHARACTER SET cp1251', source: 'VARCHAR(10)', parquet: 'utf8', values: texts('Привет') },
  { declared: 'VARCHAR(10) CHARACTER SET sjis', source: 'VARCHAR(10)', parquet: 'utf8', values: texts('日本語') },
  { declared: 'VARCHAR(10) COLLATE utf8mb4_bin', source: 'VARCHAR(10)', parquet: 'utf8', values: texts('🦆A', 'a') },
  { declared: 'TINYTEXT', parquet: 'utf8', values: texts('', 'x'.repeat(255)) },
  { declared: 'TEXT', parquet: 'utf8', values: texts('', 'ü'.repeat(30_000)) },
  { declared: 'MEDIUMTEXT', parquet: 'utf8', values: texts('x'.repeat(70_000)) },
  { declared: 'LONGTEXT', parquet: 'utf8', values: [["REPEAT('ab', 1000000)", 'ab'.repeat(1_000_000)]] },
  { declared: "ENUM('a','B c','žluť','')", source: 'ENUM', parquet: 'utf8', values: texts('a', 'B c', 'žluť', '') },
  { declared: "SET('a','b','c d')", source: 'SET', parquet: 'utf8', values: texts('', 'a', 'a,b,c d') },
  { declared: 'JSON', parquet: 'utf8', values: texts('{"b":1,"a":[1.10,12345678901234567890]}', '"🦆"', 'null') },
  { declared: 'UUID', parquet: 'utf8', values: texts('123e4567-e89b-12d3-a456-426655440000') },
  { declared: 'INET6', parquet: 'utf8', values: texts('::1', '2001:db8::ff00:42:8329') },
  { declared: 'INET4', parquet: 'utf8', values: texts('255.255.255.255') },
  {
    declared: 'BINARY(3)',
    parquet: 'binary',
    shown: HEX,
    values: [
      ["x'00ff'", '00ff00'],
      ["''", '000000'],
    ],
  },
  {
    declared: 'VARBINARY(300)',
    parquet: 'binary',
    shown: HEX,
    values: [
      ["x'00ff80'", '00ff80'],
      ["''", ''],
      [`x'${'ab'.repeat(300)}'`, 'ab'.repeat(300)],
    ],
  },
  {
    declared: 'BLOB',
    parquet: 'binary',
    shown: HEX,
    values: [
      ["x'f09fa686ff'", 'f09fa686ff'],
      ["''", ''],
    ],
  },
  { declared: 'TINYBLOB', parquet: 'binary', shown: HEX, values: [["x'00'", '00']] },
  {
    declared: 'LONGBLOB',
    parquet: 'binary',
    shown: 'octet_length(v)',
    values: [["REPEAT(x'00ff', 1000000)", '2000000']],
  },
];

describe('the values of a column come back from the file as they were written', () => {
  it.each(CASES)('$declared as $parquet', async (example) => {
    const { declared, parquet, values, ask, shown = 'CAST(v AS VARCHAR)' } = example;
    await database.execute('DROP TABLE IF EXISTS types_of');
    await database.execute(`CREATE TABLE types_of (id INT PRIMARY KEY, v ${declared})`);
    const rows = [...values.map(([sql]) => sql), 'NULL'].map((sql, at) => `(${at}, ${sql})`);
    await database.execute(`INSERT INTO types_of VALUES ${rows.join(', ')}`);
    await using loaded = await loadParquet(source, mysqlRequest('SELECT v FROM types_of ORDER BY id', ask));
    expect(loaded.extract.columns[0]).toMatchObject({
      name: 'v',
      sourceType: example.source ?? declared,
      type: parquet,
    });
    const read = await loaded.query(`SELECT CAST(${shown} AS VARCHAR) FROM parquet`);
    expect(read.map(([text]) => text)).toEqual([...values.map(([, text]) => text), null]);
  });
});

describe('a value that its column cannot hold', () => {
  it.each([
    ['DATE', "'0000-00-00'", '"0000-00-00"'],
    ['DATE', "'2024-00-15'", '"2024-00-15"'],
    ['DATE', "'2023-02-31'", '"2023-02-31"'],
    ['DATETIME(6)', "'0000-00-00'", '"0000-00-00 00:00:00.000000"'],
    ['TIMESTAMP(6) NULL', "'0000-00-00'", '"0000-00-00 00:00:00.000000Z"'],
  ])('is refused by name, with the way out: %s %s', async (type, value, shown) => {
    await database.execute('DROP TABLE IF EXISTS types_of');
    await database.execute(`CREATE TABLE types_of (id INT, v ${type})`);
    await database.execute(`INSERT INTO types_of VALUES (1, NULL), (2, ${value})`);
    const refused = loadParquet(source, mysqlRequest('SELECT v FROM types_of ORDER BY id'));
    await expect(refused).rejects.toMatchObject({
      code: 'PQ_VALUE_OUT_OF_RANGE',
      message: expect.stringMatching(/^row 2, column v .*\(zero dates .* declare it varchar/),
      details: { column: 'v', row: 2 },
    });
    await expect(refused).rejects.toThrow(shown);
  });

  it('is refused where a sum has more digits than any decimal', async () => {
    const sum = mysqlRequest(
      `SELECT SUM(x) AS S FROM (SELECT CAST('${nines(38)}' AS DECIMAL(38,0)) AS x FROM seq_1_to_2) t`,
    );
    await expect(loadParquet(source, sum)).rejects.toMatchObject({
      code: 'PQ_VALUE_OUT_OF_RANGE',
      message: expect.stringContaining('declare it varchar, or another decimal(p,s)'),
    });
  });
});

describe('what is computed', () => {
  it.each([
    ['COUNT(*)', 'int64', '3'],
    ['SUM(seq)', 'decimal128(38, 0)', '6'],
    ['SUM(CAST(seq AS DECIMAL(10,2)))', 'decimal128(32, 2)', '6.00'],
    ['AVG(seq)', 'decimal128(24, 4)', '2.0000'],
    ['GROUP_CONCAT(seq ORDER BY seq)', 'utf8', '1,2,3'],
    ['MAX(seq) > 2', 'int32', '1'],
    ['NULL', 'utf8', null],
    ['1/3', 'decimal128(5, 4)', '0.3333'],
    ['1e0/3', 'float64', '0.3333333333333333'],
    ["CAST('2024-02-29' AS DATE)", 'date32', '2024-02-29'],
    ["TIMESTAMP('2024-02-29 10:00:00.123')", 'timestamp[us]', '2024-02-29 10:00:00.123'],
    ['SEC_TO_TIME(1.5)', 'utf8', '00:00:01.5'],
    ["'ü'", 'utf8', 'ü'],
    ["x'41'", 'binary', 'A'],
    ['BIT_OR(seq)', 'decimal128(20, 0)', '3'],
    ["JSON_OBJECT('a', 1)", 'utf8', '{"a": 1}'],
    ['18446744073709551615', 'decimal128(20, 0)', '18446744073709551615'],
    [`${nines(38)}`, 'decimal128(38, 0)', nines(38)],
  ])('%s is %s', async (expression, parquet, text) => {
    await using loaded = await loadParquet(source, mysqlRequest(`SELECT ${expression} AS V FROM seq_1_to_3`));
    expect(loaded.extract.columns[0]?.type).toBe(parquet);
    expect(await loaded.query('SELECT CAST(V AS VARCHAR) FROM parquet')).toEqual(
      [[text]].flatMap((row) => (/COUNT|SUM|AVG|GROUP|MAX|BIT/.test(expression) ? [row] : [row, row, row])),
    );
  });
});

describe('a type that cannot be loaded', () => {
  beforeAll(async () => {
    await database.execute('CREATE TABLE years (y YEAR, t TINYINT UNSIGNED)');
    await database.execute('INSERT INTO years VALUES (2155, 1)');
  });

  it.each([
    ["ST_GeomFromText('POINT(1 2)')", 'GEOMETRY', 'ST_AsText(c)'],
    // One byte is sent of the year, whatever the server says that it is.
    ['(SELECT IFNULL(y, t) FROM years)', 'TINYINT UNSIGNED', 'CAST(c AS UNSIGNED)'],
  ])('is refused by column, type and way out: %s', async (expression, type, wayOut) => {
    await expect(loadParquet(source, mysqlRequest(`SELECT 1 AS A, ${expression} AS V`))).rejects.toMatchObject({
      code: 'PQ_UNSUPPORTED_TYPE',
      message: expect.stringContaining(wayOut),
      details: { column: 'V', type },
    });
  });

  it('does not matter where its column is not wanted', async () => {
    const request = mysqlRequest('SELECT 1 AS A, POINT(1, 2) AS V', { columns: ['A'] });
    await using loaded = await loadParquet(source, request);
    expect(await loaded.query('SELECT * FROM parquet')).toEqual([[1]]);
  });
});

describe('a TIMESTAMP', () => {
  it.each([
    ['+02:00', 'timestamp[us, UTC]', '2024-07-01 10:00:00+00'],
    ['-03:30', 'timestamp[us, UTC]', '2024-07-01 10:00:00+00'],
  ])('is the same instant in a session of %s', async (time_zone, type, text) => {
    await database.execute('DROP TABLE IF EXISTS types_of');
    await database.execute('CREATE TABLE types_of (v TIMESTAMP)');
    await database.execute("INSERT INTO types_of VALUES ('2024-07-01 10:00:00')");
    const session = { ...mysqlRequest('SELECT 1').question, kind: 'sql' as const };
    const settings = { ...('session' in session ? session.session : {}), time_zone };
    await using elsewhere = await database.source({ session: settings });
    const at = { type: 'timestamp', value: '2024-07-01T10:00:00.000000Z' } as const;
    const request = mysqlRequest('SELECT v FROM types_of WHERE v = :at', { session: settings, binds: { AT: at } });
    await using loaded = await loadParquet(elsewhere, request);
    expect(loaded.extract.columns[0]?.type).toBe(type);
    expect(await loaded.query('SELECT CAST(v AS VARCHAR) FROM parquet')).toEqual([[text]]);
  });
});
