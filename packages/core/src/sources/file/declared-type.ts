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
 * An expression that is the column's text as the type; a text that is no such value fails with the marker.
 * `also` narrows what is accepted further.
 */
export function fromText(column: string, type: DeclaredType, also = 'true'): string {
  const text = quoted(column);
  if (type.sql === 'VARCHAR') return text;
  // The bytes of the text; DuckDB's own cast would read \x escapes in it.
  if (type.sql === 'BLOB') return `encode(${text})`;
  // An empty quoted field is an empty text; for every other type it can only mean "no value".
  return guarded(column, type, `nullif(${text}, '')`, `${exactText(text, type)} AND ${also}`);
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
      return `length(${text}) <= 10`;
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
  const fail = `error(concat(${literal(`${MARKER}${column}${SEPARATOR}${type.name}${SEPARATOR}`)}, CAST(${value} AS VARCHAR)))`;
  return (
    `coalesce(CASE WHEN ${exact} THEN TRY_CAST(${value} AS ${type.sql}) END, `
    + `CASE WHEN ${value} IS NOT NULL THEN CAST(${fail} AS ${type.sql}) END)`
  );
}

/** True for rows whose text is no exact value of the type: finds the row to blame. */
export function isRefused(column: string, type: DeclaredType): string {
  const text = quoted(column);
  if (type.sql === 'VARCHAR' || type.sql === 'BLOB') return 'false';
  return `(nullif(${text}, '') IS NOT NULL AND (TRY_CAST(${text} AS ${type.sql}) IS NULL OR NOT (${exactText(text, type)})))`;
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
