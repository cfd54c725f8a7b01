/** A script of statements, each ended by a semicolon at the end of a statement or a line that holds only a slash. */
import { tokenize } from './tokens.ts';

export function splitScript(script: string): readonly string[] {
  const statements: string[] = [];
  let from = 0;
  const add = (to: number): void => {
    const text = script.slice(from, to).trim();
    if (text !== '' && tokenize(text).length > 1) statements.push(text);
  };
  for (const { kind, text, at, to } of tokenize(script)) {
    const isSlash =
      text === '/'
      && kind === 'operator'
      && /(^|\n)[ \t]*$/.test(script.slice(from, at))
      && /^[ \t\r]*(\n|$)/.test(script.slice(to));
    if (kind !== 'end' && !isSlash && !(kind === 'operator' && text === ';')) continue;
    add(at);
    from = to;
  }
  return statements;
}
