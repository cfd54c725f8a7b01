/**
 * JSON and NDJSON as a table. Types are inferred from all values. Texts stay texts: JSON has no dates, and what looks
 * like a date with an offset would lose the offset. Declare `date` or `timestamp` where they are wanted.
 * Numbers are doubles unless all of a column are integers of 64 bits (RFC 8259, section 6).
 */
import { ParqueueError } from '../../model/errors.ts';
import type { CanonicalRequest } from '../../model/request.ts';
import { fromText, type DeclaredType } from './declared-type.ts';
import { duckDbMessage, literal, quoted, type DuckDbSession } from './duckdb.ts';
import {
  assertKeys,
  jsonColumns,
  KEYS_MAX,
  TAKEN_FOR_MAPS,
  UNNAMEABLE,
  unnameable,
  type JsonColumn,
} from './json-columns.ts';
import { assertJsonShape } from './json-shape.ts';
import { valueError } from './load.ts';
import { wantedColumns, type Table } from './table.ts';

/** One object's text; DuckDB keeps two of that size for each thread. */
const OBJECT_BYTES_MAX = 16 * 1024 * 1024;

/** A date format no text has: what keeps DuckDB from turning texts into dates. */
const READING = "records = true, dateformat = '%Y\u001f', timestampformat = '%Y\u001f'";

export interface JsonPlan {
  readonly format: 'json' | 'ndjson';
  readonly request: CanonicalRequest;
  readonly declared: ReadonlyMap<string, DeclaredType>;
  readonly signal: AbortSignal;
}

export async function jsonTable(session: DuckDbSession, path: string, plan: JsonPlan): Promise<Table> {
  return jsonTableOf(path, await describeJson(session, path, plan), plan);
}

/** The columns that all rows of the file together have. Refuses what cannot be a table, or not the one that is wanted. */
export async function describeJson(
  session: DuckDbSession,
  path: string,
  plan: JsonPlan,
): Promise<readonly JsonColumn[]> {
  const { isWhole } = await assertJsonShape(path, plan.signal);
  const file = fileArguments(path, plan);
  const described = await jsonColumns(session, file, `${READING}, sample_size = -1`);
  // A list that ends behind a comma is one to DuckDB.
  if (!isWhole)
    throw new ParqueueError('PQ_MALFORMED_SOURCE', 'the JSON ends before everything is closed that it opened');
  // No SQL can name such a column.
  if (described.some(({ name, type }) => name.includes('\0') || type.includes('\0')))
    throw new ParqueueError('PQ_MALFORMED_SOURCE', 'the JSON has a key with a NUL character in it; name it otherwise');
  await assertKeys(session, file, { columns: described, wanted: wantedOf(described, plan) });
  return described;
}

export function jsonTableOf(path: string, described: readonly JsonColumn[], plan: JsonPlan): Table {
  // Declared columns arrive as text, so that a value that does not fit is refused and not rounded.
  const types = described.map(({ name, type }) => ({ name, type: plan.declared.has(name) ? 'VARCHAR' : type }));
  const columns = types.map(({ name, type }) => `${literal(name)}: ${literal(type)}`).join(', ');
  return {
    relation: `read_json(${fileArguments(path, plan)}, ${READING}, columns = {${columns}})`,
    rows: null,
    columns: wantedOf(described, plan).map((name) => {
      const { type } = described.find((column) => column.name === name) ?? { type: 'VARCHAR' };
      const to = plan.declared.get(name);
      return {
        name,
        sourceType: `${plan.format}:${type}`,
        expression: to === undefined ? plain(name, type) : declared(name, type, to),
      };
    }),
    // The port allows for formats that must look for the row.
    blame: async (refused) => valueError(refused),
  };
}

function fileArguments(path: string, { format }: JsonPlan): string {
  const layout = format === 'ndjson' ? 'newline_delimited' : 'auto';
  return `${literal(path)}, format = '${layout}', compression = 'uncompressed', maximum_object_size = ${OBJECT_BYTES_MAX}`;
}

function wantedOf(described: readonly JsonColumn[], { request, declared }: JsonPlan): readonly string[] {
  return wantedColumns(
    described.map(({ name }) => name),
    request.columns,
    [...declared.keys()],
  );
}

/**
 * DuckDB reads a JSON number with a fraction as a double. Up to 15 digits survive that; with more, what arrives may
 * not be what was written, so a decimal of it is refused (as text, `"12345678901234567.89"`, it is taken whole).
 */
function declared(name: string, type: string, to: DeclaredType): string {
  const short = `length(translate(${quoted(name)}, '-.', '')) <= 15`;
  return fromText(name, to, type === 'DOUBLE' && to.decimal !== null ? { also: short } : {});
}

function plain(name: string, type: string): string {
  return type === 'JSON' ? `CAST(${quoted(name)} AS VARCHAR)` : quoted(name);
}

export function jsonError(error: unknown, directories: readonly string[]): ParqueueError | null {
  const text = duckDbMessage(error, directories);
  if (UNNAMEABLE.test(text)) return unnameable(null, error);
  if (!/JSON|maximum_object_size/.test(text)) return null;
  if (TAKEN_FOR_MAPS.test(text))
    return new ParqueueError(
      'PQ_MALFORMED_SOURCE',
      `the JSON holds no objects, or more than ${KEYS_MAX} different keys: rows are objects, one per line (NDJSON) or in one array`,
      { cause: error },
    );
  // DuckDB counts the objects it has begun, not lines: the one at fault is the one before, and blank lines are none.
  const begun = /, at byte \d+ in (?:line|record\/value) (\d+)/.exec(text);
  const reason = (text.split('\n')[0] ?? '')
    .replace(/^[A-Za-z ]+Error: /, '')
    .replace(/^.*in (?:line|record\/value) \d+: /, '');
  if (begun === null)
    return new ParqueueError('PQ_MALFORMED_SOURCE', `the JSON cannot be read: ${reason}`, { cause: error });
  const record = Number(begun[1]) - 1;
  return new ParqueueError('PQ_MALFORMED_SOURCE', `object ${record} of the JSON cannot be read: ${reason}`, {
    details: { record },
    cause: error,
  });
}
