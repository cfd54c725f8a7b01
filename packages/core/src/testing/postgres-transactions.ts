/**
 * Transactions of a Postgres source, step by step, for tests that have to do something between the steps: a session as
 * the source's driver makes it, the snapshot, the versions, the look after the last row.
 *
 * Not among the exports of this package: it needs a test runner.
 */
import { composeVersion } from '../model/version.ts';
import type { PostgresSession } from '../sources/postgres/driver.ts';
import { beginSnapshot } from '../sources/postgres/snapshot.ts';
import { PostgresTables } from '../sources/postgres/versions.ts';
import type { AskedTables } from '../sources/sql/database.ts';
import type { SqlSourceQuestion } from '../sources/sql/question.ts';
import { hostClock } from './host-clock.ts';
import type { PostgresLogin } from './postgres-database.ts';
import { poolOn } from './postgres-sessions.ts';
import { postgresQuestion } from './sql-request.ts';
import { useOf } from './sql-sessions.ts';

export interface PostgresTransaction extends AsyncDisposable {
  readonly session: PostgresSession;
  readonly tables: PostgresTables;
  /** Begins, which takes the snapshot. */
  begin(): Promise<void>;
  ask(question: SqlSourceQuestion): Promise<AskedTables>;
}

export async function openPostgresTransaction(login: PostgresLogin, schema = 'public'): Promise<PostgresTransaction> {
  const pool = poolOn(login, { schema });
  const session = await pool.take(useOf({ action: 'probe' }));
  const tables = new PostgresTables({ clock: hostClock, schema });
  return {
    session,
    tables,
    begin: async () => void (await beginSnapshot(session)),
    ask: async (question) => await tables.askTables(session, question, {}),
    async [Symbol.asyncDispose]() {
      await session[Symbol.asyncDispose]();
      await pool[Symbol.asyncDispose]();
    },
  };
}

/** The version of a statement, by a transaction of its own. */
export async function postgresVersion(login: PostgresLogin, sql: string): Promise<string> {
  await using transaction = await openPostgresTransaction(login);
  await transaction.begin();
  const { parts } = await transaction.ask(postgresQuestion(sql));
  const versions = Object.entries(parts).map(([label, { version }]): [string, string] => [label, version]);
  return composeVersion('row-version', Object.fromEntries(versions));
}
