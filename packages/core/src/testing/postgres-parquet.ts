/**
 * Rows of a Postgres statement → Parquet by the rules of types, read back by DuckDB, which shares no code with the
 * writer. The statement runs in one piece: what is under test here is what becomes of each value.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DuckDBInstance } from '@duckdb/node-api';
import type pg from 'pg';
import type { ManifestColumn } from '../model/manifest.ts';
import type { NumbersAs } from '../model/request.ts';
import { batchesOf } from '../parquet/row-appender.ts';
import { arrowSchema } from '../parquet/column-type.ts';
import { writeParquetFile } from '../parquet/writer.ts';
import { planColumns } from '../sources/sql/column-plan.ts';
import { projected } from '../sources/postgres/projection.ts';
import { POSTGRES_TYPES } from '../sources/postgres/types-system.ts';
import type { PostgresColumn, PostgresType } from '../sources/postgres/types.ts';

export interface LoadOptions {
  /** Declared types by column name. */
  readonly columnTypes?: Readonly<Record<string, string>>;
  readonly numbers?: NumbersAs;
}

export interface LoadedParquet extends AsyncDisposable {
  readonly columns: readonly ManifestColumn[];
  readonly rounded: Readonly<Record<string, number>>;
  /** Rows of a query on the table `parquet`, as JavaScript values. */
  query(sql: string): Promise<readonly (readonly unknown[])[]>;
}

const SETTINGS = `SET DateStyle = 'ISO'; SET IntervalStyle = 'iso_8601'; SET bytea_output = 'hex';
  SET extra_float_digits = 1; SET client_encoding = 'UTF8'`;

/** @throws what the plan and the builders throw */
export async function loadParquet(
  client: pg.Client,
  statement: string,
  { columnTypes = {}, numbers = 'text' }: LoadOptions = {},
): Promise<LoadedParquet> {
  await client.query(SETTINGS);
  const described = await describedColumns(client, statement);
  const plan = planColumns(
    described,
    { columns: null, columnTypes, numbers },
    { types: POSTGRES_TYPES, project: projected },
  );
  const rows = await textsOf(client, plan.statement(statement));
  const directory = await mkdtemp(join(tmpdir(), 'parqueue-types-'));
  try {
    const path = join(directory, 'rows.parquet');
    try {
      plan.convertRows(rows);
      await writeParquetFile(path, arrowSchema(plan.columns), batchesOf(plan.columns, [rows]), {
        parquet: { compression: 'zstd', rowGroupRows: 100_000 },
        signal: new AbortController().signal,
      });
    } catch (error) {
      throw plan.explain(error);
    }
    const instance = await DuckDBInstance.create(':memory:', { threads: '1' });
    const connection = await instance.connect();
    await connection.run(`SET TimeZone = 'UTC'; CREATE VIEW parquet AS SELECT * FROM '${path}'`);
    return {
      columns: plan.manifestColumns(),
      rounded: plan.rounded(),
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

/** Every value as the server wrote it. */
export async function textsOf(client: pg.Client, text: string, values: readonly unknown[] = []): Promise<unknown[][]> {
  return (await raw(client, text, values)).rows;
}

async function raw(client: pg.Client, text: string, values: readonly unknown[]): Promise<pg.QueryArrayResult> {
  const types = { getTypeParser: () => (value: string) => value } as unknown as pg.CustomTypesConfig;
  return await client.query({ text, values: [...values], rowMode: 'array', types });
}

async function describedColumns(client: pg.Client, statement: string): Promise<readonly PostgresColumn[]> {
  const { fields } = await raw(client, `SELECT * FROM (${statement}) AS q LIMIT 0`, []);
  const types = await textsOf(
    client,
    `SELECT n.nspname, t.typname, t.typtype, t.typcategory, en.nspname, e.typname, e.typtype, e.typcategory,
       pg_catalog.format_type(c.id, c.mod)
     FROM unnest($1::oid[], $2::int4[]) WITH ORDINALITY AS c(id, mod, at)
     JOIN pg_catalog.pg_type t ON t.oid = c.id JOIN pg_catalog.pg_namespace n ON n.oid = t.typnamespace
     LEFT JOIN pg_catalog.pg_type e ON e.oid = t.typelem AND t.typcategory = 'A'
     LEFT JOIN pg_catalog.pg_namespace en ON en.oid = e.typnamespace
     ORDER BY c.at`,
    [fields.map(({ dataTypeID }) => dataTypeID), fields.map(({ dataTypeModifier }) => dataTypeModifier)],
  );
  return fields.map(({ name, dataTypeID, dataTypeModifier }, at) => {
    const texts = types[at] as string[];
    const typeOf = (from: number, element: PostgresType | null): PostgresType => ({
      schema: texts[from] ?? '',
      name: texts[from + 1] ?? '',
      kind: texts[from + 2] as PostgresType['kind'],
      category: texts[from + 3] ?? '',
      element,
    });
    const element = texts[4] === null ? null : typeOf(4, null);
    return {
      name,
      typeId: dataTypeID,
      typmod: dataTypeModifier,
      typeName: texts[8] ?? '',
      type: typeOf(0, element),
    };
  });
}
