/**
 * What the Python client is tested against: an API with keys and a worker over files, the Oracle protocol and PostgreSQL,
 * each source with a table of every usual type.
 */
import { createHash } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { generateFile } from '@parqueue/core/parquet';
import { startPostgresServer } from '@parqueue/core/testing/servers';
import pg from 'pg';
import { Stage } from '../e2e/api-stage.ts';
import { TestDatabase } from '../e2e/oracle-database.ts';

/** Of everything, and of what is there already. */
export const KEYS = { all: 'pq_python_all', reader: 'pq_python_reader' };

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');

const AUTH = `
auth:
  apiKeys:
    - { name: python, sha256: ${sha256(KEYS.all)}, scopes: [read, fill, adhoc, admin] }
    - { name: reader, sha256: ${sha256(KEYS.reader)}, scopes: [read] }
`;

const DATASETS = `
  types_csv: { source: lake, path: types.csv, columns: { id: bigint, amount: "decimal(18,2)", day: date, at: timestamptz, local: timestamp, flag: boolean, share: double, word: varchar } }
  sales: { source: lake, path: sales.parquet }
  large: { source: lake, path: large.parquet }
  numbers: { source: lake, path: "numbers/{name}.csv", params: { name: { type: string } } }
  oracle_types: { source: erp, sql: "select * from py_types order by id" }
  oracle_since: { source: erp, sql: "select id, d from py_types where d >= :since order by id", params: { since: { type: date } } }
  pg_types: { source: pg, sql: "select * from py_types order by id" }
  slow: { source: pg, sql: "select n, pg_sleep(0.5)::text as slept from (values (1), (2), (3)) as numbers(n)", freshness: { version: manual } }
`;

/** What the documents read. */
const EXAMPLES = [
  ['sales.parquet', 'parquet'],
  ['prices/xetra.csv', 'csv'],
  ['prices/xetra-2026.csv', 'csv'],
] as const;

export class PythonStage implements AsyncDisposable {
  readonly stage: Stage;
  readonly #oracle: TestDatabase;
  readonly #postgres: pg.Client;
  readonly #server: AsyncDisposable;

  private constructor(stage: Stage, parts: { oracle: TestDatabase; postgres: pg.Client; server: AsyncDisposable }) {
    this.stage = stage;
    this.#oracle = parts.oracle;
    this.#postgres = parts.postgres;
    this.#server = parts.server;
  }

  static async open(): Promise<PythonStage> {
    const [server, oracle] = await Promise.all([startPostgresServer(), TestDatabase.open()]);
    const url = new URL(server.url);
    const postgres = new pg.Client(url.href);
    await postgres.connect();
    await postgres.query(ORDINARY_USER);
    const sources = `
  erp: { ${[...oracle.settings, `password: "${oracle.password}"`].join(', ')}, adhoc: true }
  pg: { kind: postgres, connectString: "postgresql://127.0.0.1:${server.port}${url.pathname}", user: py, password: py, adhoc: true }
`;
    const stage = await Stage.open({ yaml: AUTH, sources, datasets: DATASETS });
    for (const [path, format] of EXAMPLES) {
      await mkdir(dirname(join(stage.base, 'lake', path)), { recursive: true });
      await generateFile({ path: join(stage.base, 'lake', path), format, rows: 20_000, seed: 2026, revision: 1 });
    }
    return new PythonStage(stage, { oracle, postgres, server });
  }

  async oracle(statements: readonly string[]): Promise<void> {
    await this.#oracle.commit(...statements);
  }

  async postgres(statements: readonly string[]): Promise<void> {
    await this.#postgres.query(statements.join(';'));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stage[Symbol.asyncDispose]();
    await this.#postgres.end();
    await Promise.all([this.#server[Symbol.asyncDispose](), this.#oracle[Symbol.asyncDispose]()]);
  }
}

/** The source's own: without the rights of the administrator who makes the tables. */
const ORDINARY_USER = `
CREATE ROLE py LOGIN PASSWORD 'py';
ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT SELECT ON TABLES TO py
`;
