/** DuckDB's errors as Oracle's: by their class, never by guessing; what has no counterpart is ORA-00900 with DuckDB's text. */
import { OraError } from '../../engine.ts';

const CLASSES: readonly (readonly [RegExp, number, string])[] = [
  [/INTERRUPT|Interrupted/, 1013, 'user requested cancel of current operation'],
  [/^Conversion Error: (?:.*)(?:DECIMAL|range)/, 1426, 'numeric overflow'],
  [/^Conversion Error/, 1722, 'invalid number'],
  [/^Out of Range Error/, 1426, 'numeric overflow'],
  [/more than one row returned by a subquery/i, 1427, 'single-row subquery returns more than one row'],
  [/must appear in the GROUP BY clause/i, 979, 'not a GROUP BY expression'],
  [
    /aggregates? (?:function calls )?(?:cannot|not allowed)|cannot contain aggregates/i,
    934,
    'group function is not allowed here',
  ],
];

export function oracleError(error: unknown): unknown {
  if (error instanceof OraError || !(error instanceof Error)) return error;
  const own = /ORA-(\d{5}): (.*)/s.exec(error.message);
  if (own !== null) return new OraError(Number(own[1]), own[2] ?? '');
  const found = CLASSES.find(([pattern]) => pattern.test(error.message));
  if (found !== undefined) return new OraError(found[1], found[2]);
  return new OraError(900, `outside what this engine can run: ${error.message.split('\n')[0] ?? ''}`);
}
