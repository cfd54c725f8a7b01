/** PostgreSQL for the end-to-end suites: counts by pg_stat_statements, sessions by pg_stat_activity. */
import { openPostgresTestDatabase } from '@parqueue/core/testing/databases';
import { hasPostgres, startPostgresServer } from '@parqueue/core/testing/servers';
import type { Client } from 'pg';
import type { SqlSubject, SubjectDatabase, SubjectOptions } from './sql-subject.ts';

const GATE = 7;
/** What the tests call themselves; workers have another name. */
const OURS = 'parqueue test';

export const POSTGRES: SqlSubject = {
  kind: 'postgres',
  product: 'PostgreSQL',
  tracks: 'row-version',
  mayOwn: hasPostgres(),
  open,
  foldsCase: true,
  wrongPassword: /password authentication failed/,
  versionQuery: (table) => `bit_xor%${table}`,
  row: `seq::bigint as id, (seq % 1000003)::int as small, (seq % 100000 / 100.0)::numeric(12,2) as amount,
    timestamp '2026-01-01' + seq % 86400 * interval '1 second' as at, sqrt(seq) as root,
    'a customer of some renown, number ' || seq as name, repeat('x', 32) as filler`,
  series: (rows) => `generate_series(1, ${rows}) as series(seq)`,
};

async function open({ own = false }: SubjectOptions = {}): Promise<SubjectDatabase> {
  const server = own ? await startPostgresServer() : null;
  const db = await openPostgresTestDatabase(server === null ? {} : { server });
  await db.admin.query('CREATE EXTENSION pg_stat_statements');
  let gateKeeper: Client | null = null;

  const withClient = async <Result>(use: (client: Client) => Promise<Result>): Promise<Result> => {
    const client = await db.connect();
    try {
      return await use(client);
    } finally {
      await client.end();
    }
  };
  const number = async (sql: string, values: readonly string[]): Promise<number> => {
    const { rows } = await db.admin.query<{ n: unknown }>(sql, [...values]);
    return Number(rows[0]?.n);
  };
  const ofWorkers = `datname = $1 AND usename = $2 AND application_name <> '${OURS}'`;
  const us = [db.database, db.user];
  return {
    settings: ['kind: postgres', `connectString: "${db.connectString}"`, `user: ${db.user}`],
    password: db.password,
    label: (table) => `public.${table}`,
    async commit(...statements) {
      await withClient(async (client) => await client.query(`BEGIN; ${statements.join('; ')}; COMMIT`));
    },
    async rolledBack(statement, look) {
      await withClient(async (client) => {
        await client.query('BEGIN');
        await client.query(statement);
        await look();
        await client.query('ROLLBACK');
      });
    },
    async executions(fragment) {
      return await number(
        `SELECT coalesce(sum(calls), 0) AS n FROM pg_stat_statements s JOIN pg_database d ON d.oid = s.dbid
         WHERE d.datname = $1 AND query ILIKE $2 AND query !~* '^explain'`,
        [db.database, `%${fragment}%`],
      );
    },
    async running(fragment) {
      const sql = `SELECT count(*) AS n FROM pg_stat_activity WHERE ${ofWorkers} AND state = 'active' AND query ILIKE $3`;
      return await number(sql, [...us, `%${fragment}%`]);
    },
    sessions: async () => await number(`SELECT count(*) AS n FROM pg_stat_activity WHERE ${ofWorkers}`, us),
    async killSessions() {
      return await number(
        `SELECT count(*) FILTER (WHERE pg_terminate_backend(pid)) AS n FROM pg_stat_activity WHERE ${ofWorkers}`,
        us,
      );
    },
    gate: `pg_advisory_xact_lock_shared(${GATE})::text`,
    async closeGate() {
      gateKeeper = await db.connect();
      await gateKeeper.query(`SELECT pg_advisory_lock(${GATE})`);
    },
    async openGate() {
      await gateKeeper?.end();
      gateKeeper = null;
    },
    async down() {
      await server?.kill();
    },
    async comeBack() {
      await server?.start();
    },
    async [Symbol.asyncDispose]() {
      await db[Symbol.asyncDispose]();
      await server?.[Symbol.asyncDispose]();
    },
  };
}
