/** Questions to databases: a statement with its typed binds and all else that decides which rows come back. */
import { ParqueueError } from '../model/errors.ts';
import { DEFAULT_PARQUET, type SqlQuestion, type TypedValue } from '../model/request.ts';
import { tracksTables, type VersionKind } from '../model/version.ts';
import { OBSTACLES_TOLD_MAX, readStatement } from '../sql/index.ts';
import type { Dialect, Statement } from '../sql/statement.ts';
import { readBinds, sortedBinds, type RawBinds } from './binds.ts';
import type { AdhocSqlPolicy, SqlDatasetConfig, SqlSourceConfig } from './config.ts';
import { readColumns, refuse, type RequestProblem, type Wanted } from './request-parts.ts';
import { foldCase } from './sql-names.ts';
import { obstacleWords } from './sql-texts.ts';

export interface AdhocSql {
  readonly sql: string;
  readonly binds?: RawBinds | undefined;
  readonly columns?: readonly string[] | undefined;
}

export function askSqlDataset(
  dataset: SqlDatasetConfig,
  source: SqlSourceConfig,
  { values, columns }: { readonly values: ReadonlyMap<string, string>; readonly columns: readonly string[] | null },
): Wanted {
  const { statement, params, version, numbers, split, columnTypes, parquet } = dataset;
  // An optional parameter without a value is bound all the same: as NULL.
  const binds = Object.values(params).map(({ name, type }): [string, TypedValue] => [
    foldCase(name),
    { type, value: values.get(name) ?? null },
  ]);
  const question: SqlQuestion = {
    kind: 'sql',
    statement: statement.text,
    binds: sortedBinds(binds),
    session: source.session,
    version,
    numbers,
    split,
  };
  return { question, columns, columnTypes, parquet };
}

export interface AdhocSqlContext {
  readonly source: SqlSourceConfig;
  readonly policy: AdhocSqlPolicy;
  readonly sqlBytesMax: number;
}

/** @throws ParqueueError PQ_LIMIT_EXCEEDED, PQ_INVALID_REQUEST with all problems, PQ_UNTRACKABLE with `details.constructs` */
export function askSql(
  { sql, binds, columns }: AdhocSql,
  { source, policy, sqlBytesMax }: AdhocSqlContext,
): {
  readonly wanted: Wanted;
  readonly statement: Statement;
} {
  const statement = statementOf(sql, { sqlBytesMax, dialect: source.kind });
  const problems: RequestProblem[] = [];
  const typed = readBinds(statement, binds, problems);
  const wantedColumns = readColumns(columns, null, problems);
  refuse(problems, 'the question cannot be asked like this');
  refuseObstacles(statement, policy.version.kind, source.name);
  const question: SqlQuestion = {
    kind: 'sql',
    statement: statement.text,
    binds: typed,
    session: source.session,
    version: policy.version,
    numbers: policy.numbers,
    split: null,
  };
  return { wanted: { question, columns: wantedColumns, columnTypes: {}, parquet: DEFAULT_PARQUET }, statement };
}

function statementOf(
  sql: string,
  { sqlBytesMax, dialect }: { readonly sqlBytesMax: number; readonly dialect: Dialect },
): Statement {
  const bytes = Buffer.byteLength(sql);
  if (bytes > sqlBytesMax) {
    throw new ParqueueError(
      'PQ_LIMIT_EXCEEDED',
      `the statement is ${bytes} bytes long; limits.sqlBytes allows ${sqlBytesMax}`,
      { details: { limit: 'sqlBytes', bytes, bytesMax: sqlBytesMax } },
    );
  }
  return readStatement(sql, dialect);
}

function refuseObstacles({ obstacles }: Statement, version: VersionKind, source: string): void {
  if (!tracksTables(version) || obstacles.length === 0) return;
  throw new ParqueueError(
    'PQ_UNTRACKABLE',
    `the statement ${obstacleWords(obstacles, version)} (of a dataset, or of sources.${source}.adhoc)`,
    {
      details: { constructs: obstacles.slice(0, OBSTACLES_TOLD_MAX).map(({ construct, why }) => ({ construct, why })) },
    },
  );
}
