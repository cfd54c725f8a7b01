/**
 * How a table is called wherever it becomes part of a name of ours: in versions, keys, scopes and messages. A label is
 * what Oracle itself would read: OWNER.NAME, and quotes around a part that is no plain upper-case identifier, so that
 * no two tables share a label.
 */
import { createHash } from 'node:crypto';
import type { Dialect, TableReference } from './statement.ts';

const PLAIN = /^[A-Z][A-Z0-9_$#]*$/;

export function labelOf(
  reference: Pick<TableReference, 'schema' | 'name'>,
  defaultSchema: string,
  _dialect: Dialect = 'oracle',
): string {
  return `${labelPart(reference.schema ?? defaultSchema)}.${labelPart(reference.name)}`;
}

/** The part that a refresh key is, in the version of all requests that have it. `statement`: its normal form. */
export function refreshKeyLabel(statement: string): string {
  return `refresh-key:${createHash('sha256').update(statement).digest('hex').slice(0, 12)}`;
}

function labelPart(name: string): string {
  return PLAIN.test(name) ? name : `"${name}"`;
}
