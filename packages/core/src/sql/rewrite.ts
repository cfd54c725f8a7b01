/**
 * Changes to a normal form that leave literals, quoted names and hints alone: a placeholder is replaced only where it is
 * one, and a clause goes only where a table was read.
 */
import { foldUpper } from './fold.ts';
import type { Token } from './scan.ts';
import type { Dialect, Statement, TableReference } from './statement.ts';
import { tokenize } from './tokenize.ts';
import { isOperator } from './tokens.ts';

/** `limit`: where servers want a plain parameter and no expression around it, as after LIMIT. */
export type PlaceholderPosition = 'expression' | 'limit';

/**
 * `replacement` gets the name in upper case without its colon, and where it stands, and answers the text to stand in its
 * place: once for each occurrence, in the order of the text.
 */
export function replacePlaceholders(
  text: string,
  replacement: (name: string, position: PlaceholderPosition) => string,
  dialect: Dialect,
): string {
  const tokens = tokenize(text, dialect);
  const edits = tokens.flatMap((token, i) => {
    if (token.kind !== 'placeholder') return [];
    const { start, end } = token;
    return [{ start, end, text: replacement(foldUpper(token.text.slice(1)), positionOf(tokens, i)) }];
  });
  return spliced(text, edits);
}

/** `LIMIT :a`, `LIMIT 1, :b`, `OFFSET :c`, `FETCH FIRST :d ROWS`, `ROWS EXAMINED :e`. */
function positionOf(tokens: readonly Token[], i: number): PlaceholderPosition {
  const before = keywordAt(tokens, i - 1);
  if (before === 'LIMIT' || before === 'OFFSET' || before === 'EXAMINED') return 'limit';
  if ((before === 'FIRST' || before === 'NEXT') && keywordAt(tokens, i - 2) === 'FETCH') return 'limit';
  const isSecond = isOperator(tokens[i - 1], ',') && keywordAt(tokens, i - 3) === 'LIMIT';
  return isSecond ? 'limit' : 'expression';
}

function keywordAt(tokens: readonly Token[], i: number): string | null {
  const token = tokens[i];
  return token?.kind === 'word' && !isOperator(tokens[i - 1], '.') ? foldUpper(token.text) : null;
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
