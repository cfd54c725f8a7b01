/** Requests for statements, as a configuration with nothing but defaults would make them; and as a source reads them. */
import { sessionSettings } from '../config/session-settings.ts';
import type { CanonicalRequest, SqlQuestion, SqlSourceKind } from '../model/request.ts';
import { readQuestion, type SqlSourceQuestion } from '../sources/sql/question.ts';
import { readStatement } from '../sql/index.ts';

export interface SqlAsk extends Partial<Omit<SqlQuestion, 'kind' | 'statement'>> {
  readonly columns?: readonly string[];
  readonly columnTypes?: Readonly<Record<string, string>>;
}

const DEFAULTS: Readonly<Record<Exclude<SqlSourceKind, 'oracle'>, Pick<SqlQuestion, 'version' | 'numbers'>>> = {
  postgres: { version: { kind: 'row-version' }, numbers: 'text' },
  mysql: { version: { kind: 'table-checksum' }, numbers: 'exact' },
};

export function postgresRequest(sql: string, ask: SqlAsk = {}): CanonicalRequest {
  return sqlRequest('postgres', sql, ask);
}

export function mysqlRequest(sql: string, ask: SqlAsk = {}): CanonicalRequest {
  return sqlRequest('mysql', sql, ask);
}

export function postgresQuestion(sql: string, ask: SqlAsk = {}, schema = 'public'): SqlSourceQuestion {
  return readQuestion(postgresRequest(sql, ask), 'postgres', schema);
}

export function mysqlQuestion(sql: string, schema: string, ask: SqlAsk = {}): SqlSourceQuestion {
  return readQuestion(mysqlRequest(sql, ask), 'mysql', schema);
}

function sqlRequest(
  kind: Exclude<SqlSourceKind, 'oracle'>,
  sql: string,
  { columns, columnTypes, ...question }: SqlAsk,
): CanonicalRequest {
  return {
    keyFormat: 1,
    sourceKind: kind,
    sourceIdentity: 'test',
    columns: columns ?? null,
    columnTypes: columnTypes ?? {},
    parquet: { compression: 'snappy', rowGroupRows: 1_000_000 },
    question: {
      kind: 'sql',
      statement: readStatement(sql, kind).text,
      binds: {},
      session: sessionSettings(kind, {}),
      split: null,
      ...DEFAULTS[kind],
      ...question,
    },
  };
}

/** Ids that follow one another. */
export function sequence(): () => string {
  let last = 0;
  return () => String((last += 1)).padStart(32, '0');
}
