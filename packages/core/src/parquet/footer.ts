/**
 * Reads the footer of a Parquet file: rows, row groups and columns, by ranges from the end of the file and never the
 * whole of it (parquet.thrift and Encryption.md in apache/parquet-format). It is the witness for row counts: what a
 * writer or decoder claims is compared with it.
 */
import { open } from 'node:fs/promises';
import { ParqueueError } from '../model/errors.ts';
import { boundariesOf } from './boundaries.ts';
import type { FileBytes } from './file-bytes.ts';
import { columnsOf, type FooterColumn } from './schema-type.ts';
import { readThriftStruct, type ThriftStruct, type ThriftValue } from './thrift.ts';

export type { FooterColumn } from './schema-type.ts';

export interface RowGroupFooter {
  readonly rows: number;
  /** Compressed bytes of its column chunks. */
  readonly bytes: number;
  /** One for each leaf of the schema, in its order. */
  readonly chunks: readonly ColumnChunkFooter[];
}

export interface ColumnChunkFooter {
  /** The names from the top of the schema down. */
  readonly path: readonly string[];
  /** Where its first page begins in the file. */
  readonly start: number;
  /** As stored. */
  readonly bytes: number;
  /** Before compression; where values repeat, a dictionary makes this less than the values themselves. */
  readonly plainBytes: number;
  /** Bytes of all texts written out, where the writer noted it. */
  readonly textBytes: number | null;
  /** Those in lists counted one by one, and NULLs too: repeated ones take no room in the file, but do when they are read. */
  readonly values: number;
  /** Texts or bytes, each kept once or without what it shares with the one before: `plainBytes` says nothing of their width. */
  readonly isAbridged: boolean;
  /** Those that are NULL, where the writer noted it. */
  readonly nulls: number | null;
  /** Where the writer noted it, of values that have an order, uncut. */
  readonly range: ColumnRange | null;
}

/** The least and the greatest value, in plain encoding (Encodings.md in apache/parquet-format). */
export interface ColumnRange {
  readonly min: Uint8Array;
  readonly max: Uint8Array;
  /** Numbers in bytes of their own, which decimals are. */
  readonly isBigEndian: boolean;
}

export interface ParquetFooter {
  readonly rows: number;
  readonly columns: readonly FooterColumn[];
  readonly rowGroups: readonly RowGroupFooter[];
  readonly createdBy: string | null;
  readonly keyValues: Readonly<Record<string, string>>;
  readonly fileBytes: number;
  /** Ascending. */
  readonly boundaries: Float64Array;
}

/** Length and magic number: the last 8 bytes. */
const TAIL_BYTES = 8;
const MAGIC = 'PAR1';

/** parquet.thrift, `enum Type`. */
const INT96 = 3;
const BYTE_ARRAY = 6;
const FIXED_LEN_BYTE_ARRAY = 7;
/** parquet.thrift, `enum Encoding`. */
const DELTA_BYTE_ARRAY = 7;

/** A footer of 10,000 columns × 1,000 row groups is near 1 GB and no file we want; 256 MB is far above real ones. */
const FOOTER_BYTES_MAX = 256 * 1024 * 1024;

export async function readFooterOf(path: string): Promise<ParquetFooter> {
  await using handle = await open(path, 'r');
  return await readFooter(handle);
}

/** @throws ParqueueError PQ_MALFORMED_SOURCE where the file is not a whole Parquet file, PQ_UNSUPPORTED_TYPE, PQ_LIMIT_EXCEEDED */
export async function readFooter(handle: FileBytes): Promise<ParquetFooter> {
  const { size } = await handle.stat();
  if (size < TAIL_BYTES + MAGIC.length) throw malformed(`it has ${size} bytes only`);
  const tail = await range(handle, size - TAIL_BYTES, TAIL_BYTES);
  const head = await range(handle, 0, MAGIC.length);
  const magic = tail.toString('latin1', 4);
  if (magic === 'PARE') throw encrypted('an encrypted footer');
  if (magic !== MAGIC || head.toString('latin1') !== MAGIC)
    throw malformed('the mark PAR1 is missing at its beginning or end');
  const length = tail.readUInt32LE(0);
  if (length > FOOTER_BYTES_MAX || length > size - TAIL_BYTES - MAGIC.length)
    throw malformed(`its footer claims ${length} bytes`);
  const bytes = await range(handle, size - TAIL_BYTES - length, length);
  try {
    return interpret(readThriftStruct(bytes), size, size - TAIL_BYTES - length);
  } catch (error) {
    if (error instanceof RangeError) throw malformed(error.message, error);
    throw error;
  }
}

function interpret(meta: ThriftStruct, fileBytes: number, dataEnd: number): ParquetFooter {
  const rows = count(meta.get(3), 'num_rows');
  const rowGroups = list(meta.get(4) ?? [], 'row_groups').map((group) =>
    rowGroupOf(struct(group, 'row group'), dataEnd),
  );
  const counted = rowGroups.reduce((sum, group) => sum + group.rows, 0);
  if (counted !== rows) throw new RangeError(`its row groups hold ${counted} rows, its footer says ${rows}`);
  const createdBy = meta.get(6);
  return {
    rows,
    rowGroups,
    columns: columnsOf(list(meta.get(2), 'schema').map((element) => struct(element, 'schema element'))),
    createdBy: createdBy instanceof Uint8Array ? text(createdBy) : null,
    keyValues: keyValuesOf(meta.get(5)),
    fileBytes,
    boundaries: boundariesOf(meta, [dataEnd, fileBytes - TAIL_BYTES, fileBytes]),
  };
}

/** Chunks that reach into the footer or beyond the file mean that the file was cut or overwritten. */
function rowGroupOf(group: ThriftStruct, dataEnd: number): RowGroupFooter {
  const chunks = list(group.get(1), 'columns').map((chunk) => chunkOf(struct(chunk, 'column chunk'), dataEnd));
  return {
    rows: count(group.get(3), 'num_rows of a row group'),
    bytes: chunks.reduce((sum, { bytes }) => sum + bytes, 0),
    chunks,
  };
}

function chunkOf(chunk: ThriftStruct, dataEnd: number): ColumnChunkFooter {
  if (chunk.has(1)) throw new RangeError('a column chunk lies in another file');
  // Others of its columns may be readable; the answer of which some columns are not is none.
  if (chunk.has(8)) throw encrypted('encrypted columns');
  const meta = struct(chunk.get(3), 'column metadata');
  const size = number(meta.get(7), 'compressed size');
  const data = number(meta.get(9), 'data page offset');
  const dictionary = meta.get(11);
  const hasDictionary = typeof dictionary === 'number' && dictionary > 0;
  const start = hasDictionary ? Math.min(dictionary, data) : data;
  if (start < 0 || size < 0 || start + size > dataEnd) throw new RangeError('a column chunk reaches beyond the data');
  const path = list(meta.get(3), 'path of a column').map((name) => {
    if (!(name instanceof Uint8Array)) throw new RangeError('its footer has no path of a column');
    return text(name);
  });
  const statistics = meta.get(16);
  const textBytes = statistics instanceof Map ? (statistics as ThriftStruct).get(1) : undefined;
  return {
    path,
    start,
    bytes: size,
    plainBytes: count(meta.get(6), 'uncompressed size'),
    textBytes: typeof textBytes === 'number' && textBytes >= 0 ? textBytes : null,
    values: count(meta.get(5), 'number of values'),
    isAbridged: isAbridged(meta, hasDictionary),
    ...rangeOf(meta),
  };
}

/** `struct Statistics`; its older fields 1 and 2 have no agreed order. */
function rangeOf(meta: ThriftStruct): Pick<ColumnChunkFooter, 'nulls' | 'range'> {
  const told = meta.get(12);
  const statistics: ThriftStruct = told instanceof Map ? told : new Map();
  const [count, max, min] = [statistics.get(3), statistics.get(5), statistics.get(6)];
  const nulls = typeof count === 'number' && count >= 0 ? count : null;
  const isCut = statistics.get(7) === false || statistics.get(8) === false;
  if (isCut || meta.get(1) === INT96 || !(min instanceof Uint8Array && max instanceof Uint8Array))
    return { nulls, range: null };
  const isBigEndian = meta.get(1) === BYTE_ARRAY || meta.get(1) === FIXED_LEN_BYTE_ARRAY;
  return { nulls, range: { min, max, isBigEndian } };
}

function isAbridged(meta: ThriftStruct, hasDictionary: boolean): boolean {
  const type = meta.get(1);
  if (type !== BYTE_ARRAY && type !== FIXED_LEN_BYTE_ARRAY) return false;
  return hasDictionary || list(meta.get(2) ?? [], 'encodings').includes(DELTA_BYTE_ARRAY);
}

function keyValuesOf(value: ThriftValue | undefined): Record<string, string> {
  const pairs: Record<string, string> = {};
  if (!Array.isArray(value)) return pairs;
  for (const item of value as readonly ThriftValue[]) {
    const pair = struct(item, 'key value');
    const key = pair.get(1);
    const content = pair.get(2);
    if (key instanceof Uint8Array) pairs[text(key)] = content instanceof Uint8Array ? text(content) : '';
  }
  return pairs;
}

async function range(handle: FileBytes, position: number, length: number): Promise<Buffer> {
  const buffer = Buffer.alloc(length);
  for (let filled = 0; filled < length;) {
    const { bytesRead } = await handle.read(buffer, filled, length - filled, position + filled);
    if (bytesRead === 0) throw malformed('it became shorter while its footer was read');
    filled += bytesRead;
  }
  return buffer;
}

function number(value: ThriftValue | undefined, what: string): number {
  if (typeof value !== 'number' || !Number.isSafeInteger(value)) throw new RangeError(`its footer has no ${what}`);
  return value;
}

function count(value: ThriftValue | undefined, what: string): number {
  const told = number(value, what);
  if (told < 0) throw new RangeError(`its footer has a ${what} of ${told}`);
  return told;
}

function list(value: ThriftValue | undefined, what: string): readonly ThriftValue[] {
  if (!Array.isArray(value)) throw new RangeError(`its footer has no ${what}`);
  return value as readonly ThriftValue[];
}

function struct(value: ThriftValue | undefined, what: string): ThriftStruct {
  if (!(value instanceof Map)) throw new RangeError(`its footer has no ${what}`);
  return value;
}

function text(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8');
}

function encrypted(what: string): ParqueueError {
  return new ParqueueError(
    'PQ_UNSUPPORTED_TYPE',
    `the Parquet file has ${what}; store it unencrypted, or in another format`,
  );
}

function malformed(reason: string, cause?: unknown): ParqueueError {
  return new ParqueueError(
    'PQ_MALFORMED_SOURCE',
    `not a whole Parquet file: ${reason}`,
    cause === undefined ? {} : { cause },
  );
}
