/** Oracle's types as numbers: how columns are described and how values of them travel. */
import type { OraType } from '../engine.ts';
import { AL16UTF16, AL32UTF8 } from '../wire/negotiation.ts';

export const TYPE = {
  varchar: 1,
  number: 2,
  binaryInteger: 3,
  long: 8,
  rowid: 11,
  date: 12,
  raw: 23,
  longRaw: 24,
  char: 96,
  binaryFloat: 100,
  binaryDouble: 101,
  cursor: 102,
  object: 109,
  clob: 112,
  blob: 113,
  json: 119,
  timestamp: 180,
  timestampTz: 181,
  intervalYM: 182,
  intervalDS: 183,
  urowid: 208,
  timestampLtz: 231,
  boolean: 252,
} as const;

/** Their scale is an integer of any length for clients that announce texts by one length, a byte for the others. */
export const TYPES_WITH_SCALE: readonly number[] = [
  TYPE.number,
  TYPE.timestamp,
  TYPE.timestampTz,
  TYPE.timestampLtz,
  TYPE.intervalDS,
];

/** Character set form: the database's or the national one. */
export const FORM = { none: 0, implicit: 1, national: 2 } as const;

/**
 * Above it, a client reads two more fields after each value; at 0 it reads no value at all. Described sizes stay
 * between, LONGs apart, which are always followed by those fields.
 */
export const STRING_BYTES_MAX = 32_767;

/** What a LOB or a JSON column is described with; its values are never that long or that short. */
const LOCATOR_BYTES_MAX = 4000;
const UROWID_BYTES_MAX = 3950;

export interface WireType {
  readonly type: number;
  readonly form: number;
  readonly charset: number;
  readonly precision: number;
  readonly scale: number;
  readonly bytesMax: number;
  readonly chars: number;
}

const PLAIN = { form: FORM.none, charset: 0, precision: 0, scale: 0, chars: 0 };
const TEXT = { ...PLAIN, form: FORM.implicit, charset: AL32UTF8 };
const NATIONAL_TEXT = { ...PLAIN, form: FORM.national, charset: AL16UTF16 };

/** NUMBER and FLOAT without a scale. */
const ANY_SCALE = -127;

export function wireType(of: OraType): WireType {
  switch (of.kind) {
    case 'VARCHAR2':
      return { ...TEXT, type: TYPE.varchar, bytesMax: size(of.chars * 4), chars: of.chars };
    case 'CHAR':
      return { ...TEXT, type: TYPE.char, bytesMax: size(of.chars * 4), chars: of.chars };
    case 'NVARCHAR2':
      return { ...NATIONAL_TEXT, type: TYPE.varchar, bytesMax: size(of.chars * 2), chars: of.chars };
    case 'NCHAR':
      return { ...NATIONAL_TEXT, type: TYPE.char, bytesMax: size(of.chars * 2), chars: of.chars };
    case 'NUMBER':
      return {
        ...PLAIN,
        type: TYPE.number,
        bytesMax: 22,
        precision: of.precision ?? 0,
        scale: of.precision === null ? ANY_SCALE : of.scale,
      };
    case 'FLOAT':
      return { ...PLAIN, type: TYPE.number, bytesMax: 22, precision: of.precision, scale: ANY_SCALE };
    case 'BINARY_FLOAT':
      return { ...PLAIN, type: TYPE.binaryFloat, bytesMax: 4 };
    case 'BINARY_DOUBLE':
      return { ...PLAIN, type: TYPE.binaryDouble, bytesMax: 8 };
    case 'DATE':
      return { ...PLAIN, type: TYPE.date, bytesMax: 7 };
    case 'TIMESTAMP':
      return { ...PLAIN, type: TYPE.timestamp, bytesMax: 11, scale: of.fraction };
    case 'TIMESTAMP WITH TIME ZONE':
      return { ...PLAIN, type: TYPE.timestampTz, bytesMax: 13, scale: of.fraction };
    case 'TIMESTAMP WITH LOCAL TIME ZONE':
      return { ...PLAIN, type: TYPE.timestampLtz, bytesMax: 11, scale: of.fraction };
    case 'INTERVAL DAY TO SECOND':
      return { ...PLAIN, type: TYPE.intervalDS, bytesMax: 11, precision: of.leading, scale: of.fraction };
    case 'INTERVAL YEAR TO MONTH':
      return { ...PLAIN, type: TYPE.intervalYM, bytesMax: 5, precision: of.leading };
    case 'RAW':
      return { ...PLAIN, type: TYPE.raw, bytesMax: size(of.bytes) };
    case 'LONG':
      return { ...TEXT, type: TYPE.long, bytesMax: 0 };
    case 'LONG RAW':
      return { ...PLAIN, type: TYPE.longRaw, bytesMax: 0 };
    case 'CLOB':
      return { ...TEXT, type: TYPE.clob, bytesMax: LOCATOR_BYTES_MAX };
    case 'NCLOB':
      return { ...NATIONAL_TEXT, type: TYPE.clob, bytesMax: LOCATOR_BYTES_MAX };
    case 'BLOB':
      return { ...PLAIN, type: TYPE.blob, bytesMax: LOCATOR_BYTES_MAX };
    case 'JSON':
      return { ...PLAIN, type: TYPE.json, bytesMax: LOCATOR_BYTES_MAX };
    case 'BOOLEAN':
      return { ...PLAIN, type: TYPE.boolean, bytesMax: 4 };
    case 'ROWID':
      return { ...PLAIN, type: TYPE.rowid, bytesMax: 18 };
    case 'UROWID':
      return { ...PLAIN, type: TYPE.urowid, bytesMax: UROWID_BYTES_MAX };
    case 'OBJECT':
      // As an XMLTYPE by its form, a driver need not ask for its attributes, by PL/SQL that nothing here could answer.
      return { ...(of.name === 'XMLTYPE' ? TEXT : PLAIN), type: TYPE.object, bytesMax: LOCATOR_BYTES_MAX };
  }
}

/** Columns of these kinds are not sent with the first execute: the client first says how it wants them. */
export function needsDefine(of: OraType): boolean {
  return of.kind === 'CLOB' || of.kind === 'NCLOB' || of.kind === 'BLOB' || of.kind === 'JSON';
}

function size(bytes: number): number {
  return Math.max(1, Math.min(bytes, STRING_BYTES_MAX));
}
