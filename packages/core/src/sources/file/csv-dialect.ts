/**
 * How a CSV is written: what the request leaves open is read off the first record, by rules simple enough to predict.
 * (A sniffer that tries everything once turned a file with one short line into one column of text.)
 */
import { ParqueueError } from '../../model/errors.ts';
import type { CsvOptions } from '../../model/request.ts';
import { assertColumns } from './table.ts';

export interface CsvDialect {
  readonly header: boolean;
  readonly delimiter: string;
  /** '' means none. */
  readonly quote: string;
  readonly escape: string;
  readonly nullText: string;
  /** Column names, made unique: a second `a` becomes `a_2`. */
  readonly names: readonly string[];
  /** New column name → name in the header, where they differ. */
  readonly renamed: Readonly<Record<string, string>>;
  /** Lines without anything before the first record. */
  readonly blankLines: number;
  /** Something that is no line break stands behind the first record. */
  readonly hasMore: boolean;
}

const DELIMITERS = [',', '\t', ';', '|'] as const;
const BYTE_ORDER_MARK = '\ufeff';

/** `text`: the beginning of the file; `whole`: it is all of it. @throws ParqueueError PQ_MALFORMED_SOURCE, PQ_INVALID_REQUEST */
export function dialectOf(text: string, whole: boolean, options: CsvOptions | null): CsvDialect {
  const body = text.startsWith(BYTE_ORDER_MARK) ? text.slice(1) : text;
  const quote = options?.quote ?? '"';
  const escape = options?.escape ?? quote;
  for (const [what, value] of [
    ['delimiter', options?.delimiter],
    ['quote', quote],
    ['escape', escape],
  ] as const) {
    if (
      value !== null
      && value !== undefined
      && (value.length > 1 || value.charCodeAt(0) > 0x7f || value === '\n' || value === '\r')
    ) {
      throw new ParqueueError('PQ_INVALID_REQUEST', `the CSV option ${what} must be one ASCII character`);
    }
  }
  const delimiter = options?.delimiter ?? delimiterOf(body, quote, escape);
  const { fields: record, blankLines, end } = firstRecord(body, whole, { delimiter, quote, escape });
  // No SQL can name such a column, and no text has one: it is another kind of file.
  if (record.some((field) => field.includes('\0')))
    throw new ParqueueError('PQ_MALFORMED_SOURCE', 'line 1 of the CSV holds a NUL character: this file is no text');
  assertColumns(record.length);
  const header = options?.header ?? looksLikeHeader(record);
  const { names, renamed } = header
    ? uniqueNames(record)
    : { names: record.map((_, i) => `column${i + 1}`), renamed: {} };
  const hasMore = end !== null && (!whole || /[^\r\n]/.test(body.slice(end)));
  return { header, delimiter, quote, escape, nullText: options?.nullText ?? '', names, renamed, blankLines, hasMore };
}

/** The candidate that stands most often outside quotes in the first record; a comma where none does. */
function delimiterOf(body: string, quote: string, escape: string): string {
  const counts = DELIMITERS.map((delimiter) => parseRecord(body, { delimiter, quote, escape }).fields.length);
  const most = Math.max(...counts);
  return most === 1 ? ',' : (DELIMITERS[counts.indexOf(most)] ?? ',');
}

/** The first field that holds anything is neither a number, a date nor a truth value. */
function looksLikeHeader(record: readonly string[]): boolean {
  const first = record.map((field) => field.trim()).find((field) => field !== '');
  return first !== undefined && !/^([-+]?[0-9.]+(e[-+]?[0-9]+)?|\d{4}-\d\d-\d\d.*|true|false)$/i.test(first);
}

/** Two columns of one name cannot both be asked for; neither may vanish. Names differing in case only clash in DuckDB. */
function uniqueNames(record: readonly string[]): Pick<CsvDialect, 'names' | 'renamed'> {
  const taken = new Set<string>();
  /** Where the search for a free number goes on: all before it are taken, and a name may stand there thousands of times. */
  const numbers = new Map<string, number>();
  const own = new Set(record.map((name) => name.toLowerCase()));
  const renamed: Record<string, string> = {};
  const names = record.map((written, index) => {
    const wished = written === '' ? `column${index + 1}` : written;
    let name = wished;
    let n = numbers.get(wished.toLowerCase()) ?? 2;
    for (; taken.has(name.toLowerCase()) || (name !== written && own.has(name.toLowerCase())); n += 1)
      name = `${wished}_${n}`;
    numbers.set(wished.toLowerCase(), n);
    taken.add(name.toLowerCase());
    if (name !== written) renamed[name] = written;
    return name;
  });
  return { names, renamed };
}

interface Marks {
  readonly delimiter: string;
  readonly quote: string;
  readonly escape: string;
}

function firstRecord(body: string, whole: boolean, marks: Marks): FirstRecord {
  const record = parseRecord(body, marks);
  const { fields, end } = record;
  if (fields.length === 1 && fields[0] === '' && end === null) {
    throw new ParqueueError(
      'PQ_MALFORMED_SOURCE',
      'the CSV is empty: line 1 must hold the column names, or the first row',
    );
  }
  if (end === null && !whole) {
    throw new ParqueueError(
      'PQ_MALFORMED_SOURCE',
      `line 1 of the CSV is longer than ${body.length} characters, or a quote in it is never closed`,
    );
  }
  // The parser passes over a header whatever it holds: an open quote there would take all rows along.
  if (record.isBroken) {
    throw new ParqueueError(
      'PQ_MALFORMED_SOURCE',
      'line 1 of the CSV: a quote in it is not closed, or text follows a closing quote',
      { details: { line: 1 } },
    );
  }
  assertOneKind(body, record);
  return record;
}

/** The parser takes the first line break for that of the whole file, also where quotes are around it, and then finds no rows. */
function assertOneKind(body: string, { end }: FirstRecord): void {
  if (end === null) return;
  const [own = ''] = /^(?:\r\n|\r|\n)/.exec(body.slice(end, end + 2)) ?? [];
  const others = body.slice(0, end).match(/\r\n|\r|\n/g) ?? [];
  if (others.every((found) => found === own)) return;
  throw new ParqueueError(
    'PQ_MALFORMED_SOURCE',
    'line 1 of the CSV: line breaks of two kinds (LF, CR LF, CR) before or in the first record; write one kind',
    { details: { line: 1 } },
  );
}

interface FirstRecord {
  readonly fields: string[];
  readonly blankLines: number;
  /** Where the line break that closed it stands; null where none did. */
  readonly end: number | null;
  /** A quote is open at its end, or text follows one that closed. */
  readonly isBroken: boolean;
}

/**
 * One record by RFC 4180, and as the parser takes it, without the blanks around quotes. Blank lines before it are passed
 * over.
 */
function parseRecord(body: string, { delimiter, quote, escape }: Marks): FirstRecord {
  const fields: string[] = [];
  let field = '';
  let state: 'blank' | 'plain' | 'quoted' | 'closed' = 'blank';
  let isBroken = false;
  const take = (): void => {
    fields.push(field);
    field = '';
    state = 'blank';
  };
  const blank = /^[\r\n]*/.exec(body)?.[0] ?? '';
  const blankLines = blank.replaceAll('\r\n', '\n').length;
  let i = blank.length;
  for (; i < body.length; i += 1) {
    const char = body[i] ?? '';
    if (state === 'quoted') {
      const next = body[i + 1];
      if (char === escape && (next === quote || (escape !== quote && next === escape))) {
        field += next;
        i += 1;
      } else if (char === quote) {
        state = 'closed';
      } else {
        field += char;
      }
    } else if (char === delimiter) {
      take();
    } else if (char === '\n' || char === '\r') {
      take();
      return { fields, blankLines, end: i, isBroken };
    } else if (state === 'closed') {
      if (char !== ' ') isBroken = true;
    } else if (quote !== '' && char === quote && state === 'blank') {
      state = 'quoted';
      field = '';
    } else {
      if (char !== ' ') state = 'plain';
      field += char;
    }
  }
  isBroken ||= state === 'quoted';
  take();
  return { fields, blankLines, end: null, isBroken };
}
