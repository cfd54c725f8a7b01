/** What parsers hand to each other: the tokens, and how queries and expressions are read, so that none imports a cycle. */
import type { Expr, OrderItem, Query, Window } from './ast.ts';
import type { TokenReader } from './token-reader.ts';

export interface Parsers {
  readonly reader: TokenReader;
  readonly query: () => Query;
  readonly expression: () => Expr;
}

export function parseOrderItems(parsers: Parsers): readonly OrderItem[] {
  const { reader } = parsers;
  return reader.list((): OrderItem => {
    const value = parsers.expression();
    const descending = reader.accept('DESC') || (reader.accept('ASC'), false);
    const nulls = reader.accept('NULLS', 'FIRST') ? 'FIRST' : reader.accept('NULLS', 'LAST') ? 'LAST' : null;
    return { value, descending, nulls };
  });
}

/** After OVER. */
export function parseWindow(parsers: Parsers): Window {
  const { reader } = parsers;
  reader.expectOperator('(');
  const partitionBy = reader.accept('PARTITION', 'BY') ? reader.list(() => parsers.expression()) : [];
  const orderBy = reader.accept('ORDER', 'BY') ? parseOrderItems(parsers) : [];
  const words: string[] = [];
  while (!reader.isOperator(')')) {
    const { text, kind } = reader.take();
    if (!/^(ROWS|RANGE|BETWEEN|UNBOUNDED|PRECEDING|FOLLOWING|CURRENT|ROW|AND|\d+)$/.test(text) || kind === 'string')
      throw reader.unexpected('invalid window');
    words.push(text);
  }
  reader.expectOperator(')');
  return { partitionBy, orderBy, frame: words.length === 0 ? null : words.join(' ') };
}
