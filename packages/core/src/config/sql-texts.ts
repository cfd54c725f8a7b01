/** Statements of the configuration: read by packages/core/src/sql, their problems told at their place. */
import { isParqueueError } from '../model/errors.ts';
import type { VersionKind } from '../model/version.ts';
import { readStatement, tellObstacles } from '../sql/index.ts';
import type { Dialect, Obstacle, Statement } from '../sql/statement.ts';
import type { OnProblem } from './params.ts';

export interface SqlContext {
  readonly onProblem: OnProblem;
  readonly sqlBytesMax: number;
  /** null: unknown, as the source is. A statement is not read then: what is right depends on who it is for. */
  readonly dialect: Dialect | null;
}

/** null where it is no statement that may be asked, which was told; or where nobody knows for which database it is. */
export function readSql(
  text: string,
  path: readonly (string | number)[],
  { onProblem, sqlBytesMax, dialect }: SqlContext,
): Statement | null {
  const bytes = Buffer.byteLength(text);
  if (bytes > sqlBytesMax) {
    onProblem(path, `is ${bytes} bytes long; limits.sqlBytes allows ${sqlBytesMax}`);
    return null;
  }
  if (dialect === null) return null;
  try {
    return readStatement(text, dialect);
  } catch (error) {
    if (!isParqueueError(error) || error.code !== 'PQ_INVALID_REQUEST') throw error;
    onProblem(path, error.message);
    return null;
  }
}

/** What cannot be known of a statement, and what to set so that it may be asked all the same. */
export function obstacleWords(obstacles: readonly Obstacle[], version: VersionKind): string {
  return (
    `cannot be tracked by ${version}: ${tellObstacles(obstacles)}; set freshness to { version: ttl, maxAge: … }, `
    + 'or name what tells of changes: { version: { refresh-key: { sql: SELECT … } } }'
  );
}
