/**
 * Walks a query's tokens once and finds every table it reads and every obstacle. Not a grammar of SQL: it knows where
 * table names can stand (after FROM, a comma or JOIN in a FROM list, APPLY), how names from WITH hide tables, and how to
 * skip. FROM inside a function's parentheses begins no list, because no SELECT stands there.
 * Where two readings are possible it takes the one that finds more: a table too many is an error people see, a table
 * too few is a stale answer that nobody sees.
 */
import { isName, isOperator } from './normalise.ts';
import { ObstacleFinder } from './obstacles.ts';
import type { Closings } from './parentheses.ts';
import type { Token } from './scan.ts';
import { catalogueName, FIXES_TIME, readTable, timeClause } from './read-table.ts';
import type { Obstacle, TableReference } from './statement.ts';

export interface QueryContents {
  readonly reads: readonly TableReference[];
  readonly obstacles: readonly Obstacle[];
}

export function readQuery(tokens: readonly Token[], closings: Closings): QueryContents {
  const reader = new QueryReader(tokens, closings);
  reader.read({ from: 0, to: tokens.length, scope: null, state: 'expression' });
  return { reads: reader.reads, obstacles: reader.obstacles.all() };
}

/** The names that WITH clauses have given so far, from the inside out. */
interface Scope {
  readonly names: Set<string>;
  readonly outer: Scope | null;
}

/** `table`: a table's name is due. `joined`: within a FROM list, after a table. `pattern`: inside MATCH_RECOGNIZE. */
type State = 'expression' | 'table' | 'joined' | 'pattern';

interface Range {
  readonly from: number;
  readonly to: number;
  readonly scope: Scope | null;
  readonly state: State;
}

/**
 * What ends a FROM list: reserved words, with the word that must follow where they stand elsewhere too, as in WITHIN
 * GROUP or MODEL's ORDER. Words that could be an alias are not here: the list goes on behind them.
 */
const ENDS_FROM: ReadonlyMap<string, readonly string[] | null> = new Map([
  ...['WHERE', 'HAVING', 'UNION', 'INTERSECT', 'MINUS'].map((word): [string, null] => [word, null]),
  ['GROUP', ['BY']],
  ['CONNECT', ['BY']],
  ['ORDER', ['BY', 'SIBLINGS']],
  ['START', ['WITH']],
]);
const SET_OPERATORS = new Set(['UNION', 'INTERSECT', 'MINUS', 'EXCEPT']);

class QueryReader {
  readonly reads: TableReference[] = [];
  readonly obstacles: ObstacleFinder;
  readonly #tokens: readonly Token[];
  readonly #closings: Closings;

  constructor(tokens: readonly Token[], closings: Closings) {
    this.#tokens = tokens;
    this.#closings = closings;
    this.obstacles = new ObstacleFinder(tokens, closings);
  }

  read({ from, to, scope, state: initial }: Range): void {
    let state = initial;
    let inner = scope;
    let i = from;
    if (this.#keyword(i) === 'WITH') {
      inner = { names: new Set(), outer: scope };
      i = this.#readWith(i + 1, to, inner);
    }
    let fromIsDue = false;
    while (i < to) {
      const keyword = this.#keyword(i);
      if (keyword === 'SELECT') {
        [state, fromIsDue] = ['expression', true];
        i += 1;
      } else if (keyword === 'FROM' && fromIsDue && !this.#isDistinctFrom(i)) {
        [state, fromIsDue] = ['table', false];
        i += 1;
      } else if (keyword === 'WITH' && this.#followsSetOperator(i)) {
        this.obstacles.add('WITH after a set operator', 'how far its names reach is unclear; put it in parentheses');
        i += 1;
      } else if (state === 'table' || state === 'joined') {
        [state, i] = this.#readFromList(i, state, inner);
      } else {
        i = this.#readExpression(i, inner, state);
      }
    }
  }

  /** The queries of a WITH clause, each seeing those before it; answers where the clause ends. */
  #readWith(start: number, to: number, scope: Scope): number {
    let i = start;
    for (;;) {
      const name = this.#tokens[i];
      if (!isName(name)) return i;
      i += 1;
      const columns = isOperator(this.#tokens[i], '(') ? this.#closing(i) : null;
      if (columns !== null) i = columns + 1;
      if (this.#keyword(i) !== 'AS' || !isOperator(this.#tokens[i + 1], '(')) {
        this.obstacles.add(`WITH ${catalogueName(name)}`, 'is no plain named query');
        return i;
      }
      const close = this.#closing(i + 1);
      // Only a query with column names and a set operator can mean itself; any other means a table of its name.
      if (columns !== null && this.#hasSetOperator(i + 2, close)) scope.names.add(catalogueName(name));
      this.read({ from: i + 2, to: close, scope, state: 'expression' });
      scope.names.add(catalogueName(name));
      i = this.#afterSearchAndCycle(close + 1, to);
      if (!isOperator(this.#tokens[i], ',')) return i;
      i += 1;
    }
  }

  /** SEARCH … SET x and CYCLE … SET … TO … DEFAULT … name columns and values, and no table. */
  #afterSearchAndCycle(start: number, to: number): number {
    let i = start;
    if (this.#keyword(i) !== 'SEARCH' && this.#keyword(i) !== 'CYCLE') return i;
    for (let isSet = false; i < to; i += 1) {
      if (this.#keyword(i) === 'SELECT' || isOperator(this.#tokens[i], '(')) return i;
      if (this.#keyword(i) === 'CYCLE') isSet = false;
      if (this.#keyword(i) === 'SET') isSet = true;
      if (isSet && isOperator(this.#tokens[i], ',')) return i;
    }
    return i;
  }

  #hasSetOperator(from: number, to: number): boolean {
    for (let i = from; i < to; i += 1) {
      const keyword = this.#keyword(i);
      if (keyword !== null && SET_OPERATORS.has(keyword)) return true;
      if (isOperator(this.#tokens[i], '(')) i = this.#closing(i);
    }
    return false;
  }

  #readFromList(i: number, state: 'table' | 'joined', scope: Scope | null): [State, number] {
    const keyword = this.#keyword(i);
    if (this.#endsFrom(i)) return ['expression', i];
    if (isOperator(this.#tokens[i], ',')) return ['table', i + 1];
    if (state === 'table') return this.#readTableFactor(i, scope);
    if (keyword === 'JOIN') return ['table', i + 1];
    if (keyword === 'APPLY' && ['CROSS', 'OUTER'].includes(this.#keyword(i - 1) ?? '')) return ['table', i + 1];
    if (keyword === 'WINDOW' && isName(this.#tokens[i + 1]) && this.#keyword(i + 2) === 'AS')
      return ['expression', i + 1];
    return ['joined', this.#readExpression(i, scope, 'joined')];
  }

  #endsFrom(i: number): boolean {
    const followers = ENDS_FROM.get(this.#keyword(i) ?? '');
    return followers === null || followers?.includes(this.#keyword(i + 1) ?? '') === true;
  }

  #readTableFactor(i: number, scope: Scope | null): [State, number] {
    const token = this.#tokens[i];
    const keyword = this.#keyword(i);
    const beforeParenthesis = isOperator(this.#tokens[i + 1], '(');
    if (isOperator(token, '(')) return ['joined', this.#readParenthesised(i, scope)];
    if (keyword === 'LATERAL' && beforeParenthesis) return ['table', i + 1];
    if (keyword === 'ONLY' && beforeParenthesis) return ['joined', this.#readParenthesised(i + 1, scope)];
    if (!isName(token)) return ['joined', this.#readExpression(i, scope, 'joined')];
    const table = readTable(this.#tokens, this.#closings, i);
    if (table.rowSource !== null) this.obstacles.addRowSource(table.rowSource);
    const hidden = table.reference?.schema === null && isHidden(table.reference.name, scope);
    const obstacles = hidden ? table.obstacles : [...table.obstacles, ...table.obstaclesOfName];
    for (const { construct, why } of obstacles) this.obstacles.add(construct, why);
    if (table.reference !== null && !hidden && !table.isDual) this.reads.push(table.reference);
    return ['joined', table.next];
  }

  /** A subquery, a join in parentheses, or ONLY's one table, whose clauses stand after the parenthesis. */
  #readParenthesised(open: number, scope: Scope | null): number {
    const close = this.#closing(open);
    const first = this.reads.length;
    this.read({ from: open + 1, to: close, scope, state: 'table' });
    const time = timeClause(this.#tokens, close + 1);
    if (time !== null) this.obstacles.add(time, FIXES_TIME);
    const isOneTable =
      this.#keyword(open - 1) === 'ONLY' && this.reads.length === first + 1 && !this.#isQuery(open + 1);
    if (time === null && !isOneTable) return close + 1;
    for (let read = first; read < this.reads.length; read += 1) {
      const reference = this.reads[read];
      // Many parentheses may close here: what an inner one has settled is not copied again.
      if (reference === undefined || (reference.fixesTime && !isOneTable)) continue;
      const end = isOneTable ? (this.#tokens[close]?.end ?? reference.end) : reference.end;
      this.reads[read] = { ...reference, end, fixesTime: reference.fixesTime || time !== null };
    }
    return close + 1;
  }

  #isQuery(i: number): boolean {
    return this.#keyword(i) === 'SELECT' || this.#keyword(i) === 'WITH';
  }

  #followsSetOperator(i: number): boolean {
    const before = this.#keyword(i - 1) ?? '';
    if (before !== 'ALL' && before !== 'DISTINCT') return SET_OPERATORS.has(before);
    return SET_OPERATORS.has(this.#keyword(i - 2) ?? '');
  }

  /** One token of an expression, or a whole dotted chain; parentheses are read in turn. Answers the next place. */
  #readExpression(i: number, scope: Scope | null, state: State): number {
    if (isOperator(this.#tokens[i], '(')) {
      const close = this.#closing(i);
      const opener = this.#keyword(i - 1);
      if (state === 'pattern' && opener === 'PATTERN') {
        const variables = this.#tokens.slice(i, close).filter(isName);
        for (const variable of variables) this.obstacles.addRowSource(catalogueName(variable));
        return close + 1;
      }
      if (opener === 'NTH_VALUE' && this.#countsFrom(close + 1)) {
        this.read({ from: i + 1, to: close, scope, state: 'expression' });
        return close + 3;
      }
      const isPattern = state === 'pattern' || opener === 'MATCH_RECOGNIZE';
      this.read({ from: i + 1, to: close, scope, state: isPattern ? 'pattern' : 'expression' });
      return close + 1;
    }
    const name = this.#tokens[i];
    if (!isName(name)) return i + 1;
    // An alias, a pattern's variable, or a word of the grammar: a word too many only has to stand before no dot.
    if (state !== 'expression' && !isOperator(this.#tokens[i + 1], '.')) {
      this.obstacles.addRowSource(catalogueName(name));
    }
    return this.obstacles.readChain(i, { inPattern: state === 'pattern' });
  }

  /** `NTH_VALUE(a, 2) FROM LAST … OVER (…)`: no table called LAST. */
  #countsFrom(i: number): boolean {
    const [from, end, next] = [this.#keyword(i), this.#keyword(i + 1), this.#keyword(i + 2)];
    const goesOn = next === 'OVER' || next === 'RESPECT' || next === 'IGNORE';
    return from === 'FROM' && (end === 'FIRST' || end === 'LAST') && goesOn;
  }

  #isDistinctFrom(i: number): boolean {
    if (this.#keyword(i - 1) !== 'DISTINCT') return false;
    const before = this.#keyword(i - 2);
    return before === 'IS' || (before === 'NOT' && this.#keyword(i - 3) === 'IS');
  }

  #closing(i: number): number {
    return this.#closings.get(i) ?? this.#tokens.length;
  }

  /** The word at a place if it can be a keyword: without quotes, and no part of a dotted chain but the first. */
  #keyword(i: number): string | null {
    const token = this.#tokens[i];
    return token?.kind === 'word' && !isOperator(this.#tokens[i - 1], '.') ? token.text : null;
  }
}

function isHidden(name: string, scope: Scope | null): boolean {
  for (let at = scope; at !== null; at = at.outer) if (at.names.has(name)) return true;
  return false;
}
