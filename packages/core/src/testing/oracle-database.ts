/**
 * An Oracle database for tests: the protocol test server with DuckDB behind it, in this process, or the real one that
 * ORACLE_TEST_URL (user/password@host:port/service) names. Fixtures use SQL that both understand. What only the test
 * server can do (look inside, misbehave on command) is in `server`, null for a real database.
 *
 * Not among the exports of this package: the server is there for development only.
 */
import { openDuckDbEngine, startOracleServer, type OracleServer } from '@parqueue/oracle-server';
import oracledb, { type BindParameters, type Connection } from 'oracledb';
import type { CanonicalRequest, SqlQuestion } from '../model/request.ts';
import type { Source } from '../ports/source.ts';
import { openOracleSource, type OracleSourceOptions } from '../sources/oracle/index.ts';
import { readStatement } from '../sql/index.ts';
import { hostClock } from './host-clock.ts';
import { hookedEngine, type OracleHooks } from './oracle-hooks.ts';

/** For `skipIf`: why a test cannot run here, or null. */
export const SERVER_ONLY: string | null =
  process.env['ORACLE_TEST_URL'] === undefined
    ? null
    : 'looks into the test server, and ORACLE_TEST_URL names a real database';

/** A suite's name, with the reason where it is skipped. */
export function onTestServer(name: string): string {
  return SERVER_ONLY === null ? name : `${name} (skipped: it ${SERVER_ONLY})`;
}

export interface OracleTestServer extends OracleServer {
  /** No hook at the beginning; a test that sets one takes it away again. */
  readonly hooks: OracleHooks;
}

export interface OracleTestDatabase extends AsyncDisposable {
  readonly connectString: string;
  readonly user: string;
  readonly password: string;
  /** The user's own, upper case. */
  readonly schema: string;
  readonly server: OracleTestServer | null;
  /** Runs a statement and commits it. @returns rows affected */
  execute(sql: string, binds?: BindParameters): Promise<number>;
  /** Drops what is there of these, ignoring what is not: `TABLE T`, `VIEW V`. */
  drop(...objects: readonly string[]): Promise<void>;
  /** Rows as arrays, as the driver decodes them. */
  query(sql: string, binds?: BindParameters): Promise<readonly (readonly unknown[])[]>;
  /** A connection of its own, not committed by itself; the caller closes it. */
  connect(): Promise<Connection>;
  /** A source on this database; closed with it. */
  source(more?: Partial<OracleSourceOptions>): Promise<Source>;
}

export { hostClock } from './host-clock.ts';

export async function openOracleTestDatabase(): Promise<OracleTestDatabase> {
  const url = process.env['ORACLE_TEST_URL'];
  if (url !== undefined) {
    const [, user, password, connectString] = /^([^/]+)\/(.+)@([^@]+)$/.exec(url) ?? [];
    if (user === undefined || password === undefined || connectString === undefined) {
      throw new Error('ORACLE_TEST_URL has to be user/password@host:port/service');
    }
    return await database({ connectString, user, password, server: null, end: async () => undefined });
  }
  const hooks: OracleHooks = { onParse: null, onExecute: null, onFetch: null, openResults: 0 };
  const engine = await openDuckDbEngine();
  const server = await startOracleServer({
    engine: hookedEngine(engine, hooks),
    users: { APP: 'secret' },
    service: 'PARQ',
  });
  return await database({
    connectString: server.connectString,
    user: 'APP',
    password: 'secret',
    server: Object.assign(server, { hooks }),
    end: async () => {
      await server.close();
      await engine.close();
    },
  });
}

async function database(parts: {
  readonly connectString: string;
  readonly user: string;
  readonly password: string;
  readonly server: OracleTestServer | null;
  readonly end: () => Promise<void>;
}): Promise<OracleTestDatabase> {
  const { connectString, user, password, server, end } = parts;
  const connect = (): Promise<Connection> => oracledb.getConnection({ connectString, user, password });
  const connection = await connect();
  const sources: Source[] = [];
  const execute = async (sql: string, binds: BindParameters = {}): Promise<number> => {
    const { rowsAffected } = await connection.execute(sql, binds, { autoCommit: true });
    return rowsAffected ?? 0;
  };
  const schema = user.toUpperCase();
  return {
    connectString,
    user,
    password,
    schema,
    server,
    execute,
    connect,
    async drop(...objects) {
      for (const object of objects) {
        await execute(`DROP ${object}`).catch((error: unknown) => {
          if (!/ORA-(00942|01418|01432|01434)/.test(String(error))) throw error;
        });
      }
    },
    async query(sql, binds = {}) {
      const { rows } = await connection.execute<unknown[]>(sql, binds, { maxRows: 0 });
      return rows ?? [];
    },
    async source(more = {}) {
      const source = await openOracleSource({
        connectString,
        user,
        password,
        schema,
        session: {},
        pool: { max: 4 },
        connectTimeoutMs: 10_000,
        configDir: null,
        walletLocation: null,
        walletPassword: null,
        randomId: sequence(),
        chance: () => 0.5,
        clock: hostClock,
        ...more,
      });
      sources.push(source);
      return source;
    },
    async [Symbol.asyncDispose]() {
      for (const source of sources) await source[Symbol.asyncDispose]();
      await connection.close();
      await end();
    },
  };
}

function sequence(): () => string {
  let last = 0;
  return () => String((last += 1)).padStart(32, '0');
}

export interface OracleAsk extends Partial<Omit<SqlQuestion, 'kind' | 'statement'>> {
  readonly columns?: readonly string[];
  readonly columnTypes?: Readonly<Record<string, string>>;
}

/** The canonical request for a statement. */
export function oracleRequest(sql: string, { columns, columnTypes, ...question }: OracleAsk = {}): CanonicalRequest {
  return {
    keyFormat: 1,
    sourceKind: 'oracle',
    sourceIdentity: 'test',
    columns: columns ?? null,
    columnTypes: columnTypes ?? {},
    parquet: { compression: 'snappy', rowGroupRows: 1_000_000 },
    question: {
      kind: 'sql',
      statement: readStatement(sql, 'oracle').text,
      binds: {},
      session: {},
      version: { kind: 'rowscn' },
      numbers: 'double',
      split: null,
      ...question,
    },
  };
}
