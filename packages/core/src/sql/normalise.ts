/**
 * Tokens to their one spelling. Equal for statements that differ in white space, comments, the case of words without
 * quotes, or semicolons at the end; different as soon as a literal, a quoted name or a hint differs in one character.
 * The normal form is executed, so reading it gives the same tokens again: it never joins or splits one.
 */
import { LEXES } from './dialect.ts';
import { foldUpper } from './fold.ts';
import type { Lexis } from './lexis.ts';
import type { Token } from './scan.ts';
import type { Dialect } from './statement.ts';
import { isName, isOperator, type ReadToken } from './tokens.ts';

export interface NormalForm {
  readonly text: string;
  /**
   * The tokens with their places in `text`. Words that name fields are folded here all the same, so that none of them
   * hides a keyword from the reader.
   */
  readonly tokens: readonly ReadToken[];
}

export function normalise(tokens: readonly Token[], dialect: Dialect): NormalForm {
  const lexis = LEXES[dialect];
  let count = tokens.length;
  while (count > 0 && isOperator(tokens[count - 1], ';')) count -= 1;
  const parts: string[] = [];
  const read: ReadToken[] = [];
  let length = 0;
  const keptCase = lexis.keepsCase(tokens);
  let chain: Chain = { part: 0 };
  for (let i = 0; i < count; i += 1) {
    const token = tokens[i];
    if (token === undefined) break;
    chain = { part: partInChain(tokens, i, chain.part) };
    const keepsCase = chain.part >= lexis.caseMattersFromPart;
    const known = spelling(token, keepsCase, lexis);
    const spelled = keptCase.has(i) ? token.text : known;
    const gap = i === 0 ? '' : gapBefore(tokens, i, lexis);
    const start = length + gap.length;
    const end = start + spelled.length;
    parts.push(gap, spelled);
    const text = token.kind === 'word' && !keepsCase ? foldUpper(known) : known;
    read.push({ kind: token.kind, text, spelled: known, start, end, glued: isGlued(tokens, i) });
    length = end;
  }
  return { text: parts.join(''), tokens: read };
}

interface Chain {
  /** Which part of a dotted chain the last name was, from 0. */
  readonly part: number;
}

/** After a dot that follows no name, as in `f(x).a` or `a[0].b`, case may matter as well. */
function partInChain(tokens: readonly Token[], i: number, lastPart: number): number {
  if (!isName(tokens[i])) return lastPart;
  if (!isOperator(tokens[i - 1], '.')) return 0;
  return isName(tokens[i - 2]) ? lastPart + 1 : Number.MAX_SAFE_INTEGER;
}

function isGlued(tokens: readonly Token[], i: number): boolean {
  return tokens[i]?.start === tokens[i - 1]?.end;
}

function spelling(token: Token, keepsCase: boolean, lexis: Lexis): string {
  switch (token.kind) {
    case 'word':
      return keepsCase ? token.text : lexis.fold(token.text);
    case 'number':
      return lexis.fold(token.text);
    case 'placeholder':
      return foldUpper(token.text);
    case 'string':
    case 'quoted': {
      const [prefix = ''] = PREFIX.exec(token.text) ?? [];
      return lexis.fold(prefix) + token.text.slice(prefix.length);
    }
    case 'hint':
      // Windows' line ends differ in the carriage return alone, and a line hint must not carry half of one.
      return token.text.startsWith('--') ? token.text.trimEnd() : token.text;
    case 'variable':
    case 'operator':
      return token.text;
  }
}

/** What stands before the quote of a literal or a name. */
const PREFIX = /^[A-Za-z]+&?/;

/** What stands between a token and the one before it. One space is always safe; none only where listed here. */
function gapBefore(tokens: readonly Token[], i: number, lexis: Lexis): '' | ' ' | '\n' {
  const before = tokens[i - 1];
  const token = tokens[i];
  if (before === undefined || token === undefined) return '';
  if (before.kind === 'hint' && before.text.startsWith('--')) return '\n';
  if (joinsNames(tokens, i, lexis) || joinsNames(tokens, i - 1, lexis)) return '';
  if (token.kind === 'operator' && (token.text === ',' || token.text === ')')) return '';
  if (isOperator(before, '(')) return '';
  if (!isOperator(token, '(') || !isName(before)) return ' ';
  return lexis.spaceBeforeParenthesis === 'never' || isGlued(tokens, i) ? '' : ' ';
}

/** The dot of `a.b` and `a.*`, and the at sign of `a@link`. */
function joinsNames(tokens: readonly Token[], i: number, { joinsLinks }: Lexis): boolean {
  const after = tokens[i + 1];
  if (!isName(tokens[i - 1])) return false;
  if (isOperator(tokens[i], '@')) return joinsLinks && isName(after);
  return isOperator(tokens[i], '.') && (isName(after) || isOperator(after, '*'));
}
