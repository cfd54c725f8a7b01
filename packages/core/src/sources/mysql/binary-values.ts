/**
 * Values of rows of MySQL's binary protocol (dev.mysql.com, "Binary Protocol Value"), from the bytes in which they lie into what
 * mappings start from: numbers, decimal texts of integers beyond 2⁵³, texts, bytes, and dates and times as the server writes them.
 */
import { constants, isUtf8 } from 'node:buffer';
import { ParqueueError } from '../../model/errors.ts';
import { fieldTypes, isBinary, isUnsigned, type MysqlColumn } from './describe.ts';

/** How a value lies in its bytes. */
export type Kind =
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

const TWO_TO_32 = 2 ** 32;

/** Texts up to this length are made character by character: faster than a call into the engine, where they are ASCII. */
const SHORT_TEXT = 16;

const PAIRS: readonly string[] = Array.from({ length: 100 }, (_, number) => String(number).padStart(2, '0'));

/** Where a value lies. */
export interface Place {
  readonly buffer: Buffer;
  readonly start: number;
  readonly end: number;
}

/** `digits`: of fractions of seconds, as the column has them. @throws ParqueueError PQ_INTERNAL for what no server sends */
export function valueAt(kind: Kind, digits: number, place: Place): unknown {
  const { buffer, start: at, end } = place;
  switch (kind) {
    case 'int8':
      return buffer.readInt8(at);
    case 'uint8':
      return buffer[at];
    case 'int16':
      return buffer.readInt16LE(at);
    case 'uint16':
      return buffer.readUInt16LE(at);
    case 'int32':
      return buffer.readInt32LE(at);
    case 'uint32':
      return buffer.readUInt32LE(at);
    case 'int64':
      return longOf(buffer.readUInt32LE(at), buffer.readInt32LE(at + 4));
    case 'uint64':
      return String(longOf(buffer.readUInt32LE(at), buffer.readUInt32LE(at + 4)));
    case 'float32':
      return buffer.readFloatLE(at);
    case 'float64':
      return buffer.readDoubleLE(at);
    case 'date':
      return dateOf(place);
    case 'datetime':
      return datetimeOf(place, digits);
    case 'time':
      return timeOf(place, digits);
    case 'text':
      return textOf(place);
    case 'bytes':
      return buffer.subarray(at, end);
  }
}

/** `2024-02-29`. Dates that no calendar has (`0000-00-00`, `2024-00-15`) are written too. */
function dateOf({ buffer, start, end }: Place): string {
  return end === start ? '0000-00-00' : dayAt(buffer, start);
}

function datetimeOf(place: Place, digits: number): string {
  const { buffer, start, end } = place;
  const length = end - start;
  const clock = length < 7 ? '00:00:00' : clockAt(buffer, start + 4);
  const micros = length < 11 ? 0 : buffer.readUInt32LE(start + 7);
  return `${dateOf(place)} ${clock}${fractionOf(micros, digits)}`;
}

/** `-838:59:59.999999`: hours go beyond a day. */
function timeOf({ buffer, start: at, end }: Place, digits: number): string {
  if (end === at) return `00:00:00${fractionOf(0, digits)}`;
  const sign = buffer[at] === 1 ? '-' : '';
  const hours = buffer.readUInt32LE(at + 1) * 24 + (buffer[at + 5] ?? 0);
  const micros = end - at < 12 ? 0 : buffer.readUInt32LE(at + 8);
  const shown = hours < 100 ? PAIRS[hours] : String(hours);
  return `${sign}${shown}:${pairAt(buffer, at + 6)}:${pairAt(buffer, at + 7)}${fractionOf(micros, digits)}`;
}

function dayAt(buffer: Buffer, at: number): string {
  const year = buffer.readUInt16LE(at);
  if (year >= PAIRS.length ** 2) throw malformed('has a year of five digits');
  return `${PAIRS[Math.floor(year / 100)]}${PAIRS[year % 100]}-${pairAt(buffer, at + 2)}-${pairAt(buffer, at + 3)}`;
}

function clockAt(buffer: Buffer, at: number): string {
  return `${pairAt(buffer, at)}:${pairAt(buffer, at + 1)}:${pairAt(buffer, at + 2)}`;
}

function pairAt(buffer: Buffer, at: number): string {
  return PAIRS[buffer[at] ?? 0] ?? refuseTime();
}

/** Bytes that are no UTF-8, which a table may hold in spite of its character set, stay bytes: a column of texts refuses them. */
function textOf({ buffer, start, end }: Place): string | Uint8Array {
  if (end - start > SHORT_TEXT) return utf8Of(buffer, start, end);
  let text = '';
  for (let i = start; i < end; i += 1) {
    const code = buffer[i] as number;
    if (code > 0x7f) return utf8Of(buffer, start, end);
    text += String.fromCharCode(code);
  }
  return text;
}

/** A defect, whoever meets it: the session that receives the row, or a column that its values are put into. */
export function malformed(what: string): ParqueueError {
  return new ParqueueError('PQ_INTERNAL', `using the database failed: a row of the binary protocol ${what}`);
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

export function kindOf(column: MysqlColumn): Kind {
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
