/**
 * The database behind the Oracle suites: the protocol test server in this process with its DuckDB engine, or, where
 * ORACLE_TEST_URL names one (USER/PASSWORD@HOST:PORT/SERVICE), a real Oracle Database. Tests write by a session of
 * their own and count executions as a DBA would, in V$SQL.
 */
import { openDuckDbEngine, startOracleServer, type Engine, type OracleServer } from '@parqueue/oracle-server';
import oracledb from 'oracledb';

/** On a real database, faults that only our server can make are skipped. */
export const REAL_DATABASE = process.env['ORACLE_TEST_URL'] ?? null;

const PASSWORD = 'correct horse battery';
const SERVER = { users: { APP: PASSWORD }, service: 'PARQ' };

export interface DatabaseOptions {
  /** Puts something between the server and its engine. */
  readonly around?: (engine: Engine) => Engine;
}

export class TestDatabase implements AsyncDisposable {
  readonly connectString: string;
  /** Upper case: also the schema of unqualified names. */
  readonly user: string;
  readonly password: string;
  #server: OracleServer | null;
  readonly #engine: Engine | null;
  #connection: oracledb.Connection;

  private constructor(
    login: { readonly connectString: string; readonly user: string; readonly password: string },
    ours: { readonly server: OracleServer; readonly engine: Engine } | null,
    connection: oracledb.Connection,
  ) {
    this.connectString = login.connectString;
    this.user = login.user.toUpperCase();
    this.password = login.password;
    this.#server = ours?.server ?? null;
    this.#engine = ours?.engine ?? null;
    this.#connection = connection;
  }

  static async open({ around = (engine) => engine }: DatabaseOptions = {}): Promise<TestDatabase> {
    if (REAL_DATABASE !== null) {
      const [, user = '', password = '', connectString = ''] = /^([^/]+)\/(.+)@([^@]+)$/.exec(REAL_DATABASE) ?? [];
      const login = { user, password, connectString };
      return new TestDatabase(login, null, await oracledb.getConnection(login));
    }
    const engine = around(await openDuckDbEngine());
    const server = await startOracleServer({ ...SERVER, engine });
    const login = { user: 'APP', password: PASSWORD, connectString: server.connectString };
    return new TestDatabase(login, { server, engine }, await oracledb.getConnection(login));
  }

  get settings(): readonly string[] {
    return ['kind: oracle', `connectString: "${this.connectString}"`, `user: ${this.user}`];
  }

  /** The server under test, for its counters and faults. */
  get server(): OracleServer {
    if (this.#server === null) throw new Error('a real database has no faults on command: skip this test there');
    return this.#server;
  }

  /** Starts the closed server again at its old port, with all its tables. */
  async comeBack(): Promise<void> {
    if (this.#engine === null) throw new Error('a real database is not ours to start');
    const { port } = this.server;
    this.#server = await startOracleServer({ ...SERVER, engine: this.#engine, port });
    await this.#connection.close().catch(() => undefined);
    const { user, password, connectString } = this;
    this.#connection = await oracledb.getConnection({ user, password, connectString });
  }

  /** One transaction. */
  async commit(...statements: readonly string[]): Promise<void> {
    for (const statement of statements) await this.#connection.execute(statement);
    await this.#connection.commit();
  }

  /** Runs the statement, lets somebody look while it is not committed, and takes it back. */
  async rolledBack(statement: string, look: () => Promise<void>): Promise<void> {
    await this.#connection.execute(statement);
    await look();
    await this.#connection.rollback();
  }

  /** Drops what an earlier run left, so that a suite can be repeated on a database that keeps things. */
  async fresh(kind: 'TABLE' | 'VIEW', name: string, ...statements: readonly string[]): Promise<void> {
    try {
      await this.#connection.execute(`DROP ${kind} ${name}`);
    } catch (error) {
      if (!/ORA-00942/.test(String(error))) throw error;
    }
    await this.commit(...statements);
  }

  async number(query: string): Promise<number> {
    const { rows = [] } = await this.#connection.execute<readonly unknown[]>(query);
    return Number(rows[0]?.[0]);
  }

  /** How often statements with this text in them ran, by the server's own count. */
  async executions(fragment: string): Promise<number> {
    return await this.number(
      `SELECT NVL(SUM(EXECUTIONS), 0) FROM V$SQL WHERE SQL_TEXT LIKE '%${fragment}%' AND SQL_TEXT NOT LIKE '%V$SQL%'`,
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#connection.close().catch(() => undefined);
    await this.#server?.close();
    await this.#engine?.close();
  }
}
