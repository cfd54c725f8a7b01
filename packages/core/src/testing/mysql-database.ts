/**
 * A MariaDB (or MySQL) database for tests: fresh and empty for each call, on the server that the test run shares or that
 * MYSQL_URL names (of a user who may create databases and users). Its user has all rights on it and no others.
 *
 * Not among the exports of this package: it needs a test runner.
 */
import { randomBytes } from 'node:crypto';
import mysql, {
  type Connection,
  type ConnectionOptions,
  type ResultSetHeader,
  type RowDataPacket,
} from 'mysql2/promise';
import { sessionSettings } from '../config/session-settings.ts';
import type { Source } from '../ports/source.ts';
import { openMysqlSource, type MysqlSourceOptions } from '../sources/mysql/index.ts';
import { hostClock } from './host-clock.ts';
import { sequence } from './sql-request.ts';
import type { ServerAddress } from './server-pool.ts';
import { serverAddress } from './test-servers.ts';

export interface MysqlTestOptions {
  /** A server of the test's own; otherwise the one that the run shares. */
  readonly server?: ServerAddress;
  /** More of CREATE DATABASE, for example `CHARACTER SET latin1`; utf8mb4 otherwise. */
  readonly createWith?: string;
}

export interface MysqlLogin {
  readonly host: string;
  readonly port: number;
  readonly database: string;
  readonly user: string;
  readonly password: string;
}

/** What the driver pastes for a `?`. */
export type MysqlValue = string | number | bigint | boolean | Date | Buffer | null;

export interface MysqlTestDatabase extends MysqlLogin, AsyncDisposable {
  /** PEM of who signed the server's certificate; null on a server that MYSQL_URL names. */
  readonly ca: string | null;
  /** `mysql://host:port/database`, as in a source's `connectString`. */
  readonly connectString: string;
  /** The server's administrator, in this database: for what its user may not do or see. */
  readonly admin: Connection;
  /** Whom `admin` logs on as. */
  readonly administrator: { readonly user: string; readonly password: string };
  /** Runs one statement and commits it. @returns rows affected */
  execute(sql: string, values?: readonly MysqlValue[]): Promise<number>;
  /** Rows as arrays, as the driver decodes them. */
  query(sql: string, values?: readonly MysqlValue[]): Promise<readonly (readonly unknown[])[]>;
  /** A connection of its own, of this user or of somebody else; ended with the database at the latest. */
  connect(more?: Partial<ConnectionOptions>): Promise<Connection>;
  /** A source on this database, of this user; closed with it. */
  source(more?: Partial<MysqlSourceOptions>): Promise<Source>;
  /** Another database, empty, on which nobody but the administrator has rights; dropped with this one. */
  createDatabase(): Promise<string>;
  /** Another user with a password and these rights, for example `SELECT ON a.b`; dropped with the database. */
  createUser(...grants: readonly string[]): Promise<Pick<MysqlLogin, 'user' | 'password'>>;
}

export async function openMysqlTestDatabase(options: MysqlTestOptions = {}): Promise<MysqlTestDatabase> {
  const { url, ca } = options.server ?? (await serverAddress('mariadb'));
  // A user's name may have 32 characters in MySQL.
  const name = `parqueue_test_${randomBytes(6).toString('hex')}`;
  const { hostname, port, username, password: secret } = new URL(url);
  const server = { host: hostname, port: port === '' ? 3306 : Number(port) };
  const administrator = { user: decodeURIComponent(username), password: decodeURIComponent(secret) };

  const connections = new Set<Connection>();
  const connect = async (login: ConnectionOptions): Promise<Connection> => {
    const connection = await mysql.createConnection({ supportBigNumbers: true, bigNumberStrings: true, ...login });
    // Tests kill connections on purpose; the statement that was running says so.
    connection.on('error', () => undefined);
    connections.add(connection);
    connection.on('end', () => connections.delete(connection));
    return connection;
  };
  /** By a connection of its own: the others may have been killed, with their server even. */
  const maintain = async (run: (connection: Connection) => Promise<unknown>): Promise<void> => {
    const connection = await connect({ ...server, ...administrator });
    try {
      await run(connection);
    } finally {
      await connection.end();
    }
  };
  const users: string[] = [];
  const databases: string[] = [];
  const createDatabase = async (more: string): Promise<string> => {
    const database = databases.length === 0 ? name : `${name}_${databases.length}`;
    await maintain(async (connection) => await connection.query(`CREATE DATABASE ${database} ${more}`));
    databases.push(database);
    return database;
  };
  const createUser = async (grants: readonly string[]): Promise<Pick<MysqlLogin, 'user' | 'password'>> => {
    const user = users.length === 0 ? name : `${name}_${users.length}`;
    const password = randomBytes(12).toString('hex');
    await maintain(async (connection) => {
      await connection.query(`CREATE USER ${user}@'%' IDENTIFIED BY '${password}'`);
      users.push(user);
      for (const grant of grants) await connection.query(`GRANT ${grant} TO ${user}@'%'`);
    });
    return { user, password };
  };

  const sources: Source[] = [];
  await createDatabase(options.createWith ?? 'CHARACTER SET utf8mb4');
  const login = { ...server, database: name, ...(await createUser([`ALL ON ${name}.*`])) };
  const [client, admin] = await Promise.all([connect(login), connect({ ...login, ...administrator })]);
  return {
    ...login,
    ca,
    connectString: `mysql://${server.host}:${server.port}/${name}`,
    admin,
    administrator,
    async execute(sql, values) {
      const [result] = await client.query<ResultSetHeader>({ sql, values: [...(values ?? [])] });
      return result.affectedRows;
    },
    async query(sql, values) {
      const [rows] = await client.query<RowDataPacket[][]>({ sql, values: [...(values ?? [])], rowsAsArray: true });
      return rows;
    },
    connect: async (other = {}) => await connect({ ...login, ...other }),
    async source(more = {}) {
      const source = await openMysqlSource({
        ...login,
        schema: name,
        session: sessionSettings('mysql', {}),
        tls: { mode: 'off', ca: null },
        pool: { max: 4 },
        connectTimeoutMs: 10_000,
        randomId: sequence(),
        chance: () => 0.5,
        clock: hostClock,
        ...more,
      });
      sources.push(source);
      return source;
    },
    createDatabase: async () => await createDatabase('CHARACTER SET utf8mb4'),
    createUser: async (...grants) => await createUser(grants),
    async [Symbol.asyncDispose]() {
      for (const source of sources) await source[Symbol.asyncDispose]();
      for (const connection of connections) connection.destroy();
      await maintain(async (connection) => {
        // Whoever is still in a transaction would make DROP DATABASE wait.
        const [rows] = await connection.query<RowDataPacket[]>('SELECT id, db FROM information_schema.processlist');
        const open = rows.filter(({ db }) => databases.includes(db as string));
        for (const { id } of open) await connection.query(`KILL ${id}`).catch(unlessUnknownThread);
        for (const database of databases) await connection.query(`DROP DATABASE IF EXISTS ${database}`);
        for (const user of users) await connection.query(`DROP USER IF EXISTS ${user}@'%'`);
      });
    },
  };
}

/** It ended by itself meanwhile. */
function unlessUnknownThread(error: unknown): void {
  if ((error as { readonly code?: unknown }).code !== 'ER_NO_SUCH_THREAD') throw error;
}
