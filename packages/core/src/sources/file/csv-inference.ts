/**
 * Types of CSV columns that nobody declared. A column has the first type of INFERRED that holds for every one of its
 * texts, so equal content has equal types. The first rows rule most types out; the narrowest that is left is a guess
 * which the load proves or refutes, because a type ruled out by one row is ruled out for all. Two guesses cannot be
 * left to the load: text, which nothing refutes, for columns that held no text so far, and what follows a refutation.
 */
import { castOf, exactText, usualText, type DeclaredType, type Holds } from './declared-type.ts';
import { quoted, type DuckDbSession } from './duckdb.ts';

/** In the order in which they are tried. */
export const INFERRED: readonly DeclaredType[] = [
  { name: 'bigint', sql: 'BIGINT', decimal: null },
  { name: 'double', sql: 'DOUBLE', decimal: null },
  { name: 'boolean', sql: 'BOOLEAN', decimal: null },
  { name: 'date', sql: 'DATE', decimal: null },
  { name: 'timestamp', sql: 'TIMESTAMP', decimal: null },
];

/** Rows that rule out nearly all types that will be ruled out: the others are tested without them. */
const FIRST_ROWS = 200;

/** Rows of the first look; a refuted guess costs two passes more, a row here some microseconds. */
const GLANCE_ROWS = 10_000;

/**
 * Tests in one statement. DuckDB keeps memory for each of them that its limit does not count: 250 columns at once took
 * 2.3 GB. More columns take further statements over the same rows.
 */
const TESTS_AT_ONCE = 96;

/** The types that may hold, by column, narrowest first; none: text. */
export type Candidates = ReadonlyMap<string, readonly DeclaredType[]>;

export interface Inference {
  /** Rows of the whole file, where all were seen. */
  readonly rows: number | null;
  readonly candidates: Candidates;
}

/** What the beginning allows. A column without any text there is looked through to its end. */
export async function guessTypes(
  session: DuckDbSession,
  relation: string,
  names: readonly string[],
): Promise<Inference> {
  const all = new Map(names.map((name) => [name, INFERRED]));
  const first = await narrow(session, `(SELECT * FROM ${relation} LIMIT ${FIRST_ROWS})`, all);
  if (first.rows < FIRST_ROWS) return { rows: first.rows, candidates: first.candidates };
  const open = new Map(
    names.map((name) => [name, (first.seen.has(name) ? first.candidates.get(name) : null) ?? INFERRED]),
  );
  const glance = await narrow(session, `(SELECT * FROM ${relation} LIMIT ${GLANCE_ROWS})`, open);
  const whole = glance.rows < GLANCE_ROWS;
  const unseen = new Map(names.filter((name) => !glance.seen.has(name)).map((name) => [name, INFERRED]));
  if (whole || unseen.size === 0) return { rows: whole ? glance.rows : null, candidates: glance.candidates };
  const rest = await narrow(session, relation, unseen);
  return { rows: rest.rows, candidates: new Map([...glance.candidates, ...rest.candidates]) };
}

/** Looks at all rows, for the types that may still hold. */
export async function inferTypes(session: DuckDbSession, relation: string, candidates: Candidates): Promise<Inference> {
  return narrow(session, relation, candidates);
}

interface Narrowed extends Inference {
  readonly rows: number;
  /** Columns that hold any text. */
  readonly seen: ReadonlySet<string>;
}

/** Keeps the types that every text of the column has; a column without any text keeps none and stays text. */
async function narrow(session: DuckDbSession, relation: string, candidates: Candidates): Promise<Narrowed> {
  let rows = 0;
  const kept = new Map<string, readonly DeclaredType[]>();
  const seen = new Set<string>();
  for (const slice of slicesOf(candidates)) {
    const found = await narrowAtOnce(session, relation, slice);
    rows = found.rows;
    for (const [name, types] of found.candidates) kept.set(name, types);
    for (const name of found.seen) seen.add(name);
  }
  return { rows, candidates: kept, seen };
}

function* slicesOf(candidates: Candidates): Generator<Candidates> {
  let slice = new Map<string, readonly DeclaredType[]>();
  let tests = 0;
  for (const [name, types] of candidates) {
    const more = 1 + types.length;
    if (tests + more > TESTS_AT_ONCE) {
      yield slice;
      slice = new Map();
      tests = 0;
    }
    slice.set(name, types);
    tests += more;
  }
  yield slice;
}

async function narrowAtOnce(session: DuckDbSession, relation: string, candidates: Candidates): Promise<Narrowed> {
  const tests: string[] = [];
  for (const [name, types] of candidates) {
    const text = quoted(name);
    tests.push(`coalesce(bool_or(${text} <> ''), false)`);
    for (const type of types) tests.push(`bool_and(${everyText(text, type)}) FILTER (${text} <> '')`);
  }
  const [row = []] = await session.run(`SELECT ${['count(*)', ...tests].join(', ')} FROM ${relation}`);
  const kept = new Map<string, readonly DeclaredType[]>();
  const seen = new Set<string>();
  let at = 1;
  for (const [name, types] of candidates) {
    const first = at + 1;
    if (row[at] === true) seen.add(name);
    kept.set(
      name,
      types.filter((_, i) => row[first + i] === true),
    );
    at = first + types.length;
  }
  return { rows: Number(row[0]), candidates: kept, seen };
}

function everyText(text: string, type: DeclaredType): string {
  const cast = castOf(text, type);
  const { usual, otherwise } = inferredHolds(text, cast, type);
  return `CASE WHEN ${cast} IS NULL THEN false WHEN ${usual} THEN true ELSE coalesce(${otherwise}, false) END`;
}

/** JSON's numbers, `.5` and `5.` besides; an integer with a bare exponent (`1e5`) is more often a code than a number. */
const NUMBER =
  '-?((0|[1-9][0-9]*)\\.?|(0|[1-9][0-9]*)?\\.[0-9]+([eE][-+]?[0-9]{1,2})?|(0|[1-9][0-9]*)[eE][-+][0-9]{1,2})';

/** What some type of INFERRED may hold: no other text is had back from a value, or is a number, a truth, a day or a time of day. */
export const VALUES = /^(?:[-+.:\dETZ ()BC]*|-?inf|-?nan|true|false)$/i;

/**
 * The text can be had back from the value: `007`, `+1`, `1e3`, numbers beyond 64 bits and 17-digit decimals that a
 * double cannot tell apart stay text. 15 digits always survive a double (IEEE 754).
 * `isLong`: most of the numbers have more; the same texts hold, tried in another order.
 */
export function inferredHolds(
  text: string,
  cast: string,
  type: DeclaredType,
  { isLong = false }: { readonly isLong?: boolean } = {},
): Holds {
  const back = `CAST(${cast} AS VARCHAR) = ${text}`;
  switch (type.sql) {
    case 'DOUBLE': {
      const number = `regexp_full_match(${text}, '${NUMBER}')`;
      const digits = `strlen(${text}) - CAST(contains(${text}, '.') AS INTEGER) - CAST(starts_with(${text}, '-') AS INTEGER)`;
      const isShort = `(${digits} <= 15 AND ${number})`;
      return isLong
        ? { usual: back, otherwise: isShort }
        : { usual: `(strlen(${text}) <= 15 AND ${number})`, otherwise: `${isShort} OR ${back}` };
    }
    case 'BOOLEAN':
      return { usual: back, otherwise: `lower(${text}) IN ('true', 'false')` };
    case 'DATE':
      return { usual: `(isfinite(${cast}) AND ${back})`, otherwise: 'false' };
    case 'TIMESTAMP':
      return {
        usual: usualText(text, cast, type),
        otherwise: `length(${text}) >= 16 AND NOT contains(${text}, 'Z') AND ${exactText(text, type)}`,
      };
    default:
      return { usual: back, otherwise: 'false' };
  }
}
