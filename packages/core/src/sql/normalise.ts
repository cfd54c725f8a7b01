/**
 * Tokens to their one spelling. Equal for statements that differ in white space, comments, the case of words without
 * quotes, or semicolons at the end; different as soon as a literal, a quoted name or a hint differs in one character.
 * The normal form is executed, so reading it gives the same tokens again: it never joins or splits one.
 */
import { LEXES, type Lexis } from './dialect.ts';
import type { Token } from './scan.ts';
import type { Dialect } from './statement.ts';

export interface NormalForm {
  readonly text: string;
  /**
   * The tokens in their one spelling, with their places in `text`. Words that name fields are folded here all the same,
   * so that none of them hides a keyword from the reader.
   */
  readonly tokens: readonly Token[];
}

export function normalise(tokens: readonly Token[], dialect: Dialect): NormalForm {
  const lexis = LEXES[dialect];
  let count = tokens.length;
  while (count > 0 && isOperator(tokens[count - 1], ';')) count -= 1;
  const parts: string[] = [];
  const spelled: Token[] = [];
  let length = 0;
  const keptCase = lexis.keepsCase(tokens);
  let chain: Chain = { part: 0 };
  for (let i = 0; i < count; i += 1) {
    const token = tokens[i];
    if (token === undefined) break;
    chain = { part: partInChain(tokens, i, chain.part) };
    const known = spelling(token, chain.part, lexis);
    const text = keptCase.has(i) ? token.text : known;
    const gap = i === 0 ? '' : gapBefore(tokens, i);
    const start = length + gap.length;
    parts.push(gap, text);
    spelled.push({ kind: token.kind, text: known, start, end: start + text.length });
    length = start + text.length;
  }
  return { text: parts.join(''), tokens: spelled };
}

interface Chain {
  /** Which part of a dotted chain the last name was, from 0. */
  readonly part: number;
}

export function isName(token: Token | undefined): token is Token {
  return token !== undefined && (token.kind === 'word' || token.kind === 'quoted');
}

export function isOperator(token: Token | undefined, text: string): boolean {
  return token?.kind === 'operator' && token.text === text;
}

/** After a dot that follows no name, as in `f(x).a` or `a[0].b`, case may matter as well. */
function partInChain(tokens: readonly Token[], i: number, lastPart: number): number {
  if (!isName(tokens[i])) return lastPart;
  if (!isOperator(tokens[i - 1], '.')) return 0;
  return isName(tokens[i - 2]) ? lastPart + 1 : Number.MAX_SAFE_INTEGER;
}

function spelling(token: Token, part: number, lexis: Lexis): string {
  switch (token.kind) {
    case 'word':
      return part >= lexis.caseMattersFromPart ? token.text : lexis.fold(token.text);
    case 'number':
    case 'placeholder':
      return lexis.fold(token.text);
    case 'string': {
      const quote = token.text.indexOf("'");
      return lexis.fold(token.text.slice(0, quote)) + token.text.slice(quote);
    }
    case 'hint':
      // Windows' line ends differ in the carriage return alone, and a line hint must not carry half of one.
      return token.text.startsWith('--') ? token.text.trimEnd() : token.text;
    case 'quoted':
    case 'operator':
      return token.text;
  }
}

/** What stands between a token and the one before it. One space is always safe; none only where listed here. */
function gapBefore(tokens: readonly Token[], i: number): '' | ' ' | '\n' {
  const before = tokens[i - 1];
  const token = tokens[i];
  if (before === undefined || token === undefined) return '';
  if (before.kind === 'hint' && before.text.startsWith('--')) return '\n';
  if (joinsNames(tokens, i) || joinsNames(tokens, i - 1)) return '';
  if (token.kind === 'operator' && (token.text === ',' || token.text === ')')) return '';
  if (isOperator(before, '(')) return '';
  return isOperator(token, '(') && isName(before) ? '' : ' ';
}

/** The dot of `a.b` and `a.*`, and the at sign of `a@link`. */
function joinsNames(tokens: readonly Token[], i: number): boolean {
  const after = tokens[i + 1];
  if (!isName(tokens[i - 1])) return false;
  if (isOperator(tokens[i], '@')) return isName(after);
  return isOperator(tokens[i], '.') && (isName(after) || isOperator(after, '*'));
}
