/** Names of a load: which of the described columns are wanted, and what they are called when names repeat. */
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
