/**
 * Words without quotes whose case has a meaning all the same, because Oracle takes the name of a JSON field from them:
 * what JSON_OBJECT(eMail) and JSON {eMail} call a member, the columns of JSON_TABLE (COLUMNS (firstName) reads
 * $.firstName) and the paths written there without quotes (NESTED items[*].tags, PATH part.name).
 * Source: JSON Developer's Guide, "COLUMNS Clause of SQL/JSON Function JSON_TABLE"; SQL Language Reference, JSON_OBJECT.
 * A word too many only parts two spellings of one statement; a word too few would make it another question.
 */
import { foldUpper } from '../fold.ts';
import type { Token } from '../scan.ts';

interface Bracket {
  readonly closing: string;
  readonly holds: 'members' | 'columns' | 'other';
  /** A path without quotes goes on here. */
  inPath: boolean;
  /** The column that is being defined here. */
  column: number;
}

const CLOSING: ReadonlyMap<string, string> = new Map([
  ['(', ')'],
  ['{', '}'],
  ['[', ']'],
]);
const BEGINS_ENTRY = ['(', '{', ','];
const ENDS_ENTRY = [')', '}', ','];

/** The indexes of those words. */
export function fieldNames(tokens: readonly Token[]): ReadonlySet<number> {
  const found = new Set<number>();
  const brackets: Bracket[] = [{ closing: '', holds: 'other', inPath: false, column: -1 }];
  for (const [i, token] of tokens.entries()) {
    const bracket = brackets.at(-1);
    if (bracket === undefined) break;
    if (token.kind === 'word' && (continuesPath(tokens, i, bracket) || namesEntry(tokens, i, bracket))) found.add(i);
    if (bracket.holds === 'columns') {
      if (isOneOf(tokens[i - 1], BEGINS_ENTRY)) bracket.column = i;
      if (saysItsField(tokens, i)) found.delete(bracket.column);
    }
    if (token.kind !== 'operator') continue;
    const closing = CLOSING.get(token.text);
    if (closing !== undefined) brackets.push({ closing, holds: contentsOf(tokens, i), inPath: false, column: -1 });
    else if (brackets.length > 1 && bracket.closing === token.text) brackets.pop();
    else if (token.text === ',') bracket.inPath = false;
  }
  return found;
}

function contentsOf(tokens: readonly Token[], open: number): Bracket['holds'] {
  if (isOneOf(tokens[open], ['{']) || isWord(tokens[open - 1], 'JSON_OBJECT')) return 'members';
  return isWord(tokens[open - 1], 'COLUMNS') ? 'columns' : 'other';
}

/** Behind NESTED, wherever it stands, and behind PATH among columns; a path is names, dots and brackets. */
function continuesPath(tokens: readonly Token[], i: number, bracket: Bracket): boolean {
  const before = tokens[i - 1];
  if (isOneOf(before, ['.'])) return bracket.inPath;
  const behindNested = isWord(before, 'NESTED') || (isWord(before, 'PATH') && isWord(tokens[i - 2], 'NESTED'));
  const isKeyword = behindNested && isWord(tokens[i], 'PATH') && !isWord(before, 'PATH');
  bracket.inPath = (behindNested && !isKeyword) || (bracket.holds === 'columns' && isWord(before, 'PATH'));
  return bracket.inPath;
}

/** `PATH '$.a'` and `FOR ORDINALITY`: the field is not taken from the column's name. */
function saysItsField(tokens: readonly Token[], i: number): boolean {
  if (isWord(tokens[i], 'ORDINALITY')) return isWord(tokens[i - 1], 'FOR');
  return tokens[i]?.kind === 'string' && isWord(tokens[i - 1], 'PATH');
}

function namesEntry(tokens: readonly Token[], i: number, { holds }: Bracket): boolean {
  if (holds === 'columns') return isOneOf(tokens[i - 1], BEGINS_ENTRY) && !isWord(tokens[i], 'NESTED');
  if (holds !== 'members') return false;
  // Where an expression goes on, its name is given by another: JSON_OBJECT(KEY 'a' VALUE b), (a : b), (f(x) VALUE y).
  const next = tokens[i + 1];
  const goesOn = next?.kind === 'operator' ? !isOneOf(next, ENDS_ENTRY) : isWord(next, 'VALUE') || isWord(next, 'IS');
  if (goesOn || (isWord(tokens[i], 'KEY') && !isOneOf(next, ENDS_ENTRY))) return false;
  let first = i;
  while (isOneOf(tokens[first - 1], ['.'])) first -= 2;
  return isOneOf(tokens[first - 1], BEGINS_ENTRY);
}

function isWord(token: Token | undefined, text: string): boolean {
  return token?.kind === 'word' && foldUpper(token.text) === text;
}

function isOneOf(token: Token | undefined, operators: readonly string[]): boolean {
  return token?.kind === 'operator' && operators.includes(token.text);
}
