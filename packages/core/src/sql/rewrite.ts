/**
 * Changes to a normal form that leave literals, quoted names and hints alone: a placeholder is replaced only where it is
 * one, and a clause goes only where a table was read.
 */
import type { Dialect, Statement, TableReference } from './statement.ts';
import { tokenize } from './tokenize.ts';

/** `replacement` gets the folded name without its colon and answers the text to stand in its place. */
export function replacePlaceholders(
  text: string,
  replacement: (name: string) => string,
  dialect: Dialect = 'oracle',
): string {
  const edits = tokenize(text, dialect)
    .filter(({ kind }) => kind === 'placeholder')
    .map((token) => ({ ...token, text: replacement(token.text.slice(1)) }));
  return spliced(text, edits);
}

/**
 * Puts `insertion(reference)` after each table the statement reads, parted by a space; an empty one changes nothing.
 * Tables that fix their own time are passed over: a second AS OF would be no valid statement.
 */
export function insertAfterReads(statement: Statement, insertion: (reference: TableReference) => string): string {
  const edits = statement.reads
    .filter(({ fixesTime }) => !fixesTime)
    .map((reference) => ({ start: reference.end, end: reference.end, text: insertion(reference).trim() }))
    .filter(({ text }) => text !== '')
    .map((edit) => ({ ...edit, text: ` ${edit.text}` }));
  return spliced(statement.text, edits);
}

interface Edit {
  readonly start: number;
  readonly end: number;
  readonly text: string;
}

function spliced(text: string, edits: readonly Edit[]): string {
  const pieces: string[] = [];
  let from = 0;
  for (const { start, end, text: replacement } of edits.toSorted((a, b) => a.start - b.start)) {
    pieces.push(text.slice(from, start), replacement);
    from = end;
  }
  pieces.push(text.slice(from));
  return pieces.join('');
}
