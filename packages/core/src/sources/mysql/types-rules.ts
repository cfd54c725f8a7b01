/**
 * The types of MySQL and MariaDB and what each becomes: the one list that the loader follows and docs/mysql-types.md shows
 * (a test compares the two). The first rule that matches decides. Rows travel by the binary protocol (binary-rows.ts).
 */
import { offsetSeconds } from '../../parquet/columns/calendar.ts';
import type { Mapping, Reading, TypeRule } from '../sql/types.ts';
import { fieldTypes, isBinary, isUnsigned, type FieldTypeName, type MysqlColumn } from './describe.ts';
import { DECIMAL_WIRE, BYTES_WIRE, TEXT_WIRE } from '../sql/wire/readers.ts';
import { bitOf, bitsOf, realText } from './values.ts';
import { DATE_WIRE, DOUBLE_WIRE, FLOAT_WIRE, integerWireOf, timeWire, UNSIGNED_WIRE } from './wires.ts';

/** What a 128-bit decimal holds. */
const DECIMAL_DIGITS = 38;

const plain = (type: Mapping['type'], kind: 'number' | 'double' | 'text' | 'bytes' | 'boolean'): Mapping => ({
  type,
  reading: { kind },
  expression: null,
});

const INT32 = plain({ kind: 'int32' }, 'number');
const INT64 = plain({ kind: 'int64' }, 'number');
const DECIMAL20 = plain({ kind: 'decimal128', precision: 20, scale: 0 }, 'number');
const TEXT: Mapping = {
  ...plain({ kind: 'utf8' }, 'text'),
  wire: TEXT_WIRE,
  wayOut: 'no text of its character set, or one beyond 512 MiB: select CAST(c AS BINARY)',
};
const BYTES: Mapping = { ...plain({ kind: 'binary' }, 'bytes'), wire: BYTES_WIRE };

const ZERO_DATES = 'zero dates and dates with a zero in them are no dates: declare it varchar, or select NULLIF(c, 0)';

/** For declared varchar: what the server wrote. */
const AS_WRITTEN = { reading: { kind: 'text' }, expression: null } as const;

/** `aheadSeconds`: of an instant, what the session's clock is ahead of UTC. */
function timeOf(aheadSeconds: number | null): Mapping {
  const utc = aheadSeconds !== null;
  const reading: Reading = { kind: 'iso', zone: utc ? 'utc' : 'none' };
  const type = { kind: 'timestamp', unit: 'us', utc } as const;
  return { type, reading, expression: null, wire: timeWire(aheadSeconds), asText: AS_WRITTEN, wayOut: ZERO_DATES };
}

/**
 * The server writes a TIMESTAMP as a clock of the session's time zone shows it. With an offset it is an instant again; a
 * region's clock shows one hour a year twice.
 */
export function zonedTimestamp(timeZone: string): Mapping {
  const offset = /^[-+][0-9]{2}:[0-9]{2}$/.test(timeZone) ? timeZone : timeZone.toUpperCase() === 'UTC' ? 'Z' : null;
  if (offset === null) return { ...timeOf(null), note: `what a clock in ${timeZone} showed` };
  const suffix = offset === '+00:00' ? 'Z' : offset;
  return { ...timeOf(offsetSeconds(offset)), decode: (value) => `${String(value)}${suffix}` };
}

/** From the width that is shown: digits, a point where there is a fraction, a sign where there may be one. */
export function decimalSize(column: MysqlColumn): { readonly precision: number; readonly scale: number } {
  const { length, decimals: scale } = column;
  const precision = length - (scale > 0 ? 1 : 0) - (isUnsigned(column) ? 0 : 1);
  return { precision: Math.max(precision, scale, 1), scale };
}

function decimalOf(column: MysqlColumn): Mapping {
  const { precision, scale } = decimalSize(column);
  const type = { kind: 'decimal128', precision: Math.min(precision, DECIMAL_DIGITS), scale } as const;
  return { ...plain(type, 'number'), wire: DECIMAL_WIRE };
}

function bitMapping({ length }: MysqlColumn): Mapping {
  if (length <= 1) return { ...plain({ kind: 'bool' }, 'boolean'), decode: bitOf };
  return { ...(length < 32 ? INT32 : length < 64 ? INT64 : DECIMAL20), decode: bitsOf };
}

const isLarge = (column: MysqlColumn): boolean => decimalSize(column).precision > DECIMAL_DIGITS;

/** utf8mb4_general_ci. */
const TEXT_CHARSET = 45;
const BINARY_CHARSET = 63;
const UNSIGNED = 1 << 5;

/** A column of a table, for examples. */
export function exampleColumn(type: FieldTypeName, more: Partial<MysqlColumn> = {}): MysqlColumn {
  return {
    name: 'C',
    type: fieldTypes[type],
    flags: 0,
    length: 0,
    decimals: 0,
    charset: BINARY_CHARSET,
    extended: null,
    table: 't',
    ...more,
  };
}

const text = (type: FieldTypeName, more: Partial<MysqlColumn> = {}): MysqlColumn =>
  exampleColumn(type, { charset: TEXT_CHARSET, length: 40, ...more });

export const TYPE_RULES: readonly TypeRule<MysqlColumn>[] = [
  {
    dbTypes: ['TINY', 'SHORT', 'INT24', 'YEAR'],
    map: (column) => ({ ...INT32, wire: integerWireOf(column) }),
    doc: {
      database: 'TINYINT, SMALLINT, MEDIUMINT, also UNSIGNED; BOOLEAN; YEAR',
      parquet: 'int32',
      travels: 'itself',
      remark: 'the zeros that ZEROFILL shows are not values; the year 0000 is 0',
    },
    examples: [
      [exampleColumn('TINY', { length: 1 }), { kind: 'int32' }],
      [exampleColumn('INT24', { flags: UNSIGNED }), { kind: 'int32' }],
      [exampleColumn('YEAR', { flags: UNSIGNED }), { kind: 'int32' }],
    ],
  },
  {
    dbTypes: ['LONG'],
    when: (column) => !isUnsigned(column),
    map: (column) => ({ ...INT32, wire: integerWireOf(column) }),
    doc: { database: 'INT', parquet: 'int32', travels: 'itself', remark: 'nothing' },
    examples: [[exampleColumn('LONG'), { kind: 'int32' }]],
  },
  {
    dbTypes: ['LONG', 'LONGLONG'],
    when: (column) => column.type === fieldTypes.LONG || !isUnsigned(column),
    map: (column) => ({ ...INT64, wire: integerWireOf(column) }),
    doc: { database: 'INT UNSIGNED; BIGINT', parquet: 'int64', travels: 'itself', remark: 'nothing' },
    examples: [
      [exampleColumn('LONG', { flags: UNSIGNED }), { kind: 'int64' }],
      [exampleColumn('LONGLONG'), { kind: 'int64' }],
    ],
  },
  {
    dbTypes: ['LONGLONG'],
    map: () => ({ ...DECIMAL20, wire: UNSIGNED_WIRE }),
    doc: { database: 'BIGINT UNSIGNED', parquet: 'decimal128(20, 0)', travels: 'itself', remark: 'nothing' },
    examples: [[exampleColumn('LONGLONG', { flags: UNSIGNED }), { kind: 'decimal128', precision: 20, scale: 0 }]],
  },
  {
    dbTypes: ['DECIMAL', 'NEWDECIMAL'],
    when: (column) => !isLarge(column),
    map: decimalOf,
    doc: {
      database: 'DECIMAL(p,s) with p ≤ 38',
      parquet: 'decimal128(p, s)',
      travels: 'decimal text',
      remark: 'nothing',
    },
    examples: [
      [exampleColumn('NEWDECIMAL', { length: 12, decimals: 2 }), { kind: 'decimal128', precision: 10, scale: 2 }],
      [exampleColumn('NEWDECIMAL', { length: 39 }), { kind: 'decimal128', precision: 38, scale: 0 }],
      [
        exampleColumn('NEWDECIMAL', { length: 31, decimals: 30, flags: UNSIGNED }),
        { kind: 'decimal128', precision: 30, scale: 30 },
      ],
    ],
  },
  {
    dbTypes: ['DECIMAL', 'NEWDECIMAL'],
    when: ({ table }) => table !== '',
    map: () => ({
      ...plain({ kind: 'utf8' }, 'number'),
      wire: DECIMAL_WIRE,
      note: 'digits as text: declare decimal(p,s) or double where its values fit',
    }),
    doc: {
      database: 'DECIMAL(p,s) with p > 38, a column of a table',
      parquet: 'utf8',
      travels: 'decimal text',
      remark: 'nothing; declare `decimal(p,s)` or `double` where its values fit',
    },
    examples: [[exampleColumn('NEWDECIMAL', { length: 67, decimals: 30 }), { kind: 'utf8' }]],
  },
  {
    dbTypes: ['DECIMAL', 'NEWDECIMAL'],
    map: (column) => ({ ...decimalOf(column), wayOut: 'declare it varchar, or another decimal(p,s)' }),
    doc: {
      database: 'DECIMAL(p,s) with p > 38, computed: `SUM(x)`',
      parquet: 'decimal128(38, s)',
      travels: 'decimal text',
      remark: 'a value of more than 38 digits is refused: declare it `varchar`, or another `decimal(p,s)`',
    },
    examples: [
      [
        exampleColumn('NEWDECIMAL', { length: 42, decimals: 2, table: '' }),
        { kind: 'decimal128', precision: 38, scale: 2 },
      ],
    ],
  },
  {
    dbTypes: ['FLOAT'],
    map: () => ({
      ...plain({ kind: 'float32' }, 'double'),
      wire: FLOAT_WIRE,
      asText: { reading: { kind: 'text' }, expression: null, decode: realText },
    }),
    doc: { database: 'FLOAT', parquet: 'float32', travels: 'itself', remark: 'nothing' },
    examples: [[exampleColumn('FLOAT', { length: 12, decimals: 31 }), { kind: 'float32' }]],
  },
  {
    dbTypes: ['DOUBLE'],
    map: () => ({ ...plain({ kind: 'float64' }, 'double'), wire: DOUBLE_WIRE }),
    doc: { database: 'DOUBLE, REAL', parquet: 'float64', travels: 'itself', remark: 'nothing' },
    examples: [[exampleColumn('DOUBLE', { length: 22, decimals: 31 }), { kind: 'float64' }]],
  },
  {
    dbTypes: ['BIT'],
    map: bitMapping,
    doc: {
      database: 'BIT(n)',
      parquet: 'bool for n = 1; int32 up to 31, int64 up to 63, decimal128(20, 0) for 64',
      travels: 'itself',
      remark: 'nothing; the number that the bits make',
    },
    examples: [
      [exampleColumn('BIT', { length: 1 }), { kind: 'bool' }],
      [exampleColumn('BIT', { length: 31 }), { kind: 'int32' }],
      [exampleColumn('BIT', { length: 63 }), { kind: 'int64' }],
      [exampleColumn('BIT', { length: 64 }), { kind: 'decimal128', precision: 20, scale: 0 }],
    ],
  },
  {
    dbTypes: ['DATE', 'NEWDATE'],
    map: () => ({
      type: { kind: 'date32' },
      reading: { kind: 'day' },
      expression: null,
      wire: DATE_WIRE,
      asText: AS_WRITTEN,
      wayOut: ZERO_DATES,
    }),
    doc: {
      database: 'DATE',
      parquet: 'date32',
      travels: 'itself',
      remark:
        '`0000-00-00` and dates with a zero in them (`2024-00-15`) are refused: declare `varchar`, or select `NULLIF(c, 0)`',
    },
    examples: [[exampleColumn('DATE'), { kind: 'date32' }]],
  },
  {
    dbTypes: ['DATETIME'],
    map: () => timeOf(null),
    doc: { database: 'DATETIME(n)', parquet: 'timestamp[us]', travels: 'itself', remark: 'as DATE' },
    examples: [[exampleColumn('DATETIME', { decimals: 6 }), { kind: 'timestamp', unit: 'us', utc: false }]],
  },
  {
    dbTypes: ['TIMESTAMP'],
    map: () => zonedTimestamp('+00:00'),
    doc: {
      database: 'TIMESTAMP(n)',
      parquet: 'timestamp[us, UTC]; timestamp[us] where the source sets `time_zone` to a region',
      travels: 'itself, in the `time_zone` of the session',
      remark: 'as DATE',
    },
    examples: [[exampleColumn('TIMESTAMP', { decimals: 6 }), { kind: 'timestamp', unit: 'us', utc: true }]],
  },
  {
    dbTypes: ['TIME'],
    map: () => plain({ kind: 'utf8' }, 'text'),
    doc: {
      database: 'TIME(n)',
      parquet: 'utf8',
      travels: 'itself',
      remark: 'nothing: `-838:59:59.999999` is a TIME; `TIME_TO_SEC(c)` makes a number of it',
    },
    examples: [[exampleColumn('TIME'), { kind: 'utf8' }]],
  },
  {
    dbTypes: ['JSON'],
    map: () => ({ ...TEXT, note: 'JSON text as the server writes it' }),
    doc: {
      database: 'JSON (MySQL)',
      parquet: 'utf8',
      travels: 'its text',
      remark: "the text is the server's: order of members and spelling of numbers are its own",
    },
    examples: [[exampleColumn('JSON'), { kind: 'utf8' }]],
  },
  {
    dbTypes: ['VAR_STRING', 'VARCHAR', 'STRING', 'ENUM', 'SET', 'TINY_BLOB', 'MEDIUM_BLOB', 'LONG_BLOB', 'BLOB'],
    when: (column) => !isBinary(column),
    map: () => TEXT,
    doc: {
      database: 'CHAR, VARCHAR, TINYTEXT … LONGTEXT, ENUM, SET; JSON, UUID, INET4, INET6 (MariaDB)',
      parquet: 'utf8',
      travels: 'itself, in utf8mb4 whatever its character set is',
      remark:
        'nothing; CHAR without the blanks at its end, as the server gives it; bytes that are no text of the character set are refused: select `CAST(c AS BINARY)`',
    },
    examples: [
      [text('VAR_STRING'), { kind: 'utf8' }],
      [text('BLOB'), { kind: 'utf8' }],
      [text('STRING', { extended: 'uuid' }), { kind: 'utf8' }],
    ],
  },
  {
    dbTypes: ['VAR_STRING', 'VARCHAR', 'STRING', 'TINY_BLOB', 'MEDIUM_BLOB', 'LONG_BLOB', 'BLOB'],
    map: () => BYTES,
    doc: {
      database: 'BINARY, VARBINARY, TINYBLOB … LONGBLOB',
      parquet: 'binary',
      travels: 'itself',
      remark: 'nothing; BINARY keeps its zeros',
    },
    examples: [
      [exampleColumn('STRING'), { kind: 'binary' }],
      [exampleColumn('BLOB'), { kind: 'binary' }],
    ],
  },
  {
    dbTypes: ['NULL'],
    map: () => plain({ kind: 'utf8' }, 'text'),
    doc: { database: '`SELECT NULL`', parquet: 'utf8', travels: 'itself', remark: 'nothing: every value is NULL' },
    examples: [[exampleColumn('NULL'), { kind: 'utf8' }]],
  },
];

export interface UnsupportedType {
  readonly database: string;
  readonly matches: (column: MysqlColumn) => boolean;
  /** `c` stands for the column. */
  readonly wayOut: string;
}

/** What cannot be loaded, and what to do about it. Asked before the rules: some travel as bytes that nobody could read. */
export const UNSUPPORTED: readonly UnsupportedType[] = [
  {
    database: 'GEOMETRY, POINT, … (spatial types)',
    matches: ({ type }) => type === fieldTypes.GEOMETRY,
    wayOut: 'select ST_AsText(c), or ST_AsBinary(c)',
  },
  {
    database: 'VECTOR (MySQL 9)',
    matches: ({ type }) => type === fieldTypes.VECTOR,
    wayOut: 'select VECTOR_TO_STRING(c)',
  },
  {
    database: 'VECTOR (MariaDB 11.7)',
    matches: ({ extended }) => extended === 'vector',
    wayOut: 'select VEC_ToText(c)',
  },
  {
    // MariaDB describes IF(x, a TINYINT UNSIGNED, a YEAR) so, and sends one byte of the year.
    database: 'TINYINT UNSIGNED of more than 3 digits, computed: a YEAR may be in it, cut to one byte',
    matches: (column) =>
      column.type === fieldTypes.TINY && isUnsigned(column) && column.table === '' && column.length > 3,
    wayOut: 'select CAST(c AS UNSIGNED)',
  },
];
