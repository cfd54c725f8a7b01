/**
 * What a query reads, told by the planner: EXPLAIN with every schema's name. It expands views, partitions, inheritance
 * and functions written in SQL that it takes apart, whatever our own reading of the text would make of them.
 *
 * What the planner leaves out cannot change the rows: partitions that a condition on their key excludes, branches whose
 * condition is false, outer joins of which no column is used and that add no row (a unique index proves it). A part is
 * planned as SELECT * FROM part, so nothing is left out of it because of the statement that names it; and where what
 * proved the omission goes away (the index, the bounds), the next plan names the table, which is another version.
 * Settings of the role (enable_…, constraint_exclusion) move how much is left out, not whether that is right.
 */
import type { ParqueueError } from '../../model/errors.ts';
import { labelOf } from '../../sql/index.ts';
import { untrackable } from '../sql/untrackable.ts';

/** A small question, answered whole. Every value as text, or null. */
export type Ask = (
  sql: string,
  values?: readonly (string | null)[],
) => Promise<readonly (readonly (string | null)[])[]>;

export interface RelationName {
  readonly schema: string;
  readonly name: string;
}

/** What a plan reads, each once. */
export interface PlannedReads {
  readonly relations: readonly RelationName[];
  /** Functions that give rows in its FROM. */
  readonly functions: readonly RelationName[];
  /** What it reads that has no rows here: half a sentence each. */
  readonly elsewhere: readonly string[];
}

export interface Labelled {
  readonly label: string;
}

/** `query`: one SELECT, with $1 … for `values`. @throws what `ask` throws */
export async function plannedReads(
  ask: Ask,
  query: string,
  values: readonly (string | null)[] = [],
): Promise<PlannedReads> {
  const [row] = await ask(`EXPLAIN (VERBOSE, COSTS OFF, FORMAT JSON) ${query}`, values);
  return readsOfPlan(JSON.parse(row?.[0] ?? '[]'));
}

/** All columns, so that no join of a view is left out for want of a use. */
export function plannedPart(
  ask: Ask,
  { schema, name, unqualified }: RelationName & { readonly unqualified: boolean },
): Promise<PlannedReads> {
  // As the statement writes it: the server's catalogue comes before the schema for names without one.
  return plannedReads(ask, `SELECT * FROM ${unqualified ? quoted(name) : qualified({ schema, name })}`);
}

/** Of the JSON that EXPLAIN gives (explain.c). */
export function readsOfPlan(plan: unknown): PlannedReads {
  const relations = new Map<string, RelationName>();
  const functions = new Map<string, RelationName>();
  const elsewhere = new Set<string>();
  for (const node of nodesOf(plan)) {
    const [type, schema] = [textOf(node, 'Node Type'), textOf(node, 'Schema') ?? ''];
    const relation = textOf(node, 'Relation Name');
    const called = textOf(node, 'Function Name');
    if (type === 'Foreign Scan') {
      const what = relation === null ? (textOf(node, 'Relations') ?? 'a join') : named({ schema, name: relation });
      elsewhere.add(`${what} is read from another server`);
    } else if (type === 'Custom Scan') {
      elsewhere.add(`a plan of the extension ${textOf(node, 'Custom Plan Provider') ?? 'of unknown name'} reads it`);
    }
    if (relation !== null) relations.set(qualified({ schema, name: relation }), { schema, name: relation });
    if (called !== null) functions.set(qualified({ schema, name: called }), { schema, name: called });
  }
  return {
    relations: inOrder(relations),
    functions: inOrder(functions),
    elsewhere: [...elsewhere].toSorted(),
  };
}

/** Because of what the plan of a part reads outside of this database's tables; null: nothing. */
export function refusalOfPlan(part: Labelled, { elsewhere }: PlannedReads): ParqueueError | null {
  const [first] = elsewhere;
  return first === undefined ? null : untrackable(part, `${first}, whose changes leave no trace here`);
}

/** As messages write it. */
export function named({ schema, name }: RelationName): string {
  return labelOf({ schema, name }, schema, 'postgres');
}

/** `"s"."t"`. */
export function qualified({ schema, name }: RelationName): string {
  return `${quoted(schema)}.${quoted(name)}`;
}

export function quoted(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

type PlanNode = Readonly<Record<string, unknown>>;

/** Every object of the plan: nodes stand under Plans, and wherever a later server may put them. */
function* nodesOf(value: unknown): Generator<PlanNode> {
  if (typeof value !== 'object' || value === null) return;
  if (!Array.isArray(value)) yield value as PlanNode;
  for (const inner of Object.values(value)) yield* nodesOf(inner);
}

function textOf(node: PlanNode, key: string): string | null {
  const value = node[key];
  return typeof value === 'string' ? value : null;
}

function inOrder(named: ReadonlyMap<string, RelationName>): readonly RelationName[] {
  return [...named.keys()].toSorted().map((key) => named.get(key) as RelationName);
}
