/**
 * The columns of a JSON file: the keys of its rows, with types that hold texts and integers of 64 bits as they are written
 * (an integer beyond them is a double to DuckDB's parser already). DuckDB infers them from all rows, and three things that
 * it makes of them are not in the file: texts that look like a time or a UUID become one and lose their spelling, integers
 * of 64 bits with and without a sign in one column would be written as doubles, and keys that are empty or differ in case
 * only get names that no row has, so that they would be NULL throughout.
 */
import { ParqueueError } from '../../model/errors.ts';
import { columnsOf, type DuckDbSession } from './duckdb.ts';
import { COLUMNS_MAX } from './table.ts';

export interface JsonColumn {
  readonly name: string;
  /** DuckDB's name of it. */
  readonly type: string;
}

/** Beyond so many keys it costs quadratic time to make columns of them. */
export const KEYS_MAX = COLUMNS_MAX;

/**
 * DuckDB makes a map of an object with more than 200 keys of similar values, and where most rows lack most of its keys.
 * Within a row that is what such objects are; where it took the rows themselves for maps, they are columns all the same.
 */
const ROWS_ARE_RECORDS = `, field_appearance_threshold = 0, map_inference_threshold = ${KEYS_MAX}`;
export const TAKEN_FOR_MAPS = /expected records/;

/** `file`: its path and how it is laid out, `inferring`: how types are found, both as arguments of DuckDB's functions. */
export async function jsonColumns(
  session: DuckDbSession,
  file: string,
  inferring: string,
): Promise<readonly JsonColumn[]> {
  const described = (more: string): ReturnType<typeof columnsOf> =>
    columnsOf(session, `read_json(${file}, ${inferring}${more})`);
  let found: Awaited<ReturnType<typeof described>>;
  try {
    found = await described('');
  } catch (error) {
    if (!(error instanceof Error && TAKEN_FOR_MAPS.test(error.message))) throw error;
    found = await described(ROWS_ARE_RECORDS);
  }
  return found.map(({ name, type }) => ({ name, type: exactType(type) }));
}

/** Within lists and structs too. A name there is quoted where it could be taken for a type, or stands before a blank. */
function exactType(type: string): string {
  return type.replaceAll(/"(?:[^"]|"")*"|\b(TIME|UUID|U?HUGEINT)(?=[,)[]|$)/g, (found, inexact: string | undefined) => {
    if (inexact === undefined) return found;
    return inexact.endsWith('HUGEINT') ? 'DECIMAL(38,0)' : 'VARCHAR';
  });
}

/** @throws ParqueueError PQ_MALFORMED_SOURCE where one of the columns is no key of any row. */
export async function assertKeys(
  session: DuckDbSession,
  file: string,
  { columns, wanted }: { readonly columns: readonly JsonColumn[]; readonly wanted: readonly string[] },
): Promise<void> {
  const names = columns.map(({ name }) => name);
  const given = wanted.filter(couldBeGiven(names));
  if (given.length === 0) return;
  const rows = await session.run(`SELECT DISTINCT '.' || unnest(json_keys(json)) FROM read_json_objects(${file})`);
  const keys = new Set(rows.map(([key]) => String(key).slice(1)));
  const none = given.find((name) => !keys.has(name));
  if (none === undefined) return;
  throw unnameable(none);
}

/** Names that DuckDB may have given: `C3` to the fourth key, and `a_1` to one that is `A` in the file. Keys may be called so too. */
function couldBeGiven(names: readonly string[]): (name: string) => boolean {
  const lower = new Set(names.map((name) => name.toLowerCase()));
  const places = new Map(names.map((name, i) => [name, i]));
  return (name) => {
    const base = /^(.*)_[0-9]+$/s.exec(name)?.[1];
    return (base !== undefined && lower.has(base.toLowerCase())) || name === `C${places.get(name)}`;
  };
}

/** The same within a row: an empty key leaves the member of a struct without a name. */
export const UNNAMEABLE =
  /can not be converted to a DuckDB Type|has duplicate column name|Duplicate name ".*" in struct/s;

/** `column`: the name that was made up; null where it is not known. */
export function unnameable(column: string | null, cause?: unknown): ParqueueError {
  return new ParqueueError(
    'PQ_MALFORMED_SOURCE',
    `the JSON has keys that are empty, or differ in case only${column === null ? '' : ` (${column})`}: name them otherwise`,
    { details: column === null ? {} : { column }, cause },
  );
}
