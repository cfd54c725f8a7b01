/**
 * Bind values: one per occurrence of a placeholder, decoded by the type that the client announced, never by how they
 * look. Values announced as longer than a string may be come after all others of their row, except in PL/SQL.
 */
import type { Bind } from '../engine.ts';
import { decodeFloating } from '../codec/double.ts';
import { decodeNumber } from '../codec/number.ts';
import { decodeTime } from '../codec/time.ts';
import { ProtocolError } from '../wire/protocol-error.ts';
import type { ByteReader } from '../wire/byte-reader.ts';
import { MESSAGE } from './codes.ts';
import { FORM, STRING_BYTES_MAX, TYPE, TYPES_WITH_SCALE } from './types.ts';

/** The metadata that comes with binds, and in the same layout with defines. */
export interface BindType {
  readonly type: number;
  readonly form: number;
  /** Bytes. */
  readonly size: number;
  readonly isArray: boolean;
  /** Of a define: a LOB's length and its chunk size go before its locator. */
  readonly lobPrefetch: boolean;
}

export interface BindRules {
  readonly plsql: boolean;
  /** The client announces national text at four times the size it compares. */
  readonly nationalTimesFour: boolean;
}

const ARRAY_FLAG = 0x40;
const LOB_PREFETCH_FLAG = 0x200_0000;
const ESCAPE = 253;
const NULL_BIND: Bind = { kind: 'null', value: null };

const TEXT_TYPES: readonly number[] = [TYPE.varchar, TYPE.char, TYPE.long, TYPE.rowid, TYPE.urowid];
const BYTE_TYPES: readonly number[] = [TYPE.raw, TYPE.longRaw, TYPE.cursor];
const NUMBER_TYPES: readonly number[] = [TYPE.number, TYPE.binaryInteger];
const FLOATING_TYPES: readonly number[] = [TYPE.binaryFloat, TYPE.binaryDouble];
const TIME_TYPES: readonly number[] = [TYPE.date, TYPE.timestamp, TYPE.timestampTz, TYPE.timestampLtz];
const READABLE: readonly number[] = [
  ...TEXT_TYPES,
  ...BYTE_TYPES,
  ...NUMBER_TYPES,
  ...FLOATING_TYPES,
  ...TIME_TYPES,
  TYPE.boolean,
];

export function readBindType(reader: ByteReader): BindType {
  const type = reader.u8();
  const flags = reader.u8();
  reader.u8();
  if (TYPES_WITH_SCALE.includes(type)) reader.scale();
  else reader.u8();
  const size = reader.ub();
  reader.ub();
  const continued = reader.ub();
  if (reader.ub() > 0) reader.bytes();
  reader.ub(2);
  reader.ub(2);
  const form = reader.u8();
  reader.ub();
  reader.ub();
  return { type, form, size, isArray: (flags & ARRAY_FLAG) !== 0, lobPrefetch: (continued & LOB_PREFETCH_FLAG) !== 0 };
}

/** Whether the values of a bind can be decoded at all: not of arrays, LOBs, objects, JSON. */
export function isReadable({ type, isArray }: BindType): boolean {
  return !isArray && READABLE.includes(type);
}

export function readBindRow(reader: ByteReader, types: readonly BindType[], rules: BindRules): readonly Bind[] {
  if (reader.u8() !== MESSAGE.rowData) throw new ProtocolError('a row of binds was expected');
  const binds: Bind[] = types.map(() => NULL_BIND);
  for (const late of [false, true]) {
    types.forEach((type, index) => {
      if (comesLate(type, rules) === late) binds[index] = readBind(reader, type);
    });
  }
  return binds;
}

function comesLate({ form, size }: BindType, { plsql, nationalTimesFour }: BindRules): boolean {
  if (plsql) return false;
  return (form === FORM.national && nationalTimesFour ? size / 4 : size) > STRING_BYTES_MAX;
}

function readBind(reader: ByteReader, { type, form }: BindType): Bind {
  if (type === TYPE.boolean) return readBoolean(reader);
  const bytes = reader.bytes();
  if (bytes === null) return NULL_BIND;
  if (TEXT_TYPES.includes(type)) return { kind: 'text', value: text(bytes, form) };
  if (NUMBER_TYPES.includes(type)) return { kind: 'number', value: decodeNumber(bytes) };
  if (FLOATING_TYPES.includes(type)) return { kind: 'double', value: decodeFloating(bytes) };
  if (TIME_TYPES.includes(type)) return { kind: 'time', value: decodeTime(bytes) };
  return { kind: 'bytes', value: bytes };
}

/** `FD 01` is null, else a short value whose last byte tells. */
function readBoolean(reader: ByteReader): Bind {
  const length = reader.u8();
  if (length === ESCAPE) {
    reader.u8();
    return NULL_BIND;
  }
  const bytes = reader.raw(length);
  return length === 0 ? NULL_BIND : { kind: 'boolean', value: bytes.at(-1) === 1 };
}

function text(bytes: Buffer, form: number): string {
  return form === FORM.national ? bytes.swap16().toString('utf16le') : bytes.toString('utf8');
}
