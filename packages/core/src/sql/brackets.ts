/**
 * Whether a place lies directly inside a subscript, `a[1:2]`. The brackets of ARRAY[…] and those nested in them hold
 * elements, and a parenthesis inside a subscript holds an expression: no slice stands there.
 */
import type { Token } from './scan.ts';
import { foldUpper } from './fold.ts';

type Bracket = 'subscript' | 'elements' | 'parenthesis';

export class Brackets {
  readonly #open: Bracket[] = [];

  get inSubscript(): boolean {
    return this.#open.at(-1) === 'subscript';
  }

  pass(token: Token, previous: Token | undefined): void {
    if (token.kind !== 'operator') return;
    if (token.text === '(') this.#open.push('parenthesis');
    else if (token.text === '[') this.#open.push(this.#holdsElements(previous) ? 'elements' : 'subscript');
    else if (token.text === ')' || token.text === ']') this.#open.pop();
  }

  #holdsElements(previous: Token | undefined): boolean {
    if (previous?.kind === 'word') return foldUpper(previous.text) === 'ARRAY';
    const beginsElement = previous?.kind === 'operator' && (previous.text === '[' || previous.text === ',');
    return beginsElement && this.#open.at(-1) === 'elements';
  }
}
