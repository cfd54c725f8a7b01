/** What a statement is compiled in: who asks, at which SCN, with which binds; and the names that are in scope. */
import type { Bind } from '../../engine.ts';
import { OraError } from '../../engine.ts';
import type { Expr, Name, Query } from './ast.ts';
import type { Catalog, Table } from './catalog.ts';
import type { Settings } from './settings.ts';
import type { Typed } from './typed.ts';

/** A query compiled: DuckDB's text, and the columns it gives, named c0, c1, … there. */
export interface CompiledQuery {
  readonly sql: string;
  readonly columns: readonly { readonly name: string; readonly value: Typed }[];
}

export interface Source {
  /** The name that columns may be qualified with; null: none. */
  readonly name: string | null;
  readonly owner: string | null;
  readonly columns: readonly { readonly name: string; readonly value: Typed; readonly hidden?: boolean }[];
  /** ORA_ROWSCN and ROWID, where the source is a table. Asking for the first may change what is read. */
  readonly pseudo: ((name: string) => Typed | null) | null;
}

export interface Scope {
  readonly sources: readonly Source[];
  readonly parent: Scope | null;
  /** ROWNUM and LEVEL where they mean something. */
  readonly extra: ReadonlyMap<string, Typed>;
}

export interface Context {
  readonly catalog: Catalog;
  readonly settings: Settings;
  readonly user: string;
  readonly schema: string;
  /** By placeholder; null while only described. */
  readonly binds: readonly Bind[] | null;
  readonly placeholders: readonly string[];
  /** Parameters collected on the way, $1 first. */
  readonly parameters: (string | Uint8Array)[];
  /** What is read: the rows committed up to here, and the uncommitted ones of this transaction. */
  readonly scn: bigint;
  readonly transaction: number | null;
  readonly now: { readonly nanos: bigint };
  readonly commons: ReadonlyMap<string, CommonSource>;
  readonly depth: number;
  /** Everything the statement names, for privileges and for FOR UPDATE. */
  readonly tables: Set<Table>;
  readonly blockRows: number;
  alias(): string;
  isDenied(what: string): boolean;
  /** @throws OraError 08181 or 01555 */
  checkFlashback(scn: bigint): void;
  dictionary(owner: string | null, name: string): CompiledQuery | null;
  query(query: Query, context: Context, parent: Scope | null): CompiledQuery;
  expression(expr: Expr, scope: Scope, context: Context): Typed;
}

export interface CommonSource {
  readonly sql: string;
  readonly columns: CompiledQuery['columns'];
}

export const NO_EXTRA: ReadonlyMap<string, Typed> = new Map();

/** @throws OraError 00904 or 00918 */
export function resolveColumn(path: readonly Name[], scope: Scope): Typed {
  for (let at: Scope | null = scope; at !== null; at = at.parent) {
    const found = inScope(path, at);
    if (found !== null) return found;
  }
  throw new OraError(904, `${path.map(({ text }) => JSON.stringify(text)).join('.')}: invalid identifier`, {
    offset: path[0]?.at ?? 0,
  });
}

function inScope(path: readonly Name[], scope: Scope): Typed | null {
  const column = path.at(-1) as Name;
  const qualifier = path.slice(0, -1).map(({ text }) => text);
  if (qualifier.length === 0) {
    const extra = scope.extra.get(column.text);
    if (extra !== undefined) return extra;
  }
  if (qualifier.length > 2) return null;
  const candidates = scope.sources.filter(
    ({ name, owner }) =>
      qualifier.length === 0 || (name === qualifier.at(-1) && (qualifier.length < 2 || owner === qualifier[0])),
  );
  const found = candidates.flatMap(({ columns }) =>
    columns.filter(({ name, hidden }) => name === column.text && (qualifier.length > 0 || hidden !== true)),
  );
  if (found.length > 1)
    throw new OraError(918, `${JSON.stringify(column.text)}: column ambiguously defined`, { offset: column.at });
  if (found[0] !== undefined) return found[0].value;
  const pseudo = candidates.map((source) => source.pseudo?.(column.text) ?? null).filter((value) => value !== null);
  if (pseudo.length > 1)
    throw new OraError(918, `${JSON.stringify(column.text)}: column ambiguously defined`, { offset: column.at });
  return pseudo[0] ?? null;
}
