/** Expressions and conditions of Oracle SQL, by precedence: OR, AND, NOT, conditions, `||` with + and -, * and /, unary. */
import type { Expr } from './ast.ts';
import { parsePrimary } from './parse-primary.ts';
import type { Parsers } from './parsers.ts';
import type { TokenReader } from './token-reader.ts';

const COMPARISONS: Readonly<Record<string, string>> = {
  '=': '=',
  '<>': '<>',
  '!=': '<>',
  '^=': '<>',
  '<': '<',
  '>': '>',
  '<=': '<=',
  '>=': '>=',
};

export function parseExpression(parsers: Parsers): Expr {
  return leftAssociative(parsers, parseAnd, (reader) => (reader.accept('OR') ? 'OR' : null));
}

function parseAnd(parsers: Parsers): Expr {
  return leftAssociative(parsers, parseNot, (reader) => (reader.accept('AND') ? 'AND' : null));
}

function parseNot(parsers: Parsers): Expr {
  const { reader } = parsers;
  const { at } = reader;
  if (reader.accept('NOT')) return { kind: 'unary', operator: 'NOT', value: parseNot(parsers), at };
  return parseCondition(parsers);
}

function parseCondition(parsers: Parsers): Expr {
  const { reader } = parsers;
  const { at } = reader;
  if (reader.accept('EXISTS')) {
    reader.expectOperator('(');
    const query = parsers.query();
    reader.expectOperator(')');
    return { kind: 'exists', query, at };
  }
  const row = rowOf(parsers);
  if (row !== null) return inList(parsers, row, reader.accept('NOT'), at);
  let value = parseSum(parsers);
  for (;;) {
    const next = conditionOn(parsers, value, at);
    if (next === null) return value;
    value = next;
  }
}

function conditionOn(parsers: Parsers, value: Expr, at: number): Expr | null {
  const { reader } = parsers;
  const { token } = reader;
  const comparison = token.kind === 'operator' ? COMPARISONS[token.text] : undefined;
  if (comparison !== undefined) {
    reader.take();
    return { kind: 'binary', operator: comparison, left: value, right: parseSum(parsers), at };
  }
  if (reader.accept('IS')) {
    const not = reader.accept('NOT');
    if (reader.accept('JSON')) return { kind: 'isJson', value, not, at };
    if (reader.accept('TRUE')) return truth(value, true, not, at);
    if (reader.accept('FALSE')) return truth(value, false, not, at);
    reader.expect('NULL');
    return { kind: 'isNull', value, not, at };
  }
  const negated = reader.isWord('NOT') && ['LIKE', 'BETWEEN', 'IN'].some((word) => reader.isWord(word, 1));
  if (negated) reader.take();
  if (reader.accept('LIKE')) {
    const pattern = parseSum(parsers);
    return {
      kind: 'like',
      value,
      pattern,
      escape: reader.accept('ESCAPE') ? parseSum(parsers) : null,
      not: negated,
      at,
    };
  }
  if (reader.accept('BETWEEN')) {
    const low = parseSum(parsers);
    reader.expect('AND');
    return { kind: 'between', value, low, high: parseSum(parsers), not: negated, at };
  }
  return reader.isWord('IN') ? inList(parsers, [value], negated, at) : null;
}

function truth(value: Expr, wanted: boolean, not: boolean, at: number): Expr {
  const same: Expr = { kind: 'binary', operator: '=', left: value, right: { kind: 'boolean', value: wanted, at }, at };
  return not ? { kind: 'unary', operator: 'NOT', value: same, at } : same;
}

/** `(a, b) IN …`: the row before IN, or null where the parenthesis opens something else. */
function rowOf(parsers: Parsers): readonly Expr[] | null {
  const { reader } = parsers;
  if (!reader.isOperator('(') || reader.isWord('SELECT', 1) || reader.isWord('WITH', 1)) return null;
  let depth = 0;
  let commas = 0;
  for (let ahead = 0; ; ahead += 1) {
    const { kind, text } = reader.peek(ahead);
    if (kind === 'end') return null;
    if (kind !== 'operator') continue;
    if (text === '(') depth += 1;
    else if (text === ',' && depth === 1) commas += 1;
    else if (text === ')' && (depth -= 1) === 0) {
      const isIn =
        reader.isWord('IN', ahead + 1) || (reader.isWord('NOT', ahead + 1) && reader.isWord('IN', ahead + 2));
      if (commas === 0 || !isIn) return null;
      break;
    }
  }
  reader.take();
  const row = reader.list(() => parseExpression(parsers));
  reader.expectOperator(')');
  return row;
}

function inList(parsers: Parsers, value: readonly Expr[], not: boolean, at: number): Expr {
  const { reader } = parsers;
  reader.expect('IN');
  reader.expectOperator('(');
  if (reader.isWord('SELECT') || reader.isWord('WITH')) {
    const query = parsers.query();
    reader.expectOperator(')');
    return { kind: 'in', value, list: [], query, not, at };
  }
  const list = reader.list((): readonly Expr[] => {
    if (value.length === 1) return [parseExpression(parsers)];
    reader.expectOperator('(');
    const row = reader.list(() => parseExpression(parsers));
    reader.expectOperator(')');
    return row;
  });
  reader.expectOperator(')');
  return { kind: 'in', value, list, query: null, not, at };
}

export function parseSum(parsers: Parsers): Expr {
  return leftAssociative(parsers, parseProduct, ({ token, take }) =>
    token.kind === 'operator' && ['+', '-', '||'].includes(token.text) ? take().text : null,
  );
}

function parseProduct(parsers: Parsers): Expr {
  return leftAssociative(parsers, parseUnary, ({ token, take }) =>
    token.kind === 'operator' && ['*', '/'].includes(token.text) ? take().text : null,
  );
}

function parseUnary(parsers: Parsers): Expr {
  const { reader } = parsers;
  const { at } = reader;
  if (reader.acceptOperator('-')) return { kind: 'unary', operator: '-', value: parseUnary(parsers), at };
  if (reader.acceptOperator('+')) return { kind: 'unary', operator: '+', value: parseUnary(parsers), at };
  let value = parsePrimary(parsers);
  while (reader.isWords('AT', 'TIME', 'ZONE') || reader.isWords('AT', 'LOCAL')) {
    reader.take();
    const zone = reader.accept('LOCAL') ? null : (reader.accept('TIME', 'ZONE'), parsePrimary(parsers));
    value = { kind: 'atTimeZone', value, zone, at };
  }
  return value;
}

function leftAssociative(
  parsers: Parsers,
  operand: (parsers: Parsers) => Expr,
  operator: (reader: {
    readonly token: TokenReader['token'];
    take(): TokenReader['token'];
    accept(word: string): boolean;
  }) => string | null,
): Expr {
  const { reader } = parsers;
  let left = operand(parsers);
  for (;;) {
    const found = operator({ token: reader.token, take: () => reader.take(), accept: (word) => reader.accept(word) });
    if (found === null) return left;
    left = { kind: 'binary', operator: found, left, right: operand(parsers), at: left.at };
  }
}
