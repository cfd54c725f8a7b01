/**
 * A CSV whose texts DuckDB's parser makes values of at once, while somebody else looks whether all of them are written as the
 * values would be: a regular expression over the bytes, which costs less than to have the texts back from the values. What
 * the expression takes is a part of what inference takes (csv-inference.ts), so the types are those that would be found.
 * Records it cannot follow (a mark within a field, other line breaks, a quoted number) make no guess, or refute it.
 */
import type { CsvDialect } from './csv-dialect.ts';
import { INFERRED, VALUES, type Candidates } from './csv-inference.ts';
import { glanceAtCsv, tableWith, type CsvPlan } from './csv.ts';
import type { DeclaredType } from './declared-type.ts';
import type { DuckDbSession } from './duckdb.ts';
import { beginsWith, countRecords, patternOf, eachRecord, type RecordPattern } from './records.ts';
import type { Guess } from './table.ts';

/** An expression with more columns takes longer to compile than the look takes. */
const COLUMNS_MAX = 200;

/** Enough to see how most columns are written. */
const TRIED_BYTES = 64 * 1024;

const DELIMITERS = [',', '\t', ';', '|'];

const DATE = String.raw`[12]\d{3}-[01]\d-[0-3]\d`;

/**
 * Texts by type, in the order in which inference tries the types: none of a later one that is not also of an earlier one would be
 * held by the earlier. 18 digits are of 64 bits, and 15 always survive a double.
 */
const TEXTS: Readonly<Record<string, string>> = {
  BIGINT: String.raw`0|-?[1-9]\d{0,17}`,
  DOUBLE: String.raw`-?(?:0|[1-9]\d{0,8})(?:\.\d{0,6})?`,
  BOOLEAN: 'true|false',
  DATE,
  TIMESTAMP: String.raw`${DATE} [0-2]\d:[0-5]\d:[0-5]\d(?:\.\d{1,6})?`,
};

const WHOLE_TEXTS = INFERRED.map((type) => ({
  type,
  whole: new RegExp(`^(?:${TEXTS[type.sql] ?? '(?!)'})$`),
}));

/** Columns by how their texts are written at the beginning. */
interface Written {
  /** Each text as the parser takes it, and one at least. */
  readonly parsed: ReadonlyMap<string, DeclaredType>;
  /** One is of no type. */
  readonly texts: readonly string[];
  /** Otherwise, or without any text. */
  readonly others: readonly string[];
}

/** @returns null where no column would gain by it. */
export async function guessCsv(session: DuckDbSession, plan: CsvPlan, head: Buffer): Promise<Guess | null> {
  const { dialect, path } = plan;
  const isPlain =
    dialect.quote === '"' && dialect.escape === '"' && dialect.nullText === '' && dialect.blankLines === 0;
  const firstBreak = head.indexOf('\n');
  if (!isPlain || !DELIMITERS.includes(dialect.delimiter) || dialect.names.length > COLUMNS_MAX || firstBreak < 0)
    return null;
  const lineBreak = head[firstBreak - 1] === 0x0d ? String.raw`\r\n` : String.raw`\n`;
  for (const bytes of [TRIED_BYTES, head.length]) {
    const written = writtenIn(head.subarray(0, bytes), plan, lineBreak);
    if (written === null || written.parsed.size === 0) return null;
    const { texts, others } = written;
    const parsed = new Map([...written.parsed].map(([name, { sql }]) => [name, sql]));
    const pattern = recordPattern(
      plan.dialect,
      lineBreak,
      new Map([...parsed].map(([name, sql]) => [name, `(?:${TEXTS[sql] ?? ''})?`])),
    );
    if (!beginsWith(head, pattern)) continue;
    // DuckDB takes what time it takes to look at ten thousand rows of these only.
    const seen = others.length === 0 ? null : await glanceAtCsv(session, { ...plan, wanted: others });
    const candidates: Candidates = new Map([
      ...[...written.parsed].map(([name, type]) => [name, [type]] as const),
      ...texts.map((name) => [name, []] as const),
      ...(seen?.candidates ?? []),
    ]);
    return {
      table: tableWith(session, plan, { rows: seen?.rows ?? null, candidates }, parsed),
      records: (signal) => countRecords(path, pattern, signal),
    };
  }
  return null;
}

/** The columns that nobody declared. @returns null where not all records are as RFC 4180 has them */
function writtenIn(bytes: Buffer, { dialect, declared, wanted }: CsvPlan, lineBreak: string): Written | null {
  const open = dialect.names.filter((name) => wanted.includes(name) && !declared.has(name));
  const anyText = anyTextOf(dialect);
  const pattern = recordPattern(dialect, lineBreak, new Map(open.map((name) => [name, `(${anyText})`])));
  const columns = open.map((name) => ({ name, types: WHOLE_TEXTS, isSeen: false, isText: false }));
  const isPlain = eachRecord(bytes, pattern, (record) => {
    for (const [i, column] of columns.entries()) {
      const text = record[i + 1] ?? '';
      if (text === '' || column.isText) continue;
      column.isSeen = true;
      column.types = column.types.filter(({ whole }) => whole.test(text));
      column.isText = column.types.length === 0 && !VALUES.test(unquoted(text));
    }
  });
  if (!isPlain) return null;
  const written = { parsed: new Map<string, DeclaredType>(), texts: [] as string[], others: [] as string[] };
  for (const { name, types, isSeen, isText } of columns) {
    const [found] = isSeen ? types : [];
    if (found !== undefined) written.parsed.set(name, found.type);
    else if (isText) written.texts.push(name);
    else written.others.push(name);
  }
  return written;
}

function unquoted(text: string): string {
  return text.startsWith('"') ? text.slice(1, -1).replaceAll('""', '"') : text;
}

function anyTextOf({ delimiter }: CsvDialect): string {
  return String.raw`(?:[^"\r\n${patternOf(delimiter)}]*|"[^"]*(?:""[^"]*)*")`;
}

/** RFC 4180, without its liberties. `fields`: of columns that hold not any text. */
function recordPattern(dialect: CsvDialect, lineBreak: string, fields: ReadonlyMap<string, string>): RecordPattern {
  const delimiter = patternOf(dialect.delimiter);
  const anyText = anyTextOf(dialect);
  const header = dialect.header ? dialect.names.map(() => anyText).join(delimiter) + lineBreak : '';
  const record = dialect.names.map((name) => fields.get(name) ?? anyText).join(delimiter);
  return {
    head: new RegExp(String.raw`(?:\xef\xbb\xbf)?${header}`, 'y'),
    record: new RegExp(record + lineBreak, 'y'),
  };
}
