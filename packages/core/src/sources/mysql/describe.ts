/** A column of a statement as the server describes it (dev.mysql.com, "Column Definition"). */
import type { FieldPacket } from 'mysql2';

/** Numbers of types, by the protocol's names. */
export const fieldTypes = {
  DECIMAL: 0,
  TINY: 1,
  SHORT: 2,
  LONG: 3,
  FLOAT: 4,
  DOUBLE: 5,
  NULL: 6,
  TIMESTAMP: 7,
  LONGLONG: 8,
  INT24: 9,
  DATE: 10,
  TIME: 11,
  DATETIME: 12,
  YEAR: 13,
  NEWDATE: 14,
  VARCHAR: 15,
  BIT: 16,
  VECTOR: 242,
  JSON: 245,
  NEWDECIMAL: 246,
  ENUM: 247,
  SET: 248,
  TINY_BLOB: 249,
  MEDIUM_BLOB: 250,
  LONG_BLOB: 251,
  BLOB: 252,
  VAR_STRING: 253,
  STRING: 254,
  GEOMETRY: 255,
} as const;

export type FieldTypeName = keyof typeof fieldTypes;

const NAMES: ReadonlyMap<number, FieldTypeName> = new Map(
  Object.entries(fieldTypes).map(([name, number]) => [number, name as FieldTypeName]),
);

const FLAGS = { unsigned: 1 << 5, zerofill: 1 << 6, enum: 1 << 8, set: 1 << 11 } as const;

/** The number of the character set (and collation) "binary": bytes that no character set reads. */
const BINARY_CHARSET = 63;

export interface MysqlColumn {
  readonly name: string;
  /** A number of `fieldTypes`; others exist. */
  readonly type: number;
  readonly flags: number;
  /** In bytes, of texts by the connection's character set; of numbers the width shown. */
  readonly length: number;
  /** Digits after the point, or of a fraction of seconds; 31: as many as there are. */
  readonly decimals: number;
  readonly charset: number;
  /** MariaDB's name of a type that travels as another one: `uuid`, `inet6`; and `json` of a LONGTEXT. */
  readonly extended: string | null;
  /** Of the base table, `''` for what is computed. */
  readonly table: string;
}

export function columnOf(field: FieldPacket): MysqlColumn {
  return {
    name: field.name,
    type: field.columnType ?? field.type ?? -1,
    flags: typeof field.flags === 'number' ? field.flags : 0,
    length: field.columnLength ?? 0,
    decimals: field.decimals,
    charset: field.characterSet ?? BINARY_CHARSET,
    extended: field.extendedTypeName ?? field.extendedFormat ?? null,
    table: field.orgTable,
  };
}

export function fieldTypeName(column: Pick<MysqlColumn, 'type'>): string {
  return NAMES.get(column.type) ?? `type ${column.type}`;
}

export function isUnsigned({ flags }: Pick<MysqlColumn, 'flags'>): boolean {
  return (flags & FLAGS.unsigned) !== 0;
}

export function isBinary({ charset }: Pick<MysqlColumn, 'charset'>): boolean {
  return charset === BINARY_CHARSET;
}

/** ENUM and SET travel as texts; the flags tell. */
export function isOneOf({ flags }: Pick<MysqlColumn, 'flags'>): 'enum' | 'set' | null {
  if ((flags & FLAGS.enum) !== 0) return 'enum';
  return (flags & FLAGS.set) === 0 ? null : 'set';
}

/** Whether rows of the one may go into columns that were planned for the other. */
export function sameColumn(a: MysqlColumn, b: MysqlColumn | undefined): boolean {
  return (
    a.name === b?.name
    && a.type === b.type
    && a.flags === b.flags
    && a.length === b.length
    && a.decimals === b.decimals
    && a.charset === b.charset
    && a.extended === b.extended
  );
}
