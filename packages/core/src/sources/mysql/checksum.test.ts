/** Whatever changes in a table changes what its rows come to, and nothing else does: on a real server. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openMysqlTestDatabase, type MysqlTestDatabase } from '../../testing/mysql-database.ts';
import { mysqlVersion } from '../../testing/mysql-transactions.ts';
import { quotedName } from './query.ts';

let database: MysqlTestDatabase;

beforeAll(async () => {
  database = await openMysqlTestDatabase();
});

afterAll(() => database[Symbol.asyncDispose]());

const version = (table = 't'): Promise<string> => mysqlVersion(database, `SELECT 1 FROM ${quotedName(table)}`);

async function table(columns: string, more = ''): Promise<void> {
  await database.execute('DROP TABLE IF EXISTS t');
  await database.execute(`CREATE TABLE t (${columns}) ${more}`);
}

/** Each statement makes another state of the table; all of them must have different versions. */
async function expectAllDifferent(statements: readonly string[]): Promise<void> {
  const seen = new Map<string, string>([[await version(), 'the first state']]);
  for (const sql of statements) {
    await database.execute(sql);
    const now = await version();
    expect(seen.get(now), sql).toBeUndefined();
    seen.set(now, sql);
  }
}

const set = (value: string): string => `UPDATE t SET c = ${value}`;

describe('a change of one value changes the checksum', () => {
  it.each<[string, readonly string[]]>([
    ['TINYINT', ['0', '1', '-1', '127', '-128']],
    ['BIGINT UNSIGNED', ['0', '18446744073709551615', '18446744073709551614', '9223372036854775808']],
    ['BIGINT', ['-9223372036854775808', '9223372036854775807', '9007199254740993', '9007199254740992']],
    ['INT(6) ZEROFILL', ['1', '10', '100']],
    ['DECIMAL(65,30)', ['0', '1e-30', '-1e-30', '12345678901234567890123456789012345.1']],
    [
      'DOUBLE',
      [
        '0',
        '1e-300',
        '1.0000000000000002e0',
        '1e0',
        '1.0000000000000004e0',
        '-1e-300',
        '5e-324',
        '0.1e0',
        '0.1e0 + 1.4e-17',
      ],
    ],
    ['DOUBLE(20,2)', ['0', '0.01', '12345678901234.56', '12345678901234.57']],
    ['FLOAT', ['0', '16777216', '16777215', '16777214', '1e-38', '0.1', '0.10000001']],
    ['FLOAT(10,3)', ['0', '1.001', '1.002', '999999.875', '999999.938']],
    ['BIT(1)', ["b'0'", "b'1'"]],
    ['BIT(64)', ['0', '44', '11308', '18446744073709551615', '18446744073709551614']],
    ['YEAR', ['1970', '2000', '0', '1901']],
    ['DATE', ["'2024-01-01'", "'1000-01-01'", "'9999-12-31'"]],
    ['TIME(6)', ["'00:00:00'", "'-00:00:00.000001'", "'00:00:00.000001'", "'838:59:59'", "'-838:59:59'"]],
    ['DATETIME(6)', ["'2024-01-01'", "'2024-01-01 00:00:00.000001'", "'9999-12-31 23:59:59.999999'"]],
    ['TIMESTAMP(6) NULL', ["'2024-01-01'", "'2024-01-01 00:00:00.000001'", "'2038-01-19 03:14:07'"]],
    [
      'VARCHAR(20)',
      ["'N'", "''", "'NULL'", "'a'", "'A'", "'a '", "' a'", "'a\\0'", "'ä'", "'á'", "'1'", "'01'", "','"],
    ],
    ['CHAR(20) CHARACTER SET latin1', ["'N'", "''", "'NULL'", "'a'", "'A'", "'ä'", "'á'"]],
    ['VARCHAR(20) CHARACTER SET utf16', ["''", "'a'", "'ä'", "'😀'"]],
    ['VARBINARY(20)', ["''", "x'00'", "x'0000'", "'N'", "x'FF'"]],
    ['BINARY(3)', ["''", "'a'", "x'610001'", "'N'"]],
    ['TEXT', ["'N'", "''", "'a'", "'A'", "repeat('x', 65535)", "concat(repeat('x', 65534), 'y')"]],
    ['MEDIUMBLOB', ["'N'", "''", "'a'", "repeat('x', 3000000)", "concat(repeat('x', 2999999), 'y')"]],
    ['LONGTEXT', ["'N'", "''", "'a'", "'A'", "'a '"]],
    ['JSON', [`'{"a":1}'`, `'{"a": 1}'`, `'{"a":1.0}'`, `'null'`, `'"N"'`]],
    ["ENUM('', 'N', 'a', 'b,c')", ["''", "'N'", "'a'", "'b,c'"]],
    ["SET('a', 'b', 'N')", ["''", "'a'", "'a,b'", "'N'", "'a,b,N'"]],
    [
      'GEOMETRY',
      ["ST_GeomFromText('POINT(1 2)')", "ST_GeomFromText('POINT(2 1)')", "ST_GeomFromText('POINT(1 2)', 4326)"],
    ],
    ['POINT', ["ST_GeomFromText('POINT(1 2)')", "ST_GeomFromText('POINT(1 2.0000000000000004)')"]],
    ['UUID', ["'123e4567-e89b-12d3-a456-426655440000'", "'123e4567-e89b-12d3-a456-426655440001'"]],
    ['INET6', ["'::'", "'::1'", "'::ffff:1.2.3.4'"]],
    ['INET4', ["'0.0.0.0'", "'1.2.3.4'"]],
  ])('of type %s', async (type, values) => {
    await table(`id INT PRIMARY KEY, c ${type}`);
    await database.execute('INSERT INTO t VALUES (1, NULL)');
    await expectAllDifferent(values.map(set));
  });

  it('told as NULL, by its neighbour, in whichever column it stands', async () => {
    await table('a VARCHAR(9), b VARCHAR(9), c INT, d INT');
    await database.execute("INSERT INTO t VALUES ('', '', NULL, NULL)");
    await expectAllDifferent([
      "UPDATE t SET a = NULL, b = ''",
      "UPDATE t SET a = '', b = NULL",
      "UPDATE t SET a = 'N', b = NULL",
      "UPDATE t SET a = NULL, b = 'N'",
      "UPDATE t SET a = 'ab', b = 'c'",
      "UPDATE t SET a = 'a', b = 'bc'",
      "UPDATE t SET a = 'ab,', b = 'c'",
      "UPDATE t SET a = 'ab', b = ',c'",
      'UPDATE t SET a = NULL, b = NULL, c = 1',
      'UPDATE t SET c = NULL, d = 1',
      'UPDATE t SET c = 1, d = 11',
      'UPDATE t SET c = 11, d = 1',
    ]);
  });

  it('of a zero date, which is no NULL', async () => {
    await table('c DATE NOT NULL, e DATETIME, f TIMESTAMP NULL');
    const loose = await database.connect();
    await loose.query("SET sql_mode = ''");
    await loose.query("INSERT INTO t VALUES ('0000-00-00', '0000-00-00', '0000-00-00')");
    const seen = [await version()];
    for (const change of [
      "c = '2024-00-00'",
      "c = '2024-01-00'",
      'e = NULL',
      'f = NULL',
      "f = '1970-01-01 00:00:01'",
    ]) {
      await loose.query(`UPDATE t SET ${change}`);
      seen.push(await version());
    }
    expect(new Set(seen).size).toBe(6);
  });

  it('of an invisible column, and of one that is generated', async () => {
    await table('a INT, b INT INVISIBLE, c INT AS (a DIV 10) VIRTUAL, d INT AS (a DIV 100) PERSISTENT');
    await database.execute('INSERT INTO t (a, b) VALUES (1, 1)');
    await expectAllDifferent(['UPDATE t SET b = 2', 'ALTER TABLE t MODIFY c INT AS (a DIV 11) VIRTUAL']);
  });

  it('of a versioned row that was written anew as it was, where its time can be selected', async () => {
    await table('id INT PRIMARY KEY, a INT', 'WITH SYSTEM VERSIONING');
    await database.execute('INSERT INTO t VALUES (1, 1)');
    const before = await version();
    await database.execute('UPDATE t SET a = 2');
    await database.execute('UPDATE t SET a = 1');
    expect(await version()).not.toBe(before);
  });
});

describe('rows that come, go and trade values change the checksum', () => {
  it('duplicates that come in pairs', async () => {
    await table('a INT, b VARCHAR(9)');
    await database.execute("INSERT INTO t VALUES (1, 'x'), (2, 'y')");
    await expectAllDifferent([
      "INSERT INTO t VALUES (7, 'z'), (7, 'z')",
      "INSERT INTO t VALUES (7, 'z'), (7, 'z')",
      'UPDATE t SET a = 8 WHERE a = 7',
      "UPDATE t SET a = 1, b = 'x' WHERE a = 8",
      'TRUNCATE TABLE t',
      'INSERT INTO t VALUES (NULL, NULL)',
      'INSERT INTO t VALUES (NULL, NULL)',
    ]);
  });

  it('a duplicate of one row that becomes one of another', async () => {
    await table('a INT');
    await database.execute('INSERT INTO t VALUES (1), (1), (1), (2), (NULL)');
    await expectAllDifferent([
      'UPDATE t SET a = 2 WHERE a = 1 LIMIT 1',
      'UPDATE t SET a = 2 WHERE a = 1 LIMIT 1',
      'UPDATE t SET a = NULL WHERE a = 2 LIMIT 1',
    ]);
  });

  it('bytes that are no character, beside texts of another character set', async () => {
    await table('a VARCHAR(9) CHARACTER SET cp1250, b VARCHAR(9) CHARACTER SET utf8mb4');
    await database.execute("INSERT INTO t VALUES (x'81', 'ü')");
    await expectAllDifferent(["UPDATE t SET a = x'83'", "UPDATE t SET a = x'3F'", "UPDATE t SET a = x'88'"]);
  });

  it('values that two rows swap, always', async () => {
    await table('id INT PRIMARY KEY, a VARCHAR(20), b INT');
    await database.execute("INSERT INTO t SELECT seq, CONCAT('value ', seq), seq * 7 FROM seq_1_to_64");
    const statements: string[] = [];
    for (let i = 1; i <= 63; i += 2) {
      const column = i % 4 === 1 ? 'a' : 'b';
      statements.push(
        `UPDATE t x JOIN t y ON y.id IN (${i}, ${i + 1}) AND y.id <> x.id SET x.${column} = y.${column} WHERE x.id IN (${i}, ${i + 1})`,
      );
    }
    await expectAllDifferent(statements);
  });
});

describe('tables of all shapes have one', () => {
  it.each(['select', 'a`b', "it's", 'a.b', 'Zürich 😺'.slice(0, 6), 'a"b', 'a\\b', ' x', 'a;--'])(
    'with names like %s',
    async (name) => {
      await database.execute(
        `CREATE TABLE ${quotedName(name)} (${quotedName(name)} INT, ${quotedName(`${name}2`)} TEXT)`,
      );
      await database.execute(`INSERT INTO ${quotedName(name)} VALUES (1, 'a')`);
      const before = await version(name);
      await database.execute(`UPDATE ${quotedName(name)} SET ${quotedName(`${name}2`)} = 'b'`);
      expect(await version(name)).not.toBe(before);
      await database.execute(`DROP TABLE ${quotedName(name)}`);
    },
  );

  it.each([
    ['InnoDB', 1017],
    ['MyISAM', 2000],
  ])('with columns up to what %s takes (%i), all of them looked at', async (engine, columns) => {
    await table(Array.from({ length: columns }, (_, i) => `c${i} SMALLINT`).join(', '), `ENGINE = ${engine}`);
    await database.execute('INSERT INTO t (c0) VALUES (NULL)');
    const last = `c${columns - 1}`;
    await expectAllDifferent([
      `UPDATE t SET ${last} = 1`,
      `UPDATE t SET ${last} = NULL, c1 = 1`,
      'UPDATE t SET c500 = 1',
    ]);
  });

  it('with more bytes in a row than are hashed at once', async () => {
    await table(Array.from({ length: 12 }, (_, i) => `c${i} TEXT`).join(', '));
    await database.execute('INSERT INTO t (c0) VALUES (NULL)');
    await expectAllDifferent(
      Array.from({ length: 12 }, (_, i) => `UPDATE t SET c${i} = CONCAT(REPEAT('x', 60000), '${i}')`),
    );
  });

  it('without rows', async () => {
    await table('a INT');
    expect(await version()).toMatch(/=0@0{16}\.[0-9a-f]{12}$/);
  });
});
