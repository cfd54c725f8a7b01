/**
 * Transactions of a MySQL source, step by step, for tests that have to do something between the steps: a session as the
 * source's driver makes it, the snapshot, the versions, rows.
 *
 * Not among the exports of this package: it needs a test runner.
 */
import type { TypedValue } from '../model/request.ts';
import { composeVersion } from '../model/version.ts';
import { boundStatement } from '../sources/mysql/bind.ts';
import type { ConnectOptions } from '../sources/mysql/connect.ts';
import type { MysqlConnection } from '../sources/mysql/connection.ts';
import { ask, type Answer } from '../sources/mysql/query.ts';
import { begin } from '../sources/mysql/snapshot.ts';
import { askTables } from '../sources/mysql/versions.ts';
import type { AskedTables, Begun, Known } from '../sources/sql/database.ts';
import type { Session } from '../sources/sql/session.ts';
import { hostClock } from './host-clock.ts';
import type { MysqlTestDatabase } from './mysql-database.ts';
import { poolOn } from './mysql-sessions.ts';
import { mysqlQuestion } from './sql-request.ts';
import { useOf } from './sql-sessions.ts';

export interface MysqlTransaction extends AsyncDisposable {
  readonly session: Session<MysqlConnection>;
  /** Begins, which takes the snapshot. */
  begin(): Promise<Begun>;
  ask(sql: string, binds?: Readonly<Record<string, TypedValue>>, known?: Known): Promise<AskedTables>;
  rows(sql: string): Promise<Answer>;
}

export async function openMysqlTransaction(
  database: MysqlTestDatabase,
  more: Partial<ConnectOptions> = {},
): Promise<MysqlTransaction> {
  const pool = poolOn(database, more);
  const session = await pool.take(useOf());
  const schema = more.schema ?? database.database;
  const bind = (statement: string, values: Readonly<Record<string, TypedValue>>) =>
    boundStatement(statement, values, '+00:00');
  return {
    session,
    begin: async () => await begin(session),
    ask: async (sql, binds = {}, known = {}) =>
      await askTables(session, mysqlQuestion(sql, schema, { binds }), { clock: hostClock, bind }, known),
    rows: async (sql) => await ask(session, sql),
    async [Symbol.asyncDispose]() {
      await session[Symbol.asyncDispose]();
      await pool[Symbol.asyncDispose]();
    },
  };
}

/** The version of a statement, by a transaction of its own. */
export async function mysqlVersion(
  database: MysqlTestDatabase,
  sql: string,
  more: Partial<ConnectOptions> = {},
): Promise<string> {
  await using transaction = await openMysqlTransaction(database, more);
  await transaction.begin();
  return versionOf(await transaction.ask(sql));
}

export function versionOf({ parts }: AskedTables): string {
  const versions = Object.entries(parts).map(([label, { version }]): [string, string] => [label, version]);
  return composeVersion('table-checksum', Object.fromEntries(versions));
}
