/** What reading a source needs to know besides what is written about it. */
import type { Dialect } from '../sql/statement.ts';
import type { OnProblem } from './params.ts';
import type { SqlContext } from './sql-texts.ts';

export interface SourceContext {
  /** Relative paths start here. */
  readonly folder: string;
  readonly sqlBytesMax: number;
  /** Problems are told relative to the source. */
  readonly onProblem: OnProblem;
}

export function adhocContext({ onProblem, sqlBytesMax }: SourceContext, dialect: Dialect | null): SqlContext {
  return { onProblem: (path, message) => onProblem(['adhoc', ...path], message), sqlBytesMax, dialect };
}
