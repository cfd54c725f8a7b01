/** Binds on a real server: each value arrives as it is, is compared exactly, and an index on the column is used. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { TypedValue } from '../../model/request.ts';
import { openMysqlTestDatabase, type MysqlTestDatabase } from '../../testing/mysql-database.ts';
import { poolOn } from '../../testing/mysql-sessions.ts';
import { useOf } from '../../testing/sql-sessions.ts';
import type { Session } from '../sql/session.ts';
import { boundStatement } from './bind.ts';
import type { MysqlConnection } from './connection.ts';
import { ask, type Answer } from './query.ts';

let database: MysqlTestDatabase;

beforeAll(async () => {
  database = await openMysqlTestDatabase();
  await database.execute(`CREATE TABLE bound (
    id INT PRIMARY KEY, big BIGINT UNSIGNED, small BIGINT, amount DECIMAL(30,10), d DOUBLE, name VARCHAR(40),
    latin VARCHAR(40) CHARACTER SET latin1, bin VARCHAR(40) COLLATE utf8mb4_bin, at DATETIME(6), ts TIMESTAMP(6) NULL,
    day DATE, flag TINYINT, KEY (big), KEY (small), KEY (amount), KEY (d), KEY (name), KEY (latin), KEY (bin), KEY (at),
    KEY (ts), KEY (day))`);
  await database.execute("SET SESSION time_zone = '+00:00'");
  await database.execute(`INSERT INTO bound SELECT seq, 18446744073709551615 - seq, 9007199254740992 + seq,
    12345678901234567890.1234567890 + CAST(CONCAT('0.000000000', seq) AS DECIMAL(30,10)), seq / 10, CONCAT('Name ', seq),
    CONCAT('ü', seq), CONCAT('S', seq), '2024-01-01' + INTERVAL seq MICROSECOND, '2024-01-01' + INTERVAL seq MICROSECOND,
    '2000-01-01' + INTERVAL seq DAY, seq % 2 FROM seq_1_to_9`);
  await database.execute(`INSERT INTO bound SELECT seq, seq, seq, seq, seq + 1000, seq, seq, seq, '1990-01-01' + INTERVAL seq SECOND,
    '1990-01-01' + INTERVAL seq SECOND, '1990-01-01' + INTERVAL seq DAY, 0 FROM seq_10_to_3000`);
  await database.execute('ANALYZE TABLE bound');
});

afterAll(() => database[Symbol.asyncDispose]());

async function inSession<T>(work: (session: Session<MysqlConnection>) => Promise<T>): Promise<T> {
  await using pool = poolOn(database);
  await using session = await pool.take(useOf());
  return await work(session);
}

async function answer(sql: string, X: TypedValue, timeZone = '+00:00'): Promise<Answer> {
  return await inSession(async (session) => {
    const { text, binds } = boundStatement(sql, { X }, timeZone);
    return await ask(session, text, binds);
  });
}

const CASES = [
  // A double cannot tell these from their neighbours.
  ['big', 'integer', '18446744073709551613', ['2']],
  ['big', 'string', '18446744073709551613', ['2']],
  ['small', 'integer', '9007199254740993', ['1']],
  ['small', 'number', '9007199254740993', ['1']],
  ['amount', 'number', '12345678901234567890.1234567893', ['3']],
  ['d', 'number', '0.3', ['3']],
  ['name', 'string', 'nAME 5', ['5']],
  ['latin', 'string', 'Ü7', ['7']],
  ['bin', 'string', 'S5', ['5']],
  ['bin', 'string', 's5', []],
  ['at', 'timestamp', '2024-01-01T00:00:00.000005Z', ['5']],
  ['ts', 'timestamp', '2024-01-01T00:00:00.000005Z', ['5']],
  ['day', 'date', '2000-01-05', ['4']],
  ['day', 'timestamp', '2000-01-05T00:00:00.000000Z', ['4']],
] as const;

describe('a value finds the rows that have it', () => {
  it.each(CASES)('%s = %s %s', async (column, type, value, ids) => {
    const found = await answer(`SELECT id FROM bound WHERE ${column} = :X`, { type, value });
    expect(found).toEqual(ids.map((id) => [id]));
  });

  it.each(CASES.filter(([, , , ids]) => ids.length > 0))('by the index: %s = %s %s', async (column, type, value) => {
    const [plan] = await answer(`EXPLAIN SELECT * FROM bound WHERE ${column} = :X`, { type, value });
    // id, select_type, table, type, possible_keys, key
    expect([plan?.[3], plan?.[5]]).toEqual(['ref', column]);
  });

  it.each(['string', 'integer', 'number', 'boolean', 'date', 'timestamp'] as const)(
    'and NULL none: %s',
    async (type) => {
      expect(await answer('SELECT id FROM bound WHERE big = :X', { type, value: null })).toEqual([]);
      expect(await answer('SELECT :X IS NULL', { type, value: null })).toEqual([['1']]);
    },
  );

  it('and a boolean those of 1 or 0', async () => {
    expect(await answer('SELECT COUNT(*) FROM bound WHERE flag = :X', { type: 'boolean', value: 'true' })).toEqual([
      ['5'],
    ]);
    expect(await answer('SELECT COUNT(*) FROM bound WHERE flag = :X', { type: 'boolean', value: 'false' })).toEqual([
      ['2995'],
    ]);
  });

  it('a text that its column cannot have is an error of the server, not another text', async () => {
    await expect(
      answer('SELECT id FROM bound WHERE latin = :X', { type: 'string', value: '🦆' }),
    ).rejects.toMatchObject({
      code: 'PQ_SOURCE_REJECTED',
      details: { database: 'ER_CANT_AGGREGATE_2COLLATIONS (1267)' },
    });
  });
});

describe('a value arrives as it is', () => {
  it.each([
    ['string', '', ''],
    ['string', 'it\'s \\ " ` ? :X 🦆', 'it\'s \\ " ` ? :X 🦆'],
    ['integer', '-9223372036854775808', '-9223372036854775808'],
    ['integer', '18446744073709551615', '18446744073709551615'],
    ['integer', '-99999999999999999999999', '-99999999999999999999999'],
    ['number', '0.1', '0.1'],
    ['number', '12345678901234567890.12345', '12345678901234567890.12345'],
    ['number', '1e300', '1e+300'],
    ['number', '1e-7', '1e-7'],
    ['boolean', 'true', '1'],
    ['date', '2024-02-29', '2024-02-29'],
    ['timestamp', '2024-02-29T12:34:56.123456Z', '2024-02-29 12:34:56.123456'],
  ] as const)('%s %s', async (type, value, text) => {
    expect(await answer('SELECT :X', { type, value })).toEqual([[text]]);
  });

  it('each time that its placeholder occurs, and not in texts and names', async () => {
    const value = { type: 'integer', value: '7' } as const;
    expect(await answer("SELECT :X, ':X', :X + 1, 1 AS `:X`", value)).toEqual([['7', ':X', '8', '1']]);
  });

  it('in LIMIT and OFFSET', async () => {
    const value = { type: 'integer', value: '2' } as const;
    expect(await answer('SELECT id FROM bound ORDER BY id LIMIT :X OFFSET :X', value)).toEqual([['3'], ['4']]);
    const text = { type: 'string', value: '2' } as const;
    expect(await answer('SELECT id FROM bound ORDER BY id LIMIT :X', text)).toEqual([['1'], ['2']]);
  });

  it.each(['x', '', '-1', '1.5', ' 1', null])('but not %j, which the server would take for some number', (value) => {
    const bound = (): unknown => boundStatement('SELECT 1 LIMIT :X', { X: { type: 'string', value } }, '+00:00');
    expect(bound).toThrow(expect.objectContaining({ code: 'PQ_INVALID_REQUEST' }));
    expect(bound).toThrow(':X counts rows');
  });
});

describe('an instant', () => {
  it.each([
    ['+02:00', '2024-03-01 01:34:56.123456'],
    ['-03:30', '2024-02-29 20:04:56.123456'],
    ['UTC', '2024-02-29 23:34:56.123456'],
  ])('is what a clock of the session shows: %s', async (timeZone, text) => {
    const value = { type: 'timestamp', value: '2024-02-29T23:34:56.123456Z' } as const;
    expect(await answer('SELECT :X', value, timeZone)).toEqual([[text]]);
  });

  it('in a region is converted by the server', () => {
    const { text } = boundStatement('SELECT :X', { X: { type: 'timestamp', value: null } }, 'Europe/Berlin');
    expect(text).toBe("SELECT CONVERT_TZ(CAST(? AS DATETIME(6)),'+00:00',@@session.time_zone)");
  });
});

it('a placeholder without a value is refused by name', () => {
  expect(() => boundStatement('SELECT :SINCE', {}, '+00:00')).toThrow('the placeholder :SINCE has no value');
  expect(() => boundStatement('SELECT :CONSTRUCTOR', {}, '+00:00')).toThrow('has no value');
});
