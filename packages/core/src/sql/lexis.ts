/** What tells one dialect's tokens from another's, and how the normal form spells them. */
import type { Scanner, Token } from './scan.ts';

export interface Lexis {
  /** The first scanner that knows the place wins. */
  readonly scanners: readonly Scanner[];
  /**
   * The one spelling of what is written without quotes, placeholders apart: those are in upper case everywhere. ASCII
   * only, so that a normal form never changes length.
   */
  readonly fold: (text: string) => string;
  /** From this part of a dotted chain on (counted from 0) case has a meaning and is kept: JSON dot notation. */
  readonly caseMattersFromPart: number;
  /** Indexes of other words whose case is kept. */
  readonly keepsCase: (tokens: readonly Token[]) => ReadonlySet<number>;
  /** `t@link` is one name. */
  readonly joinsLinks: boolean;
  /** Between a name and a parenthesis: `as written` where a space tells a column's name from a function's. */
  readonly spaceBeforeParenthesis: 'never' | 'as written';
}

const NONE: ReadonlySet<number> = new Set();

export function keepsNothing(): ReadonlySet<number> {
  return NONE;
}
