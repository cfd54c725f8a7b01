/**
 * From what the planner reads to what is asked for its rows: each table once, partitioned tables whole where all their
 * partitions are read, since one query is cheaper than many and the right to read the parent is enough for it.
 */
import { named, type Labelled } from './relations.ts';
import type { Target } from './row-version.ts';
import { untrackable } from '../sql/untrackable.ts';
import type { Member, RelationFacts } from './structure.ts';

export interface Behind {
  readonly part: Labelled;
  readonly members: readonly Member[];
  /** Of every relation in the part's plan. */
  readonly planned: readonly RelationFacts[];
  /** Of members too, by oid. */
  readonly factsOf: (oid: string) => RelationFacts | undefined;
}

/** @throws ParqueueError PQ_UNTRACKABLE where the rows of a relation may not be counted */
export function targetsOf({ part, members, planned, factsOf }: Behind): readonly Target[] {
  const children = childrenOf(members);
  const left = new Map(planned.map((facts) => [facts.oid, facts]));
  const targets: Target[] = [];
  const single = (facts: RelationFacts): void => {
    if (!facts.isReadable) throw notReadable(part, named(facts));
    targets.push({ oid: facts.oid, schema: facts.schema, name: facts.name, withChildren: false });
    left.delete(facts.oid);
  };
  for (const top of topsOf(members)) {
    const leaves = leavesOf(top, children);
    const read = leaves.filter((oid) => left.has(oid));
    // Some partitions only, or ONLY the parent: then the others are nobody's business.
    const isWhole = leaves.length > 0 && read.length === leaves.length && children.has(top.oid);
    if (isWhole && factsOf(top.oid)?.isReadable === true) {
      targets.push({ oid: top.oid, schema: top.schema, name: top.name, withChildren: true });
      for (const oid of read) left.delete(oid);
      continue;
    }
    for (const oid of read) single(left.get(oid) as RelationFacts);
  }
  // Behind no view and no parent: a function that the planner took apart.
  for (const facts of left.values()) single(facts);
  return targets;
}

/** What a part is, or a view of it names. */
function topsOf(members: readonly Member[]): readonly Member[] {
  const tops = new Map(members.filter(({ way, kind }) => way !== 'child' && kind !== 'v').map((top) => [top.oid, top]));
  return [...tops.values()];
}

function childrenOf(members: readonly Member[]): ReadonlyMap<string, readonly Member[]> {
  const children = new Map<string, Member[]>();
  for (const member of members) {
    if (member.way !== 'child' || member.above === null) continue;
    children.set(member.above, [...(children.get(member.above) ?? []), member]);
  }
  return children;
}

/** Those with rows of their own, which a partitioned table has not. */
function leavesOf(top: Member, children: ReadonlyMap<string, readonly Member[]>): readonly string[] {
  const leaves = new Set<string>();
  const visit = (member: Member): void => {
    if (leaves.has(member.oid)) return;
    if (member.kind !== 'p') leaves.add(member.oid);
    for (const child of children.get(member.oid) ?? []) visit(child);
  };
  visit(top);
  return [...leaves];
}

function notReadable(part: Labelled, label: string): Error {
  return untrackable(part, `it reads ${label}, which the user of this source may not`, `grant SELECT on ${label}`);
}
