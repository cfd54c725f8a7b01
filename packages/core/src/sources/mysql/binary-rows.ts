/**
 * Rows of MySQL's binary protocol (dev.mysql.com, "Binary Protocol Resultset Row"), cut apart: where each value lies in the bytes
 * that arrived. mysql2 has readers of rows; this one is in their place since they make doubles of FLOATs' texts (text
 * protocol), parse JSON, drop digits of fractions and take twice the time (docs/mysql-types.md).
 */
import { WireRows } from '../sql/wire/fields.ts';
import { kindOf, malformed, valueAt, type Kind } from './binary-values.ts';
import type { MysqlColumn } from './describe.ts';

/** As mysql2 hands it over: the bytes from `offset` to `end` are the row's. It is used again for the next row. */
export interface RowPacket {
  readonly buffer: Buffer;
  readonly start: number;
  readonly offset: number;
  readonly end: number;
}

/** The first two bits of the bitmap of NULLs are not used. */
const NULL_BITS_BEFORE = 2;
const NULL_END = -1;
const TWO_TO_32 = 2 ** 32;

const DATE_LENGTHS: readonly number[] = [0, 4, 7, 11];
const TIME_LENGTHS: readonly number[] = [0, 8, 12];

/** Of values that all have the same; null: their length stands before them. */
const WIDTHS: Readonly<Record<Kind, number | null>> = {
  int8: 1,
  uint8: 1,
  int16: 2,
  uint16: 2,
  int32: 4,
  uint32: 4,
  int64: 8,
  uint64: 8,
  float32: 4,
  float64: 8,
  date: null,
  datetime: null,
  time: null,
  text: null,
  bytes: null,
};

/** Length of a date or time: the parts at its end are left out where they are 0, and no other length is one. */
const LENGTHS: Readonly<Partial<Record<Kind, readonly number[]>>> = {
  date: DATE_LENGTHS,
  datetime: DATE_LENGTHS,
  time: TIME_LENGTHS,
};

export class BinaryRows {
  readonly #kinds: readonly Kind[];
  readonly #widths: readonly (number | null)[];
  readonly #lengths: readonly (readonly number[] | undefined)[];
  readonly #digits: readonly number[];
  readonly #nullBytes: number;

  constructor(columns: readonly MysqlColumn[]) {
    this.#kinds = columns.map(kindOf);
    this.#widths = this.#kinds.map((kind) => WIDTHS[kind]);
    this.#lengths = this.#kinds.map((kind) => LENGTHS[kind]);
    this.#digits = columns.map(({ decimals }) => (decimals > 6 ? 0 : decimals));
    this.#nullBytes = (columns.length + NULL_BITS_BEFORE + 7) >> 3;
  }

  /** For rows of packets in this buffer, about as many. `spare`: tables that another piece needs no more. */
  begin(buffer: Buffer, rowsExpected: number, spare?: WireRows): WireRows {
    if (spare === undefined) return new WireRows(buffer, this.#kinds.length, rowsExpected, this.#decode);
    spare.again(buffer, new DataView(buffer.buffer, buffer.byteOffset, buffer.byteLength));
    return spare;
  }

  /** Adds the row of a packet in the buffer of `rows`. @throws ParqueueError PQ_INTERNAL for bytes that are no row, having added none */
  add(rows: WireRows, { start, offset, end }: RowPacket): void {
    const { bytes } = rows;
    const first = rows.begin();
    const { starts, ends } = rows;
    const widths = this.#widths;
    // One byte of header.
    const nulls = offset + 1;
    let at = nulls + this.#nullBytes;
    for (let i = 0; i < widths.length; i += 1) {
      const bit = i + NULL_BITS_BEFORE;
      if (((bytes[nulls + (bit >> 3)] ?? 0) & (1 << (bit & 7))) !== 0) {
        ends[first + i] = NULL_END;
        continue;
      }
      let length = widths[i] as number | null;
      if (length === null) {
        // A length-encoded integer: one byte, or a mark and two, three or eight.
        length = bytes[at] ?? 0;
        at += 1;
        const lengths = this.#lengths[i];
        if (lengths !== undefined && !lengths.includes(length))
          throw malformed(`has a date or time of ${length} bytes`);
        if (length >= 0xfb) {
          const more = length === 0xfc ? 2 : length === 0xfd ? 3 : 8;
          length = lengthAt(bytes, at, more);
          at += more;
        }
      }
      starts[first + i] = at;
      at += length;
      ends[first + i] = at;
    }
    if (at !== end) throw malformed('did not end where its packet does');
    rows.rows += 1;
    rows.wireBytes += end - start;
  }

  /** The values of one row, for those who want values. */
  next(packet: RowPacket): unknown[] {
    const rows = this.begin(packet.buffer, 1);
    this.add(rows, packet);
    return rows.arrays()[0] as unknown[];
  }

  readonly #decode = ({ bytes, starts, ends, columns }: WireRows, at: number): unknown => {
    const column = at % columns;
    const place = { buffer: bytes, start: starts[at] as number, end: ends[at] as number };
    return valueAt(this.#kinds[column] as Kind, this.#digits[column] ?? 0, place);
  };
}

function lengthAt(buffer: Buffer, at: number, bytes: number): number {
  if (at + bytes > buffer.length) throw malformed('ends within a length');
  if (bytes < 8) return buffer.readUIntLE(at, bytes);
  return buffer.readUInt32LE(at) + buffer.readUInt32LE(at + 4) * TWO_TO_32;
}
