/**
 * Which tables the server itself says a query reads. EXPLAIN as JSON names nothing but aliases, so the query is taken as
 * the server understood it, which every EXPLAIN leaves behind as a note (1003): names resolved and qualified, views merged.
 * A view that is not merged stays in it by its name; its own definition is in the same language and is read the same way.
 *
 * EXPLAIN also takes the metadata locks of all that the query reads, through views down to the tables; they stay until the
 * transaction ends, so what is looked up afterwards cannot change any more.
 */
import type { Session } from '../sql/session.ts';
import type { MysqlValue } from './bind.ts';
import type { MysqlConnection } from './connection.ts';
import { ask } from './query.ts';

export interface TableName {
  readonly schema: string;
  readonly name: string;
}

export interface TableRead extends TableName {
  /** With `PARTITION (…)`: of a table that keeps its history in partitions, these show the history as well. */
  readonly byPartition: boolean;
}

/** Why the server may not say it: on the way to a refusal. */
export const UNSAID = 'too many warnings come before, or its note_verbosity leaves out "explain"';

/** null: the server did not say. */
export async function tablesExplained(
  session: Session<MysqlConnection>,
  text: string,
  binds?: readonly MysqlValue[],
): Promise<readonly TableRead[] | null> {
  const product = await session.call((connection) => Promise.resolve(connection.server?.product));
  // MySQL adds the note to every kind of EXPLAIN and no longer knows EXTENDED.
  const explain = product === 'mysql' ? 'EXPLAIN FORMAT=TRADITIONAL' : 'EXPLAIN EXTENDED';
  await ask(session, `${explain} ${text}`, binds === undefined || binds.length === 0 ? undefined : binds);
  const notes = await ask(session, 'SHOW WARNINGS');
  const note = notes.find(([, code]) => code === '1003')?.[2];
  return typeof note === 'string' ? tablesIn(note) : null;
}

type Lexeme =
  | { readonly kind: 'name' | 'word'; readonly text: string }
  | { readonly kind: 'sign'; readonly text: string };

/** Comments, names, texts, words, anything else; in MySQL's own spelling, in which names always have backticks. */
const LEXEMES = /\/\*[\s\S]*?\*\/|`((?:[^`]|``)*)`|'(?:[^'\\]|''|\\[\s\S])*'|([\p{L}_][\p{L}\p{N}_$]*)|[^\s]/gu;

function lexemesOf(text: string): readonly Lexeme[] {
  const lexemes: Lexeme[] = [];
  for (const [all, name, word] of text.matchAll(LEXEMES)) {
    if (all.startsWith('/*')) continue;
    if (name !== undefined) lexemes.push({ kind: 'name', text: name.replaceAll('``', '`') });
    else if (word !== undefined) lexemes.push({ kind: 'word', text: word.toLowerCase() });
    else lexemes.push({ kind: 'sign', text: all.length > 1 ? "'" : all });
  }
  return lexemes;
}

/** Within one pair of parentheses: what may stand next. */
interface Level {
  /** A SELECT was seen, so FROM begins a list of tables, and is no word of EXTRACT or TRIM. */
  isQuery: boolean;
  place: 'expression' | 'table' | 'joined';
}

const ENDS_FROM = new Set(['where', 'group', 'having', 'order', 'limit', 'window', 'union', 'except', 'intersect']);

/**
 * The qualified names that stand where a table does, each once. Only for texts that the server wrote: queries as it
 * understood them, and definitions of views.
 */
export function tablesIn(text: string): readonly TableRead[] {
  const lexemes = lexemesOf(text);
  const found = new Map<string, TableRead>();
  const levels: Level[] = [{ isQuery: false, place: 'expression' }];
  for (let i = 0; i < lexemes.length; i += 1) {
    const lexeme = lexemes[i];
    const level = levels.at(-1);
    if (lexeme === undefined || level === undefined) break;
    if (lexeme.kind === 'word') {
      level.place = placeAfter(lexeme.text, level);
      if (lexeme.text === 'select') level.isQuery = true;
    } else if (lexeme.kind === 'name') {
      const names = chainAt(lexemes, i);
      i += 2 * (names.length - 1);
      const [schema, name] = names;
      if (level.place === 'table' && schema !== undefined && name !== undefined) {
        const key = JSON.stringify([schema, name]);
        const next = lexemes[i + 1];
        const byPartition = next?.kind === 'word' && next.text === 'partition';
        found.set(key, { schema, name, byPartition: byPartition || found.get(key)?.byPartition === true });
      }
      if (level.place === 'table') level.place = 'joined';
    } else if (lexeme.text === '(') {
      // A join in parentheses goes on with tables; so do those of a semi join. What else stands here is an expression.
      const isJoin = level.place === 'table';
      if (isJoin) level.place = 'joined';
      levels.push({ isQuery: isJoin, place: isJoin ? 'table' : 'expression' });
    } else if (lexeme.text === ')') {
      if (levels.length > 1) levels.pop();
    } else if (lexeme.text === ',' && level.place === 'joined') {
      level.place = 'table';
    }
  }
  return [...found.values()];
}

function placeAfter(word: string, { isQuery, place }: Level): Level['place'] {
  if (word === 'select') return 'expression';
  if (word === 'from' && isQuery) return 'table';
  if (place === 'expression') return place;
  // `semi join`, `left join`, `straight_join`, `anti join`.
  if (word === 'join' || word === 'straight_join') return 'table';
  if (ENDS_FROM.has(word)) return 'expression';
  // `json_table(…)`: a function in the place of a table, whose parenthesis holds expressions; `lateral (…)`: a query.
  return place === 'table' && word !== 'lateral' ? 'joined' : place;
}

function chainAt(lexemes: readonly Lexeme[], start: number): readonly string[] {
  const names: string[] = [];
  for (let i = start; ; i += 2) {
    const lexeme = lexemes[i];
    if (lexeme?.kind !== 'name') return names;
    names.push(lexeme.text);
    const dot = lexemes[i + 1];
    if (dot?.kind !== 'sign' || dot.text !== '.' || lexemes[i + 2]?.kind !== 'name') return names;
  }
}
