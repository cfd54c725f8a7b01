/**
 * A CSV as a table DuckDB reads: every field arrives as text, exactly as written, and becomes a value by a cast that
 * refuses to lose anything. Types nobody declared are inferred from *all* rows, not from a sample: a type holds
 * only if every text of the column can be had back from its value.
 */
import { ParqueueError } from '../../model/errors.ts';
import type { CsvDialect } from './csv-dialect.ts';
import { exactText, fromText, isRefused, shown, type DeclaredType } from './declared-type.ts';
import { duckDbMessage, literal, quoted, type DuckDbSession } from './duckdb.ts';
import type { Table } from './table.ts';

/** Longest line; DuckDB's parse buffers are 16 of them for each thread, so it costs memory. */
const LINE_BYTES_MAX = 2 * 1024 * 1024;

/** The FROM clause: all columns as text. Nothing is detected by DuckDB except the kind of line break. */
export function csvRelation(path: string, dialect: CsvDialect): string {
  const columns = dialect.names.map((name) => `${literal(name)}: 'VARCHAR'`).join(', ');
  return (
    `read_csv(${literal(path)}, auto_detect = false, header = ${dialect.header}, delim = ${literal(dialect.delimiter)}, `
    + `quote = ${literal(dialect.quote)}, escape = ${literal(dialect.escape)}, nullstr = ${literal(dialect.nullText)}, `
    + `allow_quoted_nulls = false, strict_mode = true, null_padding = false, ignore_errors = false, `
    + `max_line_size = ${LINE_BYTES_MAX}, columns = {${columns}})`
  );
}

const INFERRED: readonly DeclaredType[] = [
  { name: 'bigint', sql: 'BIGINT', decimal: null },
  { name: 'double', sql: 'DOUBLE', decimal: null },
  { name: 'boolean', sql: 'BOOLEAN', decimal: null },
  { name: 'date', sql: 'DATE', decimal: null },
  { name: 'timestamp', sql: 'TIMESTAMP', decimal: null },
];

const TEXT: DeclaredType = { name: 'varchar', sql: 'VARCHAR', decimal: null };

/** Rows that a first look at the beginning takes, to rule out most types before the pass over all rows. */
const GLANCE_ROWS = 2_000;

export async function csvTable(
  session: DuckDbSession,
  path: string,
  plan: {
    readonly dialect: CsvDialect;
    readonly wanted: readonly string[];
    readonly declared: ReadonlyMap<string, DeclaredType>;
  },
): Promise<Table> {
  const relation = csvRelation(path, plan.dialect);
  const open = plan.wanted.filter((name) => !plan.declared.has(name));
  const inferred = await inferTypes(session, relation, open);
  return {
    relation,
    columns: plan.wanted.map((name) => {
      const type = plan.declared.get(name) ?? inferred.types.get(name) ?? TEXT;
      const original = plan.dialect.renamed[name];
      return {
        name,
        expression: fromText(name, type),
        sourceType: `csv:${type.sql}`,
        ...(original === undefined ? {} : { note: `named ${JSON.stringify(original)} in the file` }),
      };
    }),
    rows: inferred.rows,
    blame: (refused) => blame(session, relation, plan, refused.column),
  };
}

interface Inference {
  readonly rows: number | null;
  readonly types: ReadonlyMap<string, DeclaredType>;
}

async function inferTypes(session: DuckDbSession, relation: string, names: readonly string[]): Promise<Inference> {
  if (names.length === 0) return { rows: null, types: new Map() };
  const all = new Map(names.map((name) => [name, INFERRED]));
  const glance = await narrow(session, `(SELECT * FROM ${relation} LIMIT ${GLANCE_ROWS})`, all);
  // The narrowest type of each column nearly always holds for all rows; only where it does not are others looked at.
  const first = await narrow(
    session,
    relation,
    new Map([...glance.candidates].map(([name, types]) => [name, types.slice(0, 1)])),
  );
  const failed = [...glance.candidates].filter(
    ([name, types]) => types.length > 1 && first.candidates.get(name)?.length === 0,
  );
  const rest =
    failed.length === 0
      ? null
      : await narrow(session, relation, new Map(failed.map(([name, types]) => [name, types.slice(1)])));
  const types = new Map(
    names.map((name) => [name, first.candidates.get(name)?.[0] ?? rest?.candidates.get(name)?.[0] ?? TEXT]),
  );
  return { rows: first.rows, types };
}

type Candidates = ReadonlyMap<string, readonly DeclaredType[]>;

/** Keeps the types that every text of the column has; a column without any text keeps none and stays text. */
async function narrow(
  session: DuckDbSession,
  relation: string,
  candidates: Candidates,
): Promise<{ rows: number; candidates: Candidates }> {
  const tests: string[] = [];
  for (const [name, types] of candidates) {
    for (const type of types)
      tests.push(
        `coalesce(bool_and(coalesce(${holds(quoted(name), type)}, false)) FILTER (${quoted(name)} <> ''), ${relation.startsWith('(')})`,
      );
  }
  const [row = []] = await session.run(`SELECT ${['count(*)', ...tests].join(', ')} FROM ${relation}`);
  let at = 1;
  const kept = new Map<string, readonly DeclaredType[]>();
  for (const [name, types] of candidates) {
    kept.set(
      name,
      types.filter((_, i) => row[at + i] === true),
    );
    at += types.length;
  }
  return { rows: Number(row[0]), candidates: kept };
}

/**
 * The text can be had back from the value: `007`, `+1`, `1e3`, numbers beyond 64 bits and 17-digit decimals that a
 * double cannot tell apart stay text. 15 digits always survive a double (IEEE 754), with sign and point 17 characters.
 */
function holds(text: string, type: DeclaredType): string {
  const back = `CAST(TRY_CAST(${text} AS ${type.sql}) AS VARCHAR) = ${text}`;
  switch (type.sql) {
    case 'BIGINT':
      return back;
    case 'DOUBLE':
      return (
        `(${back} OR (TRY_CAST(${text} AS DOUBLE) IS NOT NULL AND length(${text}) <= 17 `
        + `AND ${exactText(text, type)} AND NOT starts_with(${text}, '+') AND NOT (starts_with(ltrim(${text}, '-'), '0') AND length(${text}) > 1 AND NOT starts_with(ltrim(${text}, '-'), '0.'))))`
      );
    case 'BOOLEAN':
      return `lower(${text}) IN ('true', 'false')`;
    case 'DATE':
      return `(${back} AND isfinite(TRY_CAST(${text} AS DATE)))`;
    case 'TIMESTAMP':
      return `(length(${text}) >= 16 AND NOT contains(${text}, 'Z') AND ${exactText(text, type)} AND TRY_CAST(${text} AS TIMESTAMP) IS NOT NULL)`;
    default:
      return 'false';
  }
}

/** Finds the first row that cannot be had in the declared types. Runs only when a load has failed already. */
async function blame(
  session: DuckDbSession,
  relation: string,
  plan: {
    readonly dialect: CsvDialect;
    readonly declared: ReadonlyMap<string, DeclaredType>;
  },
  column: string,
): Promise<ParqueueError> {
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
  const line = Number(row) + Number(breaksBefore) + (plan.dialect.header ? 1 : 0);
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
