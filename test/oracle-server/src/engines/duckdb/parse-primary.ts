/** The smallest expressions: literals, names, calls, CASE, CAST, EXTRACT, parentheses and scalar subqueries. */
import { OraError } from '../../engine.ts';
import type { Expr, Name, OrderItem, Window } from './ast.ts';
import { parseType } from './parse-type.ts';
import type { Parsers } from './parsers.ts';
import { parseOrderItems, parseWindow } from './parsers.ts';

export function parsePrimary(parsers: Parsers): Expr {
  const { reader } = parsers;
  const { token, at } = reader;
  switch (token.kind) {
    case 'string':
      reader.take();
      return token.text === '' ? { kind: 'null', at } : { kind: 'string', value: token.text, at };
    case 'number': {
      reader.take();
      const binary = token.text.endsWith('D') ? 'D' : token.text.endsWith('F') ? 'F' : null;
      return { kind: 'number', text: binary === null ? token.text : token.text.slice(0, -1), binary, at };
    }
    case 'bind':
      reader.take();
      reader.placeholders.push(token.text);
      return { kind: 'bind', index: reader.placeholders.length - 1, at };
    case 'operator':
      if (token.text !== '(') break;
      return parenthesis(parsers, at);
    case 'word': {
      const special = specialWord(parsers, token.text, at);
      if (special !== null) return special;
      return nameOrCall(parsers, at);
    }
    case 'quoted':
      return nameOrCall(parsers, at);
    case 'end':
  }
  throw reader.unexpected('missing expression', 936);
}

function parenthesis(parsers: Parsers, at: number): Expr {
  const { reader } = parsers;
  reader.take();
  if (reader.isWord('SELECT') || reader.isWord('WITH')) {
    const query = parsers.query();
    reader.expectOperator(')');
    return { kind: 'subquery', query, at };
  }
  const value = parsers.expression();
  reader.expectOperator(')');
  return value;
}

function specialWord(parsers: Parsers, word: string, at: number): Expr | null {
  const { reader } = parsers;
  switch (word) {
    case 'NULL':
      reader.take();
      return { kind: 'null', at };
    case 'TRUE':
    case 'FALSE':
      reader.take();
      return { kind: 'boolean', value: word === 'TRUE', at };
    case 'DATE':
    case 'TIMESTAMP':
      if (reader.peek(1).kind !== 'string') return null;
      reader.take();
      return { kind: 'typed', type: word, text: reader.string(), at };
    case 'INTERVAL':
      return reader.peek(1).kind === 'string' ? interval(parsers, at) : null;
    case 'CASE':
      return caseOf(parsers, at);
    case 'CAST': {
      reader.take();
      reader.expectOperator('(');
      const value = parsers.expression();
      reader.expect('AS');
      const type = parseType(reader);
      reader.expectOperator(')');
      return { kind: 'cast', value, type, at };
    }
    case 'EXTRACT': {
      if (!reader.isOperator('(', 1)) return null;
      reader.take();
      reader.take();
      const field = reader.take().text;
      reader.expect('FROM');
      const from = parsers.expression();
      reader.expectOperator(')');
      return { kind: 'extract', field, from, at };
    }
    case 'TRIM':
      return reader.isOperator('(', 1) ? trim(parsers, at) : null;
    case 'PRIOR':
      throw new OraError(900, 'PRIOR is outside the grammar of this engine', { offset: at });
    default:
      return null;
  }
}

function trim(parsers: Parsers, at: number): Expr {
  const { reader } = parsers;
  reader.take();
  reader.take();
  const side = reader.accept('LEADING')
    ? 'LEADING'
    : reader.accept('TRAILING')
      ? 'TRAILING'
      : (reader.accept('BOTH'), 'BOTH');
  let what: Expr | null = null;
  let from: Expr | null = null;
  if (!reader.accept('FROM')) what = parsers.expression();
  else from = parsers.expression();
  if (from === null && reader.accept('FROM')) from = parsers.expression();
  reader.expectOperator(')');
  if (from === null) return { kind: 'trim', side, what: null, from: what as Expr, at };
  return { kind: 'trim', side, what, from, at };
}

function interval(parsers: Parsers, at: number): Expr {
  const { reader } = parsers;
  reader.take();
  const text = reader.string();
  const unit = (): string => {
    const { text: word } = reader.take();
    if (!['YEAR', 'MONTH', 'DAY', 'HOUR', 'MINUTE', 'SECOND'].includes(word))
      throw reader.unexpected('invalid interval');
    if (reader.acceptOperator('(')) reader.skipParentheses();
    return word;
  };
  const from = unit();
  return { kind: 'interval', text, from, to: reader.accept('TO') ? unit() : null, at };
}

function caseOf(parsers: Parsers, at: number): Expr {
  const { reader } = parsers;
  reader.take();
  const value = reader.isWord('WHEN') ? null : parsers.expression();
  const branches: { when: Expr; result: Expr }[] = [];
  while (reader.accept('WHEN')) {
    const when = parsers.expression();
    reader.expect('THEN');
    branches.push({ when, result: parsers.expression() });
  }
  const otherwise = reader.accept('ELSE') ? parsers.expression() : null;
  reader.expect('END');
  return { kind: 'case', value, branches, otherwise, at };
}

function nameOrCall(parsers: Parsers, at: number): Expr {
  const { reader } = parsers;
  const path: Name[] = [reader.name()];
  while (reader.isOperator('.') && !reader.isOperator('*', 1)) {
    reader.take();
    path.push(reader.name());
  }
  if (reader.isOperator('@'))
    throw new OraError(2019, 'connection description for remote database not found', { offset: at });
  if (reader.isOperator('(') && reader.isOperator('+', 1) && reader.isOperator(')', 2)) {
    for (let skipped = 0; skipped < 3; skipped += 1) reader.take();
    return { kind: 'column', path, outer: true, at };
  }
  if (!reader.acceptOperator('(')) return { kind: 'column', path, outer: false, at };
  return call(parsers, path, at);
}

function call(parsers: Parsers, path: readonly Name[], at: number): Expr {
  const { reader } = parsers;
  const distinct = reader.accept('DISTINCT') || (reader.accept('ALL'), false);
  const star = reader.acceptOperator('*');
  const args: Expr[] = [];
  if (!star && !reader.isOperator(')')) {
    args.push(...reader.list(() => parsers.expression()));
    jsonTail(parsers, path, args);
  }
  reader.expectOperator(')');
  let within: readonly OrderItem[] | null = null;
  if (reader.accept('WITHIN', 'GROUP')) {
    reader.expectOperator('(');
    reader.expect('ORDER', 'BY');
    within = parseOrderItems(parsers);
    reader.expectOperator(')');
  }
  const over: Window | null = reader.accept('OVER') ? parseWindow(parsers) : null;
  return { kind: 'call', path, args, star, distinct, within, over, at };
}

/** `RETURNING type` and the like after the arguments of JSON functions: told by one more argument, a cast of NULL. */
function jsonTail(parsers: Parsers, path: readonly Name[], args: Expr[]): void {
  const { reader } = parsers;
  const { at } = reader;
  if (!path[0]?.text.startsWith('JSON_')) return;
  if (reader.accept('RETURNING')) args.push({ kind: 'cast', value: { kind: 'null', at }, type: parseType(reader), at });
}
