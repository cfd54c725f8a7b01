/** Postgres as a driver of SQL sources (sources/sql/driver.ts), over pg. */
import { ParqueueError } from '../../model/errors.ts';
import type { SqlDriver } from '../sql/driver.ts';
import { ofKind } from '../sql/faults.ts';
import type { Session, Use } from '../sql/session.ts';
import { connectTo, type ConnectOptions } from './connect.ts';
import type { PostgresConnection } from './connection.ts';
import { faultOf } from './faults.ts';
import { SERVER_VERSION_MIN, settingQuery, settingsOf } from './settings.ts';

export type PostgresSession = Session<PostgresConnection>;

/** Locks are waited for as long as for anything else: the statement's own limit ends that. */
const NO_LIMIT = '0';

/**
 * By default a server at work does not look whether there is still anybody to answer to: what a killed worker had begun
 * would run to its limit. Where the server's system cannot tell, the setting is refused.
 */
const LOOKS_FOR_US = `CASE WHEN pg_catalog.version() LIKE '%linux%'
  THEN pg_catalog.set_config('client_connection_check_interval', '2s', false) END`;

export class PostgresDriver implements SqlDriver<PostgresConnection> {
  readonly faultOf = faultOf;
  readonly #options: ConnectOptions;

  constructor(options: ConnectOptions) {
    this.#options = options;
  }

  connect(): Promise<PostgresConnection> {
    return connectTo(this.#options);
  }

  async setUp(session: PostgresSession): Promise<void> {
    const { schema, session: settings } = this.#options;
    const { text, values } = settingQuery(settingsOf(schema, settings), [
      "pg_catalog.current_setting('server_version_num')",
      "pg_catalog.current_setting('server_encoding')",
      LOOKS_FOR_US,
    ]);
    const [row] = await session.call((connection) => connection.query(text, values));
    refuseServer(row?.[0] ?? '', row?.[1] ?? '');
  }

  async beginUse(session: PostgresSession, { action }: Use, limitMs: number): Promise<void> {
    const limit = String(Math.max(1, limitMs));
    const { text, values } = settingQuery([
      ['application_name', `parqueue ${action}`],
      ['statement_timeout', limit],
      // A transaction waits while rows are encoded.
      ['idle_in_transaction_session_timeout', limit],
      ['lock_timeout', NO_LIMIT],
    ]);
    await session.call((connection) => connection.query(text, values));
  }

  limitCall(connection: PostgresConnection, ms: number): void {
    connection.limit(ms);
  }

  isHealthy(connection: PostgresConnection): boolean {
    return !connection.lost && connection.idle;
  }

  ping(connection: PostgresConnection): Promise<unknown> {
    return connection.query('SELECT 1');
  }

  rollback(connection: PostgresConnection): Promise<unknown> {
    return connection.query('ROLLBACK');
  }

  close(connection: PostgresConnection): Promise<unknown> {
    return connection.end();
  }

  interrupt(connection: PostgresConnection): Promise<unknown> {
    return connection.cancel();
  }

  readonly destroy = (connection: PostgresConnection): void => connection.destroy();
}

function refuseServer(version: string, encoding: string): void {
  if (!(Number(version) >= SERVER_VERSION_MIN)) {
    throw refusal(`the server is PostgreSQL ${told(version)}; 14 is the oldest that can be read`);
  }
  if (encoding === 'SQL_ASCII') {
    throw refusal(
      "the database's encoding is SQL_ASCII: nobody knows what characters its bytes are; restore it with one that is known",
    );
  }
}

/** 90624 is 9.6.24, 130005 is 13.5. */
function told(version: string): string {
  const number = Number(version);
  return number >= 100_000
    ? String(Math.floor(number / 10_000))
    : `${Math.floor(number / 10_000)}.${Math.floor(number / 100) % 100}`;
}

function refusal(why: string): ParqueueError {
  return ofKind('rejected', new ParqueueError('PQ_SOURCE_REJECTED', why));
}
