/** Random tables, random changes, compared with a dump of all rows: another dump, another checksum, and the other way. */
import { randomInt } from 'node:crypto';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { openMysqlTestDatabase, type MysqlTestDatabase } from '../../testing/mysql-database.ts';
import { openMysqlTransaction, versionOf, type MysqlTransaction } from '../../testing/mysql-transactions.ts';

let database: MysqlTestDatabase;

beforeAll(async () => {
  database = await openMysqlTestDatabase();
});

afterAll(() => database[Symbol.asyncDispose]());

type Chance = (below: number) => number;

function chanceOf(seed: number): Chance {
  let state = seed >>> 0;
  return (below) => {
    // mulberry32
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t = (t + Math.imul(t ^ (t >>> 7), t | 61)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) % below;
  };
}

const TEXTS = ['', ' ', 'N', 'n', 'NULL', '0', '-', ',', '1,', 'a', 'A', 'ä', 'a ', 'ab', 'b', 'x'.repeat(19)];

/** By type: how a random value is written in SQL. Few values, so that rows are often alike. */
const TYPES: readonly (readonly [string, (chance: Chance) => string])[] = [
  ['INT', (chance) => String(chance(30) - 15)],
  ['BIGINT UNSIGNED', (chance) => `18446744073709551615 - ${chance(5)}`],
  ['DECIMAL(30,10)', (chance) => `${chance(5)}.${chance(100)}`],
  ['DOUBLE', (chance) => `${chance(4)}e${chance(40) - 20} + ${chance(3)}e-16`],
  ['VARCHAR(20)', (chance) => text(chance)],
  ['CHAR(20) CHARACTER SET latin1', (chance) => text(chance)],
  ['TEXT', (chance) => text(chance)],
  ['LONGTEXT', (chance) => text(chance)],
  ['VARBINARY(20)', (chance) => text(chance)],
  ['MEDIUMBLOB', (chance) => text(chance)],
  ['DATETIME(6)', (chance) => `'2024-01-01' + INTERVAL ${chance(20)} MICROSECOND`],
  ['TIME(3)', (chance) => `SEC_TO_TIME(${chance(9) - 4}.00${chance(3)})`],
  ['BIT(12)', (chance) => String(chance(4096))],
  ["ENUM('N', '', 'a')", (chance) => String(1 + chance(3))],
  ["SET('N', 'a', 'b')", (chance) => String(chance(8))],
];

function text(chance: Chance): string {
  return `'${TEXTS[chance(TEXTS.length)] ?? ''}'`;
}

it('whatever changes', async () => {
  const seed = randomInt(2 ** 31);
  const chance = chanceOf(seed);
  await using transaction = await openMysqlTransaction(database);
  const version = async (): Promise<string> => await looked(transaction);
  let equal = 0;
  let other = 0;
  for (let round = 0; round < 12; round += 1) {
    const columns = Array.from({ length: 2 + chance(8) }, (_, i) => {
      const [type, value] = TYPES[chance(TYPES.length)] ?? ['INT', () => '0'];
      return { name: `c${i}`, type, value };
    });
    const valueOf = ({ value }: (typeof columns)[number]): string => (chance(5) === 0 ? 'NULL' : value(chance));
    const row = (): string => `(${columns.map(valueOf).join(', ')})`;
    await database.execute('DROP TABLE IF EXISTS t');
    await database.execute(
      `CREATE TABLE t (n INT AUTO_INCREMENT PRIMARY KEY INVISIBLE, ${columns.map(({ name, type }) => `${name} ${type}`).join(', ')})`,
    );
    await database.execute(`INSERT INTO t VALUES ${Array.from({ length: 12 }, row).join(', ')}`);
    const names = columns.map(({ name }) => name);
    const dump = async (): Promise<string> =>
      JSON.stringify(
        await database.query(
          `SELECT n, ${names.map((name) => `HEX(CAST(${name} AS BINARY)) ${name}`).join(', ')} FROM t ORDER BY n`,
        ),
      );
    let before = { dump: await dump(), version: await version() };
    for (let change = 0; change < 25; change += 1) {
      const column = columns[chance(columns.length)];
      if (column === undefined) continue;
      const [n, m] = [1 + chance(12), 1 + chance(12)];
      const sql = [
        `UPDATE t SET ${column.name} = ${valueOf(column)} WHERE n = ${n}`,
        `UPDATE t x JOIN t y ON y.n = IF(x.n = ${n}, ${m}, ${n}) SET x.${column.name} = y.${column.name} WHERE x.n IN (${n}, ${m})`,
        `INSERT INTO t (${names.join(', ')}) VALUES ${row()}`,
        `DELETE FROM t WHERE n = ${n}`,
        `INSERT INTO t (${names.join(', ')}) SELECT ${names.join(', ')} FROM t WHERE n = ${n}`,
      ][chance(5)];
      await database.execute(sql ?? '');
      const after = { dump: await dump(), version: await version() };
      expect(after.version === before.version, `seed ${seed}, round ${round}: ${sql}`).toBe(after.dump === before.dump);
      if (after.dump === before.dump) equal += 1;
      else other += 1;
      before = after;
    }
  }
  expect(equal, `seed ${seed}`).toBeGreaterThan(0);
  expect(other, `seed ${seed}`).toBeGreaterThan(0);
});

async function looked(transaction: MysqlTransaction): Promise<string> {
  await transaction.begin();
  const version = versionOf(await transaction.ask('SELECT * FROM t'));
  await transaction.session.rollback();
  return version;
}
