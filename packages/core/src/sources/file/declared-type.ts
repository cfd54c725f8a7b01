/**
 * The types a dataset may declare for its columns, and how values become them without losing anything: a cast that
 * would round, cut or drop part of a value is refused, because a cache that quietly changes values is worth nothing.
 */
import { ParqueueError } from '../../model/errors.ts';
import { canonicalColumnType, PLAIN_COLUMN_TYPES } from '../../model/column-type.ts';
import { literal, quoted } from './duckdb.ts';

export interface DeclaredType {
  /** As declared, in normal form. */
  readonly name: string;
  /** DuckDB's name of it. */
  readonly sql: string;
  readonly decimal: { readonly precision: number; readonly scale: number } | null;
}

/** Unit separator: parts of the marker below can hold any other text. */
const SEPARATOR = '\u001f';
const MARKER = `parqueue-value${SEPARATOR}`;

/** @throws ParqueueError PQ_UNSUPPORTED_TYPE */
export function declaredType(column: string, text: string): DeclaredType {
  const name = canonicalColumnType(text);
  if (name === null) {
    throw new ParqueueError(
      'PQ_UNSUPPORTED_TYPE',
      `column ${column} declares the type ${text}: use one of `
        + `${PLAIN_COLUMN_TYPES.join(', ')}, decimal(p,s) with p up to 38`,
      { details: { column, type: text } },
    );
  }
  const decimal = /^decimal\(([0-9]+),([0-9]+)\)$/.exec(name);
  return {
    name,
    sql: name.toUpperCase(),
    decimal: decimal === null ? null : { precision: Number(decimal[1]), scale: Number(decimal[2]) },
  };
}

/**
 * Which texts a type holds, as SQL in two steps: what canonical texts meet, in a few comparisons, and what else is
 * accepted, by functions that cost several times as much. Nearly all texts are canonical.
 */
export interface Holds {
  readonly usual: string;
  readonly otherwise: string;
}

/** SQL of the text cast to the type; NULL where that cannot be done. */
export function castOf(text: string, type: DeclaredType): string {
  return `TRY_CAST(${text} AS ${type.sql})`;
}

/**
 * An expression that is the column's text as the type; a text that is no such value fails with the marker.
 * `value`: SQL of the text's cast, where it was computed before; `also` narrows what is accepted further.
 */
export function fromText(
  column: string,
  type: DeclaredType,
  { value, holds, also }: { readonly value?: string; readonly holds?: Holds; readonly also?: string } = {},
): string {
  const text = quoted(column);
  if (type.sql === 'VARCHAR') return text;
  // The bytes of the text; DuckDB's own cast would read \x escapes in it.
  if (type.sql === 'BLOB') return `encode(${text})`;
  const cast = value ?? castOf(text, type);
  const { usual, otherwise } = holds ?? declaredHolds(text, cast, type);
  const narrowed = also === undefined ? '' : ` AND ${also}`;
  // Branches are tried in turn, each for the rows that the ones before left.
  // An empty quoted field is an empty text; for every other type it can only mean "no value".
  return (
    `CASE WHEN ${usual}${narrowed} THEN ${cast} WHEN ${text} IS NULL OR ${text} = '' THEN NULL `
    + `WHEN ${cast} IS NOT NULL AND (${otherwise})${narrowed} THEN ${cast} ELSE ${refusal(column, type, text)} END`
  );
}

/** An expression that is the column, of any other type, as the type; a value that would change fails with the marker. */
export function fromValue(column: string, sourceType: string, type: DeclaredType): string {
  const value = quoted(column);
  if (sourceType === type.sql) return value;
  if (sourceType === 'VARCHAR' || sourceType === 'JSON') return fromText(column, type);
  if (type.sql === 'VARCHAR') return `CAST(${value} AS VARCHAR)`;
  // Cast there and back: equal means that nothing was lost. NaN equals itself in DuckDB.
  return guarded(column, type, value, `TRY_CAST(TRY_CAST(${value} AS ${type.sql}) AS ${sourceType}) = ${value}`);
}

/** The texts a declared type accepts. */
export function declaredHolds(text: string, cast: string, type: DeclaredType): Holds {
  return { usual: usualText(text, cast, type), otherwise: exactText(text, type) };
}

/** Years that ISO 8601 writes with four digits; neither infinity is among them. */
const FOUR_DIGIT_YEARS = "TIMESTAMP '0001-01-01' AND TIMESTAMP '9999-12-31 23:59:59.999999'";

/** True for texts that are just how DuckDB writes the value: then nothing was lost. */
export function usualText(text: string, cast: string, type: DeclaredType): string {
  const back = `CAST(${cast} AS VARCHAR) = ${text}`;
  switch (type.sql) {
    case 'REAL':
    case 'DOUBLE':
      return `(isfinite(${cast}) AND NOT contains(${text}, '_'))`;
    case 'DATE':
      return `(strlen(${text}) = 10 AND isfinite(${cast}) AND ${back})`;
    case 'TIMESTAMP':
      return `(strlen(${text}) BETWEEN 19 AND 26 AND ${cast} BETWEEN ${FOUR_DIGIT_YEARS} AND ${back})`;
    // Written with its own offset only.
    case 'TIMESTAMPTZ':
      return 'false';
    default:
      return back;
  }
}

/** True for texts that the type holds exactly as written; DuckDB's own casts round '1.5' to 2 and cut times to dates. */
export function exactText(text: string, type: DeclaredType): string {
  if (type.decimal !== null) {
    const fraction = `rtrim(split_part(${text}, '.', 2), '0')`;
    return `length(${fraction}) <= ${type.decimal.scale} AND NOT contains(lower(${text}), 'e')`;
  }
  switch (type.sql) {
    case 'TINYINT':
    case 'SMALLINT':
    case 'INTEGER':
    case 'BIGINT':
    case 'UTINYINT':
    case 'USMALLINT':
    case 'UINTEGER':
    case 'UBIGINT':
      return `translate(${text}, '.eE_xXbB', '') = ${text}`;
    case 'REAL':
    case 'DOUBLE':
      return `NOT contains(${text}, '_') AND (isfinite(TRY_CAST(${text} AS DOUBLE)) OR translate(${text}, '0123456789', '') = ${text})`;
    case 'DATE':
      return `length(${text}) <= 10 AND isfinite(TRY_CAST(${text} AS DATE))`;
    // No offset (it would be dropped in silence) and no digits past the microsecond.
    case 'TIMESTAMP':
      return `regexp_full_match(${text}, '\\d{4}-\\d\\d?-\\d\\d?([ T]\\d\\d?:\\d\\d(:\\d\\d(\\.\\d{1,6}0*)?)?Z?)?')`;
    // An instant needs its offset.
    case 'TIMESTAMPTZ':
      return `regexp_full_match(${text}, '\\d{4}-\\d\\d?-\\d\\d?[ T]\\d\\d?:\\d\\d(:\\d\\d(\\.\\d{1,6}0*)?)? ?(Z|[-+]\\d\\d(:?\\d\\d)?)')`;
    case 'TIME':
      return `regexp_full_match(${text}, '\\d\\d?:\\d\\d(:\\d\\d(\\.\\d{1,6}0*)?)?')`;
    default:
      return 'true';
  }
}

function guarded(column: string, type: DeclaredType, value: string, exact: string): string {
  return (
    `coalesce(CASE WHEN ${exact} THEN TRY_CAST(${value} AS ${type.sql}) END, `
    + `CASE WHEN ${value} IS NOT NULL THEN ${refusal(column, type, value)} END)`
  );
}

function refusal(column: string, type: DeclaredType, value: string): string {
  const marker = literal(`${MARKER}${column}${SEPARATOR}${type.name}${SEPARATOR}`);
  return `CAST(error(concat(${marker}, CAST(${value} AS VARCHAR))) AS ${type.sql})`;
}

/** True for rows whose text is no exact value of the type: finds the row to blame. */
export function isRefused(column: string, type: DeclaredType): string {
  const text = quoted(column);
  if (type.sql === 'VARCHAR' || type.sql === 'BLOB') return 'false';
  const cast = castOf(text, type);
  const { usual, otherwise } = declaredHolds(text, cast, type);
  return `(nullif(${text}, '') IS NOT NULL AND (${cast} IS NULL OR NOT (${usual} OR (${otherwise}))))`;
}

export interface RefusedValue {
  readonly column: string;
  readonly type: string;
  readonly value: string;
}

/** What the marker in an error's text says, or null where there is none. */
export function refusedValue(message: string): RefusedValue | null {
  const start = message.indexOf(MARKER);
  if (start < 0) return null;
  const [column, type, value] = message.slice(start + MARKER.length).split(SEPARATOR);
  return column === undefined || type === undefined || value === undefined ? null : { column, type, value };
}

/** A value as an error may show it: whole when short, else its beginning. */
export function shown(value: string): string {
  return JSON.stringify(value.length > 80 ? `${value.slice(0, 80)}…` : value);
}
