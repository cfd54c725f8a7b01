/** What Oracle's queries mean, beside their tokens. Source: SQL Language Reference, SELECT. */
import { foldUpper } from '../fold.ts';
import type { Grammar } from '../grammar.ts';
import { judgeOf } from './calls.ts';
import { ORACLE_TABLES } from './tables.ts';
import { READ_BEHIND_QUALIFIERS, READ_BESIDES_TABLES } from './words.ts';

export const ORACLE_GRAMMAR: Grammar = {
  nameOf: ({ kind, text }) => (kind === 'quoted' ? text.slice(1, -1) : foldUpper(text)),
  gate: {
    opens: new Set(['SELECT', 'WITH']),
    accepts: 'a single SELECT or WITH statement',
    refused: [
      { words: ['FOR', 'UPDATE'], what: 'FOR UPDATE locks rows; a cached query only reads, remove the clause' },
      { words: ['INTO'], what: 'INTO belongs to PL/SQL; remove the clause' },
    ],
    // JSON_TRANSFORM has an INSERT of its own, and MODEL an UPDATE: neither stands after a parenthesis.
    writesAfterClosing: ['INSERT', 'UPDATE', 'DELETE'],
    writesAfterOpening: [],
    declaresCode: true,
    selectsNothing: 'refused',
    refuses: null,
  },
  query: {
    // With the words that must follow where they stand elsewhere too, as in WITHIN GROUP or MODEL's ORDER.
    endsFrom: new Map<string, readonly string[] | null>([
      ...['WHERE', 'HAVING', 'UNION', 'INTERSECT', 'MINUS'].map((word): [string, null] => [word, null]),
      ['GROUP', ['BY']],
      ['CONNECT', ['BY']],
      ['ORDER', ['BY', 'SIBLINGS']],
      ['START', ['WITH']],
    ]),
    setOperators: new Set(['UNION', 'INTERSECT', 'MINUS', 'EXCEPT']),
    joins: new Set(['JOIN']),
    reserved: null,
    recursion: 'columns',
    rowPatterns: true,
  },
  table: ORACLE_TABLES,
  expression: {
    alone: READ_BESIDES_TABLES,
    qualified: READ_BEHIND_QUALIFIERS,
    systemColumns: new Map(),
    callsWithoutParentheses: true,
    judge: judgeOf,
    obstacleAt: null,
  },
};
