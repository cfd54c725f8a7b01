/** Names as people write them in the configuration and in invalidations, folded as their database folds them. */
import type { SqlSourceKind } from '../model/request.ts';

interface NameRules {
  readonly quote: '"' | '`';
  /** What a name without quotes looks like. */
  readonly plain: RegExp;
  /** Of a name without quotes; ASCII only: what other letters become depends on the database. */
  readonly fold: (name: string) => string;
  /** Whether a name is short enough to be one. */
  readonly fits: (name: string) => boolean;
  /** For messages. */
  readonly words: string;
}

/** NAMEDATALEN - 1. Postgres would cut off the rest, and mean another name than it says. */
const POSTGRES_BYTES_MAX = 63;
const MYSQL_CHARS_MAX = 64;
const ORACLE_CHARS_MAX = 128;

const RULES: Readonly<Record<SqlSourceKind, NameRules>> = {
  oracle: {
    quote: '"',
    plain: /^[A-Za-z\u0080-\uffff][A-Za-z0-9_$#\u0080-\uffff]*$/,
    fold: foldCase,
    fits: (name) => name.length <= ORACLE_CHARS_MAX && !name.includes('"'),
    words: 'letters, digits, _ $ and #, or quote it',
  },
  postgres: {
    quote: '"',
    plain: /^[A-Za-z_\u0080-\uffff][A-Za-z0-9_$\u0080-\uffff]*$/,
    fold: (name) => name.replace(/[A-Z]+/g, (letters) => letters.toLowerCase()),
    fits: (name) => Buffer.byteLength(name) <= POSTGRES_BYTES_MAX,
    words: `letters, digits, _ and $, or quote it (at most ${POSTGRES_BYTES_MAX} bytes)`,
  },
  mysql: {
    quote: '`',
    plain: /^(?![0-9]+$)[A-Za-z0-9_$\u0080-\uffff]+$/,
    fold: (name) => name,
    fits: (name) => Array.from(name).length <= MYSQL_CHARS_MAX,
    words: `letters, digits, _ and $, or put it between backticks (at most ${MYSQL_CHARS_MAX} characters)`,
  },
};

/** Catalogue spelling of a name: folded unless it is quoted; null where it is no name. */
export function readName(text: string, kind: SqlSourceKind): string | null {
  const { quote, plain, fold, fits } = RULES[kind];
  const trimmed = text.trim();
  const quoted = trimmed.length > 2 && trimmed.startsWith(quote) && trimmed.endsWith(quote);
  const name = quoted ? unquoted(trimmed.slice(1, -1), quote) : plain.test(trimmed) ? fold(trimmed) : null;
  return name !== null && fits(name) && !/\p{Cc}/u.test(name) && name.isWellFormed() ? name : null;
}

/** How to write a name, for a message that says that something is none. */
export function nameWords(kind: SqlSourceKind): string {
  return RULES[kind].words;
}

/** The one spelling of a placeholder's or parameter's name, whatever the database. */
export function foldCase(text: string): string {
  return text.replace(/[a-z]+/g, (letters) => letters.toUpperCase());
}

/** `NAME`, `SCHEMA.NAME` or either part quoted; null where it is no name of a table. */
export function readTableName(
  text: string,
  kind: SqlSourceKind,
): { readonly schema: string | null; readonly name: string } | null {
  const { quote } = RULES[kind];
  const part = `(?:${quote}(?:[^${quote}]|${quote}${quote})*${quote}|[^${quote}.]+)`;
  const match = new RegExp(`^\\s*(?:(${part})\\s*\\.\\s*)?(${part})\\s*$`).exec(text);
  const [, owner, own = ''] = match ?? [];
  const [schema, name] = [owner === undefined ? null : readName(owner, kind), readName(own, kind)];
  return name === null || (owner !== undefined && schema === null) ? null : { schema, name };
}

/** A quote inside is written twice. */
function unquoted(inner: string, quote: string): string | null {
  return inner.replaceAll(quote + quote, '').includes(quote) ? null : inner.replaceAll(quote + quote, quote);
}
