/** One transaction shows one state: version and rows together, whoever writes or alters meanwhile. On a real server. */
import { createHash } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { faultKindOf } from '../sql/faults.ts';
import { openMysqlTestDatabase, type MysqlTestDatabase } from '../../testing/mysql-database.ts';
import { openMysqlTransaction, versionOf, type MysqlTransaction } from '../../testing/mysql-transactions.ts';

let database: MysqlTestDatabase;

beforeAll(async () => {
  database = await openMysqlTestDatabase();
});

afterAll(() => database[Symbol.asyncDispose]());

beforeEach(async () => {
  await database.execute('DROP TABLE IF EXISTS accounts, journal, loose');
  await database.execute('CREATE TABLE accounts (id INT PRIMARY KEY, balance INT NOT NULL)');
  await database.execute('CREATE TABLE journal (id INT AUTO_INCREMENT PRIMARY KEY, amount INT)');
  await database.execute('CREATE TABLE loose (id INT PRIMARY KEY, a INT) ENGINE = MyISAM');
  await database.execute('INSERT INTO accounts SELECT seq, 100 FROM seq_1_to_20');
});

async function opened(): Promise<MysqlTransaction> {
  const transaction = await openMysqlTransaction(database);
  await transaction.begin();
  return transaction;
}

const BOTH = 'SELECT a.id, a.balance, (SELECT COUNT(*) FROM journal) n FROM accounts a ORDER BY a.id';

/**
 * Moves money between accounts until it is told to stop, several transactions at a time, which commit in another order
 * than they began and wrote. Each changes both tables.
 */
async function moveMoney(seed: number, stop: AbortSignal): Promise<void> {
  let state = seed;
  const next = (below: number): number => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
    return (state >>> 8) % below;
  };
  const writers = await Promise.all(Array.from({ length: 3 }, () => database.connect()));
  const open: number[] = [];
  while (!stop.aborted) {
    const i = next(writers.length);
    const writer = writers[i];
    if (writer === undefined) continue;
    if (open.includes(i)) {
      open.splice(open.indexOf(i), 1);
      await writer.query(next(4) === 0 ? 'ROLLBACK' : 'COMMIT');
      continue;
    }
    // Accounts of its own for each writer: nobody waits for a lock.
    const [from, to] = [1 + i + 3 * next(3), 10 + i + 3 * next(3)];
    await writer.beginTransaction();
    await writer.query('INSERT INTO journal (amount) VALUES (?)', [next(10)]);
    await writer.query('UPDATE accounts SET balance = balance - 1 WHERE id = ?', [from]);
    await writer.query('UPDATE accounts SET balance = balance + 1 WHERE id = ?', [to]);
    open.push(i);
  }
  for (const writer of writers) await writer.end();
}

describe('while others write and commit all the while', () => {
  it('the rows of a load are of one state, and the version tells that state from all others', async () => {
    const seed = 20_261_122;
    const stop = new AbortController();
    const moving = moveMoney(seed, stop.signal);
    const rowsByVersion = new Map<string, string>();
    const versionByRows = new Map<string, string>();
    try {
      for (let load = 0; load < 60 || rowsByVersion.size <= 5; load += 1) {
        await using transaction = await opened();
        const asked = await transaction.ask(BOTH);
        const rows = await transaction.rows(BOTH);
        const again = await transaction.ask(BOTH);
        const total = rows.reduce((sum, [, balance]) => sum + Number(balance), 0);
        expect(total, `seed ${seed}`).toBe(2000);
        expect(versionOf(again)).toBe(versionOf(asked));
        expect(asked.consistency).toBe('exact');
        const journal = await transaction.rows('SELECT id, amount FROM journal ORDER BY id');
        const digest = createHash('sha256')
          .update(JSON.stringify([rows, journal]))
          .digest('hex');
        const version = versionOf(asked);
        expect(rowsByVersion.get(version) ?? digest, `seed ${seed}`).toBe(digest);
        expect(versionByRows.get(digest) ?? version, `seed ${seed}`).toBe(version);
        rowsByVersion.set(version, digest);
        versionByRows.set(digest, version);
      }
    } finally {
      stop.abort();
    }
    await moving;
  });
});

describe('a definition that changes', () => {
  it.each([
    ['emptied', 'TRUNCATE TABLE accounts'],
    ['rebuilt', 'ALTER TABLE accounts FORCE'],
    ['replaced', 'CREATE OR REPLACE TABLE accounts AS SELECT 1 id, 1 balance'],
  ])('before the first look at the table, which was %s, loses the snapshot', async (_, ddl) => {
    await using transaction = await opened();
    await database.execute(ddl);
    const error: unknown = await transaction.ask(BOTH).catch((thrown: unknown) => thrown);
    expect(faultKindOf(error)).toBe('snapshot-lost');
  });

  it.each([
    ['a column that was added at once', 'ALTER TABLE accounts ADD COLUMN more INT DEFAULT 7, ALGORITHM = INSTANT'],
    ['another table under the name', 'RENAME TABLE accounts TO old, journal TO accounts, old TO journal'],
  ])('before the first look is in version and rows alike: %s', async (_, ddl) => {
    await using transaction = await opened();
    await database.execute(ddl);
    const sql = 'SELECT * FROM accounts';
    const version = versionOf(await transaction.ask(sql));
    const rows = await transaction.rows(sql);
    await using later = await opened();
    expect(versionOf(await later.ask(sql))).toBe(version);
    expect(await later.rows(sql)).toEqual(rows);
  });

  it.each([
    ['ALTER TABLE', 'ALTER TABLE accounts ADD COLUMN more INT'],
    ['TRUNCATE TABLE', 'TRUNCATE TABLE accounts'],
    ['RENAME TABLE', 'RENAME TABLE accounts TO elsewhere'],
    ['CREATE OR REPLACE VIEW', 'CREATE OR REPLACE VIEW shown AS SELECT 1 id'],
  ])('after it has to wait for the end of the transaction: %s', async (_, ddl) => {
    await database.execute('CREATE OR REPLACE VIEW shown AS SELECT id, balance FROM accounts');
    const other = await database.connect();
    await other.query('SET lock_wait_timeout = 1');
    await using transaction = await opened();
    await transaction.ask('SELECT * FROM shown');
    await expect(other.query(ddl)).rejects.toMatchObject({ code: 'ER_LOCK_WAIT_TIMEOUT' });
    expect(await transaction.rows('SELECT COUNT(*) FROM shown')).toEqual([['20']]);
  });
});

describe('what is promised', () => {
  it("is 'exact' for InnoDB, and 'statement' where any table has no snapshots", async () => {
    await using transaction = await openMysqlTransaction(database);
    expect(await transaction.begin()).toEqual({ consistency: 'statement', details: {} });
    expect((await transaction.ask('SELECT * FROM accounts, seq_1_to_3')).consistency).toBe('exact');
    expect((await transaction.ask('SELECT * FROM accounts, loose')).consistency).toBe('statement');
  });

  it('nothing can be written', async () => {
    await using transaction = await opened();
    await expect(transaction.rows('DELETE FROM accounts')).rejects.toMatchObject({ code: 'PQ_SOURCE_REJECTED' });
  });
});
