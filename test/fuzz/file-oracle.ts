/**
 * What a file holds by the account of somebody else: DuckDB with a plain SELECT, hyparquet, a CSV reader of twenty lines,
 * JSON.parse, and pyarrow where the Python readers are set up. A load that these do not confirm is a wrong row.
 */
import { readFile } from 'node:fs/promises';
import { isDeepStrictEqual } from 'node:util';
import { brotliDecompressSync, gunzipSync } from 'node:zlib';
import { DuckDBInstance } from '@duckdb/node-api';
import { decompress } from 'fzstd';
import { asyncBufferFromFile, parquetMetadataAsync, parquetReadObjects } from 'hyparquet';
import type { FileRoute, Loaded } from './file-stage.ts';
import { readArrow } from './file-pyarrow.ts';

type Rows = Extract<Loaded, { kind: 'rows' }>;
const compressors = {
  ZSTD: (input: Uint8Array, length: number) => decompress(input, new Uint8Array(length)),
  GZIP: (input: Uint8Array) => new Uint8Array(gunzipSync(input)),
  BROTLI: (input: Uint8Array) => new Uint8Array(brotliDecompressSync(input)),
};

type Cells = readonly (readonly unknown[])[];

/** @returns what is wrong, or null. */
export async function wrongIn(route: FileRoute, loaded: Rows): Promise<string | null> {
  switch (route) {
    case 'copied':
      return await wrongInCopy(loaded);
    case 'decoded':
      return await wrongInParquet(loaded);
    case 'csv':
      return await wrongInCsv(loaded);
    case 'ndjson':
    case 'json':
      return await wrongInJson(loaded);
    case 'arrow':
      return await wrongInArrow(loaded);
    default:
      return route satisfies never;
  }
}

async function wrongInCopy({ source, part, rows }: Rows): Promise<string | null> {
  if (!(await readFile(source)).equals(await readFile(part))) return 'the copy has other bytes';
  const told = await parquetMetadataAsync(await asyncBufferFromFile(part)).then(
    (metadata) => Number(metadata.num_rows),
    // It knows fewer types of Thrift than a footer may have in fields that nobody knows; the bytes are the same.
    () => rows,
  );
  return told === rows ? null : `${rows} rows where hyparquet reads ${told} in the footer`;
}

async function wrongInParquet({ source, part, rows }: Rows): Promise<string | null> {
  const delivered = await duckdbRows(part);
  if (delivered instanceof Error) return `our own file cannot be read: ${delivered.message}`;
  if (delivered.length !== rows) return `${rows} rows are told, ${delivered.length} delivered`;
  const expected = await duckdbRows(source);
  if (!(expected instanceof Error)) return isDeepStrictEqual(delivered, expected) ? null : 'DuckDB reads other rows';
  const other = await hyparquetRows(source);
  if (other instanceof Error) return `nobody else reads it: ${expected.message}; ${other.message}`;
  const ours = await hyparquetRows(part);
  return isDeepStrictEqual(ours, other) ? null : `DuckDB refuses it (${expected.message}), hyparquet reads other rows`;
}

async function wrongInCsv({ source, part, rows }: Rows): Promise<string | null> {
  const expected = csvRecords(await readFile(source, 'utf8'));
  const delivered = await duckdbRows(part, 'COLUMNS(*)::VARCHAR');
  if (delivered instanceof Error) return `our own file cannot be read: ${delivered.message}`;
  if (delivered.length !== rows) return `${rows} rows are told, ${delivered.length} delivered`;
  // Whether the first record is a header is a rule of ours, which the number of rows tells.
  const headers = expected.length - rows;
  if (headers !== 0 && headers !== 1) return `${rows} rows of ${expected.length} records`;
  for (const [i, row] of delivered.entries()) {
    const record = expected[i + headers] ?? [];
    if (record.length !== row.length) return `record ${i} has ${record.length} fields, row ${i} ${row.length}`;
    const at = row.findIndex((value, column) => !isSameText(record[column] ?? '', value));
    if (at >= 0) return `row ${i}: ${JSON.stringify(record[at])} became ${JSON.stringify(row[at])}`;
  }
  return null;
}

function isSameText(written: string, value: unknown): boolean {
  if (value === null) return written === '';
  const text = String(value);
  // Decoders of UTF-8 take a byte order mark from the beginning of each text.
  if (written.startsWith('\ufeff')) return isSameText(written.slice(1), value);
  return (
    text === written
    || (written.trim() !== '' && Number(text) === Number(written))
    || text === written.toLowerCase()
    || Date.parse(`${text}Z`) === Date.parse(`${written}Z`)
  );
}

/** RFC 4180 and blanks around quotes, for the delimiter that stands most often in the first line; empty lines are no records. */
function csvRecords(text: string): readonly (readonly string[])[] {
  const body = text.replace(/^\ufeff/, '');
  const first = body.replace(/^[\r\n]+/, '').split(/[\r\n]/)[0] ?? '';
  const plain = first.replace(/"([^"]|"")*"/g, '');
  const marks = [',', '\t', ';', '|'];
  const counts = marks.map((mark) => plain.split(mark).length);
  const delimiter = marks[counts.indexOf(Math.max(...counts))] ?? ',';
  const records: string[][] = [];
  let record: string[] = [];
  let field = '';
  let isQuoted = false;
  let inQuotes = false;
  const endRecord = (): void => {
    if (record.length > 0 || field !== '' || isQuoted) records.push([...record, field]);
    record = [];
    field = '';
    isQuoted = false;
  };
  for (let i = 0; i < body.length; i += 1) {
    const char = body[i] ?? '';
    if (inQuotes && char === '"' && body[i + 1] === '"') field += body[(i += 1)];
    else if (inQuotes && char === '"') inQuotes = false;
    else if (inQuotes) field += char;
    else if (char === '"' && /^ *$/.test(field) && !isQuoted) {
      // Blanks around quotes are none of the value.
      field = '';
      inQuotes = isQuoted = true;
    } else if (isQuoted && char === ' ') continue;
    else if (char === delimiter) {
      record.push(field);
      field = '';
      isQuoted = false;
    } else if (char === '\n' || char === '\r') endRecord();
    else field += char;
  }
  endRecord();
  return records;
}

async function wrongInJson({ source, part, rows }: Rows): Promise<string | null> {
  const expected = jsonRecords(await readFile(source, 'utf8'));
  if (expected instanceof Error) return `no JSON: ${expected.message}`;
  if (expected.length !== rows) return `${rows} rows of ${expected.length} objects`;
  const delivered = await hyparquetRows(part);
  if (delivered instanceof Error) return `our own file cannot be read: ${delivered.message}`;
  for (const [i, row] of delivered.entries()) {
    const difference = unlike(expected[i], row);
    if (difference !== null) return `object ${i}: ${difference}`;
  }
  return null;
}

function jsonRecords(text: string): readonly unknown[] | Error {
  try {
    const whole: unknown = JSON.parse(text);
    return Array.isArray(whole) ? whole : [whole];
  } catch {
    try {
      return text
        .split('\n')
        .filter((line) => line.trim() !== '')
        .map((line): unknown => JSON.parse(line));
    } catch (error) {
      return error as Error;
    }
  }
}

/** Keys that an object lacks are NULL in its row; a column of mixed types holds texts of JSON. */
function unlike(written: unknown, delivered: unknown): string | null {
  if (delivered === null || delivered === undefined)
    return written === null || written === undefined ? null : 'a value is gone';
  if (typeof delivered === 'bigint' || typeof delivered === 'number')
    return Number(delivered) === written ? null : `${JSON.stringify(written)} became ${String(delivered)}`;
  if (typeof delivered === 'string') {
    if (delivered === written || isDeepStrictEqual(parsed(delivered), written)) return null;
    return `${JSON.stringify(written)} became ${JSON.stringify(delivered)}`;
  }
  if (typeof written !== 'object' || written === null)
    return delivered === written ? null : `${JSON.stringify(written)} became another type`;
  if (Array.isArray(delivered) !== Array.isArray(written)) return 'a list became no list';
  if (Array.isArray(delivered) && delivered.length !== (written as unknown[]).length)
    return 'a list has another length';
  const keys = new Set([...Object.keys(written), ...Object.keys(delivered)]);
  for (const key of keys) {
    const difference = unlike((written as Record<string, unknown>)[key], (delivered as Record<string, unknown>)[key]);
    if (difference !== null) return `${key}: ${difference}`;
  }
  return null;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

async function wrongInArrow({ source, part, rows }: Rows): Promise<string | null> {
  const delivered = await duckdbRows(part);
  if (delivered instanceof Error) return `our own file cannot be read: ${delivered.message}`;
  if (delivered.length !== rows) return `${rows} rows are told, ${delivered.length} delivered`;
  const verdict = await readArrow(source, part);
  // A version of the format that nobody has made yet is read as the latest one.
  if (verdict === null || verdict === 'alike' || verdict.includes('future MetadataVersion')) return null;
  return verdict;
}

/** In an instance of its own: a file that it takes for broken spoils the whole of it. */
async function duckdbRows(path: string, columns = '*'): Promise<Cells | Error> {
  const duckdb = await DuckDBInstance.create(':memory:', { threads: '1', memory_limit: '1GB' });
  const connection = await duckdb.connect();
  try {
    const reader = await connection.runAndReadAll(
      `SELECT ${columns} FROM read_parquet('${path.replaceAll("'", "''")}', binary_as_string = false)`,
    );
    return reader.getRowsJson();
  } catch (error) {
    return error as Error;
  } finally {
    connection.closeSync();
    duckdb.closeSync();
  }
}

async function hyparquetRows(path: string): Promise<readonly Record<string, unknown>[] | Error> {
  try {
    return await parquetReadObjects({ file: await asyncBufferFromFile(path), compressors, utf8: false });
  } catch (error) {
    return error as Error;
  }
}
