/**
 * What the locks of a load do not keep out, and is noticed; what would wait for them for ever, and does not; and that
 * they end with us.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openPostgresTestDatabase, type PostgresTestDatabase } from '../../testing/postgres-database.ts';
import { openPostgresTransaction, postgresVersion } from '../../testing/postgres-transactions.ts';
import { postgresQuestion } from '../../testing/sql-request.ts';
import { faultKindOf } from '../sql/faults.ts';
import { ask } from './query.ts';
import { PostgresSplits } from './split.ts';

let database: PostgresTestDatabase;

beforeAll(async () => {
  database = await openPostgresTestDatabase();
});

afterAll(() => database[Symbol.asyncDispose]());

const waiting = async (): Promise<unknown> => await database.query('SELECT FROM pg_locks WHERE NOT granted');

describe('names', () => {
  it('of schemas that change places under a load: its rows are not of the table that its version names', async () => {
    await database.execute(`CREATE SCHEMA live; CREATE TABLE live.t AS SELECT 1 AS id;
      CREATE SCHEMA next; CREATE TABLE next.t AS SELECT 2 AS id`);
    const question = postgresQuestion('SELECT * FROM live.t');
    await using transaction = await openPostgresTransaction(database);
    await transaction.begin();
    await transaction.ask(question);
    await database.execute('ALTER SCHEMA live RENAME TO last; ALTER SCHEMA next RENAME TO live');
    // Our lock is on the other one.
    expect(await ask(transaction.session, 'SELECT * FROM live.t')).toEqual([['2']]);
    await expect(transaction.tables.confirm(transaction.session, question)).rejects.toSatisfy(
      (error) => faultKindOf(error) === 'snapshot-lost',
    );
  });
});

describe('row security', () => {
  it('that is on between the snapshot and our lock, and off again, leaves another version', async () => {
    const owner = await database.createUser();
    await database.execute(`CREATE TABLE secrets AS SELECT generate_series(1, 5) AS id;
      CREATE POLICY few ON secrets USING (id < 3); GRANT SELECT ON secrets TO ${owner.user}; CREATE VIEW v AS SELECT * FROM secrets`);
    await database.admin.query(`ALTER VIEW v OWNER TO ${owner.user}; GRANT SELECT ON v TO ${database.user}`);
    const question = postgresQuestion('SELECT * FROM v');
    await using transaction = await openPostgresTransaction(database);
    await transaction.begin();
    await database.execute('ALTER TABLE secrets ENABLE ROW LEVEL SECURITY');
    const { parts } = await transaction.ask(question);
    expect(await ask(transaction.session, 'SELECT count(*) FROM v')).toEqual([['2']]);
    await transaction[Symbol.asyncDispose]();
    await database.execute('ALTER TABLE secrets DISABLE ROW LEVEL SECURITY');
    expect(await postgresVersion(database, 'SELECT * FROM v')).not.toContain(parts['public.v']?.version);
    await database.admin.query('DROP VIEW v');
  });
});

describe('partitions', () => {
  it('that are being detached CONCURRENTLY belong to nobody’s rows any more, nor to the version', async () => {
    const reader = await database.createUser();
    await database.execute(`CREATE TABLE p (id int) PARTITION BY RANGE (id); GRANT SELECT ON p TO ${reader.user};
      CREATE TABLE p_1 PARTITION OF p FOR VALUES FROM (0) TO (10); CREATE TABLE p_2 PARTITION OF p FOR VALUES FROM (10) TO (20);
      INSERT INTO p VALUES (1), (11)`);
    const version = (): Promise<string> => postgresVersion({ ...database, ...reader }, 'SELECT * FROM p');
    const before = await version();
    const holder = await database.connect();
    await holder.query('BEGIN');
    await holder.query('SELECT FROM p');
    const detached = (await database.connect()).query('ALTER TABLE p DETACH PARTITION p_2 CONCURRENTLY');
    await expect.poll(waiting).toHaveLength(1);
    const pending = await version();
    expect(pending).toMatch(/public\.p=1@/);
    expect(pending).not.toBe(before);
    await holder.query('ROLLBACK');
    await detached;
    expect(await version()).toBe(pending);
  });

  it('who waits to have one for himself does not come between the sessions of a load', async () => {
    await database.execute(`CREATE TABLE q (id int) PARTITION BY RANGE (id);
      CREATE TABLE q_1 PARTITION OF q FOR VALUES FROM (0) TO (100); INSERT INTO q SELECT generate_series(0, 99)`);
    // No version has looked at the partitions.
    const split = { column: 'id', into: 2 };
    const question = postgresQuestion('SELECT id FROM q', { version: { kind: 'ttl' }, split });
    await using first = await openPostgresTransaction(database);
    await using other = await openPostgresTransaction(database);
    await first.begin();
    const way = await new PostgresSplits().plan(first.session, {
      question,
      split,
      sessionsMax: 2,
      statement: (text, condition) => `SELECT * FROM (${text}) AS s WHERE ${condition('id')}`,
    });
    if ('reason' in way) return expect.unreachable(way.reason);
    await way.lead(first.session);
    await way.join(other.session);
    const truncated = (await database.connect()).query('TRUNCATE q_1');
    await expect.poll(waiting).toHaveLength(1);
    await ask(first.session, "SET LOCAL lock_timeout = '2s'");
    const rows = await Promise.all(
      [first, other].map(async ({ session }, part) => {
        const { text, binds } = way.bound(part);
        return await ask(session, text, binds);
      }),
    );
    expect(rows.flat()).toHaveLength(100);
    await Promise.all([first[Symbol.asyncDispose](), other[Symbol.asyncDispose]()]);
    await truncated;
  });
});

it('a statement at work ends when the worker is gone', async () => {
  await using transaction = await openPostgresTransaction(database);
  await transaction.begin();
  const [[process] = []] = await ask(transaction.session, 'SELECT pg_backend_pid()');
  const ends = ask(
    transaction.session,
    'SELECT count(*) FROM generate_series(1, 100000) a, generate_series(1, 100000) b',
  );
  const ended = ends.catch((error: unknown) => error);
  const state = async (): Promise<unknown> =>
    await database.query('SELECT state FROM pg_stat_activity WHERE pid = $1 AND query LIKE $2', [process, '%count%']);
  await expect.poll(state).toEqual([['active']]);
  await transaction.session.call(async ({ wire }) => void wire.stream.destroy());
  expect(await ended).toMatchObject({ code: 'PQ_SOURCE_UNAVAILABLE' });
  await expect.poll(state).toEqual([]);
});
