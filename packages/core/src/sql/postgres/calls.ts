/**
 * Which calls of Postgres read more than their arguments, as far as names tell, and what else in an expression does: strings that mean the
 * clock once they become a date, types whose values stand for objects of the catalogue.
 */
import type { CallSite, Judgement } from '../grammar.ts';
import type { Closings } from '../parentheses.ts';
import type { Obstacle } from '../statement.ts';
import { isName, isOperator, isPhrase, isWord, type ReadToken } from '../tokens.ts';
import { HARMLESS_FUNCTIONS, NEED_TWO_ARGUMENTS, readsMore } from './functions.ts';
import { contentsOf, nameOf } from './names.ts';
import { GRAMMAR_OR_FUNCTION, NO_FUNCTIONS, RESERVED } from './words.ts';

/** What these do outlives the transaction, which is read-only and is rolled back: locks of the session above all. */
const ACTS =
  /^(?:pg_(?:try_)?advisory_(?:un)?lock|pg_(?:terminate|cancel)_backend$|pg_(?:reload_conf|rotate_logfile|promote)$|lo_export$|dblink_(?:exec|connect|send_query))/;

/** A call, by the last part of its name, of a built-in function that does more than read. */
export function acts(tokens: readonly ReadToken[], i: number): boolean {
  const name = tokens[i];
  return isName(name) && isOperator(tokens[i + 1], '(') && ACTS.test(nameOf(name));
}

const READS_MORE: Judgement = { why: 'reads more than its arguments' };

export function judgeOf(tokens: readonly ReadToken[], closings: Closings): (call: CallSite) => Judgement {
  return ({ names, open, isMember }) => {
    const [first, second] = names;
    // OPERATOR(schema.+): which function that is, the database knows.
    if (isWord(tokens, open - 1, 'OPERATOR')) return 'grammar';
    if (first === undefined || isMember || names.length > 2) return 'unknown';
    if (names.length === 1 && first.kind === 'word') {
      if (RESERVED.has(first.text) || NO_FUNCTIONS.has(first.text)) return 'grammar';
      if (GRAMMAR_OR_FUNCTION.has(first.text)) return 'harmless';
    }
    if (second !== undefined && nameOf(first) !== 'pg_catalog') return 'unknown';
    const name = nameOf(second ?? first);
    const why = NEED_TWO_ARGUMENTS.get(name);
    if (why !== undefined) return hasTwoArguments(tokens, closings, open) ? 'harmless' : { why };
    if (HARMLESS_FUNCTIONS.has(name)) return 'harmless';
    return readsMore(name) ? READS_MORE : 'unknown';
  };
}

function hasTwoArguments(tokens: readonly ReadToken[], closings: Closings, open: number): boolean {
  const close = closings.get(open) ?? open;
  for (let i = open + 1; i < close; i += 1) {
    if (isOperator(tokens[i], '(')) i = closings.get(i) ?? i;
    if (isOperator(tokens[i], ',')) return true;
  }
  return false;
}

/** Among the elements of an array or the fields of a document too, so in strings of any length. */
const MEANS_CLOCK = /(?<![a-z])(?:now|today|tomorrow|yesterday)(?![a-z])/i;
/** What these say depends on the catalogue; regconfig and regdictionary are arguments of text search. */
const CATALOGUE_TYPE = /^REG(?:CLASS|PROC|PROCEDURE|OPER|OPERATOR|TYPE|ROLE|NAMESPACE|COLLATION|DATABASE)$/;
/** NAMEDATALEN - 1, in bytes. */
const NAME_BYTES_MAX = 63;

export function obstacleAt(tokens: readonly ReadToken[], i: number): Obstacle | null {
  const token = tokens[i];
  if (token === undefined) return null;
  if (token.kind === 'string') return obstacleOfString(token);
  if (token.kind !== 'word' && token.kind !== 'quoted') return null;
  if (Buffer.byteLength(nameOf(token)) > NAME_BYTES_MAX) {
    return {
      construct: `${token.spelled.slice(0, 20)}…`,
      why: 'is a longer name than the server keeps; write 63 bytes',
    };
  }
  const type = nameOf(token).toUpperCase();
  if (CATALOGUE_TYPE.test(type)) return { construct: token.spelled, why: "depends on the database's catalogue" };
  if (type === 'TIMETZ' || isTimeWithZone(tokens, i)) {
    return { construct: 'time with time zone', why: 'may take its offset from the clock' };
  }
  return isTimeAtZone(tokens, i) ? { construct: 'time AT TIME ZONE', why: 'takes the offset of today' } : null;
}

function obstacleOfString(token: ReadToken): Obstacle | null {
  const found = MEANS_CLOCK.exec(contentsOf(token.text));
  if (found === null) return null;
  return { construct: `'${found[0].toLowerCase()}'`, why: 'means the clock where a date is wanted' };
}

/** `time with time zone`, `time(3) with time zone`. */
function isTimeWithZone(tokens: readonly ReadToken[], i: number): boolean {
  if (!isWord(tokens, i, 'TIME')) return false;
  const after = isOperator(tokens[i + 1], '(') ? i + 4 : i + 1;
  return isPhrase(tokens, after, ['WITH', 'TIME', 'ZONE']);
}

/** `x::time AT TIME ZONE`, `TIME '…' AT TIME ZONE`, `CAST(x AS time) AT TIME ZONE`. Of a column nobody can tell here. */
function isTimeAtZone(tokens: readonly ReadToken[], i: number): boolean {
  if (!isWord(tokens, i, 'TIME')) return false;
  let after = isOperator(tokens[i + 1], '(') ? i + 4 : i + 1;
  if (isPhrase(tokens, after, ['WITHOUT', 'TIME', 'ZONE'])) after += 3;
  if (tokens[after]?.kind === 'string') after += 1;
  while (isOperator(tokens[after], ')')) after += 1;
  return isPhrase(tokens, after, ['AT', 'TIME', 'ZONE']);
}
