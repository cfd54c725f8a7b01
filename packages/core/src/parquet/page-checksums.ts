/**
 * Checksums of a Parquet file's pages, verified while its bytes pass by once, from the first to the last. A page may have
 * a CRC-32 of its bytes as they are stored (`crc` of PageHeader in parquet.thrift); Java's writers and Go's give it,
 * others when told to. Decoders do not look at it, so a byte that turned would be another value to them.
 * And what a page says that it has without compression: parquet-wasm takes that much memory before it looks at the page, and
 * 640 bytes of a forged file were 2 GiB.
 * Only what is certain is refused. Where pages cannot be told apart the rest of their chunk goes unchecked: decoders say
 * what is wrong there.
 */
import { crc32 } from 'node:zlib';
import { ParqueueError } from '../model/errors.ts';
import type { ParquetFooter } from './footer.ts';
import { readThriftBeginning } from './thrift.ts';

/** A page's header has two texts at most, its least and its greatest value; longer ones than this are cut by writers. */
const HEADER_BYTES_MAX = 256 * 1024;

/** Writers make pages of a megabyte; one that is larger than this has a value that nobody can use. */
const PAGE_BYTES_MAX = 256 * 1024 * 1024;

interface Chunk {
  readonly column: string;
  readonly rowGroup: number;
  readonly start: number;
  readonly end: number;
}

export class PageChecksums {
  readonly #chunks: readonly Chunk[];
  #at = 0;
  /** Of the chunks, the one whose end was not reached; and whether its beginning was. */
  #next = 0;
  #isWithin = false;
  /** What came of a header that goes on in the next piece. */
  #header: Uint8Array = new Uint8Array(0);
  #pageLeft = 0;
  #told: number | null = null;
  #crc = 0;
  /** Pages that had a checksum, and the right one. */
  verified = 0;

  constructor({ rowGroups }: ParquetFooter) {
    this.#chunks = rowGroups
      .flatMap(({ chunks }, rowGroup) =>
        chunks.map(({ path, start, bytes }) => ({ column: path.join('.'), rowGroup, start, end: start + bytes })),
      )
      .toSorted((a, b) => a.start - b.start);
  }

  /**
   * The next bytes of the file.
   * @throws ParqueueError PQ_MALFORMED_SOURCE where a page is not what its checksum says, PQ_LIMIT_EXCEEDED where it is too large
   */
  take(piece: Uint8Array): void {
    const begin = this.#at;
    this.#at += piece.length;
    for (let at = begin; at < this.#at;) {
      const chunk = this.#chunks[this.#next];
      if (chunk === undefined) return;
      this.#isWithin ||= at === chunk.start;
      if (at < chunk.start) at = chunk.start;
      else if (at < chunk.end && this.#isWithin)
        at += this.#within(chunk, piece.subarray(at - begin, Math.min(this.#at, chunk.end) - begin), at);
      // At its end, or beyond the beginning of one that lies within another, which is for decoders to find.
      else this.#leave();
    }
  }

  /** @returns how many of the bytes are dealt with. */
  #within(chunk: Chunk, bytes: Uint8Array, at: number): number {
    if (this.#pageLeft === 0) return this.#begin(chunk, bytes, at);
    const body = bytes.subarray(0, this.#pageLeft);
    this.#pageLeft -= body.length;
    if (this.#told === null) return body.length;
    this.#crc = crc32(body, this.#crc);
    if (this.#pageLeft > 0) return body.length;
    if (this.#crc !== this.#told) throw damaged(chunk);
    this.verified += 1;
    return body.length;
  }

  #begin(chunk: Chunk, bytes: Uint8Array, at: number): number {
    const held = this.#header.length;
    const begun = held === 0 ? bytes : Buffer.concat([this.#header, bytes.subarray(0, HEADER_BYTES_MAX)]);
    const header = headerIn(begun.subarray(0, HEADER_BYTES_MAX));
    if (header !== null) {
      if (header.plainBytes > PAGE_BYTES_MAX) throw tooLarge(chunk, header.plainBytes);
      this.#header = new Uint8Array(0);
      this.#pageLeft = header.pageBytes;
      this.#told = header.crc;
      this.#crc = 0;
      return header.headerBytes - held;
    }
    if (begun.length >= HEADER_BYTES_MAX || at + bytes.length >= chunk.end) {
      this.#leave();
      return 0;
    }
    // The piece's memory is its owner's, who fills it again.
    this.#header = Uint8Array.from(begun);
    return bytes.length;
  }

  #leave(): void {
    this.#next += 1;
    this.#isWithin = false;
    this.#header = new Uint8Array(0);
    this.#pageLeft = 0;
  }
}

interface PageHeader {
  readonly headerBytes: number;
  readonly pageBytes: number;
  /** Before compression, by its own account. */
  readonly plainBytes: number;
  readonly crc: number | null;
}

/** Null where the bytes are no header, or only the beginning of one. */
function headerIn(bytes: Uint8Array): PageHeader | null {
  try {
    const { struct, length } = readThriftBeginning(bytes);
    const [plainBytes, pageBytes, crc] = [struct.get(2), struct.get(3), struct.get(4)];
    if (typeof pageBytes !== 'number' || !Number.isSafeInteger(pageBytes) || pageBytes < 0) return null;
    // It is kept as a signed number.
    return {
      headerBytes: length,
      pageBytes,
      plainBytes: typeof plainBytes === 'number' ? plainBytes : 0,
      crc: typeof crc === 'number' ? crc >>> 0 : null,
    };
  } catch {
    return null;
  }
}

function tooLarge({ column, rowGroup }: Chunk, pageBytes: number): ParqueueError {
  return new ParqueueError(
    'PQ_LIMIT_EXCEEDED',
    `a page of column ${column} in row group ${rowGroup} has ${pageBytes} bytes before compression, and the limit is `
      + `${PAGE_BYTES_MAX}; write smaller pages`,
    { details: { limit: 'memory', column, rowGroup, pageBytes, pageBytesMax: PAGE_BYTES_MAX } },
  );
}

function damaged({ column, rowGroup }: Chunk): ParqueueError {
  return new ParqueueError(
    'PQ_MALFORMED_SOURCE',
    `the Parquet file is damaged: a page of column ${column} in row group ${rowGroup} does not have its checksum`,
    { details: { column, rowGroup } },
  );
}
