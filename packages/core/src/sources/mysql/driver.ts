/** mysql2 in the shape that sessions and their pool know. */
import type { Fault } from '../sql/faults.ts';
import type { SqlDriver } from '../sql/driver.ts';
import type { Session, Use } from '../sql/session.ts';
import { interrupt } from './cancel.ts';
import { connectTo, type ConnectOptions } from './connect.ts';
import { ConnectionCut, type MysqlConnection, type ServerFacts } from './connection.ts';
import { faultOf } from './faults.ts';
import { ask } from './query.ts';
import { setUpSession } from './settings.ts';

export class MysqlDriver implements SqlDriver<MysqlConnection> {
  readonly #options: ConnectOptions;

  constructor(options: ConnectOptions) {
    this.#options = options;
  }

  connect(): Promise<MysqlConnection> {
    return connectTo(this.#options);
  }

  async setUp(session: Session<MysqlConnection>): Promise<void> {
    const server = await setUpSession(session, this.#options);
    await session.call((connection) => {
      connection.server = server;
      return Promise.resolve();
    });
  }

  async beginUse(session: Session<MysqlConnection>, _use: Use, limitMs: number): Promise<void> {
    const server = await session.call((connection) => Promise.resolve(connection.server));
    if (server !== null) await ask(session, limitStatement(server.product, limitMs));
  }

  limitCall(connection: MysqlConnection, ms: number): void {
    connection.limitCalls(ms);
  }

  isHealthy(connection: MysqlConnection): boolean {
    return !connection.isLost && !connection.rowsUnderWay;
  }

  ping(connection: MysqlConnection): Promise<void> {
    return connection.ping();
  }

  /** @throws ConnectionCut where rows are under way: that session cannot be used again, and its end rolls back */
  async rollback(connection: MysqlConnection): Promise<void> {
    if (connection.rowsUnderWay) throw new ConnectionCut('rows were left unread');
    await connection.query('ROLLBACK');
  }

  /** A statement under way is ended first: the server would go on with it, and the goodbye would wait behind its rows. */
  async close(connection: MysqlConnection): Promise<void> {
    if (connection.isLost) return connection.destroy();
    if (!connection.rowsUnderWay) return await connection.close();
    await interrupt(connection, this.#options);
    connection.destroy();
  }

  interrupt(connection: MysqlConnection): Promise<void> {
    return interrupt(connection, this.#options);
  }

  destroy(connection: MysqlConnection): void {
    connection.destroy();
  }

  faultOf(error: unknown): Fault | null {
    return faultOf(error);
  }
}

/** The least that the settings take. */
const SECONDS_MIN = 1;

/** The most that the strictest of them takes (wait_timeout under Windows): 24 days. */
const SECONDS_MAX = 2_147_483;

/**
 * Limits that the server keeps itself. A reader may be slow for as long as the use lasts (net_write_timeout), and a
 * session that nobody asks any more ends some time later (wait_timeout).
 */
export function limitStatement(product: ServerFacts['product'], limitMs: number): string {
  const ms = Math.max(1, Math.ceil(limitMs));
  const seconds = Math.min(SECONDS_MAX, Math.max(SECONDS_MIN, Math.ceil(ms / 1000)));
  const settings = [
    product === 'mariadb' ? `max_statement_time = ${ms / 1000}` : `max_execution_time = ${ms}`,
    `lock_wait_timeout = ${seconds}`,
    `innodb_lock_wait_timeout = ${seconds}`,
    `net_write_timeout = ${seconds}`,
    `wait_timeout = ${Math.min(SECONDS_MAX, seconds + IDLE_SECONDS)}`,
  ];
  return `SET ${settings.map((setting) => `SESSION ${setting}`).join(', ')}`;
}

/** Longer than the pool keeps an idle connection. */
const IDLE_SECONDS = 300;
