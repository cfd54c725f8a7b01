/**
 * What tells one dialect's lexis from another's. A new dialect is a new value here: its scanners in the order they are
 * asked, and how it spells names that are written without quotes.
 */
import { fieldNames } from './field-names.ts';
import { foldUpper } from './fold.ts';
import {
  alternativeString,
  colonPlaceholder,
  comment,
  number,
  operator,
  quotedName,
  string,
  whiteSpace,
  word,
  type Scanner,
  type Token,
} from './scan.ts';
import type { Dialect } from './statement.ts';

export interface Lexis {
  /** The first scanner that knows the place wins. */
  readonly scanners: readonly Scanner[];
  /** The one spelling of a word written without quotes. ASCII only, so that a normal form never changes length. */
  readonly fold: (word: string) => string;
  /** From this part of a dotted chain on (counted from 0) case has a meaning and is kept: JSON dot notation. */
  readonly caseMattersFromPart: number;
  /** Indexes of other words whose case is kept. */
  readonly keepsCase: (tokens: readonly Token[]) => ReadonlySet<number>;
}

const ORACLE: Lexis = {
  scanners: [
    whiteSpace,
    comment({ hintsAfter: new Set(['SELECT']) }),
    alternativeString({ prefixes: ['q', 'nq'] }),
    string({ prefixes: ['n', 'u'] }),
    quotedName,
    word,
    number({ suffixes: 'fd' }),
    colonPlaceholder,
    operator({
      operators: [
        ...'+-*/(),.;=<>!^|@%?[]{}~$&'.split(''),
        ...['||', '<=', '>=', '<>', '!=', '^=', '~=', '=>', '**', '..'],
        // Row patterns: exclusion, and quantifiers that take as little as they can.
        ...['{-', '-}', '*?', '+?', '??'],
      ],
    }),
  ],
  fold: foldUpper,
  caseMattersFromPart: 2,
  keepsCase: fieldNames,
};

export const LEXES: Readonly<Record<Dialect, Lexis>> = { oracle: ORACLE, postgres: ORACLE, mysql: ORACLE };
