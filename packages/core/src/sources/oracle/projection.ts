/**
 * Names and SQL of a load: which of the described columns are wanted, what they are called when names repeat, and the
 * statement around the caller's that selects them, dates as text.
 */
import { ParqueueError } from '../../model/errors.ts';
import type { Expression } from './types.ts';

/** Names shown in an error. */
const NAMES_SHOWN = 10;

/**
 * Names for the columns of the file: a repeated name gets `_1`, `_2` … from its second column on, skipping those that
 * the statement itself uses. The driver does it the same way.
 */
export function distinctNames(names: readonly string[]): readonly string[] {
  const taken = new Set(names);
  const seen = new Set<string>();
  const next = new Map<string, number>();
  return names.map((name) => {
    if (!seen.has(name)) {
      seen.add(name);
      return name;
    }
    let number = next.get(name) ?? 1;
    while (taken.has(`${name}_${number}`)) number += 1;
    next.set(name, number + 1);
    const distinct = `${name}_${number}`;
    taken.add(distinct);
    return distinct;
  });
}

/** Finds columns by the names that callers write: as they are, else in another case where only one column fits. */
export class ColumnNames {
  private readonly names: readonly string[];
  private readonly exact: ReadonlyMap<string, number>;
  private readonly folded = new Map<string, number[]>();

  /** `names` are distinct. */
  constructor(names: readonly string[]) {
    this.names = names;
    this.exact = new Map(names.map((name, at) => [name, at]));
    for (const [at, name] of names.entries()) {
      const same = this.folded.get(name.toLowerCase());
      if (same === undefined) this.folded.set(name.toLowerCase(), [at]);
      else same.push(at);
    }
  }

  /** Positions of the wanted columns, each once. @throws ParqueueError PQ_INVALID_REQUEST */
  positions(wanted: readonly string[]): readonly number[] {
    if (wanted.length === 0) throw new ParqueueError('PQ_INVALID_REQUEST', 'the list of wanted columns is empty');
    const positions = wanted.map((name) => this.position(name));
    for (const [at, position] of positions.entries()) {
      if (positions.indexOf(position) === at) continue;
      const column = this.names[position] ?? '';
      throw new ParqueueError('PQ_INVALID_REQUEST', `column ${column} is wanted twice`, { details: { column } });
    }
    return positions;
  }

  /** @throws ParqueueError PQ_INVALID_REQUEST naming those there are */
  position(name: string): number {
    const exact = this.exact.get(name);
    if (exact !== undefined) return exact;
    const [only, ...others] = this.folded.get(name.toLowerCase()) ?? [];
    if (only !== undefined && others.length === 0) return only;
    const like = only === undefined ? '' : ' in just this spelling';
    throw new ParqueueError(
      'PQ_INVALID_REQUEST',
      `the statement has no column ${name}${like}; it has ${this.listed()}`,
      {
        details: { unknown: [name], available: this.names.slice(0, 1000) },
      },
    );
  }

  private listed(): string {
    const shown = this.names.slice(0, NAMES_SHOWN).join(', ');
    return this.names.length > NAMES_SHOWN ? `${shown}, … (${this.names.length})` : shown;
  }
}

export interface Projection {
  /** As described, in the statement's order; names may repeat. */
  readonly described: readonly string[];
  /** The wanted ones, in the wanted order. */
  readonly wanted: readonly { readonly position: number; readonly expression: Expression | null }[];
  /** A condition on one of the described columns; null: all rows. */
  readonly only: { readonly position: number; readonly condition: Expression } | null;
}

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
