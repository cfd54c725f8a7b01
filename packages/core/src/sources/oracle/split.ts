/**
 * One statement read by several sessions at one SCN. Each reads the rows whose hash of one column is its own, all of
 * them as they were at that SCN, so together they are one state of the database; the version was taken before and is
 * not newer. Where the user may not look at the SCN or back to it, one session reads everything, and the manifest says
 * why.
 */
import type { Connection } from 'oracledb';
import { isParqueueError } from '../../model/errors.ts';
import { insertAfterReads, type Statement } from '../../sql/index.ts';
import type { Bound, SplitLoads, SplitWay, SplitWish } from '../sql/database.ts';
import { faultKindOf } from '../sql/faults.ts';
import { boundStatement, type OracleBinds } from './bind.ts';
import type { OracleSession } from './driver.ts';
import type { ScnReader } from './scn.ts';

type Way = SplitWay<Connection, OracleBinds>;

export class OracleSplits implements SplitLoads<Connection, OracleBinds> {
  readonly #scn: ScnReader;

  constructor(scn: ScnReader) {
    this.#scn = scn;
  }

  /** Parsing the statement at an SCN tells whether that is allowed, while the first transaction is still whole. */
  async plan(session: OracleSession, wish: SplitWish): Promise<Way | { readonly reason: string }> {
    if (wish.question.statement.reads.length === 0) return { reason: 'the statement reads no table' };
    // Now, after the version: the rows must not be older.
    const scn = await this.#scn.current(session);
    if (scn === null) return { reason: 'SELECT on V$DATABASE is not granted, so there is no SCN to read at' };
    const into = Math.min(wish.split.into, wish.sessionsMax);
    const { text } = partAt(scn, into, 0, wish);
    try {
      await session.call((connection) => connection.getStatementInfo(text));
    } catch (error) {
      const kind = faultKindOf(error);
      if (kind !== 'privileges' && kind !== 'rejected') throw error;
      const database = isParqueueError(error) ? String(error.details['database'] ?? '') : '';
      return { reason: `reading AS OF SCN was refused (${database})` };
    }
    return {
      into,
      // All rows are of one SCN; the version is of that one or an earlier one.
      consistency: 'statement',
      details: { scn },
      // Its own point in time is not needed any more, and it is one of the sessions.
      lead: (first) => first.rollback(),
      join: async () => undefined,
      bound: (part) => partAt(scn, into, part, wish),
    };
  }
}

/** What the session of number `part` executes. One text for all of them: they differ in a bind. */
export function partAt(
  scn: string,
  into: number,
  part: number,
  { question, statement }: SplitWish,
): Bound<OracleBinds> {
  const { statement: read, asked } = question;
  const [atScn, ofPart] = [freeName('PQ_SCN', read), freeName('PQ_PART', read)];
  const then = insertAfterReads(read, () => `AS OF SCN :${atScn}`);
  // ORA_HASH of NULL is NULL: those rows are the first session's.
  const mine = statement(then, (reference) => `NVL(ORA_HASH(${reference},${into - 1}),0)=:${ofPart}`);
  return boundStatement(mine, {
    ...asked.binds,
    [atScn]: { type: 'integer', value: scn },
    [ofPart]: { type: 'integer', value: String(part) },
  });
}

function freeName(name: string, { placeholders }: Statement): string {
  let free = name;
  while (placeholders.includes(free)) free += '_';
  return free;
}
