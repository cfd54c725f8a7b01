/**
 * What is known of a SQL statement without asking a database: its one spelling, its placeholders, the tables it names
 * and what stands in the way of knowing all it reads. Values only; the work is in the neighbours.
 */

import type { SqlSourceKind } from '../model/request.ts';

export type Dialect = SqlSourceKind;

/** A table, view or synonym as the statement names it, in the catalogue's spelling (unquoted names folded). */
export interface TableReference {
  /** null: not qualified. */
  readonly schema: string | null;
  readonly name: string;
  /**
   * Where Oracle's AS OF SCN goes in the normalised statement: right after the name, or after the PARTITION and SAMPLE clauses
   * that Oracle's grammar (query_table_expression, flashback_query_clause) puts before it, or after ONLY's parenthesis.
   */
  readonly end: number;
  /** The statement says itself at which time it reads this table (AS OF, VERSIONS): no second clause may follow. */
  readonly fixesTime: boolean;
}

/** Something whose result can change while no table the statement names does, or that cannot be looked into. */
export interface Obstacle {
  /** As the statement writes it, short: `SYSDATE`, `SALES@REMOTE`, `MY_PACKAGE.RATE()`. */
  readonly construct: string;
  /** Half a sentence for people: "reads the clock". */
  readonly why: string;
}

/** A function as the statement names it, in the catalogue's spelling. */
export interface FunctionCall {
  /** null: not qualified, or a method of what stands before. Several qualifiers are parted by dots. */
  readonly schema: string | null;
  readonly name: string;
  /** Judged here by its name: harmless, or among the obstacles. Otherwise only the database can tell what it reads. */
  readonly isKnown: boolean;
}

export interface Statement {
  /** The normal form: equal for statements that differ in white space, comments, or the case of what has no case. */
  readonly text: string;
  /** Placeholder names without the colon, in upper case, in order of first occurrence, each once. */
  readonly placeholders: readonly string[];
  /** A placeholder occurs more than once: binding by position would be ambiguous. */
  readonly repeatsPlaceholders: boolean;
  /** Each occurrence, in order of the text; the same table may occur several times. CTE names and DUAL are left out. */
  readonly reads: readonly TableReference[];
  /**
   * What stands before a parenthesis and may be a function, each name once, built-in ones among them: a user's function
   * may go by the same name.
   */
  readonly calls: readonly FunctionCall[];
  /** Empty: the tables in `reads`, with their views expanded, are all that the result depends on, besides the binds. */
  readonly obstacles: readonly Obstacle[];
}
