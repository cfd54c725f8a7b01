/** SELECT and WITH, their FROM items, set operations, ORDER BY, OFFSET/FETCH and FOR UPDATE. */
import { OraError } from '../../engine.ts';
import type { CommonTable, Expr, FromItem, Query, QueryBody, Select, SelectItem } from './ast.ts';
import type { Parsers } from './parsers.ts';
import { parseExpression, parseSum } from './parse-expression.ts';
import { parseOrderItems } from './parsers.ts';
import type { TokenReader } from './token-reader.ts';

export function parsersOf(reader: TokenReader): Parsers {
  const parsers: Parsers = { reader, query: () => parseQuery(parsers), expression: () => parseExpression(parsers) };
  return parsers;
}

export function parseQuery(parsers: Parsers): Query {
  const { reader } = parsers;
  const { at } = reader;
  const ctes = reader.accept('WITH') ? reader.list(() => commonTable(parsers)) : [];
  const body = queryBody(parsers);
  if (reader.accept('ORDER', 'SIBLINGS'))
    throw reader.unexpected('ORDER SIBLINGS is outside the grammar of this engine');
  const orderBy = reader.accept('ORDER', 'BY') ? parseOrderItems(parsers) : [];
  let offset: Expr | null = null;
  if (reader.accept('OFFSET')) {
    offset = parseSum(parsers);
    if (!reader.accept('ROWS')) reader.expect('ROW');
  }
  const fetch = reader.accept('FETCH') ? fetchClause(parsers) : null;
  return { at, with: ctes, body, orderBy, offset, fetch, forUpdate: forUpdate(parsers) };
}

function commonTable(parsers: Parsers): CommonTable {
  const { reader } = parsers;
  if (reader.isWord('FUNCTION') || reader.isWord('PROCEDURE'))
    throw reader.unexpected('PL/SQL in WITH is outside the grammar of this engine');
  const name = reader.name();
  let columns: CommonTable['columns'] = null;
  if (reader.acceptOperator('(')) {
    columns = reader.list(() => reader.name());
    reader.expectOperator(')');
  }
  reader.expect('AS');
  reader.expectOperator('(');
  const query = parseQuery(parsers);
  reader.expectOperator(')');
  return { name, columns, query };
}

function fetchClause(parsers: Parsers): NonNullable<Query['fetch']> {
  const { reader } = parsers;
  if (!reader.accept('FIRST')) reader.expect('NEXT');
  const { at } = reader;
  const rows: Expr =
    reader.isWord('ROW') || reader.isWord('ROWS') ? { kind: 'number', text: '1', binary: null, at } : parseSum(parsers);
  const percent = reader.accept('PERCENT');
  if (!reader.accept('ROWS')) reader.expect('ROW');
  if (reader.accept('WITH', 'TIES')) return { rows, percent, ties: true };
  reader.expect('ONLY');
  return { rows, percent, ties: false };
}

function forUpdate(parsers: Parsers): boolean {
  const { reader } = parsers;
  if (!reader.accept('FOR', 'UPDATE')) return false;
  if (reader.accept('OF')) reader.list(() => reader.path());
  if (reader.accept('WAIT')) reader.integer();
  else if (!reader.accept('NOWAIT')) reader.accept('SKIP', 'LOCKED');
  return true;
}

function queryBody(parsers: Parsers): QueryBody {
  const { reader } = parsers;
  let left = queryOperand(parsers);
  for (;;) {
    const operator = reader.accept('UNION', 'ALL')
      ? 'UNION ALL'
      : reader.accept('UNION')
        ? 'UNION'
        : reader.accept('INTERSECT')
          ? 'INTERSECT'
          : reader.accept('MINUS') || reader.accept('EXCEPT')
            ? 'MINUS'
            : null;
    if (operator === null) return left;
    left = { kind: 'set', operator, left, right: queryOperand(parsers) };
  }
}

function queryOperand(parsers: Parsers): QueryBody {
  const { reader } = parsers;
  if (reader.acceptOperator('(')) {
    const query = parseQuery(parsers);
    reader.expectOperator(')');
    return query;
  }
  return select(parsers);
}

function select(parsers: Parsers): Select {
  const { reader } = parsers;
  reader.expect('SELECT');
  const distinct = reader.accept('DISTINCT') || reader.accept('UNIQUE') || (reader.accept('ALL'), false);
  const items = reader.list(() => selectItem(parsers));
  // Since 23ai FROM DUAL may be left out; this engine keeps to the older rule, that everything still accepts.
  reader.expect('FROM');
  const from = reader.list(() => fromItem(parsers));
  const where = reader.accept('WHERE') ? parseExpression(parsers) : null;
  const levels = reader.accept('CONNECT', 'BY') ? levelBound(parsers) : null;
  if (reader.isWords('START', 'WITH')) throw reader.unexpected('START WITH is outside the grammar of this engine');
  const groupBy = reader.accept('GROUP', 'BY') ? groupItems(parsers) : [];
  const having = reader.accept('HAVING') ? parseExpression(parsers) : null;
  return { kind: 'select', distinct, items, from, where, levels, groupBy, having };
}

function groupItems(parsers: Parsers): readonly Expr[] {
  const { reader } = parsers;
  for (const word of ['ROLLUP', 'CUBE', 'GROUPING'])
    if (reader.isWord(word)) throw reader.unexpected(`${word} is outside the grammar of this engine`);
  return reader.list(() => parseExpression(parsers));
}

/** Of hierarchical queries only the row generator is known. */
function levelBound(parsers: Parsers): NonNullable<Select['levels']> {
  const { reader } = parsers;
  const inclusive = (): boolean => {
    if (reader.acceptOperator('<=')) return true;
    reader.expectOperator('<');
    return false;
  };
  if (reader.accept('LEVEL')) return { inclusive: inclusive(), bound: parseSum(parsers) };
  throw reader.unexpected('only CONNECT BY LEVEL <= n is in the grammar of this engine');
}

function selectItem(parsers: Parsers): SelectItem {
  const { reader } = parsers;
  const { at } = reader;
  if (reader.acceptOperator('*')) return { kind: 'star', path: [], at };
  for (let ahead = 0; reader.peek(ahead).kind === 'word' || reader.peek(ahead).kind === 'quoted'; ahead += 2) {
    if (!reader.isOperator('.', ahead + 1)) break;
    if (!reader.isOperator('*', ahead + 2)) continue;
    const path = [reader.name()];
    while (reader.acceptOperator('.') && !reader.isOperator('*')) path.push(reader.name());
    reader.expectOperator('*');
    return { kind: 'star', path, at };
  }
  const value = parseExpression(parsers);
  const text = reader.sql.slice(at, reader.behind);
  const alias = reader.accept('AS') || reader.isName() ? reader.name().text : null;
  return { kind: 'value', value, alias, text };
}

function fromItem(parsers: Parsers): FromItem {
  const { reader } = parsers;
  let left = fromPrimary(parsers);
  for (;;) {
    const natural = reader.accept('NATURAL');
    const how = joinWord(reader);
    if (how === null) {
      if (natural) throw reader.unexpected('missing JOIN keyword', 905);
      return left;
    }
    const right = fromPrimary(parsers);
    let on: Expr | null = null;
    let using: Extract<FromItem, { kind: 'join' }>['using'] = null;
    if (how !== 'CROSS' && !natural) {
      if (reader.accept('USING')) {
        reader.expectOperator('(');
        using = reader.list(() => reader.name());
        reader.expectOperator(')');
      } else {
        reader.expect('ON');
        on = parseExpression(parsers);
      }
    }
    left = { kind: 'join', how, natural, left, right, on, using };
  }
}

function joinWord(reader: TokenReader): Extract<FromItem, { kind: 'join' }>['how'] | null {
  if (reader.accept('JOIN') || reader.accept('INNER', 'JOIN')) return 'INNER';
  if (reader.accept('CROSS', 'JOIN')) return 'CROSS';
  for (const side of ['LEFT', 'RIGHT', 'FULL'] as const) {
    if (reader.accept(side, 'JOIN') || reader.accept(side, 'OUTER', 'JOIN')) return side;
  }
  return null;
}

function fromPrimary(parsers: Parsers): FromItem {
  const { reader } = parsers;
  const { at } = reader;
  const lateral = reader.accept('LATERAL');
  if (reader.acceptOperator('(')) {
    if (!reader.isWord('SELECT') && !reader.isWord('WITH') && !reader.isOperator('(')) {
      const inner = fromItem(parsers);
      reader.expectOperator(')');
      return inner;
    }
    const query = parseQuery(parsers);
    reader.expectOperator(')');
    return { kind: 'derived', query, alias: tableAlias(reader), lateral, at };
  }
  const path = reader.path();
  if (reader.isOperator('@'))
    throw new OraError(2019, 'connection description for remote database not found', { offset: reader.at });
  if (reader.isOperator('(')) throw reader.unexpected('table functions are outside the grammar of this engine');
  let partition = null;
  if (reader.accept('PARTITION')) {
    reader.expectOperator('(');
    partition = reader.name();
    reader.expectOperator(')');
  }
  let asOf: Extract<FromItem, { kind: 'table' }>['asOf'] = null;
  if (reader.isWord('AS') && reader.isWord('OF', 1)) {
    reader.accept('AS', 'OF');
    const what = reader.accept('TIMESTAMP') ? 'TIMESTAMP' : (reader.expect('SCN'), 'SCN');
    asOf = { what, value: parseSum(parsers) };
  }
  if (reader.isWord('SAMPLE') || reader.isWord('PIVOT') || reader.isWord('UNPIVOT'))
    throw reader.unexpected('outside the grammar of this engine');
  return { kind: 'table', path, asOf, partition, alias: tableAlias(reader) };
}

function tableAlias(reader: TokenReader): string | null {
  // Oracle takes no AS before a table's alias.
  return reader.isName() && !reader.isWord('PARTITION') && !reader.isWord('CROSS') ? reader.name().text : null;
}
