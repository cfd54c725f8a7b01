/**
 * How a table is called wherever it becomes part of a name of ours: in versions, keys, scopes and messages. A label is
 * what Oracle itself would read: OWNER.NAME, and quotes around a part that is no plain upper-case identifier, so that
 * no two tables share a label.
 */
import type { TableReference } from './statement.ts';

const PLAIN = /^[A-Z][A-Z0-9_$#]*$/;

export function labelOf(reference: Pick<TableReference, 'schema' | 'name'>, defaultSchema: string): string {
  return `${labelPart(reference.schema ?? defaultSchema)}.${labelPart(reference.name)}`;
}

function labelPart(name: string): string {
  return PLAIN.test(name) ? name : `"${name}"`;
}
