/** What exists: tables, views and synonyms by owner, with the types their columns were declared with. */
import type { OraType } from '../../engine.ts';
import { OraError } from '../../engine.ts';
import type { Expr, Name, Query } from './ast.ts';

export interface StoredColumn {
  readonly name: string;
  readonly type: OraType;
  readonly nullable: boolean;
  readonly default: Expr | null;
}

export interface Partition {
  readonly name: string;
  /** Condition of DuckDB over the table's own column names. */
  readonly condition: string;
}

export interface Table {
  readonly kind: 'table';
  readonly id: number;
  readonly owner: string;
  readonly name: string;
  /** The table in DuckDB, quoted. */
  readonly stored: string;
  columns: readonly StoredColumn[];
  readonly rowDependencies: boolean;
  readonly temporary: boolean;
  readonly partitions: readonly Partition[];
  /** Of the last definition change: nothing older can be read (ORA-01466). */
  definedAt: bigint;
}

export interface View {
  readonly kind: 'view';
  readonly id: number;
  readonly owner: string;
  readonly name: string;
  readonly text: string;
  readonly names: readonly string[] | null;
  readonly query: Query;
  readonly columns: readonly { readonly name: string; readonly type: OraType; readonly nullable: boolean }[];
}

export interface Synonym {
  readonly kind: 'synonym';
  readonly id: number;
  /** PUBLIC for a public one. */
  readonly owner: string;
  readonly name: string;
  readonly target: { readonly owner: string; readonly name: string };
  readonly link: string | null;
}

export type CatalogObject = Table | View | Synonym;

const SYNONYMS_MAX = 32;

export class Catalog {
  readonly #objects = new Map<string, CatalogObject>();
  /** Nanoseconds since 1970 of the last DDL, by object. */
  readonly #changed = new Map<string, bigint>();
  readonly #now: () => bigint;
  #lastId = 70_000;

  constructor(now: () => bigint) {
    this.#now = now;
  }

  nextId(): number {
    this.#lastId += 1;
    return this.#lastId;
  }

  all(): readonly CatalogObject[] {
    return [...this.#objects.values()];
  }

  get(owner: string, name: string): CatalogObject | null {
    return this.#objects.get(key(owner, name)) ?? null;
  }

  /** @throws OraError 00955 where the name is taken and nothing is to be replaced */
  add(object: CatalogObject, replace = false): void {
    const old = this.get(object.owner, object.name);
    if (old !== null && !(replace && old.kind === object.kind))
      throw new OraError(955, 'name is already used by an existing object');
    this.#objects.set(key(object.owner, object.name), object);
    this.touch(object);
  }

  remove(object: CatalogObject): void {
    this.#objects.delete(key(object.owner, object.name));
    this.#changed.delete(key(object.owner, object.name));
  }

  /** Its definition changed now: LAST_DDL_TIME. */
  touch(object: CatalogObject): void {
    this.#changed.set(key(object.owner, object.name), this.#now());
  }

  changedAt(object: CatalogObject): bigint {
    return this.#changed.get(key(object.owner, object.name)) ?? 0n;
  }

  /**
   * What a name in SQL means to somebody in `schema`: their own object, else a public synonym's target; null where
   * nothing has the name. Synonyms are followed.
   */
  resolve(path: readonly Name[], schema: string): Table | View | null {
    let found = this.find(path, schema);
    for (let steps = 0; found?.kind === 'synonym'; steps += 1) {
      if (steps > SYNONYMS_MAX) throw new OraError(1775, 'looping chain of synonyms');
      if (found.link !== null) throw new OraError(2019, 'connection description for remote database not found');
      const next: CatalogObject | null = this.get(found.target.owner, found.target.name);
      if (next === null) return null;
      found = next;
    }
    return found;
  }

  find(path: readonly Name[], schema: string): CatalogObject | null {
    const [first, second] = path;
    if (first === undefined || path.length > 2) return null;
    if (second !== undefined) return this.get(first.text, second.text);
    return this.get(schema, first.text) ?? this.get('PUBLIC', first.text);
  }
}

function key(owner: string, name: string): string {
  return JSON.stringify([owner, name]);
}

export const pathText = (path: readonly Name[]): string => path.map(({ text }) => text).join('.');

export function missingTable(path: readonly Name[]): OraError {
  return new OraError(942, 'table or view does not exist', { offset: path[0]?.at ?? 0 });
}
