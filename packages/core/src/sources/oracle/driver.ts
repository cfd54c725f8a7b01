/** node-oracledb in Thin mode, as sources/sql uses a driver. */
import type { Connection } from 'oracledb';
import type { SqlDriver } from '../sql/driver.ts';
import type { Session, Use } from '../sql/session.ts';
import { connectTo, setUpSession, type ConnectOptions } from './connect.ts';
import { faultOf } from './faults.ts';

export type OracleSession = Session<Connection>;

export class OracleDriver implements SqlDriver<Connection> {
  readonly #options: ConnectOptions;
  /** A socket ends with its thread only. */
  readonly destroy = null;

  constructor(options: ConnectOptions) {
    this.#options = options;
  }

  connect(): Promise<Connection> {
    return connectTo(this.#options);
  }

  async setUp(session: OracleSession): Promise<void> {
    await setUpSession(session, this.#options);
  }

  /** The names travel with the next call; the time limit is the driver's, for each call. */
  async beginUse(session: OracleSession, { action }: Use): Promise<void> {
    await session.call(async (connection) => {
      connection.module = 'parqueue';
      connection.action = action;
    });
  }

  limitCall(connection: Connection, ms: number): void {
    connection.callTimeout = ms;
  }

  isHealthy(connection: Connection): boolean {
    return connection.isHealthy();
  }

  async ping(connection: Connection): Promise<void> {
    await connection.ping();
  }

  async rollback(connection: Connection): Promise<void> {
    await connection.rollback();
  }

  async close(connection: Connection): Promise<void> {
    await connection.close();
  }

  async interrupt(connection: Connection): Promise<void> {
    await connection.break();
  }

  faultOf = faultOf;
}
