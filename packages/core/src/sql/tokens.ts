/** Tokens as the readers see them: words in the one case that word lists have, and how the normal form spells them. */
import type { Token } from './scan.ts';

export interface ReadToken extends Token {
  /** Words are in upper case here, whatever the dialect does with names: so that keywords are found. */
  readonly text: string;
  /** As the normal form spells it. */
  readonly spelled: string;
  /** Nothing stood between this token and the one before it. */
  readonly glued: boolean;
}

export function isName<T extends Token>(token: T | undefined): token is T {
  return token !== undefined && (token.kind === 'word' || token.kind === 'quoted');
}

export function isOperator(token: Token | undefined, text: string): boolean {
  return token?.kind === 'operator' && token.text === text;
}

/** A word without quotes. */
export function isWordToken(token: Token | undefined, text: string): boolean {
  return token?.kind === 'word' && token.text === text;
}

/** A word without quotes that is no part of a dotted chain. */
export function isWord(tokens: readonly Token[], i: number, text: string): boolean {
  return isWordToken(tokens[i], text) && !isOperator(tokens[i - 1], '.');
}

/** The word at a place if it can be a keyword: without quotes, and no part of a dotted chain but the first. */
export function keywordAt(tokens: readonly ReadToken[], i: number): string | null {
  const token = tokens[i];
  return token?.kind === 'word' && !isOperator(tokens[i - 1], '.') ? token.text : null;
}

/** The words stand at `i`, one after the other. */
export function isPhrase(tokens: readonly Token[], i: number, words: readonly string[]): boolean {
  return words.every((word, offset) => isWord(tokens, i + offset, word));
}

export interface NameChain {
  readonly names: readonly ReadToken[];
  readonly next: number;
}

/** The names parted by dots that begin at a place. */
export function chainAt(tokens: readonly ReadToken[], start: number): NameChain {
  const names: ReadToken[] = [];
  let i = start;
  for (let token = tokens[i]; isName(token); token = tokens[i]) {
    names.push(token);
    i += 1;
    if (!isOperator(tokens[i], '.') || !isName(tokens[i + 1])) break;
    i += 1;
  }
  return { names, next: i };
}

export function written(names: readonly ReadToken[]): string {
  return names.map(({ spelled }) => spelled).join('.');
}

/** A list of words parted by white space. */
export function words(list: string): ReadonlySet<string> {
  return new Set(list.split(/\s+/).filter((word) => word !== ''));
}
