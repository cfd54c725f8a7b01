/** One table's name in a FROM list with the clauses that stand right behind it. */
import { FIXES_TIME, type TableRules } from './grammar.ts';
import type { Closings } from './parentheses.ts';
import type { Obstacle, TableReference } from './statement.ts';
import { chainAt, isOperator, written, type ReadToken } from './tokens.ts';

export interface TableFound {
  /** null: what stands here is no table of this database; an obstacle says what it is, or nothing needs saying. */
  readonly reference: TableReference | null;
  readonly isDual: boolean;
  /** What columns may be qualified with if there is no alias. */
  readonly rowSource: string | null;
  readonly obstacles: readonly Obstacle[];
  /** Those that a name has which means a table, and no query of a WITH clause. */
  readonly obstaclesOfName: readonly Obstacle[];
  /** The first token that is not read yet. */
  readonly next: number;
}

export interface TableSite {
  readonly tokens: readonly ReadToken[];
  readonly closings: Closings;
  readonly start: number;
  readonly nameOf: (name: ReadToken) => string;
  readonly rules: TableRules;
}

export function readTable({ tokens, closings, start, nameOf, rules }: TableSite): TableFound {
  const chain = chainAt(tokens, start);
  const parts = chain.names.map(nameOf);
  const construct = written(chain.names);
  const none = { reference: null, isDual: false, rowSource: parts.at(-1) ?? null, obstaclesOfName: [] };
  if (isOperator(tokens[chain.next], '(') && !rules.isTableBeforeParenthesis(tokens, chain.next)) {
    // A function of tables: its name and arguments are an expression, left to the caller.
    return { ...none, obstacles: [], next: start };
  }
  if (rules.links && isOperator(tokens[chain.next], '@')) {
    const link = chainAt(tokens, chain.next + 1);
    const obstacles = [{ construct: `${construct}@${written(link.names)}`, why: 'reads another database over a link' }];
    return { ...none, obstacles, next: Math.max(link.next, chain.next + 1) };
  }
  const last = chain.names.at(-1);
  const [schema, name] = parts.length === 1 ? [null, parts[0]] : parts;
  if (schema === undefined || name === undefined || last === undefined || parts.length > 2) {
    return { ...none, obstacles: [{ construct, why: 'is no name of a table' }], next: chain.next };
  }
  const { next, obstacles } = rules.afterName(tokens, closings, chain.next);
  const end = tokens[next - 1]?.end ?? 0;
  const time = rules.timeClause(tokens, next);
  const isDual = rules.isDual(schema, last);
  const whyName = isDual ? null : rules.whyNameCounts(schema, name);
  const whyUnsure = chain.names.map(rules.whyUnsure).find((why) => why !== null) ?? null;
  return {
    reference: { schema, name, end, fixesTime: time !== null },
    isDual,
    rowSource: name,
    obstacles: time === null ? obstacles : [...obstacles, { construct: time, why: FIXES_TIME }],
    obstaclesOfName: [whyName, whyUnsure].flatMap((why) => (why === null ? [] : [{ construct, why }])),
    next,
  };
}
