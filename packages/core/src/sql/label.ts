/**
 * How a table is called wherever it becomes part of a name of ours: in versions, keys, scopes and messages. A label is
 * what the database itself would read: SCHEMA.NAME, and quotes around a part that is no plain identifier in the
 * catalogue's case, so that no two tables share a label.
 */
import { createHash } from 'node:crypto';
import type { Dialect, TableReference } from './statement.ts';

interface Quoting {
  readonly plain: RegExp;
  readonly quote: string;
}

const QUOTINGS: Readonly<Record<Dialect, Quoting>> = {
  oracle: { plain: /^[A-Z][A-Z0-9_$#]*$/, quote: '"' },
  postgres: { plain: /^[a-z_][a-z0-9_$]*$/, quote: '"' },
  mysql: { plain: /^[0-9A-Za-z_$]+$/, quote: '`' },
};

export function labelOf(
  reference: Pick<TableReference, 'schema' | 'name'>,
  defaultSchema: string,
  dialect: Dialect,
): string {
  return `${labelPart(reference.schema ?? defaultSchema, dialect)}.${labelPart(reference.name, dialect)}`;
}

/** The part that a refresh key is, in the version of all requests that have it. `statement`: its normal form. */
export function refreshKeyLabel(statement: string): string {
  return `refresh-key:${createHash('sha256').update(statement).digest('hex').slice(0, 12)}`;
}

function labelPart(name: string, dialect: Dialect): string {
  const { plain, quote } = QUOTINGS[dialect];
  return plain.test(name) ? name : `${quote}${name.replaceAll(quote, quote + quote)}${quote}`;
}
