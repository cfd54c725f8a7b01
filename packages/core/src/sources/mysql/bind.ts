/**
 * Values of a statement's placeholders: each occurrence of `:NAME` becomes a `?` with a value of its own, which travels
 * apart from the statement. MySQL takes the type of a `?` from its value, and compares a text with a number as doubles;
 * so a CAST around it says what it is, exactly, and an index on the column is still used (bind.test.ts).
 */
import type { TypedParameterValue } from 'mysql2';

export type MysqlValue = string | TypedParameterValue | null;

export function sameValue(a: MysqlValue, b: MysqlValue | undefined): boolean {
  if (a === null || typeof a === 'string') return a === b;
  return typeof b === 'object' && a.type === b?.type && a.value === b.value && a.unsigned === b.unsigned;
}
