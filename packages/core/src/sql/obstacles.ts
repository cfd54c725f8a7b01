/**
 * What stands in an expression and reads more than its arguments: the clock, the session, sequences, other databases,
 * code that cannot be looked into. Whatever is followed by a parenthesis and is not known to be harmless counts.
 */
import { isName, isOperator } from './normalise.ts';
import { BUILT_IN_FUNCTIONS, KEYWORDS_BEFORE_PARENTHESIS, PATTERN_FUNCTIONS } from './oracle-functions.ts';
import type { Closings } from './parentheses.ts';
import { chainAt } from './read-table.ts';
import { foldUpper } from './dialect.ts';
import type { Token } from './scan.ts';
import type { Obstacle } from './statement.ts';

const CLOCK = 'reads the clock';
const SESSION = 'depends on who asks';
const WORDS: Readonly<Record<string, string>> = {
  SYSDATE: CLOCK,
  SYSTIMESTAMP: CLOCK,
  CURRENT_DATE: CLOCK,
  CURRENT_TIMESTAMP: CLOCK,
  LOCALTIMESTAMP: CLOCK,
  USER: SESSION,
  UID: SESSION,
  USERENV: SESSION,
  SYS_CONTEXT: SESSION,
  ORA_INVOKING_USER: SESSION,
  ORA_INVOKING_USERID: SESSION,
  SESSIONTIMEZONE: SESSION,
  ORA_ROWSCN: 'can change without a commit, when Oracle cleans a block up',
  SYS_GUID: 'is another value each time',
};
const INTERVAL_FIELDS = new Set(['YEAR', 'MONTH', 'DAY', 'HOUR', 'MINUTE', 'SECOND']);
const TYPES_WITH_PRECISION = new Set(['TIMESTAMP', 'NVARCHAR2', 'NCHAR', 'BINARY_FLOAT', 'BINARY_DOUBLE', 'UROWID']);

export class ObstacleFinder {
  readonly #found = new Map<string, Obstacle>();
  readonly #tokens: readonly Token[];
  readonly #closings: Closings;

  constructor(tokens: readonly Token[], closings: Closings) {
    this.#tokens = tokens;
    this.#closings = closings;
  }

  add(construct: string, why: string): void {
    if (!this.#found.has(construct)) this.#found.set(construct, { construct, why });
  }

  /** In order of the text, each construct once. */
  all(): Obstacle[] {
    return [...this.#found.values()];
  }

  /** Looks at the dotted chain that begins at `i` and answers the place after it. */
  readChain(i: number, { inPattern }: { readonly inPattern: boolean }): number {
    const { names, next } = chainAt(this.#tokens, i);
    const [first] = names;
    const last = names.at(-1);
    if (first === undefined || last === undefined) return i + 1;
    const written = names.map(({ text }) => text).join('.');
    const isQualified = names.length > 1 || isOperator(this.#tokens[i - 1], '.');
    const lastWord = last.kind === 'word' ? foldUpper(last.text) : '';
    if (isOperator(this.#tokens[next], '@')) {
      const link = chainAt(this.#tokens, next + 1).names.map(({ text }) => text);
      this.add(`${written}@${link.join('.')}`, 'reads another database over a link');
    } else if (isQualified && (lastWord === 'NEXTVAL' || lastWord === 'CURRVAL')) {
      this.add(written, 'reads a sequence');
    } else if (!isQualified && Object.hasOwn(WORDS, lastWord)) {
      this.add(written, WORDS[lastWord] ?? '');
    } else if (isQualified && lastWord === 'ORA_ROWSCN') {
      this.add(written, WORDS['ORA_ROWSCN'] ?? '');
    } else if (isOperator(this.#tokens[next], '(') && !this.#isOuterJoinMark(next)) {
      const isKnown = !isQualified && first.kind === 'word' && this.#readsArgumentsOnly(i, inPattern);
      if (!isKnown) this.add(`${written}()`, 'is a function that is not known to read nothing');
    }
    return next;
  }

  /** `a.id = b.id(+)`. */
  #isOuterJoinMark(open: number): boolean {
    return this.#closings.get(open) === open + 2 && isOperator(this.#tokens[open + 1], '+');
  }

  #readsArgumentsOnly(i: number, inPattern: boolean): boolean {
    const word = this.#tokens[i]?.text ?? '';
    const before = this.#tokens[i - 1];
    const wordBefore = before?.kind === 'word' ? before.text : '';
    if (BUILT_IN_FUNCTIONS.has(word) || KEYWORDS_BEFORE_PARENTHESIS.has(word)) return true;
    if (inPattern && PATTERN_FUNCTIONS.has(word)) return true;
    // Names that a user's function may have too: harmless only where the grammar leaves no room for a function.
    if (INTERVAL_FIELDS.has(word)) return before?.kind === 'string' || wordBefore === 'INTERVAL' || wordBefore === 'TO';
    if (word === 'OVER' || word === 'KEEP' || word === 'FILTER') {
      return isOperator(before, ')') || wordBefore === 'NULLS';
    }
    if (TYPES_WITH_PRECISION.has(word))
      return wordBefore === 'AS' || wordBefore === 'RETURNING' || this.#isColumn(i - 1);
    return false;
  }

  /** In COLUMNS (name TYPE(n) …) the type follows a name; no function ever does. */
  #isColumn(i: number): boolean {
    const token = this.#tokens[i];
    if (!isName(token)) return false;
    const before = this.#tokens[i - 1];
    return isOperator(before, '(') || isOperator(before, ',');
  }
}
