/**
 * Transactions of a Postgres source, step by step, for tests that have to do something between the steps: a session as
 * the source's driver makes it, the snapshot, the versions, the look after the last row.
 *
 * Not among the exports of this package: it needs a test runner.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { composeVersion } from '../model/version.ts';
import type { CanonicalRequest, SqlQuestion, TypedValue } from '../model/request.ts';
import type { Clock } from '../ports/clock.ts';
import type { Source } from '../ports/source.ts';
import { labelOf, readStatement } from '../sql/index.ts';
import type { ConnectOptions } from '../sources/postgres/connect.ts';
import { PostgresDriver, type PostgresSession } from '../sources/postgres/driver.ts';
import { openPostgresSource } from '../sources/postgres/index.ts';
import { beginSnapshot } from '../sources/postgres/snapshot.ts';
import { PostgresTables } from '../sources/postgres/versions.ts';
import type { AskedTables, PartName } from '../sources/sql/database.ts';
import type { SqlSourceQuestion } from '../sources/sql/question.ts';
import { Session } from '../sources/sql/session.ts';
import type { PostgresLogin } from './postgres-database.ts';

/** A source on it, of up to four connections. */
export function openTestSource(login: PostgresLogin): Promise<Source> {
  return openPostgresSource({
    ...optionsOf(login, 'public'),
    pool: { max: 4 },
    randomId: () => 'random',
    chance: () => 0.5,
  });
}

export function postgresRequest(sql: string, more: Partial<SqlQuestion> = {}): CanonicalRequest {
  return {
    keyFormat: 1,
    sourceKind: 'postgres',
    sourceIdentity: 'test',
    columns: null,
    columnTypes: {},
    parquet: { compression: 'snappy', rowGroupRows: 1_000_000 },
    question: {
      kind: 'sql',
      statement: readStatement(sql, 'postgres').text,
      binds: {},
      session: {},
      version: { kind: 'row-version' },
      numbers: 'text',
      split: null,
      ...more,
    },
  };
}

const clock: Clock = {
  now: () => Date.now(),
  sleep: (ms, signal) => sleep(ms, undefined, signal === undefined ? {} : { signal }),
};

const LIMIT_MS = 60_000;

export interface PostgresTransaction extends AsyncDisposable {
  readonly session: PostgresSession;
  readonly tables: PostgresTables;
  /** Begins, which takes the snapshot. */
  begin(): Promise<void>;
  ask(question: SqlSourceQuestion): Promise<AskedTables>;
}

export async function openTransaction(login: PostgresLogin, schema = 'public'): Promise<PostgresTransaction> {
  const driver = new PostgresDriver(optionsOf(login, schema));
  const connection = await driver.connect();
  const session = new Session({
    connection,
    driver,
    use: {
      signal: new AbortController().signal,
      deadlineMs: clock.now() + LIMIT_MS,
      clock,
      redact: (text) => text,
      action: 'probe',
    },
    giveBack: async (used) => void (await driver.close(used)),
  });
  await driver.setUp(session);
  const tables = new PostgresTables({ clock, schema });
  return {
    session,
    tables,
    begin: async () => void (await beginSnapshot(session)),
    ask: async (question) => await tables.askTables(session, question, {}),
    [Symbol.asyncDispose]: async () => await session[Symbol.asyncDispose](),
  };
}

function optionsOf({ host, port, database, user, password }: PostgresLogin, schema: string): ConnectOptions {
  return {
    host,
    port,
    database,
    user,
    password,
    schema,
    session: {},
    tls: { mode: 'off', ca: null },
    connectTimeoutMs: 10_000,
    clock,
  };
}

export function postgresQuestion(
  sql: string,
  binds: Readonly<Record<string, TypedValue>> = {},
  schema = 'public',
): SqlSourceQuestion {
  const statement = readStatement(sql, 'postgres');
  const parts = new Map<string, PartName>();
  for (const reference of statement.reads) {
    const label = labelOf(reference, schema, 'postgres');
    parts.set(label, {
      schema: reference.schema ?? schema,
      name: reference.name,
      label,
      unqualified: reference.schema === null,
    });
  }
  const { question } = postgresRequest(sql, { binds });
  if (question.kind !== 'sql') throw new Error('it is SQL');
  return { asked: question, statement, parts: [...parts.values()], hidden: [] };
}

/** The version of a statement, by a transaction of its own. */
export async function postgresVersion(
  login: PostgresLogin,
  sql: string,
  binds: Readonly<Record<string, TypedValue>> = {},
): Promise<string> {
  await using transaction = await openTransaction(login);
  await transaction.begin();
  const question = postgresQuestion(sql, binds);
  const { parts } = await transaction.ask(question);
  return composeVersion(
    'row-version',
    Object.fromEntries(Object.entries(parts).map(([label, { version }]) => [label, version])),
  );
}
