/**
 * Rows of a MySQL statement → Parquet through the source, read back by DuckDB, which shares no code with the writer. Needs
 * a test runner.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DuckDBInstance } from '@duckdb/node-api';
import { sessionSettings } from '../config/session-settings.ts';
import type { CanonicalRequest, SqlQuestion } from '../model/request.ts';
import type { Extract, Source } from '../ports/source.ts';
import type { ConnectOptions } from '../sources/mysql/connect.ts';
import { openMysqlSource } from '../sources/mysql/index.ts';
import { readStatement } from '../sql/index.ts';
import type { MysqlTestDatabase } from './mysql-database.ts';
import { connectOptions } from './mysql-sessions.ts';
import { sourceContext } from './source-contract.ts';

export interface MysqlAsk extends Partial<Omit<SqlQuestion, 'kind' | 'statement'>> {
  readonly columns?: readonly string[];
  /** Declared types by column name. */
  readonly columnTypes?: Readonly<Record<string, string>>;
}

export function mysqlRequest(sql: string, { columns, columnTypes, ...question }: MysqlAsk = {}): CanonicalRequest {
  return {
    keyFormat: 1,
    sourceKind: 'mysql',
    sourceIdentity: 'test',
    columns: columns ?? null,
    columnTypes: columnTypes ?? {},
    parquet: { compression: 'zstd', rowGroupRows: 1_000_000 },
    question: {
      kind: 'sql',
      statement: readStatement(sql, 'mysql').text,
      binds: {},
      session: sessionSettings('mysql', {}),
      version: { kind: 'ttl' },
      numbers: 'double',
      split: null,
      ...question,
    },
  };
}

export async function openSource(
  database: MysqlTestDatabase,
  more: Partial<ConnectOptions & { readonly pool: { readonly max: number } }> = {},
): Promise<Source> {
  return await openMysqlSource({
    ...connectOptions(database),
    pool: { max: 2 },
    randomId: () => 'test',
    chance: () => 0.5,
    ...more,
  });
}

export interface LoadedParquet extends AsyncDisposable {
  readonly extract: Extract;
  /** Rows of a query on the view `parquet`, as JavaScript values. */
  query(sql: string): Promise<readonly (readonly unknown[])[]>;
}

export async function loadParquet(source: Source, request: CanonicalRequest): Promise<LoadedParquet> {
  const directory = await mkdtemp(join(tmpdir(), 'parqueue-mysql-'));
  try {
    const path = join(directory, 'rows.parquet');
    await using snapshot = await source.open(request, sourceContext());
    const extract = await snapshot.extract({ path });
    const instance = await DuckDBInstance.create(':memory:', { threads: '1' });
    const connection = await instance.connect();
    await connection.run(`SET TimeZone = 'UTC'; CREATE VIEW parquet AS SELECT * FROM '${path}'`);
    return {
      extract,
      query: async (sql) => (await connection.runAndReadAll(sql)).getRowsJS(),
      async [Symbol.asyncDispose]() {
        instance.closeSync();
        await rm(directory, { recursive: true, force: true });
      },
    };
  } catch (error) {
    await rm(directory, { recursive: true, force: true });
    throw error;
  }
}
