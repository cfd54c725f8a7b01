/**
 * JSON and NDJSON as a table. Types are inferred from all values. Texts stay texts: JSON has no dates, and what looks
 * like a date with an offset would lose the offset. Declare `date` or `timestamp` where they are wanted.
 * Numbers are doubles unless all of a column are integers of 64 bits (RFC 8259, section 6).
 */
import { ParqueueError } from '../../model/errors.ts';
import type { CanonicalRequest } from '../../model/request.ts';
import { fromText, fromValue, type DeclaredType } from './declared-type.ts';
import { duckDbMessage, literal, quoted, type DuckDbSession } from './duckdb.ts';
import { valueError } from './load.ts';
import { assertJsonShape } from './json-shape.ts';
import { COLUMNS_MAX, wantedColumns, type Table } from './table.ts';

/** One object's text; DuckDB keeps two of that size for each thread. */
const OBJECT_BYTES_MAX = 16 * 1024 * 1024;

/** Beyond so many keys it costs quadratic time to make columns of them. */
const KEYS_MAX = COLUMNS_MAX;

/**
 * DuckDB makes a map of an object with more than 200 keys of similar values, and where most rows lack most of its keys.
 * Within a row that is what such objects are; where it took the rows themselves for maps, they are columns all the same.
 */
const ROWS_ARE_RECORDS = `, field_appearance_threshold = 0, map_inference_threshold = ${KEYS_MAX}`;
const TAKEN_FOR_MAPS = /expected records/;

/** A date format no text has: what keeps DuckDB from turning texts into dates. */
const NO_DATES = "dateformat = '%Y\u001f', timestampformat = '%Y\u001f'";

export async function jsonTable(
  session: DuckDbSession,
  path: string,
  plan: {
    readonly format: 'json' | 'ndjson';
    readonly request: CanonicalRequest;
    readonly declared: ReadonlyMap<string, DeclaredType>;
    readonly signal: AbortSignal;
  },
): Promise<Table> {
  await assertJsonShape(path, plan.signal);
  const format = plan.format === 'ndjson' ? 'newline_delimited' : 'auto';
  const options = `format = '${format}', records = true, compression = 'uncompressed', ${NO_DATES}, maximum_object_size = ${OBJECT_BYTES_MAX}`;
  const described = await describe(session, `${literal(path)}, ${options}, sample_size = -1`);
  // No SQL can name such a column.
  if (described.some(({ name }) => name.includes('\0')))
    throw new ParqueueError('PQ_MALFORMED_SOURCE', 'the JSON has a key with a NUL character in it; name it otherwise');
  const wanted = wantedColumns(
    described.map(({ name }) => name),
    plan.request.columns,
    [...plan.declared.keys()],
  );
  // Declared columns arrive as text, so that a value that does not fit is refused and not rounded.
  const types = described.map(({ name, type }) => ({ name, type: plan.declared.has(name) ? 'VARCHAR' : type }));
  const columns = types.map(({ name, type }) => `${literal(name)}: ${literal(type)}`).join(', ');
  return {
    relation: `read_json(${literal(path)}, ${options}, columns = {${columns}})`,
    rows: null,
    columns: wanted.map((name) => {
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

async function describe(
  session: DuckDbSession,
  file: string,
): Promise<readonly { readonly name: string; readonly type: string }[]> {
  const described = (more: string): ReturnType<DuckDbSession['run']> =>
    session.run(`DESCRIBE SELECT * FROM read_json(${file}${more})`);
  let found: Awaited<ReturnType<typeof described>>;
  try {
    found = await described('');
  } catch (error) {
    if (!(error instanceof Error && TAKEN_FOR_MAPS.test(error.message))) throw error;
    found = await described(ROWS_ARE_RECORDS);
  }
  return found.map(([name, type]) => ({ name: String(name), type: String(type) }));
}

/**
 * DuckDB reads a JSON number with a fraction as a double. Up to 15 digits survive that; with more, what arrives may
 * not be what was written, so a decimal of it is refused (as text, `"12345678901234567.89"`, it is taken whole).
 */
function declared(name: string, type: string, to: DeclaredType): string {
  const short = `length(translate(${quoted(name)}, '-.', '')) <= 15`;
  return fromText(name, to, type === 'DOUBLE' && to.decimal !== null ? { also: short } : {});
}

/** 128-bit integers have no Parquet type of their own; DuckDB would write them as doubles. */
function plain(name: string, type: string): string {
  if (type === 'HUGEINT' || type === 'UHUGEINT')
    return fromValue(name, type, { name: 'decimal(38,0)', sql: 'DECIMAL(38,0)', decimal: { precision: 38, scale: 0 } });
  return type === 'JSON' ? `CAST(${quoted(name)} AS VARCHAR)` : quoted(name);
}

export function jsonError(error: unknown, directories: readonly string[]): ParqueueError | null {
  const text = duckDbMessage(error, directories);
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
