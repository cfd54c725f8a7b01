/** Whole statements: queries, DML, transaction and session control; DDL next door. */
import type { Expr, Name, Statement } from './ast.ts';
import { parseDdl } from './parse-ddl.ts';
import type { Parsers } from './parsers.ts';
import { parseExpression } from './parse-expression.ts';
import { parseQuery, parsersOf } from './parse-query.ts';
import { TokenReader } from './token-reader.ts';

export interface Parsed {
  readonly statement: Statement;
  readonly placeholders: readonly string[];
}

/** @throws OraError 00900 for what is no statement of the grammar, with the words that do not fit */
export function parseStatement(sql: string): Parsed {
  const reader = new TokenReader(sql);
  const statement = read(parsersOf(reader));
  reader.end();
  return { statement, placeholders: reader.placeholders };
}

function read(parsers: Parsers): Statement {
  const { reader } = parsers;
  const { at } = reader;
  if (reader.isWord('SELECT') || reader.isWord('WITH') || reader.isOperator('('))
    return { kind: 'query', query: parseQuery(parsers), at };
  if (reader.accept('INSERT')) return insert(parsers, at);
  if (reader.accept('UPDATE')) return update(parsers, at);
  if (reader.accept('DELETE')) return remove(parsers, at);
  if (reader.accept('COMMIT')) {
    reader.accept('WORK');
    return { kind: 'commit', at };
  }
  if (reader.accept('ROLLBACK')) {
    reader.accept('WORK');
    return { kind: 'rollback', at };
  }
  if (reader.accept('SET', 'TRANSACTION')) return setTransaction(parsers, at);
  if (reader.isWords('ALTER', 'SESSION')) return alterSession(parsers, at);
  return parseDdl(parsers) ?? unknown(parsers);
}

function unknown(parsers: Parsers): never {
  throw parsers.reader.unexpected('invalid SQL statement: outside the grammar of this engine');
}

/** A table as the target of DML, with its alias. */
function target(parsers: Parsers): { readonly table: readonly Name[]; readonly alias: string | null } {
  const { reader } = parsers;
  const table = reader.path();
  return { table, alias: reader.isName() ? reader.name().text : null };
}

/** DEFAULT, or an expression. */
function valueOrDefault(parsers: Parsers): Expr | null {
  return parsers.reader.accept('DEFAULT') ? null : parseExpression(parsers);
}

function insert(parsers: Parsers, at: number): Statement {
  const { reader } = parsers;
  if (reader.isWord('ALL') || reader.isWord('FIRST')) unknown(parsers);
  reader.expect('INTO');
  const { table } = target(parsers);
  let columns: readonly Name[] | null = null;
  if (reader.isOperator('(') && !reader.isWord('SELECT', 1) && !reader.isWord('WITH', 1)) {
    reader.take();
    columns = reader.list(() => reader.path().at(-1) as Name);
    reader.expectOperator(')');
  }
  if (!reader.accept('VALUES')) return { kind: 'insert', table, columns, values: null, query: parseQuery(parsers), at };
  reader.expectOperator('(');
  const values = reader.list(() => valueOrDefault(parsers));
  reader.expectOperator(')');
  return { kind: 'insert', table, columns, values, query: null, at };
}

function update(parsers: Parsers, at: number): Statement {
  const { reader } = parsers;
  const { table, alias } = target(parsers);
  reader.expect('SET');
  const set = reader.list(() => {
    const column = reader.path();
    reader.expectOperator('=');
    return { column, value: valueOrDefault(parsers) };
  });
  return { kind: 'update', table, alias, set, where: reader.accept('WHERE') ? parseExpression(parsers) : null, at };
}

function remove(parsers: Parsers, at: number): Statement {
  const { reader } = parsers;
  reader.accept('FROM');
  const { table, alias } = target(parsers);
  return { kind: 'delete', table, alias, where: reader.accept('WHERE') ? parseExpression(parsers) : null, at };
}

function setTransaction(parsers: Parsers, at: number): Statement {
  const { reader } = parsers;
  let readOnly = false;
  if (reader.accept('READ', 'ONLY')) readOnly = true;
  else if (!reader.accept('READ', 'WRITE') && !reader.accept('ISOLATION', 'LEVEL', 'READ', 'COMMITTED'))
    unknown(parsers);
  if (reader.accept('NAME')) reader.string();
  return { kind: 'setTransaction', readOnly, at };
}

function alterSession(parsers: Parsers, at: number): Statement {
  const { reader } = parsers;
  reader.expect('ALTER', 'SESSION', 'SET');
  const settings: { name: string; value: string }[] = [];
  while (reader.isName()) {
    const name = reader.name().text;
    reader.expectOperator('=');
    const sign = reader.acceptOperator('-') ? '-' : '';
    settings.push({ name, value: sign + reader.take().text });
  }
  return { kind: 'alterSession', settings, at };
}
