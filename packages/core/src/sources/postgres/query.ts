/** Small questions to the database, answered whole: the catalogue, versions. */
import type { TextRow } from './connection.ts';
import type { PostgresSession } from './driver.ts';

export type { TextRow } from './connection.ts';

/**
 * Rows as arrays of texts, as the types' output functions write them under the settings of the session; null is NULL.
 * One statement; values for $1, $2, … as texts.
 */
export async function ask(
  session: PostgresSession,
  sql: string,
  values: readonly (string | null)[] = [],
): Promise<readonly TextRow[]> {
  return await session.call((connection) => connection.query(sql, values));
}

/** The first value of the first row; null for NULL and for no row. */
export async function askText(
  session: PostgresSession,
  sql: string,
  values: readonly (string | null)[] = [],
): Promise<string | null> {
  const [row] = await ask(session, sql, values);
  return row?.[0] ?? null;
}
