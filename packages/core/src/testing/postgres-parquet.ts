/**
 * Rows of a Postgres statement → Parquet through the source, read back by DuckDB, which shares no code with the writer;
 * and the same values as the server itself writes them. Needs a test runner.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DuckDBInstance } from '@duckdb/node-api';
import type pg from 'pg';
import type { Extract, Source } from '../ports/source.ts';
import { openPostgresSource, type PostgresSourceOptions } from '../sources/postgres/index.ts';
import type { PostgresTestDatabase } from './postgres-database.ts';
import { connectOptions } from './postgres-sessions.ts';
import { sourceContext } from './source-contract.ts';
import { postgresRequest, sequence, type SqlAsk } from './sql-request.ts';

export async function openSource(
  database: PostgresTestDatabase,
  more: Partial<PostgresSourceOptions> = {},
): Promise<Source> {
  return await openPostgresSource({
    ...connectOptions(database),
    pool: { max: 2 },
    randomId: sequence(),
    chance: () => 0.5,
    ...more,
  });
}

export interface LoadedParquet extends AsyncDisposable {
  readonly extract: Extract;
  /** Rows of a query on the view `parquet`, as JavaScript values. */
  query(sql: string): Promise<readonly (readonly unknown[])[]>;
}

/** @throws what the source throws */
export async function loadParquet(source: Source, statement: string, ask: SqlAsk = {}): Promise<LoadedParquet> {
  const directory = await mkdtemp(join(tmpdir(), 'parqueue-postgres-'));
  try {
    const path = join(directory, 'rows.parquet');
    await using snapshot = await source.open(
      postgresRequest(statement, { version: { kind: 'ttl' }, ...ask }),
      sourceContext(),
    );
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

/** A client whose values are written as a source's are, in UTC. */
export async function textClient(database: PostgresTestDatabase): Promise<pg.Client> {
  const client = await database.connect();
  await client.query(`SET DateStyle = 'ISO'; SET IntervalStyle = 'iso_8601'; SET bytea_output = 'hex';
    SET extra_float_digits = 1; SET TimeZone = 'UTC'`);
  return client;
}

/** Every value as the server writes it. */
export async function textsOf(client: pg.Client, text: string): Promise<unknown[][]> {
  const types = { getTypeParser: () => (value: string) => value } as unknown as pg.CustomTypesConfig;
  return (await client.query<unknown[]>({ text, rowMode: 'array', types })).rows;
}
