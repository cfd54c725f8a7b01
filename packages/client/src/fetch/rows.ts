/**
 * Arrow columns as plain values. Which kind of value a column gives is decided by its type alone, once, so that no
 * value of it surprises: a bigint is a bigint where it is 7, too. Values are read from Arrow's buffers rather than
 * through its getters, which turn timestamps into floating-point milliseconds and decimals into words.
 */
import type { Data, DataType, RecordBatch, Table, TimeUnit } from 'apache-arrow';
import type { ArrowModule } from './arrow.ts';
import { dateReader, decimalText, timeText, timestampText } from './value-texts.ts';
import type { Row, RowValue } from './options.ts';

/** The value of one row of a column. */
type Reader = (row: number) => RowValue;

export interface DecodedRows {
  readonly rows: readonly Row[];
  /** About what they take in memory. */
  readonly bytes: number;
}

/** @returns frozen rows in a frozen array; what is nested in them is not frozen */
export function decodeRows(arrow: ArrowModule, table: Table | RecordBatch): DecodedRows {
  const batches = 'batches' in table ? table.batches : [table];
  const columns = new Columns(arrow);
  const rows: Row[] = [];
  for (const batch of batches) columns.read(batch, rows);
  return { rows: Object.freeze(rows), bytes: columns.bytes };
}

const OBJECT_BYTES = 40;
const REFERENCE_BYTES = 8;

class Columns {
  bytes = 0;
  readonly #arrow: ArrowModule;
  /** A byte order mark is a part of the text here, as every character is. */
  readonly #decoder = new TextDecoder('utf-8', { ignoreBOM: true });

  constructor(arrow: ArrowModule) {
    this.#arrow = arrow;
  }

  read({ data }: RecordBatch, into: Row[]): void {
    const read = this.#objects(data);
    for (let row = 0; row < data.length; row += 1) into.push(Object.freeze(read(row)) as Row);
  }

  #reader(data: Data | undefined): Reader {
    if (data === undefined) return () => null;
    const present = this.#present(data);
    if (data.nullCount === 0 || data.nullBitmap === null) return present;
    return (row) => (data.getValid(row) ? present(row) : null);
  }

  #present(data: Data): Reader {
    const { Type } = this.#arrow;
    const { type, values } = data;
    switch (type.typeId) {
      case Type.Null:
        return () => null;
      case Type.Bool:
        return (row) => bit(values as Uint8Array, data.offset + row);
      case Type.Int:
      case Type.Duration:
        return values instanceof BigInt64Array || values instanceof BigUint64Array
          ? this.#weighed((row) => values[row] ?? 0n, 24)
          : (row) => (values as Int32Array)[row] ?? 0;
      case Type.Float:
        return values instanceof Uint16Array
          ? (row) => halfToDouble(values[row] ?? 0)
          : this.#weighed((row) => (values as Float64Array)[row] ?? Number.NaN, 12);
      case Type.Utf8:
      case Type.LargeUtf8:
        return this.#text((row) => this.#decoder.decode(spanOf(data, row)));
      case Type.Binary:
      case Type.LargeBinary:
        return this.#binary((row) => spanOf(data, row));
      case Type.FixedSizeBinary: {
        const { byteWidth } = type as DataType & { readonly byteWidth: number };
        return this.#binary((row) => (values as Uint8Array).subarray(row * byteWidth, (row + 1) * byteWidth));
      }
      default:
        return this.#measured(data) ?? this.#nested(data);
    }
  }

  /** Decimals, dates and times: text with all digits. Null for other types. */
  #measured(data: Data): Reader | null {
    const { Type } = this.#arrow;
    const { type } = data;
    switch (type.typeId) {
      case Type.Decimal: {
        const { scale, bitWidth } = type as DataType & { readonly scale: number; readonly bitWidth: number };
        const words = data.values as Uint32Array;
        return this.#text((row) => decimalText(words, row, { scale, bitWidth }));
      }
      case Type.Date: {
        const { unit } = type as DataType & { readonly unit: number };
        return this.#text(dateReader(data.values as ArrayLike<number | bigint>, unit === this.#arrow.DateUnit.DAY));
      }
      case Type.Timestamp: {
        const { unit, timezone } = type as DataType & { readonly unit: TimeUnit; readonly timezone?: string | null };
        const zone = timezone === null || timezone === undefined || timezone === '' ? '' : 'Z';
        const values = data.values as BigInt64Array;
        return this.#text((row) => timestampText(values[row] ?? 0n, unit, zone));
      }
      case Type.Time: {
        const { unit } = type as DataType & { readonly unit: TimeUnit };
        const values = data.values as ArrayLike<number | bigint>;
        return this.#text((row) => timeText(BigInt(values[row] ?? 0), unit));
      }
      default:
        return null;
    }
  }

  #nested(data: Data): Reader {
    const { Type } = this.#arrow;
    switch (data.type.typeId) {
      case Type.Dictionary: {
        const parts = data.dictionary?.data ?? [];
        const readers = parts.map((part) => ({ length: part.length, read: this.#reader(part) }));
        return (row) => {
          let at = Number((data.values as Int32Array)[row]);
          for (const { length, read } of readers) {
            if (at < length) return read(at);
            at -= length;
          }
          return null;
        };
      }
      case Type.List:
      case Type.FixedSizeList: {
        const item = this.#reader(data.children[0]);
        return this.#weighed((row) => listOf(boundsOf(data, row), item), OBJECT_BYTES);
      }
      case Type.Map: {
        const [entries] = data.children;
        const key = this.#reader(entries?.children[0]);
        const value = this.#reader(entries?.children[1]);
        // Pairs, not an object: keys may repeat and need not be text.
        return this.#weighed((row) => listOf(boundsOf(data, row), (at) => [key(at), value(at)]), OBJECT_BYTES);
      }
      case Type.Struct:
        return this.#objects(data);
      default:
        throw new TypeError(`values of type ${String(data.type)} have no plain form: fetch a table or the bytes`);
    }
  }

  #objects(data: Data): (row: number) => { readonly [name: string]: RowValue } {
    const fields = data.type.children as readonly { readonly name: string }[];
    const members = data.children.map((child, at) => ({
      name: fields[at]?.name ?? String(at),
      read: this.#reader(child),
    }));
    const objectBytes = OBJECT_BYTES + members.length * REFERENCE_BYTES;
    // An ordinary assignment to this name sets a prototype.
    const ordinary = members.every(({ name }) => name !== '__proto__');
    return (row) => {
      this.bytes += objectBytes;
      if (!ordinary) return Object.fromEntries(members.map(({ name, read }) => [name, read(row)]));
      const object: { [name: string]: RowValue } = {};
      for (const { name, read } of members) object[name] = read(row);
      return object;
    };
  }

  #weighed(read: Reader, bytes: number): Reader {
    return (row) => {
      this.bytes += bytes;
      return read(row);
    };
  }

  #text(read: (row: number) => string): Reader {
    return (row) => {
      const text = read(row);
      this.bytes += 16 + text.length * 2;
      return text;
    };
  }

  /** A copy: a view would keep the whole answer in memory, and let one row be changed through another. */
  #binary(read: (row: number) => Uint8Array): Reader {
    return (row) => {
      const bytes = read(row).slice();
      this.bytes += 120 + bytes.byteLength;
      return bytes;
    };
  }
}

function listOf([start, end]: readonly [number, number], read: Reader): readonly RowValue[] {
  const list: RowValue[] = [];
  for (let at = start; at < end; at += 1) list.push(read(at));
  return list;
}

function boundsOf(data: Data, row: number): readonly [number, number] {
  const { listSize } = data.type as DataType & { readonly listSize?: number };
  if (listSize !== undefined) return [row * listSize, (row + 1) * listSize];
  const offsets = data.valueOffsets as ArrayLike<number | bigint>;
  return [Number(offsets[row]), Number(offsets[row + 1])];
}

function spanOf(data: Data, row: number): Uint8Array {
  const [start, end] = boundsOf(data, row);
  return (data.values as Uint8Array).subarray(start, end);
}

function bit(bytes: Uint8Array, at: number): boolean {
  return (((bytes[at >> 3] ?? 0) >> (at & 7)) & 1) === 1;
}

/** IEEE 754 binary16. */
function halfToDouble(bits: number): number {
  const sign = (bits & 0x8000) === 0 ? 1 : -1;
  const exponent = (bits >> 10) & 0x1f;
  const fraction = bits & 0x3ff;
  if (exponent === 0x1f) return fraction === 0 ? sign * Infinity : Number.NaN;
  return exponent === 0 ? sign * fraction * 2 ** -24 : sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}
