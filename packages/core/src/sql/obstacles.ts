/**
 * What stands in an expression and reads more than its arguments: the clock, the session, sequences, other databases,
 * code that cannot be looked into. Whatever is followed by a parenthesis and is not known to be harmless counts.
 * A function may be called without parentheses too. With a qualifier (`rates.current_rate`) that is seen here: the
 * qualifier names no table of the statement. Without one it looks like a column, and only the database can tell.
 */
import { TAKES_A_DATE_FORMAT, takesPartsFromClock } from './date-format.ts';
import { foldUpper } from './fold.ts';
import { isOperator } from './normalise.ts';
import {
  BUILT_IN_FUNCTIONS,
  FUNCTIONS_OF_MODEL,
  FUNCTIONS_OF_PATTERNS,
  KEYWORDS_BEFORE_PARENTHESIS,
  KEYWORDS_WHERE_NO_CALL_FITS,
  XQUERY_FUNCTIONS,
} from './oracle-functions.ts';
import { READ_BESIDES_TABLES } from './oracle-words.ts';
import type { Closings } from './parentheses.ts';
import { catalogueName, chainAt } from './read-table.ts';
import type { Token } from './scan.ts';
import type { Obstacle } from './statement.ts';

const UNKNOWN_FUNCTION = 'is a function that is not known to read nothing';
const INTERVAL_FIELDS = new Set(['YEAR', 'MONTH', 'DAY', 'HOUR', 'MINUTE', 'SECOND']);
const TYPES_WITH_PRECISION = new Set(['TIMESTAMP', 'NVARCHAR2', 'NCHAR', 'BINARY_FLOAT', 'BINARY_DOUBLE', 'UROWID']);
const BEFORE_TABLES = new Set(['JOIN', 'APPLY']);
/** XQuery reaches the database by functions and imports, whatever their prefix. */
const XQUERY_READS =
  /\b(?:collection|doc|doc-available|view|unparsed-text(?:-lines)?)\s*\(|\boradb:|\bimport\s+(?:module|schema)\b/i;

interface Qualified {
  readonly written: string;
  /** The parts that may be a table's name or alias. */
  readonly qualifiers: readonly string[];
}

export class ObstacleFinder {
  readonly #found = new Map<string, Obstacle>();
  readonly #tokens: readonly Token[];
  readonly #closings: Closings;
  readonly #hasModel: boolean;
  /** Names that stand before a dot rightly. Collected for the whole statement: scopes would find no more packages. */
  readonly #rowSources = new Set<string>();
  readonly #qualified: Qualified[] = [];

  constructor(tokens: readonly Token[], closings: Closings) {
    this.#tokens = tokens;
    this.#closings = closings;
    this.#hasModel = tokens.some((token, i) => isWordToken(token, 'DIMENSION') && isWordToken(tokens[i + 1], 'BY'));
  }

  add(construct: string, why: string): void {
    if (!this.#found.has(construct)) this.#found.set(construct, { construct, why });
  }

  addRowSource(name: string): void {
    this.#rowSources.add(name);
  }

  /** Each construct once. Complete when the whole statement is read: aliases may follow their uses. */
  all(): Obstacle[] {
    for (const { written, qualifiers } of this.#qualified) {
      if (!qualifiers.some((name) => this.#rowSources.has(name))) {
        this.add(written, 'names no table of the statement before its dot, so it may call a function');
      }
    }
    return [...this.#found.values()];
  }

  /** Looks at the dotted chain that begins at `i` and answers the place after it. */
  readChain(i: number, { inPattern }: { readonly inPattern: boolean }): number {
    const { names, next } = chainAt(this.#tokens, i);
    const [first, second] = names;
    const last = names.at(-1);
    if (first === undefined || last === undefined) return i + 1;
    const written = names.map(({ text }) => text).join('.');
    const isQualified = names.length > 1 || isOperator(this.#tokens[i - 1], '.');
    const lastWord = last.kind === 'word' ? foldUpper(last.text) : '';
    const besides = READ_BESIDES_TABLES.get(lastWord);
    if (isOperator(this.#tokens[next], '@')) {
      const link = chainAt(this.#tokens, next + 1);
      const remote = link.names.map(({ text }) => text).join('.');
      this.add(`${written}@${remote}`, 'reads another database over a link');
      return Math.max(link.next, next + 1);
    }
    if (isQualified && (lastWord === 'NEXTVAL' || lastWord === 'CURRVAL')) {
      this.add(written, 'reads a sequence');
    } else if (besides !== undefined && (!isQualified || lastWord === 'ORA_ROWSCN')) {
      this.add(written, besides);
    } else if (isOperator(this.#tokens[next], '(') && !this.#isOuterJoinMark(next)) {
      const why = isQualified || first.kind === 'quoted' ? UNKNOWN_FUNCTION : this.#whyCallCounts(i, inPattern);
      if (why !== null) this.add(`${written}()`, why);
    } else if (second !== undefined) {
      const qualifiers = names.length > 2 ? [first, second] : [first];
      this.#qualified.push({ written, qualifiers: qualifiers.map(catalogueName) });
    }
    return next;
  }

  /** `a.id = b.id(+)`. */
  #isOuterJoinMark(open: number): boolean {
    return this.#closings.get(open) === open + 2 && isOperator(this.#tokens[open + 1], '+');
  }

  /** For a word before a parenthesis: null if it is no call, or of a function that reads its arguments only. */
  #whyCallCounts(i: number, inPattern: boolean): string | null {
    const word = this.#tokens[i]?.text ?? '';
    if (TAKES_A_DATE_FORMAT.has(word) || (word === 'CAST' && this.#castsToDate(i + 1)))
      return this.#whyDateCounts(i + 1);
    if (XQUERY_FUNCTIONS.has(word)) {
      return this.#stringsWithin(i + 1).some((text) => XQUERY_READS.test(text)) ? 'its XQuery may read anything' : null;
    }
    if (BUILT_IN_FUNCTIONS.has(word) || KEYWORDS_BEFORE_PARENTHESIS.has(word)) return null;
    if (inPattern && FUNCTIONS_OF_PATTERNS.has(word)) return null;
    if (this.#hasModel && FUNCTIONS_OF_MODEL.has(word)) return null;
    return this.#isGrammar(i, word) ? null : UNKNOWN_FUNCTION;
  }

  /** Words that a user's function may be called too: harmless only where the grammar leaves no room for a call. */
  #isGrammar(i: number, word: string): boolean {
    const before = this.#tokens[i - 1];
    const wordBefore = before?.kind === 'word' ? before.text : '';
    if (INTERVAL_FIELDS.has(word)) return before?.kind === 'string' || wordBefore === 'INTERVAL' || wordBefore === 'TO';
    if (TYPES_WITH_PRECISION.has(word)) {
      return wordBefore === 'AS' || wordBefore === 'RETURNING' || this.#followsOperand(i);
    }
    if (word === 'MULTISET') return isWordToken(this.#tokens[i + 2], 'SELECT');
    if (word === 'FIRST' || word === 'NEXT') return wordBefore === 'FETCH';
    return KEYWORDS_WHERE_NO_CALL_FITS.has(word) && this.#followsOperand(i);
  }

  /** Right after a value or a name there is no room for a call: an operator or a comma would have to stand between. */
  #followsOperand(i: number): boolean {
    const before = this.#tokens[i - 1];
    if (before === undefined) return false;
    if (before.kind === 'operator') return [')', ']', '*'].includes(before.text);
    if (before.kind === 'word') return !KEYWORDS_BEFORE_PARENTHESIS.has(before.text) && !BEFORE_TABLES.has(before.text);
    return before.kind !== 'hint';
  }

  #whyDateCounts(open: number): string | null {
    const close = this.#closings.get(open) ?? open;
    for (let i = open + 1; i < close; i += 1) {
      if (isOperator(this.#tokens[i], '(')) i = this.#closings.get(i) ?? i;
      if (!isOperator(this.#tokens[i], ',')) continue;
      const format = this.#tokens[i + 1];
      const literal = format?.kind === 'string' && this.#endsArgument(i + 2, close) ? format.text : undefined;
      return takesPartsFromClock(literal) ? 'takes the missing year or month from the clock' : null;
    }
    return null;
  }

  /** `CAST(a AS DATE, 'YYYY-MM-DD')`, with or without DEFAULT … ON CONVERSION ERROR. */
  #castsToDate(open: number): boolean {
    const close = this.#closings.get(open) ?? open;
    for (let i = open + 1; i < close; i += 1) {
      if (isOperator(this.#tokens[i], '(')) i = this.#closings.get(i) ?? i;
      const type = isWordToken(this.#tokens[i], 'AS') ? this.#tokens[i + 1] : undefined;
      if (isWordToken(type, 'DATE') || isWordToken(type, 'TIMESTAMP')) return true;
    }
    return false;
  }

  #endsArgument(i: number, close: number): boolean {
    return i === close || isOperator(this.#tokens[i], ',');
  }

  #stringsWithin(open: number): string[] {
    const within = this.#tokens.slice(open, this.#closings.get(open) ?? open);
    return within.filter(({ kind }) => kind === 'string').map(({ text }) => text);
  }
}

function isWordToken(token: Token | undefined, text: string): boolean {
  return token?.kind === 'word' && token.text === text;
}
