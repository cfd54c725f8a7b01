/**
 * Which names before a parenthesis are calls that count in Oracle, and which are words of its grammar: a user's function
 * may have the name of a word that is nobody's reserve, so such a word counts only where the grammar leaves no room.
 */
import { UNKNOWN_FUNCTION, type CallSite, type Judgement } from '../grammar.ts';
import type { Closings } from '../parentheses.ts';
import { isOperator, isWordToken, type ReadToken } from '../tokens.ts';
import { TAKES_A_DATE_FORMAT, takesPartsFromClock } from './date-format.ts';
import {
  BUILT_IN_FUNCTIONS,
  FUNCTIONS_OF_MODEL,
  FUNCTIONS_OF_PATTERNS,
  KEYWORDS_BEFORE_PARENTHESIS,
  KEYWORDS_WHERE_NO_CALL_FITS,
  XQUERY_FUNCTIONS,
} from './functions.ts';

const INTERVAL_FIELDS = new Set(['YEAR', 'MONTH', 'DAY', 'HOUR', 'MINUTE', 'SECOND']);
const TYPES_WITH_PRECISION = new Set(['TIMESTAMP', 'NVARCHAR2', 'NCHAR', 'BINARY_FLOAT', 'BINARY_DOUBLE', 'UROWID']);
const BEFORE_TABLES = new Set(['JOIN', 'APPLY']);
/** XQuery reaches the database by functions and imports, whatever their prefix. */
const XQUERY_READS =
  /\b(?:collection|doc|doc-available|view|unparsed-text(?:-lines)?)\s*\(|\boradb:|\bimport\s+(?:module|schema)\b/i;

export function judgeOf(tokens: readonly ReadToken[], closings: Closings): (call: CallSite) => Judgement {
  const judge = new OracleCalls(tokens, closings);
  return (call) => judge.judge(call);
}

class OracleCalls {
  readonly #tokens: readonly ReadToken[];
  readonly #closings: Closings;
  readonly #hasModel: boolean;

  constructor(tokens: readonly ReadToken[], closings: Closings) {
    this.#tokens = tokens;
    this.#closings = closings;
    this.#hasModel = tokens.some((token, i) => isWordToken(token, 'DIMENSION') && isWordToken(tokens[i + 1], 'BY'));
  }

  judge({ names, first, open, isMember, inPattern }: CallSite): Judgement {
    if (this.#isOuterJoinMark(open)) return 'grammar';
    if (isMember || names.length > 1 || names[0]?.kind === 'quoted') return UNKNOWN_FUNCTION;
    return this.#judgeWord(first, inPattern);
  }

  /** `a.id = b.id(+)`. */
  #isOuterJoinMark(open: number): boolean {
    return this.#closings.get(open) === open + 2 && isOperator(this.#tokens[open + 1], '+');
  }

  #judgeWord(i: number, inPattern: boolean): Judgement {
    const word = this.#tokens[i]?.text ?? '';
    if (TAKES_A_DATE_FORMAT.has(word) || (word === 'CAST' && this.#castsToDate(i + 1))) {
      return judged(this.#whyDateCounts(i + 1));
    }
    if (XQUERY_FUNCTIONS.has(word)) {
      const reads = this.#stringsWithin(i + 1).some((text) => XQUERY_READS.test(text));
      return judged(reads ? 'its XQuery may read anything' : null);
    }
    if (BUILT_IN_FUNCTIONS.has(word)) return 'harmless';
    if (KEYWORDS_BEFORE_PARENTHESIS.has(word)) return 'grammar';
    if (inPattern && FUNCTIONS_OF_PATTERNS.has(word)) return 'harmless';
    if (this.#hasModel && FUNCTIONS_OF_MODEL.has(word)) return 'harmless';
    return this.#isGrammar(i, word) ? 'grammar' : UNKNOWN_FUNCTION;
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

function judged(why: string | null): Judgement {
  return why === null ? 'harmless' : { why };
}
