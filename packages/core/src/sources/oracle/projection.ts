/** The statement around the caller's that selects the wanted columns, dates as text. */
import type { Projection } from '../sql/projection.ts';

/** No table is called so; a common table expression that names itself would be a recursion. */
const INNER = 'PARQUEUE_ROWS';

/** What can be referred to from outside an inline view: an expression's name, a pseudo column's or half a quote cannot. */
const REFERABLE = /^[A-Za-z][A-Za-z0-9_$#]{0,127}$/;
const PSEUDO = new Set(['ROWID', 'ROWNUM', 'LEVEL', 'ORA_ROWSCN', 'ORA_ROWTXID', 'VERSIONS_XID', 'OBJECT_ID']);

/** The driver renames repeated names when it describes a statement, and does not say so: `A_1` may be a second `A`. */
function mayRepeat(name: string, names: ReadonlySet<string>): boolean {
  const [, base] = /^(.+)_[1-9][0-9]*$/.exec(name) ?? [];
  return base !== undefined && names.has(base);
}

/**
 * The statement that selects the wanted columns of `text`, whose row order it keeps: an inline view where every column
 * has a name of its own that can be referred to, else a common table expression that names the columns anew; `text`
 * itself where all of its columns are wanted as they are.
 */
export function projected(text: string, { described, wanted, only }: Projection): string {
  const asItIs =
    only === null
    && wanted.length === described.length
    && wanted.every(({ position, expression }, at) => position === at && expression === null);
  if (asItIs) return text;
  const names = new Set(described);
  const referable =
    names.size === described.length
    && described.every((name) => REFERABLE.test(name) && !PSEUDO.has(name.toUpperCase()) && !mayRepeat(name, names));
  const reference = referable
    ? (position: number) => `"${described[position] ?? ''}"`
    : (position: number) => `C${position + 1}`;
  const selected = wanted
    .map(({ position, expression }) => {
      const column = reference(position);
      return expression === null ? column : `${expression(column)} ${column}`;
    })
    .join(',');
  const where = only === null ? '' : ` WHERE ${only.condition(reference(only.position))}`;
  if (referable) return `SELECT ${selected} FROM (${text})${where}`;
  const renamed = described.map((_, position) => reference(position)).join(',');
  return `WITH ${INNER}(${renamed}) AS (${text}) SELECT ${selected} FROM ${INNER}${where}`;
}
