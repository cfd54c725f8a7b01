/**
 * Tells of the questions that are put to a database, where somebody traces; else nothing is measured. What is told names the
 * kind of question and the tables: a statement's text has literals, and those are nobody's business.
 */
import { toFailure } from '../../model/errors.ts';
import type { SqlSourceKind } from '../../model/request.ts';
import type { SourceStatement } from '../../ports/source.ts';
import type { Use } from './driver.ts';

export interface ToldOf {
  readonly system: SqlSourceKind;
  readonly parts: readonly { readonly label: string }[];
  readonly use: Use;
}

export type Operation = SourceStatement['operation'];

/** As OpenTelemetry has it for `db.query.summary`. */
const SUMMARY_CHARS_MAX = 255;

export async function told<T>(
  operation: Operation,
  { system, parts, use: { onStatement, clock } }: ToldOf,
  ask: () => Promise<T>,
  rowsOf?: (answer: T) => number,
): Promise<T> {
  if (onStatement === undefined) return await ask();
  const summary = [operation, ...parts.map(({ label }) => label)].join(' ').slice(0, SUMMARY_CHARS_MAX);
  const beganAtMs = clock.now();
  const tell = (rows: number | null, failure: string | null): void =>
    onStatement({ system, operation, summary, beganAtMs, endedAtMs: clock.now(), rows, failure });
  try {
    const answer = await ask();
    tell(rowsOf?.(answer) ?? null, null);
    return answer;
  } catch (error) {
    tell(null, toFailure(error).code);
    throw error;
  }
}
