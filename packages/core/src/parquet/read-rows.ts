/**
 * A look into a Parquet file: some rows as JSON, NDJSON or CSV text, reading only the pages they are in. Owns the
 * bounds on memory, since WebAssembly's own cannot be set: what may be fetched at once, and how long the text may get.
 *
 * parquet-wasm's `offset` and `limit` apply to each row group by itself, so the groups are walked here, one by one.
 */
import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { tableFromIPC } from 'apache-arrow';
import { ParquetFile } from 'parquet-wasm';
import { ParqueueError, isParqueueError } from '../model/errors.ts';
import { cellText, type CellOptions } from './cell-text.ts';
import { rowTexts, type RowsFormat } from './row-texts.ts';

export interface RowsWish {
  readonly path: string;
  /** What the manifest says of the part; a file of another size is not it. */
  readonly bytes: number;
  readonly format: RowsFormat;
  readonly offset: number;
  readonly limit: number;
  readonly numbers: CellOptions['numbers'];
}

export interface RowsText {
  readonly text: Uint8Array;
  readonly rows: number;
  readonly rowsTotal: number;
}

/** One fetch is a column chunk at most, unless the file has a page index: then only pages. */
const FETCH_BYTES_MAX = 256 * 1024 * 1024;

/** A look is for people and small scripts; more is a download. */
const TEXT_BYTES_MAX = 64 * 1024 * 1024;

const BATCH_ROWS = 65_536;

/** @throws ParqueueError PQ_STORE_IO (the file is not what it was), PQ_LIMIT_EXCEEDED, PQ_UNSUPPORTED_TYPE */
export async function readRows(wish: RowsWish): Promise<RowsText> {
  const fd = openSync(wish.path, 'r');
  try {
    const { size } = fstatSync(fd);
    if (size !== wish.bytes)
      throw new ParqueueError('PQ_STORE_IO', `the part has ${size} bytes where its manifest says ${wish.bytes}`);
    const blob = new FileSlice(fd, 0, size);
    const file = await ParquetFile.fromFile(blob as unknown as Blob);
    try {
      return await collect(file, wish);
    } catch (error) {
      throw blob.state.refusal ?? error;
    } finally {
      file.free();
    }
  } finally {
    closeSync(fd);
  }
}

async function collect(file: ParquetFile, wish: RowsWish): Promise<RowsText> {
  const metadata = file.metadata();
  const groups = metadata.rowGroups().map((group) => group.numRows());
  const rowsTotal = groups.reduce((sum, rows) => sum + rows, 0);
  const names = tableFromIPC(file.schema().intoIPCStream()).schema.fields.map(({ name }) => name);
  const writer = rowTexts(wish.format, names);
  const pieces: Buffer[] = [];
  let bytes = 0;
  const put = (text: string): void => {
    const piece = Buffer.from(text);
    bytes += piece.length;
    if (bytes > TEXT_BYTES_MAX) {
      throw new ParqueueError(
        'PQ_LIMIT_EXCEEDED',
        `these rows are over ${TEXT_BYTES_MAX} bytes of text: lower limit, name columns, or ask for Parquet`,
      );
    }
    pieces.push(piece);
  };

  put(writer.head);
  let skip = wish.offset;
  let rows = 0;
  for (const [group, groupRows] of groups.entries()) {
    const wanted = Math.min(groupRows - skip, wish.limit - rows);
    if (wanted > 0) {
      const read = await groupTexts(file, { group, offset: skip, limit: wanted }, wish, (cells) => {
        put(`${rows === 0 ? '' : writer.between}${writer.row(cells)}`);
        rows += 1;
      });
      // parquet-wasm was seen to drop rows of odd files without an error; the footer's count tells.
      if (read !== wanted)
        throw new ParqueueError(
          'PQ_UNSUPPORTED_TYPE',
          `the reader gave ${read} of ${wanted} rows of this file; ask for Parquet`,
        );
    }
    skip = Math.max(0, skip - groupRows);
    if (rows >= wish.limit) break;
  }
  put(writer.tail);
  return { text: new Uint8Array(Buffer.concat(pieces)), rows, rowsTotal };
}

async function groupTexts(
  file: ParquetFile,
  part: { readonly group: number; readonly offset: number; readonly limit: number },
  { numbers }: RowsWish,
  onRow: (cells: readonly string[]) => void,
): Promise<number> {
  let rows = 0;
  const stream = await file.stream({
    rowGroups: [part.group],
    offset: part.offset,
    limit: part.limit,
    batchSize: Math.min(BATCH_ROWS, part.limit),
  });
  // A batch handed over is freed by intoIPCStream; an abandoned stream frees what it holds when it is cancelled.
  for await (const wasmBatch of stream as AsyncIterable<{ intoIPCStream(): Uint8Array }>) {
    for (const batch of tableFromIPC(wasmBatch.intoIPCStream()).batches) {
      const columns = batch.data.children.map((child) => textOrRefuse(() => cellText(child, { numbers })));
      for (let row = 0; row < batch.numRows; row += 1) onRow(columns.map((text) => text(row)));
      rows += batch.numRows;
    }
  }
  return rows;
}

function textOrRefuse<T>(make: () => T): T {
  try {
    return make();
  } catch (error) {
    if (isParqueueError(error)) throw error;
    throw new ParqueueError('PQ_UNSUPPORTED_TYPE', error instanceof Error ? error.message : String(error), {
      cause: error,
    });
  }
}

/** As much of a Blob as parquet-wasm uses, over an open file: `size`, `slice` and `arrayBuffer`. */
class FileSlice {
  readonly size: number;
  readonly state: { refusal: ParqueueError | null };
  readonly #fd: number;
  readonly #start: number;

  constructor(fd: number, start: number, end: number, state: { refusal: ParqueueError | null } = { refusal: null }) {
    this.#fd = fd;
    this.#start = start;
    this.size = Math.max(0, end - start);
    this.state = state;
  }

  slice(from = 0, to = this.size): FileSlice {
    const at = (position: number): number =>
      Math.min(this.size, position < 0 ? Math.max(0, this.size + position) : position);
    return new FileSlice(this.#fd, this.#start + at(from), this.#start + at(to), this.state);
  }

  async arrayBuffer(): Promise<ArrayBuffer> {
    if (this.size > FETCH_BYTES_MAX) {
      throw this.#refuse(
        'PQ_LIMIT_EXCEEDED',
        `a look would read ${this.size} bytes at once: name columns, or ask for Parquet`,
      );
    }
    const bytes = new Uint8Array(this.size);
    for (let done = 0; done < this.size;) {
      const read = readSync(this.#fd, bytes, done, this.size - done, this.#start + done);
      if (read === 0) throw this.#refuse('PQ_STORE_IO', 'the part ended before its end');
      done += read;
    }
    return bytes.buffer;
  }

  /** An error does not come back through WebAssembly as it was thrown; it is kept aside. */
  #refuse(code: 'PQ_LIMIT_EXCEEDED' | 'PQ_STORE_IO', message: string): ParqueueError {
    this.state.refusal = new ParqueueError(code, message);
    return this.state.refusal;
  }
}
