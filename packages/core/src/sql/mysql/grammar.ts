/** What the queries of MySQL and MariaDB mean, beside their tokens. Source: manuals, SELECT, JOIN, WITH. */
import type { Grammar } from '../grammar.ts';
import { isName, isOperator, isWordToken, type ReadToken } from '../tokens.ts';
import { judgeOf, obstacleAt } from './calls.ts';
import { MYSQL_TABLES } from './tables.ts';
import { READ_BESIDES_TABLES, RESERVED } from './words.ts';

const LOCKS = 'locks rows; a cached query only reads, remove the clause';
const ENDS_FROM = 'WHERE GROUP HAVING WINDOW UNION INTERSECT EXCEPT ORDER LIMIT FETCH LOCK PROCEDURE INTO'.split(' ');

export const MYSQL_GRAMMAR: Grammar = {
  nameOf: ({ kind, spelled }) => (kind === 'quoted' ? spelled.slice(1, -1).replaceAll('``', '`') : spelled),
  gate: {
    opens: new Set(['SELECT', 'WITH', 'VALUES', 'TABLE']),
    accepts: 'a single SELECT, WITH, VALUES or TABLE statement',
    refused: [
      { words: ['FOR', 'UPDATE'], what: `FOR UPDATE ${LOCKS}` },
      { words: ['FOR', 'SHARE'], what: `FOR SHARE ${LOCKS}` },
      { words: ['LOCK', 'IN', 'SHARE', 'MODE'], what: `LOCK IN SHARE MODE ${LOCKS}` },
      { words: ['INTO'], what: 'INTO writes a file or a variable; a cached query only reads, remove the clause' },
      { words: ['PROCEDURE'], what: 'PROCEDURE hands the rows to code of the server; remove the clause' },
    ],
    writesAfterClosing: ['INSERT', 'UPDATE', 'DELETE', 'REPLACE'],
    writesAfterOpening: ['UPDATE', 'DELETE'],
    declaresCode: false,
    selectsNothing: 'refused',
    refuses: (tokens, i) => {
      if (isOperator(tokens[i], '.') && !isQualifier(tokens, i - 1)) return 'a dot that stands behind no name';
      // A lock of the session: no end of a transaction gives it back.
      return isWordToken(tokens[i], 'GET_LOCK') && isOperator(tokens[i + 1], '(')
        ? 'GET_LOCK locks; a cached query only reads, remove the call'
        : null;
    },
  },
  query: {
    endsFrom: new Map(ENDS_FROM.map((word) => [word, null])),
    setOperators: new Set(['UNION', 'INTERSECT', 'EXCEPT', 'MINUS']),
    joins: new Set(['JOIN', 'STRAIGHT_JOIN']),
    reserved: RESERVED,
    recursion: 'earlier',
    rowPatterns: false,
  },
  table: MYSQL_TABLES,
  expression: {
    alone: READ_BESIDES_TABLES,
    qualified: new Map(),
    systemColumns: new Map(),
    callsWithoutParentheses: false,
    judge: judgeOf,
    obstacleAt,
  },
};

/** MariaDB reads `.t` as a name of its own, so that FROM .t must not be taken for a name of two parts. */
function isQualifier(tokens: readonly ReadToken[], i: number): boolean {
  const name = tokens[i];
  if (!isName(name)) return false;
  return name.kind === 'quoted' || !RESERVED.has(name.text) || isOperator(tokens[i - 1], '.');
}
