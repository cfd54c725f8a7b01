/** Values of one column on their way to the client, in the type it asked for. Chosen once per cursor, not per value. */
import type { Column, OraIntervalDS, OraIntervalYM, OraTime, OraType, Value } from '../engine.ts';
import { encodeDouble, encodeFloat } from '../codec/double.ts';
import { encodeNumber } from '../codec/number.ts';
import { encodeOson } from '../codec/oson.ts';
import { encodeURowId, parseRowId } from '../codec/rowid.ts';
import { encodeDate, encodeIntervalDS, encodeIntervalYM, encodeTimestamp, encodeTimestampTz } from '../codec/time.ts';
import { OraError } from '../engine.ts';
import type { ByteWriter } from '../wire/byte-writer.ts';
import type { BindType } from './binds.ts';
import { utf16be, writeLob } from './lobs.ts';
import type { Lobs } from './lobs.ts';
import { FORM, STRING_BYTES_MAX, TYPE, wireType } from './types.ts';

export type WriteValue = (writer: ByteWriter, value: Value) => void;

export interface ValueContext {
  readonly cursor: number;
  readonly lobs: Lobs;
}

/** How a column is wanted; null is as it was described. */
export function valueWriter({ type, name }: Column, define: BindType | null, context: ValueContext): WriteValue {
  const described = wireType(type);
  const wanted = define ?? { type: described.type, form: described.form, size: described.bytesMax };
  if (wanted.type === TYPE.long || wanted.type === TYPE.longRaw) return followed(plain(asLong(type, wanted)));
  if (wanted.type !== described.type && wanted.type !== TYPE.char) {
    if (wanted.type !== TYPE.varchar) throw new OraError(932, `inconsistent datatypes: column ${name}`);
    const text = plain(asText(type, wanted.form));
    return wanted.size > STRING_BYTES_MAX ? followed(text) : text;
  }
  switch (type.kind) {
    case 'CLOB':
    case 'NCLOB':
    case 'BLOB':
      return (writer, value) => {
        if (value === null) writer.u8(0);
        else {
          const locator = context.lobs.hold(lobValue(value), context.cursor);
          writeLob(writer, lobValue(value), { locator, prefetch: define?.lobPrefetch ?? false });
        }
      };
    case 'JSON':
      return (writer, value) => {
        if (value === null) writer.u8(0);
        else writeOson(writer, encodeOson(value as string));
      };
    case 'ROWID':
      return (writer, value) => {
        if (value === null) writer.u8(0);
        else writeRowId(writer, value as string);
      };
    case 'UROWID':
      return (writer, value) => {
        if (value === null) writer.u8(0);
        else
          writer
            .u8(1)
            .u8(0)
            .bytes(encodeURowId(value as string));
      };
    case 'OBJECT':
      return (writer, value) => {
        if (value !== null) throw new OraError(932, `inconsistent datatypes: column ${name}`);
        writer.zeros(6);
      };
    case 'VARCHAR2':
      return (writer, value) => {
        writer.text((value ?? '') as string);
      };
    case 'CHAR':
      return (writer, value) => {
        writer.text(value === null ? '' : padded(value as string, type.chars));
      };
    default:
      return plain(encoder(type));
  }
}

function plain(encode: (value: NonNullable<Value>) => Uint8Array): WriteValue {
  return (writer, value) => {
    writer.bytes(value === null ? null : encode(value));
  };
}

/** LONGs, and texts wanted longer than a string may be: an indicator and a code come after each value. */
function followed(write: WriteValue): WriteValue {
  return (writer, value) => {
    write(writer, value);
    if (value === null) writer.sb(-1).ub(1405);
    else writer.sb(0).ub(0);
  };
}

function asLong(type: OraType, { type: wanted, form }: { type: number; form: number }): (value: Value) => Uint8Array {
  return wanted === TYPE.longRaw ? (value) => value as Uint8Array : asText(type, form);
}

function asText(type: OraType, form: number): (value: Value) => Uint8Array {
  const encode = form === FORM.national ? utf16be : utf8;
  return (value) => encode(textOf(value, type));
}

function textOf(value: Value, type: OraType): string {
  if (typeof value === 'string') return type.kind === 'NUMBER' ? value.replace(/^(-?)0\./, '$1.') : value;
  if (value instanceof Uint8Array) return Buffer.from(value).toString('hex').toUpperCase();
  if (typeof value === 'boolean') return value ? 'TRUE' : 'FALSE';
  if (typeof value === 'number') return String(value);
  throw new OraError(932, `inconsistent datatypes: ${type.kind} as text`);
}

function encoder(type: OraType): (value: Value) => Uint8Array {
  switch (type.kind) {
    case 'NUMBER':
    case 'FLOAT':
      return (value) => encodeNumber(value as string);
    case 'BINARY_DOUBLE':
      return (value) => encodeDouble(value as number);
    case 'BINARY_FLOAT':
      return (value) => encodeFloat(value as number);
    case 'DATE':
      return (value) => encodeDate(value as OraTime);
    case 'TIMESTAMP':
    case 'TIMESTAMP WITH LOCAL TIME ZONE':
      return (value) => encodeTimestamp(value as OraTime);
    case 'TIMESTAMP WITH TIME ZONE':
      return (value) => encodeTimestampTz(value as OraTime);
    case 'INTERVAL DAY TO SECOND':
      return (value) => encodeIntervalDS(value as OraIntervalDS);
    case 'INTERVAL YEAR TO MONTH':
      return (value) => encodeIntervalYM(value as OraIntervalYM);
    case 'BOOLEAN':
      return (value) => (value === true ? Buffer.of(1, 1) : Buffer.of(0));
    case 'RAW':
      return (value) => value as Uint8Array;
    case 'NVARCHAR2':
      return (value) => utf16be(value as string);
    case 'NCHAR':
      return (value) => utf16be(padded(value as string, type.chars));
    default:
      return (value) => utf8(value as string);
  }
}

/** Blanks up to the column's length in characters, as CHAR values have. */
function padded(text: string, chars: number): string {
  const surrogatePairs = text.match(/[\uD800-\uDBFF][\uDC00-\uDFFF]/g)?.length ?? 0;
  return text.padEnd(chars + surrogatePairs, ' ');
}

function lobValue(value: NonNullable<Value>): string | Uint8Array {
  if (typeof value === 'string' || value instanceof Uint8Array) return value;
  throw new TypeError('a LOB column holds text or bytes');
}

/** In front of the value a locator's fields, which a client reads and drops; behind it the locator itself. */
function writeOson(writer: ByteWriter, value: Buffer): void {
  writer.ub(40).ub(value.length).ub(0).bytes(value).bytes(Buffer.alloc(40));
}

function writeRowId(writer: ByteWriter, text: string): void {
  const { object, file, block, row } = parseRowId(text);
  writer.u8(1).ub(object).ub(file).u8(0).ub(block).ub(row);
}

function utf8(text: string): Buffer {
  return Buffer.from(text, 'utf8');
}
