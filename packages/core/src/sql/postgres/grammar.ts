/** What the queries of Postgres mean, beside their tokens. Source: manual, SELECT and chapter 4. */
import type { Grammar } from '../grammar.ts';
import { isWord } from '../tokens.ts';
import { acts, judgeOf, obstacleAt } from './calls.ts';
import { nameOf } from './names.ts';
import { POSTGRES_TABLES } from './tables.ts';
import { READ_BESIDES_TABLES, RESERVED, RESERVED_BUT_FOR_FUNCTIONS, SYSTEM_COLUMNS } from './words.ts';

const LOCKS = 'locks rows; a cached query only reads, remove the clause';
const ENDS_FROM = 'WHERE GROUP HAVING WINDOW UNION INTERSECT EXCEPT ORDER LIMIT OFFSET FETCH FOR'.split(' ');

export const POSTGRES_GRAMMAR: Grammar = {
  nameOf,
  gate: {
    opens: new Set(['SELECT', 'WITH', 'VALUES', 'TABLE']),
    accepts: 'a single SELECT, WITH, VALUES or TABLE statement',
    refused: [
      { words: ['FOR', 'UPDATE'], what: `FOR UPDATE ${LOCKS}` },
      { words: ['FOR', 'NO', 'KEY', 'UPDATE'], what: `FOR NO KEY UPDATE ${LOCKS}` },
      { words: ['FOR', 'SHARE'], what: `FOR SHARE ${LOCKS}` },
      { words: ['FOR', 'KEY', 'SHARE'], what: `FOR KEY SHARE ${LOCKS}` },
      { words: ['INTO'], what: 'INTO makes a table; a cached query only reads, remove the clause' },
    ],
    writesAfterClosing: ['INSERT', 'UPDATE', 'DELETE', 'MERGE'],
    writesAfterOpening: ['INSERT', 'UPDATE', 'DELETE', 'MERGE'],
    declaresCode: false,
    selectsNothing: 'allowed',
    refuses: (tokens, i) => {
      const before = tokens[i - 1]?.kind;
      if (isWord(tokens, i, 'UESCAPE') && (before === 'quoted' || before === 'string')) {
        return 'UESCAPE is not supported; write the letters themselves';
      }
      return acts(tokens, i)
        ? 'this function does more than read: it locks, ends or writes something; remove the call'
        : null;
    },
  },
  query: {
    endsFrom: new Map(ENDS_FROM.map((word) => [word, null])),
    setOperators: new Set(['UNION', 'INTERSECT', 'EXCEPT']),
    joins: new Set(['JOIN']),
    reserved: new Set([...RESERVED, ...RESERVED_BUT_FOR_FUNCTIONS]),
    recursion: 'all',
    rowPatterns: false,
  },
  table: POSTGRES_TABLES,
  expression: {
    alone: READ_BESIDES_TABLES,
    qualified: new Map(),
    systemColumns: SYSTEM_COLUMNS,
    callsWithoutParentheses: false,
    judge: judgeOf,
    obstacleAt,
  },
};
