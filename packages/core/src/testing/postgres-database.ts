/**
 * A PostgreSQL database for tests: fresh and empty for each call, on the server that the test run shares or that PG_URL
 * names (of a role that may create databases and roles). Its owner is an ordinary role that may do nothing else.
 *
 * Not among the exports of this package: it needs a test runner.
 */
import { randomBytes } from 'node:crypto';
import pg from 'pg';
import { sessionSettings } from '../config/session-settings.ts';
import type { Source } from '../ports/source.ts';
import { openPostgresSource, type PostgresSourceOptions } from '../sources/postgres/index.ts';
import { hostClock } from './host-clock.ts';
import { sequence } from './sql-request.ts';
import type { ServerAddress } from './server-pool.ts';
import { serverAddress } from './test-servers.ts';

export interface PostgresTestOptions {
  /** A server of the test's own; otherwise the one that the run shares. */
  readonly server?: ServerAddress;
  /** More of CREATE DATABASE, for example `ENCODING 'LATIN1'`; the server's defaults otherwise. */
  readonly createWith?: string;
}

export interface PostgresLogin {
  readonly host: string;
  readonly port: number;
  readonly database: string;
  readonly user: string;
  readonly password: string;
}

export interface PostgresTestDatabase extends PostgresLogin, AsyncDisposable {
  /** PEM of who signed the server's certificate; null on a server that PG_URL names. */
  readonly ca: string | null;
  /** `postgresql://host:port/database`, as in a source's `connectString`. */
  readonly connectString: string;
  /** The server's administrator, in this database: for what its owner may not do or see. */
  readonly admin: pg.Client;
  /** Whom `admin` logs on as. */
  readonly administrator: { readonly user: string; readonly password: string };
  /** Runs statements and commits them. @returns rows affected by the last one */
  execute(sql: string, values?: readonly unknown[]): Promise<number>;
  /** Rows as arrays, as the driver decodes them. */
  query(sql: string, values?: readonly unknown[]): Promise<readonly (readonly unknown[])[]>;
  /** A client of its own, of the owner or of somebody else; ended with the database at the latest. */
  connect(more?: pg.ClientConfig): Promise<pg.Client>;
  /** A source on this database, of its owner; closed with it. */
  source(more?: Partial<PostgresSourceOptions>): Promise<Source>;
  /** Another role with a password, who may connect and has no rights in the schema beyond everybody's; dropped with the database. */
  createUser(): Promise<Pick<PostgresLogin, 'user' | 'password'>>;
}

export async function openPostgresTestDatabase(options: PostgresTestOptions = {}): Promise<PostgresTestDatabase> {
  const { url, ca } = options.server ?? (await serverAddress('postgres'));
  const name = `parqueue_test_${randomBytes(6).toString('hex')}`;
  const { hostname, port, username, password: secret, pathname } = new URL(url);
  const server = { host: hostname, port: port === '' ? 5432 : Number(port) };
  const administrator = { user: decodeURIComponent(username), password: decodeURIComponent(secret) };
  const owner = { user: name, password: randomBytes(12).toString('hex') };

  const clients = new Set<pg.Client>();
  const connect = async (login: pg.ClientConfig): Promise<pg.Client> => {
    const client = new pg.Client({ ...login, application_name: 'parqueue test' });
    // Tests end sessions on purpose; the statement that was running says so.
    client.on('error', () => undefined);
    await client.connect();
    clients.add(client);
    client.once('end', () => clients.delete(client));
    return client;
  };
  const maintain = async (...statements: readonly string[]): Promise<void> => {
    const database = decodeURIComponent(pathname.slice(1)) || 'postgres';
    const client = await connect({ ...server, ...administrator, database });
    try {
      for (const statement of statements) await client.query(statement);
    } finally {
      await client.end();
    }
  };

  await maintain(
    `CREATE ROLE ${owner.user} LOGIN PASSWORD '${owner.password}'`,
    `GRANT ${owner.user} TO CURRENT_USER`,
    `CREATE DATABASE ${name} OWNER ${owner.user} TEMPLATE template0 ${options.createWith ?? ''}`,
  );
  const login = { ...server, database: name, ...owner };
  const [client, admin] = await Promise.all([connect(login), connect({ ...login, ...administrator })]);
  const users = [owner.user];
  const sources: Source[] = [];
  return {
    ...login,
    ca,
    connectString: `postgresql://${server.host}:${server.port}/${name}`,
    admin,
    administrator,
    async execute(sql, values) {
      const results = await client.query(sql, values === undefined ? undefined : [...values]);
      // Several statements in one text have a result each.
      const last: pg.QueryResult = [results].flat().at(-1) ?? results;
      return last.rowCount ?? 0;
    },
    async query(sql, values) {
      const { rows } = await client.query<unknown[]>({ text: sql, rowMode: 'array', values: [...(values ?? [])] });
      return rows;
    },
    connect: async (other = {}) => await connect({ ...login, ...other }),
    async source(more = {}) {
      const source = await openPostgresSource({
        ...login,
        schema: 'public',
        session: sessionSettings('postgres', {}),
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
    async createUser() {
      const other = { user: `${name}_${users.length}`, password: randomBytes(12).toString('hex') };
      await maintain(`CREATE ROLE ${other.user} LOGIN PASSWORD '${other.password}'`);
      users.push(other.user);
      return other;
    },
    async [Symbol.asyncDispose]() {
      for (const source of sources) await source[Symbol.asyncDispose]();
      await Promise.allSettled([...clients].map(async (open) => await open.end()));
      await maintain(
        `DROP DATABASE IF EXISTS ${name} WITH (FORCE)`,
        ...users.map((user) => `DROP ROLE IF EXISTS ${user}`),
      );
    },
  };
}
