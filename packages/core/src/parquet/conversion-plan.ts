/**
 * What a conversion reads: which columns, of which row groups which rows, and in batches of how many. All of it comes
 * from the footer, before anything is sent; the bound on memory too, since WebAssembly's own cannot be set.
 *
 * parquet-wasm's `offset` and `limit` apply to each row group by itself, so each has its own window here.
 */
import { ParqueueError } from '../model/errors.ts';
import type { ColumnChunkFooter, ParquetFooter, RowGroupFooter } from './footer.ts';

export interface ConversionPlan {
  /** Positions in the file's schema, in the order that is wanted. */
  readonly columns: readonly number[];
  /** The same columns, as positions in the batches that are read. */
  readonly batchColumns: readonly number[];
  /** What the reader is asked for: paths of leaves; null for all. */
  readonly leaves: readonly string[] | null;
  readonly windows: readonly RowWindow[];
  readonly rows: number;
  readonly memoryBytes: number;
}

export interface RowWindow {
  readonly group: number;
  readonly offset: number;
  readonly limit: number;
  readonly batchRows: number;
  /** Otherwise the rows read so far tell how many fit a batch. */
  readonly isWidthKnown: boolean;
  readonly memoryBytes: number;
}

export interface Selection {
  readonly columns: readonly string[] | null;
  readonly offset: number;
  readonly limit: number | null;
}

/** The reader fetches a row group's column chunks whole, and keeps them while it decodes. */
export const ROW_GROUP_BYTES_MAX = 512 * 1024 * 1024;

const BATCH_BYTES = 8 * 1024 * 1024;
/** A batch exists in WebAssembly's memory, encoded beside that, and as a copy outside. */
const BATCH_SHAPES = 3;
const BATCH_ROWS_MAX = 16_384;
/** What a value takes when it is read, however little of the file: of most types, and of a text without its bytes. */
const VALUE_BYTES = 8;
/** Where the footer does not tell how wide rows are, so many show it. */
const FIRST_ROWS = 128;

/** @throws ParqueueError PQ_INVALID_REQUEST (columns), PQ_LIMIT_EXCEEDED */
export function planConversion(footer: ParquetFooter, selection: Selection): ConversionPlan {
  const names = footer.columns.map(({ name }) => name);
  const columns = columnsOf(names, selection.columns);
  const leaves = selection.columns === null ? null : leavesOf(footer, selection.columns);
  const read = leaves === null ? null : new Set(topsRead(footer, leaves));
  const positions = names.flatMap((name, at) => (read === null || read.has(name) ? [at] : []));
  const windows = windowsOf(footer, selection, leaves === null ? () => true : maskOf(leaves));
  return {
    columns,
    batchColumns: columns.map((column) => positions.indexOf(column)),
    leaves,
    windows,
    rows: windows.reduce((sum, { limit }) => sum + limit, 0),
    memoryBytes: windows.reduce((most, { memoryBytes }) => Math.max(most, memoryBytes), 0),
  };
}

function columnsOf(names: readonly string[], wanted: readonly string[] | null): readonly number[] {
  if (wanted === null) return names.map((_, at) => at);
  const there = (): string => `there are ${names.map((name) => JSON.stringify(name)).join(', ')}`;
  if (wanted.length === 0) throw new ParqueueError('PQ_INVALID_REQUEST', `columns names none; ${there()}`);
  return wanted.map((name, at) => {
    const column = names.indexOf(name);
    const text = JSON.stringify(name);
    if (column === -1) throw new ParqueueError('PQ_INVALID_REQUEST', `there is no column ${text}; ${there()}`);
    if (wanted.indexOf(name) !== at) throw new ParqueueError('PQ_INVALID_REQUEST', `column ${text} is named twice`);
    if (names.includes(name, column + 1))
      throw new ParqueueError('PQ_INVALID_REQUEST', `the rows have more than one column ${text}; ask for all columns`);
    return column;
  });
}

/** The paths of all leaves of the wanted columns; null where the reader is to read everything, because it would trap. */
function leavesOf({ rowGroups: [group] }: ParquetFooter, wanted: readonly string[]): readonly string[] | null {
  const paths = group?.chunks.map(({ path }) => path) ?? [];
  const leaves = paths.filter(([top = '']) => wanted.includes(top)).map(pathText);
  const traps = paths.some((path) => leaves.some((leaf) => readerTakes(pathText(path), leaf) === 'trap'));
  return traps || leaves.length === 0 ? null : leaves;
}

/**
 * Whether the reader takes a leaf for one asked for: the very same path, or one below it. It counts *bytes* of the
 * name and then *characters* of the path to find the dot between them, so names beyond ASCII may take too many leaves,
 * and where the path has ended by then, the reader traps.
 */
function readerTakes(path: string, asked: string): boolean | 'trap' {
  if (path === asked || !path.startsWith(asked)) return path === asked;
  const character = Array.from(path)[Buffer.byteLength(asked)];
  return character === undefined ? 'trap' : character === '.';
}

function maskOf(leaves: readonly string[]): (chunk: ColumnChunkFooter) => boolean {
  const names = new Set(leaves);
  return ({ path }) => {
    const text = pathText(path);
    return names.has(text) || leaves.some((leaf) => readerTakes(text, leaf) === true);
  };
}

function topsRead({ rowGroups: [group] }: ParquetFooter, leaves: readonly string[]): readonly string[] {
  return (group?.chunks ?? []).filter(maskOf(leaves)).map(({ path: [top = ''] }) => top);
}

function pathText(path: readonly string[]): string {
  return path.join('.');
}

function windowsOf(
  { rowGroups }: ParquetFooter,
  { offset, limit }: Selection,
  isRead: (chunk: ColumnChunkFooter) => boolean,
): readonly RowWindow[] {
  const windows: RowWindow[] = [];
  let isMeasured = false;
  let skip = offset;
  let rest = limit ?? Number.POSITIVE_INFINITY;
  for (const [group, footer] of rowGroups.entries()) {
    const rows = Math.min(footer.rows - skip, rest);
    if (rows > 0) {
      const isWidthKnown = footer.chunks.every((chunk) => !isRead(chunk) || hasWidth(chunk));
      const window = { group, offset: skip, limit: rows, isWidthKnown, ...batchesOf(footer, rows, isRead) };
      windows.push(...(isWidthKnown || isMeasured ? [window] : splitAt(FIRST_ROWS, window)));
      isMeasured ||= !isWidthKnown;
      rest -= rows;
    }
    skip = Math.max(0, skip - footer.rows);
  }
  return windows;
}

function hasWidth({ isAbridged, textBytes }: ColumnChunkFooter): boolean {
  return !isAbridged || textBytes !== null;
}

function splitAt(rows: number, window: RowWindow): readonly RowWindow[] {
  if (window.limit <= rows) return [window];
  return [
    { ...window, limit: rows, batchRows: Math.min(rows, window.batchRows) },
    { ...window, offset: window.offset + rows, limit: window.limit - rows },
  ];
}

/** How many rows a batch may have whose rows take so many bytes. */
export function batchRowsOf(width: number): number {
  return Math.max(1, Math.min(BATCH_ROWS_MAX, Math.floor(BATCH_BYTES / Math.max(1, width))));
}

function batchesOf(
  group: RowGroupFooter,
  wanted: number,
  isRead: (chunk: ColumnChunkFooter) => boolean,
): Pick<RowWindow, 'batchRows' | 'memoryBytes'> {
  const read = group.chunks.filter(isRead);
  const bytes = read.reduce((sum, chunk) => sum + chunk.bytes, 0);
  if (bytes > ROW_GROUP_BYTES_MAX) {
    throw new ParqueueError(
      'PQ_LIMIT_EXCEEDED',
      `the columns of one row group take ${bytes} bytes, the limit of a conversion is ${ROW_GROUP_BYTES_MAX}: `
        + 'name fewer columns, have smaller row groups written (rowGroupRows), or ask for Parquet',
      { details: { limit: 'rowGroupBytes', bytes, bytesMax: ROW_GROUP_BYTES_MAX } },
    );
  }
  const width =
    read.reduce(
      (sum, { plainBytes, textBytes, values }) => sum + Math.max(plainBytes, textBytes ?? 0, VALUE_BYTES * values),
      0,
    ) / group.rows;
  const batchRows = Math.min(wanted, batchRowsOf(width));
  return { batchRows, memoryBytes: bytes + BATCH_SHAPES * Math.ceil(batchRows * width) };
}
