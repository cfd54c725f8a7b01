/**
 * Rows of MySQL's binary protocol (dev.mysql.com, "Binary Protocol Resultset Row"), read into what mappings start from:
 * numbers, decimal texts of integers beyond 2⁵³, texts, bytes, and dates and times as the server writes them. mysql2 has such readers; this
 * one is in their place since they make doubles of FLOATs' texts (text protocol), parse JSON, drop digits of fractions
 * and take twice the time (docs/mysql-types.md).
 */
import { constants, isUtf8 } from 'node:buffer';
import { fieldTypes, isBinary, isUnsigned, type MysqlColumn } from './describe.ts';

/** As mysql2 hands it over: the bytes from `offset` to `end` are the row's. */
export interface RowPacket {
  readonly buffer: Buffer;
  readonly start: number;
  readonly offset: number;
  readonly end: number;
}

type Kind =
  | 'int8'
  | 'uint8'
  | 'int16'
  | 'uint16'
  | 'int32'
  | 'uint32'
  | 'int64'
  | 'uint64'
  | 'float32'
  | 'float64'
  | 'date'
  | 'datetime'
  | 'time'
  | 'text'
  | 'bytes';

/** The first two bits of the bitmap of NULLs are not used. */
const NULL_BITS_BEFORE = 2;
const TWO_TO_32 = 2 ** 32;

/** Texts up to this length are made character by character: faster than a call into the engine, where they are ASCII. */
const SHORT_TEXT = 16;

const DATE_LENGTHS: readonly number[] = [0, 4, 7, 11];
const TIME_LENGTHS: readonly number[] = [0, 8, 12];

const PAIRS: readonly string[] = Array.from({ length: 100 }, (_, number) => String(number).padStart(2, '0'));

export class BinaryRows {
  /** Of the row read last: what came over the wire. */
  rowBytes = 0;
  readonly #kinds: readonly Kind[];
  readonly #digits: readonly number[];
  readonly #nullBytes: number;
  #buffer: Buffer = Buffer.alloc(0);
  #at = 0;

  constructor(columns: readonly MysqlColumn[]) {
    this.#kinds = columns.map(kindOf);
    this.#digits = columns.map(({ decimals }) => (decimals > 6 ? 0 : decimals));
    this.#nullBytes = (columns.length + NULL_BITS_BEFORE + 7) >> 3;
  }

  next({ buffer, start, offset, end }: RowPacket): unknown[] {
    const kinds = this.#kinds;
    // One byte of header.
    const nulls = offset + 1;
    this.#buffer = buffer;
    this.#at = nulls + this.#nullBytes;
    this.rowBytes = end - start;
    const row: unknown[] = [];
    for (let i = 0; i < kinds.length; i += 1) {
      const bit = i + NULL_BITS_BEFORE;
      const isNull = ((buffer[nulls + (bit >> 3)] ?? 0) & (1 << (bit & 7))) !== 0;
      row.push(isNull ? null : this.#value(kinds[i] as Kind, i));
    }
    if (this.#at !== end) throw malformed('did not end where its packet does');
    return row;
  }

  #value(kind: Kind, column: number): unknown {
    const buffer = this.#buffer;
    const at = this.#at;
    switch (kind) {
      case 'int8':
        this.#at += 1;
        return buffer.readInt8(at);
      case 'uint8':
        this.#at += 1;
        return buffer[at];
      case 'int16':
        this.#at += 2;
        return buffer.readInt16LE(at);
      case 'uint16':
        this.#at += 2;
        return buffer.readUInt16LE(at);
      case 'int32':
        this.#at += 4;
        return buffer.readInt32LE(at);
      case 'uint32':
        this.#at += 4;
        return buffer.readUInt32LE(at);
      case 'int64':
        this.#at += 8;
        return longOf(buffer.readUInt32LE(at), buffer.readInt32LE(at + 4));
      case 'uint64':
        this.#at += 8;
        return String(longOf(buffer.readUInt32LE(at), buffer.readUInt32LE(at + 4)));
      case 'float32':
        this.#at += 4;
        return buffer.readFloatLE(at);
      case 'float64':
        this.#at += 8;
        return buffer.readDoubleLE(at);
      case 'date':
        return this.#date();
      case 'datetime':
        return this.#datetime(this.#digits[column] ?? 0);
      case 'time':
        return this.#time(this.#digits[column] ?? 0);
      case 'text':
        return this.#text();
      case 'bytes':
        return this.#bytes();
    }
  }

  /** `2024-02-29`. Dates that no calendar has (`0000-00-00`, `2024-00-15`) are written too. */
  #date(): string {
    const length = this.#lengthOf(DATE_LENGTHS);
    const text = length === 0 ? '0000-00-00' : this.#day(this.#at);
    this.#at += length;
    return text;
  }

  #datetime(digits: number): string {
    const length = this.#lengthOf(DATE_LENGTHS);
    const at = this.#at;
    const day = length === 0 ? '0000-00-00' : this.#day(at);
    const clock = length < 7 ? '00:00:00' : this.#clock(at + 4);
    const micros = length < 11 ? 0 : this.#buffer.readUInt32LE(at + 7);
    this.#at += length;
    return `${day} ${clock}${fractionOf(micros, digits)}`;
  }

  /** `-838:59:59.999999`: hours go beyond a day. */
  #time(digits: number): string {
    const length = this.#lengthOf(TIME_LENGTHS);
    const at = this.#at;
    this.#at += length;
    if (length === 0) return `00:00:00${fractionOf(0, digits)}`;
    const buffer = this.#buffer;
    const sign = buffer[at] === 1 ? '-' : '';
    const hours = buffer.readUInt32LE(at + 1) * 24 + (buffer[at + 5] ?? 0);
    const micros = length < 12 ? 0 : buffer.readUInt32LE(at + 8);
    const shown = hours < 100 ? PAIRS[hours] : String(hours);
    return `${sign}${shown}:${this.#pair(at + 6)}:${this.#pair(at + 7)}${fractionOf(micros, digits)}`;
  }

  #day(at: number): string {
    const year = this.#buffer.readUInt16LE(at);
    if (year >= PAIRS.length ** 2) throw malformed('has a year of five digits');
    return `${PAIRS[Math.floor(year / 100)]}${PAIRS[year % 100]}-${this.#pair(at + 2)}-${this.#pair(at + 3)}`;
  }

  #clock(at: number): string {
    return `${this.#pair(at)}:${this.#pair(at + 1)}:${this.#pair(at + 2)}`;
  }

  #pair(at: number): string {
    return PAIRS[this.#buffer[at] ?? 0] ?? refuseTime();
  }

  /** Bytes that are no UTF-8, which a table may hold in spite of its character set, stay bytes: a column of texts refuses them. */
  #text(): string | Uint8Array {
    const length = this.#length();
    const buffer = this.#buffer;
    const from = this.#at;
    const to = from + length;
    this.#at = to;
    if (length > SHORT_TEXT) return utf8Of(buffer, from, to);
    let text = '';
    for (let i = from; i < to; i += 1) {
      const code = buffer[i] as number;
      if (code > 0x7f) return utf8Of(buffer, from, to);
      text += String.fromCharCode(code);
    }
    return text;
  }

  #bytes(): Uint8Array {
    const length = this.#length();
    const from = this.#at;
    this.#at += length;
    return this.#buffer.subarray(from, from + length);
  }

  #byte(): number {
    const byte = this.#buffer[this.#at] ?? 0;
    this.#at += 1;
    return byte;
  }

  /** Of a date or time: the parts at its end are left out where they are 0, and no other length is one. */
  #lengthOf(known: readonly number[]): number {
    const length = this.#byte();
    if (!known.includes(length)) throw malformed(`has a date or time of ${length} bytes`);
    return length;
  }

  /** A length-encoded integer: one byte, or a mark and two, three or eight. */
  #length(): number {
    const first = this.#byte();
    if (first < 0xfb) return first;
    const bytes = first === 0xfc ? 2 : first === 0xfd ? 3 : 8;
    const at = this.#at;
    this.#at += bytes;
    if (bytes < 8) return this.#buffer.readUIntLE(at, bytes);
    return this.#buffer.readUInt32LE(at) + this.#buffer.readUInt32LE(at + 4) * TWO_TO_32;
  }
}

function malformed(what: string): TypeError {
  return new TypeError(`a row of the binary protocol ${what}`);
}

function refuseTime(): never {
  throw malformed('has a part of a date or time with too many digits');
}

function utf8Of(buffer: Buffer, from: number, to: number): string | Uint8Array {
  // The engine has no longer texts.
  if (to - from > constants.MAX_STRING_LENGTH) return buffer.subarray(from, to);
  const text = buffer.toString('utf8', from, to);
  if (!text.includes('\ufffd')) return text;
  const bytes = buffer.subarray(from, to);
  return isUtf8(bytes) ? text : bytes;
}

/** A number where that is exact, else decimal text. */
function longOf(low: number, high: number): number | string {
  const value = high * TWO_TO_32 + low;
  return Number.isSafeInteger(value) ? value : ((BigInt(high) << 32n) | BigInt(low)).toString();
}

/** With the digits that the column has; with all six where the value has more of them. */
function fractionOf(micros: number, digits: number): string {
  if (micros === 0 && digits === 0) return '';
  const six = `${PAIRS[Math.floor(micros / 10_000)] ?? refuseTime()}${PAIRS[Math.floor(micros / 100) % 100]}${PAIRS[micros % 100]}`;
  if (digits === 6) return `.${six}`;
  return micros % 10 ** (6 - digits) === 0 ? `.${six.slice(0, digits)}` : `.${six}`;
}

function kindOf(column: MysqlColumn): Kind {
  const unsigned = isUnsigned(column);
  switch (column.type) {
    case fieldTypes.TINY:
      return unsigned ? 'uint8' : 'int8';
    case fieldTypes.SHORT:
      return unsigned ? 'uint16' : 'int16';
    case fieldTypes.YEAR:
      return 'uint16';
    case fieldTypes.LONG:
    case fieldTypes.INT24:
      return unsigned ? 'uint32' : 'int32';
    case fieldTypes.LONGLONG:
      return unsigned ? 'uint64' : 'int64';
    case fieldTypes.FLOAT:
      return 'float32';
    case fieldTypes.DOUBLE:
      return 'float64';
    case fieldTypes.DATE:
    case fieldTypes.NEWDATE:
      return 'date';
    case fieldTypes.DATETIME:
    case fieldTypes.TIMESTAMP:
      return 'datetime';
    case fieldTypes.TIME:
      return 'time';
    case fieldTypes.DECIMAL:
    case fieldTypes.NEWDECIMAL:
    case fieldTypes.JSON:
      return 'text';
    default:
      return isBinary(column) ? 'bytes' : 'text';
  }
}
