/**
 * One statement read by several sessions at one SCN. Each reads the rows whose hash of one column is its own, all of
 * them as they were at that SCN, so together they are one state of the database; the version was taken before and is
 * not newer. Where the user may not look at the SCN or back to it, one session reads everything, and the manifest says
 * why.
 */
import type { Split, TypedValue } from '../../model/request.ts';
import { insertAfterReads, type Statement } from '../../sql/index.ts';
import type { LoadPlan } from './column-plan.ts';
import { boundStatement, type Bound } from './question.ts';

export interface SplitPlan {
  readonly column: string;
  readonly scn: string;
  readonly into: number;
}

export interface SplitWish {
  readonly statement: Statement;
  readonly split: Split;
  /** Connections this thread may have. */
  readonly sessionsMax: number;
  /** null: it may not be read. */
  readonly scn: string | null;
}

/** The plan, or why the load stays with one session. */
export function planSplit({ statement, split, sessionsMax, scn }: SplitWish): SplitPlan | { readonly reason: string } {
  const into = Math.min(split.into, sessionsMax);
  if (into < 2) return { reason: `the pool of the source allows ${sessionsMax} connections` };
  if (statement.reads.length === 0) return { reason: 'the statement reads no table' };
  if (scn === null) return { reason: 'SELECT on V$DATABASE is not granted, so there is no SCN to read at' };
  return { column: split.column, scn, into };
}

export interface PartOf {
  readonly statement: Statement;
  readonly values: Readonly<Record<string, TypedValue>>;
  readonly plan: LoadPlan;
}

/** What the session of number `part` executes. One text for all of them: they differ in a bind. */
export function partStatement({ column, scn, into }: SplitPlan, part: number, of: PartOf): Bound {
  const { statement, values, plan } = of;
  const [atScn, ofPart] = [freeName('PQ_SCN', statement), freeName('PQ_PART', statement)];
  const then = insertAfterReads(statement, () => `AS OF SCN :${atScn}`);
  // ORA_HASH of NULL is NULL: those rows are the first session's.
  const mine = plan.statement(then, {
    column,
    condition: (reference) => `NVL(ORA_HASH(${reference},${into - 1}),0)=:${ofPart}`,
  });
  return boundStatement(mine, {
    ...values,
    [atScn]: { type: 'integer', value: scn },
    [ofPart]: { type: 'integer', value: String(part) },
  });
}

function freeName(name: string, { placeholders }: Statement): string {
  let free = name;
  while (placeholders.includes(free)) free += '_';
  return free;
}
