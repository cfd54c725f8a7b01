/**
 * What stands in an expression and reads more than its arguments: the clock, the session, sequences, other databases,
 * code that cannot be looked into. Whatever is followed by a parenthesis and is not known to be harmless counts.
 * A function may be called without parentheses too. With a qualifier (`rates.current_rate`) that is seen here where the
 * dialect allows it: the qualifier names no table of the statement. Without one it looks like a column, and only the
 * database can tell.
 */
import { foldUpper } from './fold.ts';
import type { CallSite, Grammar, Judgement } from './grammar.ts';
import type { Closings } from './parentheses.ts';
import type { FunctionCall, Obstacle } from './statement.ts';
import { chainAt, isOperator, isWord, written, type ReadToken } from './tokens.ts';

interface Qualified {
  readonly written: string;
  /** The parts that may be a table's name or alias. */
  readonly qualifiers: readonly string[];
}

export class ObstacleFinder {
  readonly #found = new Map<string, Obstacle>();
  readonly #calls = new Map<string, FunctionCall>();
  readonly #tokens: readonly ReadToken[];
  readonly #grammar: Grammar;
  readonly #judge: (call: CallSite) => Judgement;
  /** Names that stand before a dot rightly. Collected for the whole statement: scopes would find no more packages. */
  readonly #rowSources = new Set<string>();
  readonly #qualified: Qualified[] = [];

  constructor(tokens: readonly ReadToken[], closings: Closings, grammar: Grammar) {
    this.#tokens = tokens;
    this.#grammar = grammar;
    this.#judge = grammar.expression.judge(tokens, closings);
  }

  add(construct: string, why: string): void {
    if (!this.#found.has(construct)) this.#found.set(construct, { construct, why });
  }

  addRowSource(name: string): void {
    this.#rowSources.add(name);
  }

  /** Each construct once. Complete when the whole statement is read: aliases may follow their uses. */
  all(): Obstacle[] {
    for (const { written: construct, qualifiers } of this.#qualified) {
      if (!qualifiers.some((name) => this.#rowSources.has(name))) {
        this.add(construct, 'names no table of the statement before its dot, so it may call a function');
      }
    }
    return [...this.#found.values()];
  }

  calls(): FunctionCall[] {
    return [...this.#calls.values()];
  }

  /** Looks at the dotted chain that begins at `i` and answers the place after it. */
  readChain(i: number, { inPattern }: { readonly inPattern: boolean }): number {
    const { nameOf, table, expression } = this.#grammar;
    const { names, next } = chainAt(this.#tokens, i);
    const [first, second] = names;
    const last = names.at(-1);
    if (first === undefined || last === undefined) return i + 1;
    const construct = written(names);
    const isMember = isOperator(this.#tokens[i - 1], '.');
    const besides = this.#isLabel(i) ? undefined : this.#readsBesides(last, isMember || names.length > 1);
    if (table.links && isOperator(this.#tokens[next], '@')) {
      const link = chainAt(this.#tokens, next + 1);
      this.add(`${construct}@${written(link.names)}`, 'reads another database over a link');
      return Math.max(link.next, next + 1);
    }
    if (besides !== undefined) {
      this.add(construct, besides);
    } else if (isOperator(this.#tokens[next], '(')) {
      this.#readCall({ names, first: i, open: next, isMember, inPattern });
    } else if (second !== undefined && expression.callsWithoutParentheses) {
      const qualifiers = names.length > 2 ? [first, second] : [first];
      this.#qualified.push({ written: construct, qualifiers: qualifiers.map(nameOf) });
    }
    return next;
  }

  #readsBesides(last: ReadToken, isQualified: boolean): string | undefined {
    const { alone, qualified, systemColumns } = this.#grammar.expression;
    const column = systemColumns.get(this.#grammar.nameOf(last));
    if (column !== undefined || last.kind === 'quoted') return column;
    return (isQualified ? qualified : alone).get(foldUpper(last.text));
  }

  /** Where an alias can be any word, it stands behind AS. */
  #isLabel(i: number): boolean {
    return this.#grammar.query.reserved !== null && isWord(this.#tokens, i - 1, 'AS');
  }

  #readCall(call: CallSite): void {
    const judgement = this.#judge(call);
    if (judgement === 'grammar') return;
    const parts = call.names.map(this.#grammar.nameOf);
    const schema = parts.length > 1 ? parts.slice(0, -1).join('.') : null;
    const name = parts.at(-1) ?? '';
    this.#calls.set(JSON.stringify(parts), { schema, name, isKnown: judgement !== 'unknown' });
    if (typeof judgement === 'object') this.add(`${written(call.names)}()`, judgement.why);
  }
}
