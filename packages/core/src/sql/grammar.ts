/**
 * What tells one dialect's queries from another's, beside the lexis: words, and small functions where words are not
 * enough. The readers know where tables and calls can stand; everything they look up stands here.
 */
import type { Closings } from './parentheses.ts';
import type { ReadToken } from './tokens.ts';
import type { Obstacle } from './statement.ts';

export interface Grammar {
  /** As the catalogue spells it, and as qualifiers and names of WITH are compared. */
  readonly nameOf: (name: ReadToken) => string;
  readonly gate: Gate;
  readonly query: QueryRules;
  readonly table: TableRules;
  readonly expression: ExpressionRules;
}

/** What is refused at the door. */
export interface Gate {
  /** Words that a query begins with. */
  readonly opens: ReadonlySet<string>;
  /** What statements and parentheses are, for people: "a single SELECT or WITH statement". */
  readonly accepts: string;
  /** Words that, one after the other and outside a dotted chain, make a statement more than a query, with the reason. */
  readonly refused: readonly Refusal[];
  /** Words that change data where a statement begins after a parenthesis that closes, or one that opens. */
  readonly writesAfterClosing: readonly string[];
  readonly writesAfterOpening: readonly string[];
  /** WITH FUNCTION and WITH PROCEDURE declare code. */
  readonly declaresCode: boolean;
  readonly selectsNothing: 'refused' | 'allowed';
  /** Whatever else is no query, by the index of the token that says so. */
  readonly refuses: ((tokens: readonly ReadToken[], i: number) => string | null) | null;
}

export interface Refusal {
  readonly words: readonly string[];
  readonly what: string;
}

export interface QueryRules {
  /**
   * What ends a FROM list: reserved words, with the word that must follow where they stand elsewhere too. Words that
   * could be an alias are not here: the list goes on behind them.
   */
  readonly endsFrom: ReadonlyMap<string, readonly string[] | null>;
  readonly setOperators: ReadonlySet<string>;
  /** After these words of a FROM list a table is due. */
  readonly joins: ReadonlySet<string>;
  /** Words that no alias can be: an alias may carry names of columns, `t x(a, b)`. null: aliases carry none. */
  readonly reserved: ReadonlySet<string> | null;
  /**
   * Which queries of WITH see their own name. `columns`: those with names of columns and a set operator. `earlier`:
   * after RECURSIVE each sees itself and those before it. `all`: after RECURSIVE each sees all.
   */
  readonly recursion: 'columns' | 'earlier' | 'all';
  /** MATCH_RECOGNIZE has variables of its own. */
  readonly rowPatterns: boolean;
}

/** What stands right behind a table's name: answers the place after it. */
export interface AfterName {
  readonly next: number;
  readonly obstacles: readonly Obstacle[];
}

export interface TableRules {
  /** `t@link` reads another database. */
  readonly links: boolean;
  readonly isDual: (schema: string | null, name: ReadToken) => boolean;
  /** Why a table of this name cannot be tracked, if it is one and no query of WITH. */
  readonly whyNameCounts: (schema: string | null, name: string) => string | null;
  /** Why it is not certain here which table a name means. */
  readonly whyUnsure: (name: ReadToken) => string | null;
  /** `t (…)` is a table with a list of columns or indexes, and no call of a function. */
  readonly isTableBeforeParenthesis: (tokens: readonly ReadToken[], open: number) => boolean;
  /** Clauses that stand between the name and a clause of time. */
  readonly afterName: (tokens: readonly ReadToken[], closings: Closings, i: number) => AfterName;
  /** Clauses behind the alias that are not read as expressions. */
  readonly afterAlias: (tokens: readonly ReadToken[], closings: Closings, i: number) => AfterName;
  /** The construct that reads at a time of its own, where one begins at `i`. */
  readonly timeClause: (tokens: readonly ReadToken[], i: number) => string | null;
}

/** A name before a parenthesis. */
export interface CallSite {
  readonly names: readonly ReadToken[];
  /** Index of the first name. */
  readonly first: number;
  /** Index of the parenthesis. */
  readonly open: number;
  /** A dot stands before the names, behind something that is no name. */
  readonly isMember: boolean;
  readonly inPattern: boolean;
}

/**
 * `grammar`: no call at all. `harmless`: reads its arguments and nothing else. `unknown`: may do either, and the database
 * is asked. Where a source does not ask, an unknown function has a `why`.
 */
export type Judgement = 'grammar' | 'harmless' | 'unknown' | { readonly why: string };

export interface ExpressionRules {
  /** Words without parentheses that read more than tables: standing alone, and behind a qualifier. */
  readonly alone: ReadonlyMap<string, string>;
  readonly qualified: ReadonlyMap<string, string>;
  /** Columns by the catalogue's spelling, quoted or not, that change while no row does. */
  readonly systemColumns: ReadonlyMap<string, string>;
  /** `package.function` is a call: what stands before a dot must be a table of the statement. */
  readonly callsWithoutParentheses: boolean;
  readonly judge: (tokens: readonly ReadToken[], closings: Closings) => (call: CallSite) => Judgement;
  /** What a token alone gives away, or with its neighbours. */
  readonly obstacleAt: ((tokens: readonly ReadToken[], i: number) => Obstacle | null) | null;
}

export const UNKNOWN_FUNCTION: Judgement = { why: 'is a function that is not known to read nothing' };
export const FIXES_TIME = 'reads at a time of its own';
