/**
 * Row versions. Each table carries, besides its own columns: `#id` (the row, the same through all its versions), `#scn`
 * (committed at; null while not), `#to` (ended at), `#tx` (the transaction that made it), `#del` (the one that is ending
 * it). A version lives in [#scn, #to). Whoever reads at s sees what lives at s, and of its own transaction the rest.
 */
import type { Table } from './catalog.ts';
import { quoteName } from './typed.ts';

export const HIDDEN_COLUMNS = '"#id" BIGINT, "#scn" BIGINT, "#to" BIGINT, "#tx" BIGINT, "#del" BIGINT';

export interface RowsAt {
  readonly table: Table;
  readonly scn: bigint;
  readonly transaction: number | null;
}

export function visible({ scn, transaction }: Omit<RowsAt, 'table'>): string {
  const lives = `("#to" IS NULL OR "#to" > ${scn})`;
  if (transaction === null) return `"#scn" <= ${scn} AND ${lives}`;
  return `("#scn" <= ${scn} OR ("#scn" IS NULL AND "#tx" = ${transaction})) AND ${lives} AND "#del" IS DISTINCT FROM ${transaction}`;
}

/** What ORA_ROWSCN shows with ROWDEPENDENCIES: the commit of the row itself. */
export function liveRows(rows: RowsAt, condition: string): string {
  const names = rows.table.columns.map(({ name }) => quoteName(name)).join(', ');
  return `(SELECT ${names}, "#id", "#scn" FROM ${rows.table.stored} WHERE ${visible(rows)}${condition})`;
}

/** What it shows without: the last commit that touched any row of the block, deletions included. */
export function storedRows(rows: RowsAt, blockRows: number, condition: string): string {
  const names = rows.table.columns.map(({ name }) => quoteName(name)).join(', ');
  const touched = `greatest("#scn", CASE WHEN "#to" <= ${rows.scn} THEN "#to" ELSE "#scn" END)`;
  const block = `max(CASE WHEN "#scn" <= ${rows.scn} THEN ${touched} END) OVER (PARTITION BY "#id" // ${blockRows})`;
  const all = `SELECT * EXCLUDE ("#scn"), ${block} AS "#scn", (${visible(rows)}) AS "#live" FROM ${rows.table.stored}`;
  return `(SELECT ${names}, "#id", "#scn" FROM (${all}) WHERE "#live"${condition})`;
}
