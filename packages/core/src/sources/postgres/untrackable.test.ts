/** What cannot have a version of its tables: refused by name, with the reason and a way out; and what need not be refused. */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { isParqueueError } from '../../model/errors.ts';
import { openPostgresTestDatabase, type PostgresTestDatabase } from '../../testing/postgres-database.ts';
import { openPostgresTransaction } from '../../testing/postgres-transactions.ts';
import { sourceContext } from '../../testing/source-contract.ts';
import { postgresQuestion, postgresRequest } from '../../testing/sql-request.ts';

let database: PostgresTestDatabase;

beforeAll(async () => {
  database = await openPostgresTestDatabase();
});

afterAll(() => database[Symbol.asyncDispose]());

beforeEach(async () => {
  await database.execute(`
    DROP SCHEMA public CASCADE; CREATE SCHEMA public; GRANT USAGE ON SCHEMA public TO PUBLIC;
    CREATE TABLE sales (id int PRIMARY KEY, name text);
    CREATE TABLE rates (rate int);
    INSERT INTO sales VALUES (1, 'one'); INSERT INTO rates VALUES (7)`);
});

/** What asking is refused with; null: it is not. */
async function refusal(sql: string, login: { user?: string; password?: string } = {}): Promise<string | null> {
  await using transaction = await openPostgresTransaction({ ...database, ...login });
  await transaction.begin();
  try {
    await transaction.ask(postgresQuestion(sql));
    return null;
  } catch (error) {
    if (!isParqueueError(error)) throw error;
    expect(error.message).toMatch(
      /; (grant |read it as |call it in |)?.*set version: ttl with a maxAge, or a refresh-key$/,
    );
    return `${error.code} ${error.message}`;
  }
}

const FUNCTION = (volatility: string, language = 'plpgsql'): string =>
  language === 'sql'
    ? `CREATE FUNCTION rate() RETURNS int LANGUAGE sql ${volatility} AS 'SELECT rate FROM rates'`
    : `CREATE FUNCTION rate() RETURNS int LANGUAGE plpgsql ${volatility} AS 'BEGIN RETURN (SELECT rate FROM rates); END'`;

describe('functions of somebody', () => {
  it.each([
    ['STABLE, called by the statement', FUNCTION('STABLE'), 'SELECT id * rate() FROM sales'],
    ['VOLATILE, called by the statement', FUNCTION('VOLATILE'), 'SELECT id * rate() FROM sales'],
    ['STABLE in SQL, which the planner takes apart', FUNCTION('STABLE', 'sql'), 'SELECT id * rate() FROM sales'],
    ['STABLE, called with its schema', FUNCTION('STABLE'), 'SELECT id * public.rate() FROM sales'],
    [
      'STABLE, called by a view',
      `${FUNCTION('STABLE')}; CREATE VIEW v AS SELECT id * rate() FROM sales`,
      'SELECT * FROM v',
    ],
    [
      'STABLE, called by a view below a view',
      `${FUNCTION('STABLE')}; CREATE VIEW u AS SELECT id * rate() AS id FROM sales; CREATE VIEW v AS SELECT * FROM u`,
      'SELECT * FROM v',
    ],
    [
      'STABLE, overloading a built-in name',
      "CREATE FUNCTION upper(sales) RETURNS text LANGUAGE plpgsql STABLE AS 'BEGIN RETURN (SELECT rate FROM rates); END'",
      'SELECT upper(s) FROM sales s',
    ],
    [
      'STABLE, called like a column',
      "CREATE FUNCTION rate(sales) RETURNS int LANGUAGE plpgsql STABLE AS 'BEGIN RETURN (SELECT rate FROM rates); END'",
      'SELECT s.rate FROM sales s',
    ],
    [
      'STABLE, giving rows',
      "CREATE FUNCTION rows() RETURNS SETOF int LANGUAGE plpgsql STABLE AS 'BEGIN RETURN QUERY SELECT rate FROM rates; END'",
      'SELECT * FROM sales, rows()',
    ],
    [
      'STABLE, behind an operator',
      "CREATE FUNCTION plus(text, text) RETURNS text LANGUAGE plpgsql STABLE AS 'BEGIN RETURN $1; END'; CREATE OPERATOR |+| (LEFTARG = text, RIGHTARG = text, FUNCTION = plus)",
      'SELECT name |+| name FROM sales',
    ],
    [
      'STABLE, behind an operator of a view',
      "CREATE FUNCTION plus(text, text) RETURNS text LANGUAGE plpgsql STABLE AS 'BEGIN RETURN $1; END'; CREATE OPERATOR |+| (LEFTARG = text, RIGHTARG = text, FUNCTION = plus); CREATE VIEW v AS SELECT name |+| name FROM sales",
      'SELECT * FROM v',
    ],
    [
      'STABLE, behind a cast of a view',
      "CREATE TYPE pair AS (a int); CREATE FUNCTION paired(int) RETURNS pair LANGUAGE plpgsql STABLE AS 'BEGIN RETURN ROW($1); END'; CREATE CAST (int AS pair) WITH FUNCTION paired(int); CREATE VIEW v AS SELECT id::pair FROM sales",
      'SELECT * FROM v',
    ],
    [
      'STABLE, behind an aggregate',
      "CREATE FUNCTION step(int, int) RETURNS int LANGUAGE plpgsql STABLE AS 'BEGIN RETURN $2; END'; CREATE AGGREGATE newest(int) (SFUNC = step, STYPE = int)",
      'SELECT newest(id) FROM sales',
    ],
  ])('%s', async (_, make, sql) => {
    await database.execute(make);
    expect(await refusal(sql)).toMatch(
      /^PQ_UNTRACKABLE .*(public\.|rate\(\)).*IMMUTABLE|^PQ_UNTRACKABLE .*is not known to/,
    );
  });

  it('IMMUTABLE in SQL, reading a table all the same: behind a view the planner shows the table', async () => {
    await database.execute(
      "CREATE FUNCTION all_rates() RETURNS SETOF int LANGUAGE sql IMMUTABLE AS 'SELECT rate FROM rates'",
    );
    expect(await refusal('SELECT * FROM sales, all_rates()')).toContain('calls public.all_rates()');
    await database.execute('CREATE VIEW v AS SELECT * FROM all_rates()');
    const source = await database.source();
    const { reads } = await source.probe(postgresRequest('SELECT * FROM v'), sourceContext());
    expect(reads).toEqual({ 'public.v': ['public.rates'] });
  });

  it('IMMUTABLE, called by the statement: a new definition would be seen by nobody; by a view, it is in the version', async () => {
    await database.execute(
      "CREATE FUNCTION twice(n int) RETURNS int LANGUAGE plpgsql IMMUTABLE AS 'BEGIN RETURN 2 * n; END'; CREATE VIEW v AS SELECT twice(id) FROM sales",
    );
    expect(await refusal('SELECT twice(id) FROM sales')).toMatch(
      /calls public\.twice\(\), which may be replaced .* in a view/,
    );
    expect(await refusal('SELECT public.twice(id) FROM sales')).toContain('public.twice()');
    expect(await refusal('SELECT * FROM v')).toBeNull();
  });

  it('IMMUTABLE and of an extension: as good as built in', async () => {
    await database.admin.query('CREATE EXTENSION IF NOT EXISTS fuzzystrmatch');
    expect(await refusal('SELECT levenshtein(name, name) FROM sales')).toBeNull();
  });

  it('of another schema or another name are no reason', async () => {
    await database.execute(
      `CREATE SCHEMA other; CREATE FUNCTION other.upper(text) RETURNS text LANGUAGE sql AS 'SELECT $1'; ${FUNCTION('STABLE')}`,
    );
    expect(await refusal('SELECT upper(name), id % 7 AS rate FROM sales')).toBeNull();
    await database.execute('DROP SCHEMA other CASCADE');
  });
});

describe('what has no rows of its own here', () => {
  it.each([
    [
      'a view of the clock',
      'CREATE VIEW v AS SELECT id, current_date AS today FROM sales',
      'SELECT * FROM v',
      'the view public.v uses',
    ],
    ['a sequence', 'CREATE SEQUENCE numbers', 'SELECT last_value FROM numbers', 'is a sequence'],
    ['the catalogue', '', 'SELECT relname FROM pg_class', ''],
    ['the catalogue by its schema', '', 'SELECT relname FROM pg_catalog.pg_class', ''],
    ['the information schema', '', 'SELECT table_name FROM information_schema.tables', ''],
    ['a view of the catalogue', 'CREATE VIEW v AS SELECT relname FROM pg_class', 'SELECT * FROM v', ''],
    ['a view of the settings', 'CREATE VIEW v AS SELECT name FROM pg_settings', 'SELECT * FROM v', ''],
    [
      'a view of a view of activity',
      'CREATE VIEW u AS SELECT pid FROM pg_stat_activity; CREATE VIEW v AS SELECT * FROM u',
      'SELECT * FROM v',
      '',
    ],
  ])('%s', async (_, make, sql, reason) => {
    if (make !== '') await database.execute(make);
    const told = await refusal(sql);
    expect(told).toMatch(/^PQ_UNTRACKABLE /);
    expect(told).toContain(reason);
  });

  it('foreign tables, alone, as a partition, and below a view', async () => {
    await database.admin
      .query(`CREATE EXTENSION IF NOT EXISTS file_fdw SCHEMA pg_catalog; CREATE SERVER IF NOT EXISTS files FOREIGN DATA WRAPPER file_fdw;
      CREATE FOREIGN TABLE remote (id int) SERVER files OPTIONS (filename '/dev/null'); GRANT SELECT ON remote TO PUBLIC;
      CREATE VIEW v AS SELECT * FROM remote; GRANT SELECT ON v TO PUBLIC;
      CREATE TABLE p (id int) PARTITION BY RANGE (id); CREATE FOREIGN TABLE p_1 PARTITION OF p FOR VALUES FROM (0) TO (9) SERVER files OPTIONS (filename '/dev/null'); GRANT SELECT ON p TO PUBLIC`);
    for (const table of ['remote', 'v', 'p'])
      expect(await refusal(`SELECT * FROM ${table}`)).toContain('is read from another server');
    await database.admin.query('DROP SERVER files CASCADE');
  });

  it('tables with row security, unless the user is above it', async () => {
    const other = await database.createUser();
    await database.execute(`ALTER TABLE sales ENABLE ROW LEVEL SECURITY; CREATE POLICY mine ON sales USING (name = current_user);
      CREATE VIEW v AS SELECT * FROM sales; GRANT SELECT ON sales, v TO ${other.user}`);
    expect(await refusal('SELECT * FROM sales', other)).toContain('public.sales has row security');
    expect(await refusal('SELECT * FROM v', other)).toContain('public.sales has row security');
    expect(await refusal('SELECT * FROM sales')).toBeNull();
    expect(await refusal('SELECT * FROM v')).toContain('public.sales has row security');
    // Whoever reads it is above the policies; whose view it is, is not.
    await database.admin.query(`ALTER VIEW v OWNER TO ${other.user}; GRANT SELECT ON v TO PUBLIC`);
    expect(await refusal('SELECT * FROM v')).toContain('public.sales has row security');
  });

  it('what no part stands for, however it came into the plan', async () => {
    const question = postgresQuestion('SELECT s.id FROM sales s, rates');
    const parts = question.parts.filter(({ name }) => name === 'sales');
    await using transaction = await openPostgresTransaction(database);
    await transaction.begin();
    await expect(transaction.ask({ ...question, parts })).rejects.toMatchObject({
      code: 'PQ_UNTRACKABLE',
      message: expect.stringContaining('it reads public.rates without naming it'),
    });
  });

  it('tables below a view that the user may not read', async () => {
    const other = await database.createUser();
    await database.execute(`CREATE VIEW v AS SELECT * FROM sales; GRANT SELECT ON v TO ${other.user}`);
    expect(await refusal('SELECT * FROM v', other)).toContain('grant SELECT on public.sales');
  });
});
