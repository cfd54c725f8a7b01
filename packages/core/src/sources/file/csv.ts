/**
 * A CSV as a table DuckDB reads: every field arrives as text, exactly as written, and becomes a value by a cast that
 * refuses to lose anything. Types nobody declared are guessed from the beginning and proved by the load itself, which
 * reads all rows anyway: only a guess that some row refutes costs another pass.
 */
import { ParqueueError } from '../../model/errors.ts';
import type { CsvDialect } from './csv-dialect.ts';
import { guessTypes, inferredHolds, inferTypes, type Inference } from './csv-inference.ts';
import { castOf, fromText, isRefused, shown, type DeclaredType } from './declared-type.ts';
import { duckDbMessage, literal, quoted, type DuckDbSession } from './duckdb.ts';
import type { Table } from './table.ts';

/** Longest line; DuckDB's parse buffers are 16 of them for each thread, so it costs memory. */
const LINE_BYTES_MAX = 2 * 1024 * 1024;

/** Columns that the parser itself makes values of, with their types in DuckDB's words; all others are read as text. */
export type ParsedColumns = ReadonlyMap<string, string>;

/** The FROM clause. Nothing is detected by DuckDB except the kind of line break. */
function csvRelation(path: string, dialect: CsvDialect, parsed: ParsedColumns): string {
  const columns = dialect.names.map((name) => `${literal(name)}: '${parsed.get(name) ?? 'VARCHAR'}'`).join(', ');
  return (
    `read_csv(${literal(path)}, auto_detect = false, header = ${dialect.header}, skip = ${dialect.blankLines}, delim = ${literal(dialect.delimiter)}, `
    + `quote = ${literal(dialect.quote)}, escape = ${literal(dialect.escape)}, nullstr = ${literal(dialect.nullText)}, `
    + `allow_quoted_nulls = false, strict_mode = true, null_padding = false, ignore_errors = false, `
    + `max_line_size = ${LINE_BYTES_MAX}, columns = {${columns}})`
  );
}

const TEXT: DeclaredType = { name: 'varchar', sql: 'VARCHAR', decimal: null };

const NONE: ParsedColumns = new Map();

export interface CsvPlan {
  readonly path: string;
  readonly dialect: CsvDialect;
  readonly wanted: readonly string[];
  readonly declared: ReadonlyMap<string, DeclaredType>;
}

/** What the first rows say of the columns that nobody declared. */
export async function glanceAtCsv(session: DuckDbSession, plan: CsvPlan): Promise<Inference> {
  const open = plan.wanted.filter((name) => !plan.declared.has(name));
  const guessed = await guessTypes(session, csvRelation(plan.path, plan.dialect, NONE), open);
  // The parser and we disagree on where the header ends; nothing else leaves no row of what is there.
  if (guessed.rows === 0 && plan.dialect.hasMore)
    throw new ParqueueError('PQ_MALFORMED_SOURCE', 'line 1 of the CSV: the rows behind it cannot be told from it', {
      details: { line: 1 },
    });
  return guessed;
}

export function csvTable(session: DuckDbSession, plan: CsvPlan, guessed: Inference): Table {
  return {
    ...tableWith(session, plan, guessed, NONE),
    widened: async ({ column }) => {
      if (plan.declared.has(column)) return null;
      const relation = csvRelation(plan.path, plan.dialect, NONE);
      return tableWith(session, plan, await inferTypes(session, relation, guessed.candidates), NONE);
    },
  };
}

/** `parsed`: columns whose texts somebody else looks at; the rest are checked by the expressions that load them. */
export function tableWith(
  session: DuckDbSession,
  plan: CsvPlan,
  { rows, candidates }: Inference,
  parsed: ParsedColumns,
): Table {
  const relation = csvRelation(plan.path, plan.dialect, parsed);
  const prefix = unusedPrefix(plan.dialect.names);
  const typed = plan.wanted.map((name, i) => {
    const inferred = candidates.get(name)?.[0];
    const type = plan.declared.get(name) ?? inferred ?? TEXT;
    if (parsed.has(name)) return { name, type, cast: quoted(name), expression: quoted(name) };
    const value = quoted(`${prefix}${i}`);
    // Short numbers are among those parsed, where any are.
    const holds =
      inferred === undefined
        ? {}
        : { holds: inferredHolds(quoted(name), value, inferred, { isLong: parsed.size > 0 }) };
    // Each text is cast once, beneath the expressions that check it.
    const cast = `${quoted(name)}, ${castOf(quoted(name), type)} AS ${value}`;
    return { name, type, cast, expression: fromText(name, type, { value, ...holds }) };
  });
  return {
    relation: `(SELECT ${typed.map(({ cast }) => cast).join(', ')} FROM ${relation})`,
    columns: typed.map(({ name, type, expression }) => {
      const original = plan.dialect.renamed[name];
      return {
        name,
        expression,
        sourceType: `csv:${type.sql}`,
        ...(original === undefined ? {} : { note: `named ${JSON.stringify(original)} in the file` }),
      };
    }),
    rows,
    blame: (refused) => blame(session, relation, plan, refused.column),
  };
}

/** No column's name begins like this; DuckDB takes names of other case for the same. */
function unusedPrefix(names: readonly string[]): string {
  let prefix = 'value ';
  while (names.some((name) => name.toLowerCase().startsWith(prefix))) prefix = `_${prefix}`;
  return prefix;
}

/** Finds the first row that cannot be had in the declared types. Runs only when a load has failed already. */
async function blame(session: DuckDbSession, relation: string, plan: CsvPlan, column: string): Promise<ParqueueError> {
  const type = plan.declared.get(column) ?? TEXT;
  const breaks = plan.dialect.names
    .map((name) => `coalesce(length(${quoted(name)}) - length(replace(${quoted(name)}, chr(10), '')), 0)`)
    .join(' + ');
  const [found] = await session.run(
    `SELECT row, breaks, ${quoted(column)} FROM (SELECT *, row_number() OVER () AS row, `
      + `sum(${breaks}) OVER (ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) - (${breaks}) AS breaks FROM ${relation}) `
      + `WHERE ${isRefused(column, type)} LIMIT 1`,
  );
  const [row, breaksBefore, value] = found ?? [null, null, ''];
  const line = Number(row) + Number(breaksBefore) + plan.dialect.blankLines + (plan.dialect.header ? 1 : 0);
  return new ParqueueError(
    'PQ_MALFORMED_SOURCE',
    `line ${line} of the CSV (row ${Number(row)}), column ${column}: `
      + `${shown(String(value))} is not a ${type.name}; correct it, or declare a type that holds it`,
    {
      details: { line, row: Number(row), column, type: type.name },
    },
  );
}

/** What DuckDB's parser found wrong, in our words and with its line; null where the error is of another kind. */
export function csvError(error: unknown, directories: readonly string[]): ParqueueError | null {
  const text = duckDbMessage(error, directories);
  const line = /CSV Error on Line: (\d+)/.exec(text)?.[1];
  if (line === undefined && !/CSV|sniffing/.test(text)) return null;
  const found = /Expected Number of Columns: (\d+) Found: (\d+)/.exec(text);
  const reason =
    found !== null
      ? `it has ${found[2]} fields where ${found[1]} are expected`
      : /unterminated quote/.test(text)
        ? 'a quote in it is not closed, or text follows a closing quote'
        : /nicode|utf-8/.test(text)
          ? 'it is not UTF-8; convert the file'
          : /Maximum line size/i.test(text)
            ? `it is longer than ${LINE_BYTES_MAX} bytes`
            : 'it does not follow RFC 4180 (mixed line breaks, or stray quotes)';
  const column = found === null ? null : Math.min(Number(found[1]), Number(found[2])) + 1;
  return new ParqueueError(
    'PQ_MALFORMED_SOURCE',
    line === undefined ? `the CSV cannot be read: ${reason}` : `line ${line} of the CSV: ${reason}`,
    {
      details: { ...(line === undefined ? {} : { line: Number(line) }), ...(column === null ? {} : { column }) },
      cause: error,
    },
  );
}
