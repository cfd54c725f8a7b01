/** The context that a session compiles a statement in, made anew for each: the SCN it reads at is fixed here. */
import type { Bind } from '../../engine.ts';
import { OraError } from '../../engine.ts';
import type { Name } from './ast.ts';
import type { Catalog, CatalogObject, View } from './catalog.ts';
import { compileExpression } from './compile-expression.ts';
import { compileQuery } from './compile-query.ts';
import type { Context } from './context.ts';
import { dictionaryView, dynamicName } from './dictionary.ts';
import type { Settings } from './settings.ts';
import type { SharedState } from './shared-state.ts';

export interface ContextOptions {
  readonly shared: SharedState;
  readonly settings: Settings;
  readonly user: string;
  readonly binds: readonly Bind[] | null;
  readonly placeholders: readonly string[];
  readonly pinned: bigint | null;
  readonly transaction: number | null;
}

export function contextOf({
  shared,
  settings,
  user,
  binds,
  placeholders,
  pinned,
  transaction,
}: ContextOptions): Context {
  const { catalog, transactions, counts, sessions, blockRows } = shared;
  const { schema } = settings;
  const isDenied = (what: string): boolean => shared.denied(user).has(what);
  let aliases = 0;
  return {
    catalog,
    settings,
    user,
    schema,
    binds,
    placeholders,
    parameters: [],
    scn: pinned ?? transactions.scn,
    transaction,
    now: { nanos: shared.now() },
    commons: new Map(),
    depth: 0,
    tables: new Set(),
    blockRows,
    alias: () => `"#s${(aliases += 1)}"`,
    isDenied,
    checkFlashback: (wanted) => {
      if (wanted > transactions.scn) throw new OraError(8181, 'specified number is not a valid system change number');
      if (wanted < transactions.oldestScn)
        throw new OraError(1555, 'snapshot too old: rollback segment number with name "" too small');
    },
    dictionary: (owner, name) => {
      if (isDenied(dynamicName(name))) return null;
      const shown = [...sessions].map((session) => ({
        id: session.id,
        user: session.user,
        schema: session.settings.schema,
      }));
      const facts = { catalog, user, schema, scn: transactions.scn, statements: counts.all(), sessions: shown };
      return dictionaryView(owner, name, { ...facts, dependencies: (view) => dependenciesOf(view, catalog) });
    },
    query: compileQuery,
    expression: compileExpression,
  };
}

/** What a view names, looked up as its owner would. */
function dependenciesOf(view: View, catalog: Catalog): readonly CatalogObject[] {
  const found = new Set<CatalogObject>();
  const visit = (node: unknown): void => {
    if (typeof node !== 'object' || node === null) return;
    if ('kind' in node && node.kind === 'table' && 'path' in node && 'asOf' in node) {
      const object = catalog.find(node.path as readonly Name[], view.owner);
      if (object !== null) found.add(object);
    }
    for (const value of Object.values(node)) visit(value);
  };
  visit(view.query);
  return [...found];
}
