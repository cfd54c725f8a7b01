/**
 * A CSV whose texts DuckDB's parser makes values of at once, while somebody else looks whether all of them are written as the
 * values would be: a regular expression over the bytes, which costs less than to have the texts back from the values. What
 * the expression takes is a part of what inference takes (csv-inference.ts), so the types are those that would be found.
 * Records it cannot follow (a mark within a field, other line breaks, a quoted number) make no guess, or refute it.
 */
import type { Inference } from './csv-inference.ts';
import { tableWith, type CsvPlan } from './csv.ts';
import type { DuckDbSession } from './duckdb.ts';
import { beginsWith, countRecords, patternOf, type RecordPattern } from './records.ts';
import type { Guess } from './table.ts';

/** An expression with more columns takes longer to compile than the look takes. */
const COLUMNS_MAX = 200;

/** Enough to see how a column is written. */
const TRIED_BYTES = 64 * 1024;

const DELIMITERS = [',', '\t', ';', '|'];

const DATE = String.raw`[12]\d{3}-[01]\d-[0-3]\d`;

/** Texts by type. 18 digits are of 64 bits, and 15 always survive a double. */
const TEXTS: Readonly<Record<string, string>> = {
  BIGINT: String.raw`0|-?[1-9]\d{0,17}`,
  DOUBLE: String.raw`-?(?:0|[1-9]\d{0,8})(?:\.\d{0,6})?`,
  BOOLEAN: 'true|false',
  DATE,
  TIMESTAMP: String.raw`${DATE} [0-2]\d:[0-5]\d:[0-5]\d(?:\.\d{1,6})?`,
};

/** @returns null where no column would gain by it. */
export function guessCsv(
  session: DuckDbSession,
  plan: CsvPlan,
  { inference, head }: { readonly inference: Inference; readonly head: Buffer },
): Guess | null {
  const { dialect, path } = plan;
  const isPlain =
    dialect.quote === '"' && dialect.escape === '"' && dialect.nullText === '' && dialect.blankLines === 0;
  const firstBreak = head.indexOf('\n');
  if (!isPlain || !DELIMITERS.includes(dialect.delimiter) || dialect.names.length > COLUMNS_MAX || firstBreak < 0)
    return null;
  const lineBreak = head[firstBreak - 1] === 0x0d ? String.raw`\r\n` : String.raw`\n`;
  const pattern = (parsed: ReadonlyMap<string, string>): RecordPattern => recordPattern(plan, parsed, lineBreak);
  const beginning = head.subarray(0, TRIED_BYTES);
  const parsed = new Map<string, string>();
  if (!beginsWith(beginning, pattern(parsed))) return null;
  for (const [name, [type]] of inference.candidates) {
    if (type === undefined) continue;
    parsed.set(name, type.sql);
    if (!beginsWith(beginning, pattern(parsed))) parsed.delete(name);
  }
  if (parsed.size === 0) return null;
  return {
    table: tableWith(session, plan, inference, parsed),
    records: (signal) => countRecords(path, pattern(parsed), signal),
  };
}

/** RFC 4180, without its liberties. */
function recordPattern({ dialect }: CsvPlan, parsed: ReadonlyMap<string, string>, lineBreak: string): RecordPattern {
  const delimiter = patternOf(dialect.delimiter);
  const anyText = String.raw`(?:[^"\r\n${delimiter}]*|"[^"]*(?:""[^"]*)*")`;
  const fields = dialect.names.map((name) => {
    const texts = TEXTS[parsed.get(name) ?? ''];
    return texts === undefined ? anyText : `(?:${texts})?`;
  });
  const header = dialect.names.map(() => anyText).join(delimiter);
  return {
    head: dialect.header ? new RegExp(String.raw`(?:\xef\xbb\xbf)?${header}${lineBreak}`, 'y') : null,
    record: new RegExp(fields.join(delimiter) + lineBreak, 'y'),
  };
}
