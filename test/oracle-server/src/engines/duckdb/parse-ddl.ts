/** CREATE, DROP, TRUNCATE, ALTER TABLE; what changes nothing that this engine has (GRANT, COMMENT, indexes) is taken as it is. */
import type { ColumnDefinition, Expr, Name, PartitionDefinition, Partitioning, Query, Statement } from './ast.ts';
import type { Parsers } from './parsers.ts';
import { parseExpression, parseSum } from './parse-expression.ts';
import { parseQuery } from './parse-query.ts';
import { parseType } from './parse-type.ts';

/** Null where the statement is no DDL of the grammar. */
export function parseDdl(parsers: Parsers): Statement | null {
  const { reader } = parsers;
  const { at } = reader;
  if (reader.accept('CREATE')) return create(parsers, at);
  if (reader.accept('DROP')) return drop(parsers, at);
  if (reader.accept('TRUNCATE', 'TABLE')) {
    const table = reader.path();
    if (!reader.accept('DROP', 'STORAGE')) reader.accept('REUSE', 'STORAGE');
    return { kind: 'truncate', table, at };
  }
  if (reader.accept('ALTER', 'TABLE')) return alterTable(parsers, at);
  for (const word of ['GRANT', 'REVOKE', 'COMMENT', 'ANALYZE'])
    if (reader.accept(word)) return harmless(parsers, word, at);
  return null;
}

function harmless(parsers: Parsers, what: string, at: number): Statement {
  parsers.reader.skipToEnd();
  return { kind: 'harmless', what, at };
}

function create(parsers: Parsers, at: number): Statement | null {
  const { reader } = parsers;
  const replace = reader.accept('OR', 'REPLACE');
  const temporary = reader.accept('GLOBAL', 'TEMPORARY') || reader.accept('PRIVATE', 'TEMPORARY');
  if (reader.accept('TABLE')) return createTable(parsers, temporary, at);
  if (!reader.accept('NO', 'FORCE')) reader.accept('FORCE');
  if (reader.accept('VIEW')) return createView(parsers, replace, at);
  const isPublic = reader.accept('PUBLIC');
  if (reader.accept('SYNONYM')) {
    const synonym = reader.path();
    reader.expect('FOR');
    const target = reader.path();
    const link = reader.acceptOperator('@')
      ? reader
          .path()
          .map(({ text }) => text)
          .join('.')
      : null;
    return { kind: 'createSynonym', synonym, public: isPublic, target, replace, link, at };
  }
  for (const word of ['INDEX', 'USER', 'ROLE']) if (reader.isWord(word)) return harmless(parsers, word, at);
  if (reader.isWords('UNIQUE', 'INDEX')) return harmless(parsers, 'INDEX', at);
  return null;
}

function createTable(parsers: Parsers, temporary: boolean, at: number): Statement {
  const { reader } = parsers;
  const table = reader.path();
  const columns: ColumnDefinition[] = [];
  let names: readonly Name[] | null = null;
  if (reader.acceptOperator('(')) {
    // Before AS SELECT the parentheses hold names only.
    if (reader.isOperator(',', 1) || (reader.isOperator(')', 1) && reader.isName()))
      names = reader.list(() => reader.name());
    else for (const column of reader.list(() => tableElement(parsers))) if (column !== null) columns.push(column);
    reader.expectOperator(')');
  }
  let rowDependencies = false;
  let partitioning: Partitioning | null = null;
  let query: Query | null = null;
  for (;;) {
    if (reader.accept('ROWDEPENDENCIES')) rowDependencies = true;
    else if (reader.accept('NOROWDEPENDENCIES')) rowDependencies = false;
    else if (reader.accept('PARTITION', 'BY')) partitioning = partitionBy(parsers);
    else if (reader.accept('AS')) query = parseQuery(parsers);
    else if (reader.accept('TABLESPACE')) reader.name();
    else if (reader.accept('PCTFREE') || reader.accept('INITRANS')) reader.integer();
    else if (
      !['NOLOGGING', 'LOGGING', 'NOPARALLEL', 'NOCOMPRESS'].some((word) => reader.accept(word))
      && !reader.accept('ON', 'COMMIT', 'PRESERVE', 'ROWS')
      && !reader.accept('ON', 'COMMIT', 'DELETE', 'ROWS')
    )
      break;
  }
  return { kind: 'createTable', table, columns, names, query, rowDependencies, temporary, partitioning, at };
}

/** A column, or null for a constraint of the table, which is read and not enforced. */
function tableElement(parsers: Parsers): ColumnDefinition | null {
  const { reader } = parsers;
  if (reader.accept('CONSTRAINT')) reader.name();
  else if (!['PRIMARY', 'UNIQUE', 'CHECK', 'FOREIGN'].some((word) => reader.isWord(word)))
    return columnDefinition(parsers);
  constraint(parsers);
  return null;
}

function columnDefinition(parsers: Parsers): ColumnDefinition {
  const { reader } = parsers;
  const name = reader.name();
  const type = parseType(reader);
  let notNull = false;
  let initial: Expr | null = null;
  for (;;) {
    if (reader.accept('DEFAULT')) {
      reader.accept('ON', 'NULL');
      initial = parseSum(parsers);
    } else if (reader.accept('NOT', 'NULL')) notNull = true;
    else if (reader.accept('CONSTRAINT')) reader.name();
    else if (reader.isWords('PRIMARY', 'KEY')) {
      constraint(parsers);
      notNull = true;
    } else if (!reader.accept('NULL') && !constraint(parsers)) return { name, type, notNull, default: initial };
  }
}

function constraint(parsers: Parsers): boolean {
  const { reader } = parsers;
  const list = (): void => {
    if (reader.acceptOperator('(')) reader.skipParentheses();
  };
  if (reader.accept('PRIMARY', 'KEY') || reader.accept('UNIQUE') || reader.accept('CHECK')) list();
  else if (reader.accept('FOREIGN', 'KEY')) {
    list();
    reader.expect('REFERENCES');
    reader.path();
    list();
  } else if (reader.accept('REFERENCES')) {
    reader.path();
    list();
  } else return false;
  while (reader.accept('ENABLE') || reader.accept('DISABLE') || reader.accept('NOVALIDATE') || reader.accept('RELY'));
  return true;
}

function partitionBy(parsers: Parsers): Partitioning {
  const { reader } = parsers;
  const by = reader.accept('LIST') ? 'LIST' : (reader.expect('RANGE'), 'RANGE');
  reader.expectOperator('(');
  const column = reader.name();
  reader.expectOperator(')');
  reader.expectOperator('(');
  const partitions = reader.list((): PartitionDefinition => {
    reader.expect('PARTITION');
    const name = reader.name().text;
    reader.expect('VALUES');
    if (by === 'RANGE') reader.expect('LESS', 'THAN');
    reader.expectOperator('(');
    const all = reader.accept(by === 'RANGE' ? 'MAXVALUE' : 'DEFAULT');
    const values = all ? null : reader.list(() => parseExpression(parsers));
    reader.expectOperator(')');
    return { name, values };
  });
  reader.expectOperator(')');
  return { by, column, partitions };
}

function createView(parsers: Parsers, replace: boolean, at: number): Statement {
  const { reader } = parsers;
  const view = reader.path();
  let columns: readonly Name[] | null = null;
  if (reader.acceptOperator('(')) {
    columns = reader.list(() => reader.name());
    reader.expectOperator(')');
  }
  reader.expect('AS');
  const from = reader.at;
  const query = parseQuery(parsers);
  const text = reader.sql.slice(from, reader.behind);
  if (reader.accept('WITH', 'READ')) reader.expect('ONLY');
  return { kind: 'createView', view, columns, query, text, replace, at };
}

function drop(parsers: Parsers, at: number): Statement | null {
  const { reader } = parsers;
  const isPublic = reader.accept('PUBLIC');
  const what = (['TABLE', 'VIEW', 'SYNONYM', 'INDEX'] as const).find((word) => reader.accept(word));
  if (what === undefined) return null;
  const ifExists = reader.accept('IF', 'EXISTS');
  const name = reader.path();
  reader.accept('CASCADE', 'CONSTRAINTS');
  reader.accept('PURGE');
  return { kind: 'drop', what, name, public: isPublic, ifExists, at };
}

function alterTable(parsers: Parsers, at: number): Statement {
  const { reader } = parsers;
  const table = reader.path();
  if (reader.accept('EXCHANGE', 'PARTITION')) {
    const partition = reader.name();
    reader.expect('WITH', 'TABLE');
    const other = reader.path();
    if (!reader.accept('INCLUDING', 'INDEXES')) reader.accept('EXCLUDING', 'INDEXES');
    if (!reader.accept('WITHOUT', 'VALIDATION')) reader.accept('WITH', 'VALIDATION');
    if (!reader.accept('UPDATE', 'GLOBAL', 'INDEXES')) reader.accept('UPDATE', 'INDEXES');
    return { kind: 'exchange', table, partition, with: other, at };
  }
  if (reader.accept('DROP', 'COLUMN')) return { kind: 'dropColumn', table, column: reader.name(), at };
  if (reader.accept('ADD')) {
    if (reader.isWord('CONSTRAINT') || reader.isWords('PRIMARY', 'KEY')) return harmless(parsers, 'CONSTRAINT', at);
    const many = reader.acceptOperator('(');
    const columns = many ? reader.list(() => columnDefinition(parsers)) : [columnDefinition(parsers)];
    if (many) reader.expectOperator(')');
    return { kind: 'addColumns', table, columns, at };
  }
  throw reader.unexpected('invalid ALTER TABLE option', 1735);
}
