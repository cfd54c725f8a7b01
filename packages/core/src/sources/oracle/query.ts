/** Small questions to the database, answered whole: the dictionary, versions, the SCN. */
import type { BindParameters } from 'oracledb';
import { fetchTypeHandler } from './fetch-types.ts';
import type { OracleSession } from './driver.ts';

/** Far above what these questions can answer; a bound all the same. */
const ROWS_MAX = 10_000;

/** Rows as arrays; NUMBERs as text, exact. */
export async function ask(
  session: OracleSession,
  sql: string,
  binds: BindParameters = {},
): Promise<readonly (readonly unknown[])[]> {
  const { rows } = await session.call((connection) =>
    connection.execute<unknown[]>(sql, binds, {
      fetchTypeHandler,
      maxRows: ROWS_MAX,
      fetchArraySize: 500,
      prefetchRows: 501,
    }),
  );
  return rows ?? [];
}

/** One value as text; null for NULL and for no row. */
export async function askText(session: OracleSession, sql: string, binds: BindParameters = {}): Promise<string | null> {
  const [row] = await ask(session, sql, binds);
  return textOrNull(row?.[0]);
}

export function textOrNull(value: unknown): string | null {
  return value === null || value === undefined ? null : String(value);
}
