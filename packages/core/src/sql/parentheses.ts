/** Which parenthesis closes which. Everything after relies on it, and so does whoever wraps a statement in a query. */
import { refusedAt, type Token } from './scan.ts';

/** Far beyond what people write; keeps the readers' recursion away from the end of the stack. */
const DEPTH_MAX = 200;

/** Index of an opening parenthesis → index of its partner. */
export type Closings = ReadonlyMap<number, number>;

/** @throws ParqueueError PQ_INVALID_REQUEST where one has no partner, or they nest deeper than 200. */
export function matchParentheses(sql: string, tokens: readonly Token[]): Closings {
  const closings = new Map<number, number>();
  const open: number[] = [];
  for (const [i, { kind, text, start }] of tokens.entries()) {
    if (kind !== 'operator') continue;
    if (text === '(') {
      open.push(i);
      if (open.length > DEPTH_MAX) throw refusedAt(sql, start, `parentheses nest deeper than ${DEPTH_MAX}`);
    } else if (text === ')') {
      const partner = open.pop();
      if (partner === undefined) throw refusedAt(sql, start, 'this ) closes nothing; remove it');
      closings.set(partner, i);
    }
  }
  const unclosed = tokens[open.at(-1) ?? -1];
  if (unclosed !== undefined) throw refusedAt(sql, unclosed.start, 'this ( is never closed; add the missing )');
  return closings;
}
