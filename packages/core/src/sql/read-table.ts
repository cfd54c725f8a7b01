/**
 * One table's name in a FROM list with the clauses that belong to it. Oracle's order (SQL Language Reference, SELECT,
 * table_reference): name, @link, PARTITION or SUBPARTITION, SAMPLE, then AS OF or VERSIONS, then PIVOT and the like,
 * then the alias.
 */
import { isName, isOperator } from './normalise.ts';
import type { Closings } from './parentheses.ts';
import { foldUpper } from './fold.ts';
import { isAscii, type Token } from './scan.ts';
import type { Obstacle, TableReference } from './statement.ts';

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

export const FIXES_TIME = 'reads at a time of its own';
const PERFORMANCE_VIEW = /^G?V_?\$|^X\$/;

export function readTable(tokens: readonly Token[], closings: Closings, start: number): TableFound {
  const chain = chainAt(tokens, start);
  const parts = chain.names.map(catalogueName);
  const written = chain.names.map((name) => name.text).join('.');
  const none = { reference: null, isDual: false, rowSource: parts.at(-1) ?? null, obstaclesOfName: [] };
  let i = chain.next;
  if (isOperator(tokens[i], '(')) {
    // A function of tables: its name and arguments are an expression, left to the caller. TABLE(…) reads collections,
    // which may be stored anywhere.
    return { ...none, obstacles: [], next: start };
  }
  if (isOperator(tokens[i], '@')) {
    const link = chainAt(tokens, i + 1);
    const name = link.names.map(({ text }) => text).join('.');
    const obstacles = [{ construct: `${written}@${name}`, why: 'reads another database over a link' }];
    return { ...none, obstacles, next: Math.max(link.next, i + 1) };
  }
  const [schema, name] = parts.length === 1 ? [null, parts[0]] : parts;
  if (schema === undefined || name === undefined || parts.length > 2) {
    return { ...none, obstacles: [{ construct: written, why: 'is no name of a table' }], next: i };
  }
  const obstacles: Obstacle[] = [];
  i = afterPartitions(tokens, closings, i);
  if (isSample(tokens, i)) {
    i = afterParentheses(tokens, closings, tokens[i + 1]?.text === 'BLOCK' ? i + 2 : i + 1);
    if (tokens[i]?.text === 'SEED') i = afterParentheses(tokens, closings, i + 1);
    else obstacles.push({ construct: 'SAMPLE', why: 'picks other rows each time; add SEED (n)' });
  }
  const end = tokens[i - 1]?.end ?? 0;
  const time = timeClause(tokens, i);
  if (time !== null) obstacles.push({ construct: time, why: FIXES_TIME });
  const obstaclesOfName: Obstacle[] = [];
  const isDual = name === 'DUAL' && (schema === null || schema === 'SYS');
  if (!isDual && (schema === 'SYS' || PERFORMANCE_VIEW.test(name))) {
    obstaclesOfName.push({ construct: written, why: "reads the database's own state, which has no version" });
  }
  if (chain.names.some(({ kind, text }) => kind === 'word' && !isAscii(text))) {
    obstaclesOfName.push({
      construct: written,
      why: 'has letters whose upper case the database decides; write it in quotes',
    });
  }
  const reference = { schema, name, end, fixesTime: time !== null };
  return { reference, isDual, rowSource: name, obstacles, obstaclesOfName, next: i };
}

export interface NameChain {
  readonly names: readonly Token[];
  readonly next: number;
}

/** The names parted by dots that begin at a place. */
export function chainAt(tokens: readonly Token[], start: number): NameChain {
  const names: Token[] = [];
  let i = start;
  for (let token = tokens[i]; isName(token); token = tokens[i]) {
    names.push(token);
    i += 1;
    if (!isOperator(tokens[i], '.') || !isName(tokens[i + 1])) break;
    i += 1;
  }
  return { names, next: i };
}

/** As the catalogue spells it. */
export function catalogueName(token: Token): string {
  return token.kind === 'quoted' ? token.text.slice(1, -1) : foldUpper(token.text);
}

/** `PARTITION (p)`, `PARTITION FOR (v)`; but PARTITION BY belongs to a partitioned outer join. */
function afterPartitions(tokens: readonly Token[], closings: Closings, i: number): number {
  const word = tokens[i]?.kind === 'word' ? tokens[i]?.text : null;
  if (word !== 'PARTITION' && word !== 'SUBPARTITION') return i;
  const open = tokens[i + 1]?.text === 'FOR' ? i + 2 : i + 1;
  return isOperator(tokens[open], '(') ? afterParentheses(tokens, closings, open) : i;
}

function isSample(tokens: readonly Token[], i: number): boolean {
  if (tokens[i]?.kind !== 'word' || tokens[i]?.text !== 'SAMPLE') return false;
  return isOperator(tokens[i + 1], '(') || (tokens[i + 1]?.text === 'BLOCK' && isOperator(tokens[i + 2], '('));
}

function afterParentheses(tokens: readonly Token[], closings: Closings, open: number): number {
  return isOperator(tokens[open], '(') ? (closings.get(open) ?? open) + 1 : open;
}

/** `AS OF …` and `VERSIONS BETWEEN …`, by name, where one begins at `i`. */
export function timeClause(tokens: readonly Token[], i: number): string | null {
  const [first, second] = [tokens[i], tokens[i + 1]];
  if (first?.kind !== 'word' || second?.kind !== 'word') return null;
  if (first.text === 'AS' && second.text === 'OF') return 'AS OF';
  if (first.text !== 'VERSIONS') return null;
  return second.text === 'BETWEEN' || second.text === 'PERIOD' ? 'VERSIONS' : null;
}
