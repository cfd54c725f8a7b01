/** A cursor over tokens with the few moves that the parser makes, and the errors it makes them with. */
import { OraError } from '../../engine.ts';
import type { Name } from './ast.ts';
import type { Token } from './tokens.ts';
import { tokenize } from './tokens.ts';

/** Words that end an expression or a table: never an alias without AS, never a column. */
const RESERVED = new Set(
  (
    'ALL AND ANY AS ASC BETWEEN BY CHECK CONNECT CREATE CROSS DELETE DESC DISTINCT DROP ELSE EXISTS FETCH FOR FROM FULL GRANT GROUP '
    + 'HAVING IN INNER INSERT INTERSECT INTO IS JOIN LEFT LIKE MINUS NATURAL NOT NULL OFFSET ON OR ORDER PUBLIC RIGHT SELECT SET '
    + 'START TABLE THEN TO UNION UNIQUE UPDATE USING VALUES VIEW WHEN WHERE WITH END CASE EXCEPT'
  ).split(' '),
);

export class TokenReader {
  readonly sql: string;
  /** Names of the placeholders met, in order of occurrence. */
  readonly placeholders: string[] = [];
  readonly #tokens: readonly Token[];
  #next = 0;

  constructor(sql: string) {
    this.sql = sql;
    this.#tokens = tokenize(sql);
  }

  get token(): Token {
    return this.peek(0);
  }

  get at(): number {
    return this.token.at;
  }

  /** Where the last token taken ended. */
  get behind(): number {
    return this.#tokens[this.#next - 1]?.to ?? 0;
  }

  peek(ahead: number): Token {
    return this.#tokens[Math.min(this.#next + ahead, this.#tokens.length - 1)] as Token;
  }

  take(): Token {
    const token = this.token;
    this.#next += 1;
    return token;
  }

  isWord(word: string, ahead = 0): boolean {
    const token = this.peek(ahead);
    return token.kind === 'word' && token.text === word;
  }

  isWords(...words: readonly string[]): boolean {
    return words.every((word, index) => this.isWord(word, index));
  }

  isOperator(text: string, ahead = 0): boolean {
    const token = this.peek(ahead);
    return token.kind === 'operator' && token.text === text;
  }

  /** Takes the words if all of them come next. */
  accept(...words: readonly string[]): boolean {
    if (!this.isWords(...words)) return false;
    this.#next += words.length;
    return true;
  }

  acceptOperator(text: string): boolean {
    if (!this.isOperator(text)) return false;
    this.#next += 1;
    return true;
  }

  expect(...words: readonly string[]): void {
    for (const word of words) if (!this.accept(word)) throw this.unexpected(`missing ${word} keyword`, 905);
  }

  expectOperator(text: string): void {
    if (this.acceptOperator(text)) return;
    const number = text === '(' ? 906 : text === ')' ? 907 : 900;
    throw this.unexpected(
      text === '(' ? 'missing left parenthesis' : text === ')' ? 'missing right parenthesis' : `missing ${text}`,
      number,
    );
  }

  /** An identifier: quoted, or a word that is not reserved. */
  name(): Name {
    const token = this.token;
    if (token.kind === 'quoted' || (token.kind === 'word' && !RESERVED.has(token.text))) {
      this.#next += 1;
      return { text: token.text, at: token.at };
    }
    throw this.unexpected('invalid identifier', 904);
  }

  /** One name or several with dots between. */
  path(): readonly Name[] {
    const names = [this.name()];
    while (this.acceptOperator('.')) names.push(this.name());
    return names;
  }

  isName(): boolean {
    const { kind, text } = this.token;
    return kind === 'quoted' || (kind === 'word' && !RESERVED.has(text));
  }

  string(): string {
    const token = this.take();
    if (token.kind !== 'string')
      throw new OraError(900, `a string was expected at ${this.#shown(token)}`, { offset: token.at });
    return token.text;
  }

  integer(): number {
    const token = this.take();
    if (token.kind === 'number' && /^\d+$/.test(token.text)) return Number(token.text);
    throw new OraError(900, `a whole number was expected at ${this.#shown(token)}`, { offset: token.at });
  }

  list<T>(read: () => T): readonly T[] {
    const items = [read()];
    while (this.acceptOperator(',')) items.push(read());
    return items;
  }

  /** Takes everything up to the closing parenthesis that matches one already taken, that one included. */
  skipParentheses(): void {
    for (let depth = 1; depth > 0;) {
      const token = this.take();
      if (token.kind === 'end') throw this.unexpected('missing right parenthesis', 907);
      if (token.kind === 'operator') depth += token.text === '(' ? 1 : token.text === ')' ? -1 : 0;
    }
  }

  skipToEnd(): void {
    while (this.token.kind !== 'end' && !this.isOperator(';')) this.take();
  }

  /** @throws OraError unless nothing but an optional semicolon is left */
  end(): void {
    this.acceptOperator(';');
    if (this.token.kind !== 'end') throw this.unexpected('SQL command not properly ended', 933);
  }

  unexpected(text: string, number = 900): OraError {
    return new OraError(number, `${text} at ${this.#shown(this.token)}`, { offset: this.token.at });
  }

  #shown(token: Token): string {
    return token.kind === 'end'
      ? 'the end'
      : JSON.stringify(this.sql.slice(token.at, Math.min(token.to + 20, this.sql.length)));
  }
}
