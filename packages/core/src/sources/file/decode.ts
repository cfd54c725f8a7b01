/** The formats DuckDB decodes for us, each as a Table over the copy in scratch. */
import { isUtf8 } from 'node:buffer';
import { open } from 'node:fs/promises';
import { ParqueueError } from '../../model/errors.ts';
import type { CanonicalRequest, FileQuestion } from '../../model/request.ts';
import { readFooterOf, type FooterColumn } from '../../parquet/footer.ts';
import { dialectOf } from './csv-dialect.ts';
import { csvError, csvTable, glanceAtCsv } from './csv.ts';
import { guessCsv } from './csv-guess.ts';
import { declaredType, fromValue, type DeclaredType } from './declared-type.ts';
import { columnsOf, duckDbMessage, literal, type DuckDbSession } from './duckdb.ts';
import { jsonError, jsonTable } from './json.ts';
import { guessNdjson } from './json-guess.ts';
import { valueError } from './load.ts';
import { assertColumns, DEPTH_MAX, wantedColumns, type Guess, type Table } from './table.ts';

export interface DecodePlan {
  readonly path: string;
  readonly request: CanonicalRequest;
  readonly question: FileQuestion;
  readonly directories: readonly string[];
  readonly signal: AbortSignal;
  readonly scratch: string;
  /** Larger files are guessed from so many bytes at their beginning; null: none is. */
  readonly guessFromBytes: number | null;
}

/** A header line longer than this is no header. */
const HEAD_BYTES = 1024 * 1024;

/** What a decoder of UTF-8 puts in place of bytes that are none. */
const REPLACEMENT = '\ufffd';

export interface Decoding {
  /** What can be loaded while it is being proved; null where nothing can be said beforehand, or none is wished. */
  readonly guess: Guess | null;
  readonly table: () => Promise<Table>;
}

export async function decodingOf(session: DuckDbSession, plan: DecodePlan): Promise<Decoding> {
  const declared = declaredTypes(plan.request);
  switch (plan.question.format) {
    case 'csv':
      return csvDecoding(session, plan, declared);
    case 'json':
    case 'ndjson': {
      const json = { format: plan.question.format, request: plan.request, declared, signal: plan.signal };
      const { guessFromBytes, path, scratch } = plan;
      const guess =
        guessFromBytes === null || json.format === 'json'
          ? null
          : await guessNdjson(session, path, { ...json, scratch, headBytes: guessFromBytes });
      return { guess, table: () => jsonTable(session, path, json) };
    }
    case 'parquet':
    case 'arrow':
      return { guess: null, table: () => parquetTable(session, plan, declared) };
  }
}

export function declaredTypes(request: CanonicalRequest): ReadonlyMap<string, DeclaredType> {
  return new Map(Object.entries(request.columnTypes).map(([column, type]) => [column, declaredType(column, type)]));
}

/** What a decoder complains about, as a coded error; null where it is not about the file. */
export function decodeError(error: unknown, { question, directories }: DecodePlan): ParqueueError | null {
  switch (question.format) {
    case 'csv':
      return csvError(error, directories);
    case 'json':
    case 'ndjson':
      return jsonError(error, directories);
    case 'parquet':
    case 'arrow':
      return new ParqueueError(
        'PQ_MALFORMED_SOURCE',
        `the ${question.format} file cannot be decoded: ` + `${duckDbMessage(error, directories).split('\n')[0] ?? ''}`,
        { cause: error },
      );
  }
}

async function csvDecoding(
  session: DuckDbSession,
  { path, question, request, guessFromBytes }: DecodePlan,
  declared: ReadonlyMap<string, DeclaredType>,
): Promise<Decoding> {
  const { bytes, fileBytes } = await headOf(path);
  // A character cut in half at the end is of no matter: the first record ends before it, or it is refused.
  const isText = [0, 1, 2, 3].some((cut) => isUtf8(bytes.subarray(0, Math.max(0, bytes.length - cut))));
  const dialect = dialectOf(bytes.toString('utf8'), fileBytes <= HEAD_BYTES, question.csv);
  // The parser looks at the rows, and not at a header, which it passes over.
  if (!isText && dialect.names.some((name) => name.includes(REPLACEMENT)))
    throw new ParqueueError('PQ_MALFORMED_SOURCE', 'line 1 of the CSV: it is not UTF-8; convert the file', {
      details: { line: 1 },
    });
  const plan = { path, dialect, declared, wanted: wantedColumns(dialect.names, request.columns, [...declared.keys()]) };
  const guess =
    guessFromBytes === null || fileBytes <= guessFromBytes
      ? null
      : await guessCsv(session, plan, bytes.subarray(0, guessFromBytes));
  return { guess, table: async () => csvTable(session, plan, await glanceAtCsv(session, plan)) };
}

async function headOf(path: string): Promise<{ bytes: Buffer; fileBytes: number }> {
  await using handle = await open(path, 'r');
  const buffer = Buffer.alloc(HEAD_BYTES);
  const { bytesRead } = await handle.read(buffer, 0, HEAD_BYTES, 0);
  const { size } = await handle.stat();
  return { bytes: buffer.subarray(0, bytesRead), fileBytes: size };
}

async function parquetTable(
  session: DuckDbSession,
  { path, request }: DecodePlan,
  declared: ReadonlyMap<string, DeclaredType>,
): Promise<Table> {
  const footer = await readFooterOf(path);
  assertColumns(footer.columns.length);
  for (const column of footer.columns) assertDepth(column);
  const relation = `read_parquet(${literal(path)}, binary_as_string = false)`;
  const described = await columnsOf(session, relation);
  const wanted = wantedColumns(
    described.map(({ name }) => name),
    request.columns,
    [...declared.keys()],
  );
  return {
    relation,
    rows: footer.rows,
    columns: wanted.map((name) => {
      const { type } = described.find((column) => column.name === name) ?? { type: '' };
      const to = declared.get(name);
      const origin = footer.columns.find((column) => column.name === name)?.type ?? type;
      return {
        name,
        sourceType: `parquet:${origin}`,
        expression: fromValue(name, type, to ?? { name: type, sql: type, decimal: null }),
      };
    }),
    // The port allows for formats that must look for the row.
    blame: async (refused) => valueError(refused),
  };
}

/** Types are written as `list<struct<…>>`: their brackets tell how deep they go. */
function assertDepth({ name, type }: FooterColumn): void {
  let depth = 0;
  for (const char of type) {
    if (char === '<') depth += 1;
    else if (char === '>') depth -= 1;
    if (depth <= DEPTH_MAX) continue;
    throw new ParqueueError(
      'PQ_UNSUPPORTED_TYPE',
      `column ${name} nests deeper than ${DEPTH_MAX} levels; flatten it where the file is written`,
      { details: { column: name, depthMax: DEPTH_MAX } },
    );
  }
}
