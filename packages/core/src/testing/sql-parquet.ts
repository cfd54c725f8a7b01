/**
 * Rows of a statement → Parquet through a source, read back by DuckDB, which shares no code with the writer. Needs a test
 * runner.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DuckDBInstance } from '@duckdb/node-api';
import type { CanonicalRequest } from '../model/request.ts';
import type { Extract, Source } from '../ports/source.ts';
import { sourceContext } from './source-contract.ts';

export interface LoadedParquet extends AsyncDisposable {
  readonly extract: Extract;
  /** Rows of a query on the view `parquet`, as JavaScript values. */
  query(sql: string): Promise<readonly (readonly unknown[])[]>;
}

/** Without asking for a version, so that anything may be selected. @throws what the source throws */
export async function loadParquet(source: Source, { question, ...rest }: CanonicalRequest): Promise<LoadedParquet> {
  if (question.kind !== 'sql') throw new Error('this is for statements');
  const request: CanonicalRequest = { ...rest, question: { ...question, version: { kind: 'ttl' } } };
  const directory = await mkdtemp(join(tmpdir(), 'parqueue-rows-'));
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
