/**
 * The door of this folder: a statement's text in, all that is known of it without a database out. Accepts one query
 * and nothing else; what it cannot look into is told as an obstacle, never guessed.
 */
import { ParqueueError } from '../model/errors.ts';
import { GRAMMARS } from './dialect.ts';
import { normalise } from './normalise.ts';
import { matchParentheses } from './parentheses.ts';
import { readQuery } from './read-query.ts';
import { refuseWhatIsNoQuery } from './single-query.ts';
import type { Dialect, Statement } from './statement.ts';
import { tokenize } from './tokenize.ts';

/** @throws ParqueueError PQ_INVALID_REQUEST: not one readable SELECT or WITH. The message never repeats a literal. */
export function readStatement(sql: string, dialect: Dialect): Statement {
  const written = tokenize(sql, dialect);
  const { text, tokens } = normalise(written, dialect);
  if (tokens.length === 0) throw new ParqueueError('PQ_INVALID_REQUEST', 'the statement is empty');
  // The normal form has as many tokens, in the same order: refusals point into the text the caller wrote.
  const closings = matchParentheses(sql, written.slice(0, tokens.length));
  const grammar = GRAMMARS[dialect];
  refuseWhatIsNoQuery({ sql, written, tokens, gate: grammar.gate });
  const names = tokens.filter(({ kind }) => kind === 'placeholder').map(({ spelled }) => spelled.slice(1));
  const placeholders = [...new Set(names)];
  const contents = readQuery(tokens, closings, grammar);
  return { text, placeholders, repeatsPlaceholders: placeholders.length < names.length, ...contents };
}
