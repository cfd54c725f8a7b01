/** A view of the dictionary as typed rows, and as a query of DuckDB. */
import type { OraType } from '../../engine.ts';
import type { Catalog, CatalogObject, View } from './catalog.ts';
import type { CompiledQuery } from './context.ts';
import type { Typed } from './typed.ts';
import { formOf, quoteText, storageOf, VARCHAR2 } from './typed.ts';

export interface Facts {
  readonly catalog: Catalog;
  readonly user: string;
  readonly schema: string;
  readonly scn: bigint;
  readonly statements: readonly { readonly sql: string; readonly schema: string; readonly executions: number }[];
  readonly sessions: readonly { readonly id: number; readonly user: string; readonly schema: string }[];
  readonly dependencies: (view: View) => readonly CatalogObject[];
}

export type Cell = string | number | bigint | null;
export interface Relation {
  readonly columns: readonly (readonly [name: string, type: OraType])[];
  readonly rows: readonly (readonly Cell[])[];
}

export const NAME = VARCHAR2(128);
export const FLAG = VARCHAR2(12);
export function relation({ columns, rows }: Relation): CompiledQuery {
  const cell = (value: Cell, type: OraType): string => {
    if (value === null || value === '') return `CAST(NULL AS ${storageOf(type)})`;
    if (type.kind === 'DATE') return `date_trunc('second', make_timestamp(${BigInt(value) / 1000n}))`;
    return `CAST(${quoteText(String(value))} AS ${storageOf(type)})`;
  };
  const names = columns.map((_, index) => `"c${index}"`).join(', ');
  const list = rows.map(
    (row) =>
      `(${row.map((value, index) => cell(value, (columns[index] as Relation['columns'][number])[1])).join(', ')})`,
  );
  const none = `SELECT ${columns.map(([, type], index) => `CAST(NULL AS ${storageOf(type)}) AS "c${index}"`).join(', ')} WHERE false`;
  const sql = rows.length === 0 ? none : `SELECT * FROM (VALUES ${list.join(', ')}) "#v"(${names})`;
  const value = (type: OraType, index: number): Typed => ({
    sql: `"c${index}"`,
    type,
    form: formOf(type),
    nullable: true,
  });
  return { sql, columns: columns.map(([name, type], index) => ({ name, value: value(type, index) })) };
}
