/** Small questions to the server, answered whole: settings, the dictionary, versions. */
import type { Session } from '../sql/session.ts';
import type { BinaryRows } from './binary-rows.ts';
import type { MysqlValue } from './bind.ts';
import type { MysqlConnection, TextRow } from './connection.ts';

/** Far above what these questions can answer; a bound all the same. */
const ROWS_MAX = 100_000;

export type Answer = readonly (readonly (string | null)[])[];

/**
 * Rows as texts, whatever the columns: numbers and bytes as the server writes them (select HEX of what is no text). With
 * values the statement is prepared, which not every statement can be, and FLOATs are not to be asked for.
 */
export async function ask(
  session: Session<MysqlConnection>,
  sql: string,
  values?: readonly MysqlValue[],
): Promise<Answer> {
  return await session.call((connection) => answerOf(connection, sql, values));
}

/** One value as text; null for NULL and for no row. */
export async function askText(
  session: Session<MysqlConnection>,
  sql: string,
  values?: readonly MysqlValue[],
): Promise<string | null> {
  const [row] = await ask(session, sql, values);
  return row?.[0] ?? null;
}

/** Without a session around it. */
export async function answerOf(
  connection: MysqlConnection,
  sql: string,
  values?: readonly MysqlValue[],
): Promise<Answer> {
  if (values === undefined) return (await connection.query(sql)).map(textsOf);
  const rows: (string | null)[][] = [];
  let reader: BinaryRows | null = null;
  const all = new Promise<void>((resolve, reject) => {
    connection.execute(sql, values, {
      onColumns: (_columns, read) => {
        reader = read;
      },
      onRow: (packet) => {
        if (rows.length < ROWS_MAX) rows.push(reader?.next(packet).map(textOf) ?? []);
        else connection.destroy(new RangeError(`an answer has more than ${ROWS_MAX} rows`));
      },
      onEnd: (error) => (error === null ? resolve() : reject(error as Error)),
    });
  });
  await connection.inTime(all);
  return rows;
}

function textsOf(row: TextRow): readonly (string | null)[] {
  return row.map(textOf);
}

function textOf(value: unknown): string | null {
  if (value === null || value === undefined) return null;
  if (value instanceof Uint8Array)
    return Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString('utf8');
  return String(value);
}

/** A name for use in a statement, whatever is in it. */
export function quotedName(name: string): string {
  return `\`${name.replaceAll('`', '``')}\``;
}
