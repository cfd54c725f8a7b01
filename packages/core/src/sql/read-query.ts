/**
 * Walks a query's tokens once and finds every table it reads and every obstacle. Not a grammar of SQL: it knows where
 * table names can stand (after FROM, a comma or JOIN in a FROM list, APPLY), how names from WITH hide tables, and how to
 * skip. FROM inside a function's parentheses begins no list, because no SELECT stands there.
 * Where two readings are possible it takes the one that finds more: a table too many is an error people see, a table
 * too few is a stale answer that nobody sees.
 */
import { FIXES_TIME, type Grammar } from './grammar.ts';
import { ObstacleFinder } from './obstacles.ts';
import type { Closings } from './parentheses.ts';
import { readTable } from './read-table.ts';
import type { FunctionCall, Obstacle, TableReference } from './statement.ts';
import { isName, isOperator, keywordAt, type ReadToken } from './tokens.ts';
import { afterSearchAndCycle, hasSetOperator, namedQueryAt, type Clause } from './with-clause.ts';

export interface QueryContents {
  readonly reads: readonly TableReference[];
  readonly obstacles: readonly Obstacle[];
  readonly calls: readonly FunctionCall[];
}

export function readQuery(tokens: readonly ReadToken[], closings: Closings, grammar: Grammar): QueryContents {
  const reader = new QueryReader(tokens, closings, grammar);
  reader.read({ from: 0, to: tokens.length, scope: null, state: 'expression' });
  for (const i of tokens.keys()) {
    const obstacle = grammar.expression.obstacleAt?.(tokens, i);
    if (obstacle !== null && obstacle !== undefined) reader.obstacles.add(obstacle.construct, obstacle.why);
  }
  return { reads: reader.reads, obstacles: reader.obstacles.all(), calls: reader.obstacles.calls() };
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

class QueryReader {
  readonly reads: TableReference[] = [];
  readonly obstacles: ObstacleFinder;
  readonly #tokens: readonly ReadToken[];
  readonly #closings: Closings;
  readonly #grammar: Grammar;

  constructor(tokens: readonly ReadToken[], closings: Closings, grammar: Grammar) {
    this.#tokens = tokens;
    this.#closings = closings;
    this.#grammar = grammar;
    this.obstacles = new ObstacleFinder(tokens, closings, grammar);
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
      } else if (this.#beginsTableCommand(i, state)) {
        [state, fromIsDue] = ['table', false];
        i += 1;
      } else if (keyword === 'FROM' && fromIsDue && !this.#isDistinctFrom(i) && !this.#isLabel(i)) {
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
    const { nameOf, query } = this.#grammar;
    const isRecursive = query.recursion !== 'columns' && this.#keyword(start) === 'RECURSIVE';
    let i = isRecursive ? start + 1 : start;
    if (isRecursive && query.recursion === 'all') this.#addNames(i, to, scope);
    for (;;) {
      const named = namedQueryAt(this.#tokens, this.#closings, i);
      if (named === null) return i;
      const { name, columns, open } = named;
      if (open === null) {
        this.obstacles.add(`WITH ${nameOf(name)}`, 'is no plain named query');
        return columns === null ? i + 1 : columns + 1;
      }
      const close = this.#closing(open);
      // Without RECURSIVE only one with column names and a set operator can mean itself; any other means a table.
      const seesItself =
        query.recursion === 'columns'
          ? columns !== null && hasSetOperator({ ...this.#clause, from: open + 1, to: close })
          : isRecursive;
      if (seesItself) scope.names.add(nameOf(name));
      this.read({ from: open + 1, to: close, scope, state: 'expression' });
      scope.names.add(nameOf(name));
      i = afterSearchAndCycle({ ...this.#clause, from: close + 1, to });
      if (!isOperator(this.#tokens[i], ',')) return i;
      i += 1;
    }
  }

  /** All names of a WITH clause, without a look at their queries. */
  #addNames(start: number, to: number, scope: Scope): void {
    for (let i = start; ; i += 1) {
      const named = namedQueryAt(this.#tokens, this.#closings, i);
      if (named === null || named.open === null) return;
      scope.names.add(this.#grammar.nameOf(named.name));
      i = afterSearchAndCycle({ ...this.#clause, from: this.#closing(named.open) + 1, to });
      if (!isOperator(this.#tokens[i], ',')) return;
    }
  }

  #readFromList(i: number, state: 'table' | 'joined', scope: Scope | null): [State, number] {
    const keyword = this.#keyword(i);
    if (this.#endsFrom(i)) return ['expression', i];
    if (isOperator(this.#tokens[i], ',')) return ['table', i + 1];
    if (state === 'table') return this.#readTableFactor(i, scope);
    if (keyword !== null && this.#grammar.query.joins.has(keyword)) return ['table', i + 1];
    if (keyword === 'APPLY' && ['CROSS', 'OUTER'].includes(this.#keyword(i - 1) ?? '')) return ['table', i + 1];
    if (keyword === 'WINDOW' && isName(this.#tokens[i + 1]) && this.#keyword(i + 2) === 'AS')
      return ['expression', i + 1];
    return ['joined', this.#readExpression(i, scope, 'joined')];
  }

  #endsFrom(i: number): boolean {
    const followers = this.#grammar.query.endsFrom.get(this.#keyword(i) ?? '');
    return followers === null || followers?.includes(this.#keyword(i + 1) ?? '') === true;
  }

  #readTableFactor(i: number, scope: Scope | null): [State, number] {
    const token = this.#tokens[i];
    const keyword = this.#keyword(i);
    const beforeParenthesis = isOperator(this.#tokens[i + 1], '(');
    if (isOperator(token, '(')) return ['joined', this.#afterAlias(this.#readParenthesised(i, scope))];
    if (keyword === 'LATERAL' && (beforeParenthesis || this.#isReserved('LATERAL'))) return ['table', i + 1];
    if (keyword === 'ONLY' && beforeParenthesis) {
      return ['joined', this.#afterAlias(this.#readParenthesised(i + 1, scope))];
    }
    if (keyword === 'ONLY' && this.#isReserved('ONLY')) return ['table', i + 1];
    if (this.#beginsValues(i)) return ['expression', i + 1];
    // ODBC's {oj a LEFT JOIN b}.
    if (isOperator(token, '{')) return ['table', i + 2];
    const isValue = keyword !== null && this.#isReserved(keyword) && this.#grammar.expression.alone.has(keyword);
    if (!isName(token) || isValue) return ['joined', this.#readExpression(i, scope, 'joined')];
    if (keyword === 'ROWS' && this.#keyword(i + 1) === 'FROM' && isOperator(this.#tokens[i + 2], '(')) {
      return ['joined', this.#afterAlias(this.#readExpression(i + 2, scope, 'expression'))];
    }
    const [tokens, closings, { nameOf, table: rules }] = [this.#tokens, this.#closings, this.#grammar];
    const table = readTable({ tokens, closings, start: i, nameOf, rules });
    if (table.rowSource !== null) this.obstacles.addRowSource(table.rowSource);
    const hidden = table.reference?.schema === null && isHidden(table.reference.name, scope);
    const obstacles = hidden ? table.obstacles : [...table.obstacles, ...table.obstaclesOfName];
    for (const { construct, why } of obstacles) this.obstacles.add(construct, why);
    if (table.reference !== null && !hidden && !table.isDual) this.reads.push(table.reference);
    return table.next === i ? ['joined', this.#readRowFunction(i, scope)] : ['joined', this.#afterAlias(table.next)];
  }

  /** A function that gives rows, with its arguments and what it is called. */
  #readRowFunction(i: number, scope: Scope | null): number {
    const open = this.#readExpression(i, scope, 'joined');
    if (this.#grammar.query.reserved === null || !isOperator(this.#tokens[open], '(')) return open;
    const close = this.#readExpression(open, scope, 'expression');
    const hasOrdinality = this.#keyword(close) === 'WITH' && this.#keyword(close + 1) === 'ORDINALITY';
    return this.#afterAlias(hasOrdinality ? close + 2 : close);
  }

  /** `[AS] x [(a, b)]`, where an alias can name columns, and what the dialect has behind it. */
  #afterAlias(start: number): number {
    const { nameOf, query, table } = this.#grammar;
    if (query.reserved === null) return start;
    let i = this.#keyword(start) === 'AS' ? start + 1 : start;
    const alias = this.#tokens[i];
    if (isName(alias) && (i > start || alias.kind === 'quoted' || !query.reserved.has(alias.text))) {
      this.obstacles.addRowSource(nameOf(alias));
      i += 1;
    }
    if (i > start && isOperator(this.#tokens[i], '(') && this.#namesColumns(i)) i = this.#closing(i) + 1;
    const { next, obstacles } = table.afterAlias(this.#tokens, this.#closings, i);
    for (const { construct, why } of obstacles) this.obstacles.add(construct, why);
    return next;
  }

  /** Names and types, and no query that a clause unknown here may have brought. */
  #namesColumns(open: number): boolean {
    const close = this.#closing(open);
    for (let i = open + 1; i < close; i += 1) if (this.#isQuery(i)) return false;
    return true;
  }

  #isReserved(word: string): boolean {
    return this.#grammar.query.reserved?.has(word) === true;
  }

  /** `TABLE t` stands for SELECT * FROM t. */
  #beginsTableCommand(i: number, state: State): boolean {
    if (this.#keyword(i) !== 'TABLE' || !this.#grammar.gate.opens.has('TABLE') || this.#isLabel(i)) return false;
    return state !== 'joined' && isName(this.#tokens[i + 1]);
  }

  /** Rows of values: what follows is no list of tables. */
  #beginsValues(i: number): boolean {
    if (this.#keyword(i) !== 'VALUES' || !this.#grammar.gate.opens.has('VALUES')) return false;
    return isOperator(this.#tokens[i + 1], '(') || this.#keyword(i + 1) === 'ROW';
  }

  /** What stands after AS names a column, whatever word it is. */
  #isLabel(i: number): boolean {
    return this.#keyword(i - 1) === 'AS';
  }

  /** A subquery, a join in parentheses, or ONLY's one table, whose clauses stand after the parenthesis. */
  #readParenthesised(open: number, scope: Scope | null): number {
    const close = this.#closing(open);
    const first = this.reads.length;
    this.read({ from: open + 1, to: close, scope, state: 'table' });
    const time = this.#grammar.table.timeClause(this.#tokens, close + 1);
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
    return this.#grammar.gate.opens.has(this.#keyword(i) ?? '');
  }

  #followsSetOperator(i: number): boolean {
    const { setOperators } = this.#grammar.query;
    const before = this.#keyword(i - 1) ?? '';
    if (before !== 'ALL' && before !== 'DISTINCT') return setOperators.has(before);
    return setOperators.has(this.#keyword(i - 2) ?? '');
  }

  /** One token of an expression, or a whole dotted chain; parentheses are read in turn. Answers the next place. */
  #readExpression(i: number, scope: Scope | null, state: State): number {
    if (isOperator(this.#tokens[i], '(')) {
      const close = this.#closing(i);
      const opener = this.#keyword(i - 1);
      if (state === 'pattern' && opener === 'PATTERN') {
        const variables = this.#tokens.slice(i, close).filter(isName);
        for (const variable of variables) this.obstacles.addRowSource(this.#grammar.nameOf(variable));
        return close + 1;
      }
      if (opener === 'NTH_VALUE' && this.#countsFrom(close + 1)) {
        this.read({ from: i + 1, to: close, scope, state: 'expression' });
        return close + 3;
      }
      const opensPattern = this.#grammar.query.rowPatterns && opener === 'MATCH_RECOGNIZE';
      const isPattern = state === 'pattern' || opensPattern;
      this.read({ from: i + 1, to: close, scope, state: isPattern ? 'pattern' : 'expression' });
      return close + 1;
    }
    const name = this.#tokens[i];
    if (!isName(name)) return i + 1;
    // An alias, a pattern's variable, or a word of the grammar: a word too many only has to stand before no dot.
    if (state !== 'expression' && !isOperator(this.#tokens[i + 1], '.')) {
      this.obstacles.addRowSource(this.#grammar.nameOf(name));
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

  #keyword(i: number): string | null {
    return keywordAt(this.#tokens, i);
  }

  get #clause(): Omit<Clause, 'from' | 'to'> {
    return { tokens: this.#tokens, closings: this.#closings, grammar: this.#grammar };
  }
}

function isHidden(name: string, scope: Scope | null): boolean {
  for (let at = scope; at !== null; at = at.outer) if (at.names.has(name)) return true;
  return false;
}
