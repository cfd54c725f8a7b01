/**
 * Oracle's types and what each becomes: the one list that the loader follows and docs/oracle-types.md shows (a test
 * compares the two). The first rule that matches decides.
 */
import type { NumbersAs } from '../../model/request.ts';
import type { ColumnType } from '../../parquet/column-type.ts';
import type { Mapping, Reading, TypeRule } from '../sql/types.ts';
import { ISO_WITH_OFFSET, timeExpression } from './temporal-sql.ts';
import type { DescribedColumn } from './types.ts';
import { NUMBER_WIRE, RAW_WIRE, TIME_WIRE, VARCHAR_WIRE } from './wires.ts';

/** What a 128-bit decimal holds, and Oracle's NUMBER promises. */
const DECIMAL_DIGITS = 38;
const INT32_DIGITS = 9;
const INT64_DIGITS = 18;
const MICROSECOND_DIGITS = 6;

const plain = (type: ColumnType, kind: Exclude<Reading['kind'], 'time' | 'iso' | 'day'>): Mapping => ({
  type,
  reading: { kind },
  expression: null,
  ...(kind === 'number' ? { wire: NUMBER_WIRE } : {}),
});

/** An integer type that holds every number of so many digits. */
function integerOf(digits: number): ColumnType {
  if (digits <= INT32_DIGITS) return { kind: 'int32' };
  if (digits <= INT64_DIGITS) return { kind: 'int64' };
  return { kind: 'decimal128', precision: Math.min(digits, DECIMAL_DIGITS), scale: 0 };
}

const TEXT = plain({ kind: 'utf8' }, 'text');
const BYTES: Mapping = { ...plain({ kind: 'binary' }, 'bytes'), wire: RAW_WIRE };
const VARCHAR: Mapping = { ...TEXT, wire: VARCHAR_WIRE };

/** What a NUMBER of no declared size becomes. Exact: 28 digits before the point and 10 after. */
const OPEN_AS: Readonly<Record<NumbersAs, Mapping>> = {
  double: plain({ kind: 'float64' }, 'number'),
  exact: {
    ...plain({ kind: 'decimal128', precision: DECIMAL_DIGITS, scale: 10 }, 'number'),
    wayOut: 'declare a decimal(p,s) that holds it, or varchar; or set numbers: double',
  },
  text: plain({ kind: 'utf8' }, 'number'),
};

const precisionOf = ({ precision }: DescribedColumn): number => precision ?? 0;
const scaleOf = ({ scale }: DescribedColumn): number => scale ?? 0;

/** Neither NUMBER(p,s) that a decimal holds, nor a scale alone: NUMBER, FLOAT(b), SUM(x), NUMBER(5,60). */
const isOpen = (column: DescribedColumn): boolean =>
  precisionOf(column) === 0 || scaleOf(column) === -127 || scaleOf(column) > DECIMAL_DIGITS;

/** Not told: as many as there can be. */
const digitsOf = ({ precision }: DescribedColumn): number => precision ?? 9;

function timestampOf(column: DescribedColumn, zone: 'none' | 'utc'): Mapping {
  const digits = digitsOf(column);
  const utc = zone === 'utc';
  return {
    type: { kind: 'timestamp', unit: digits <= MICROSECOND_DIGITS ? 'us' : 'ns', utc },
    reading: { kind: 'time', digits, zone },
    expression: timeExpression({ digits, zone }),
    wire: TIME_WIRE,
    ...(digits <= MICROSECOND_DIGITS ? { wayOut: 'declare it varchar' } : NANOSECOND_RANGE),
  };
}

const NANOSECOND_RANGE = {
  wayOut:
    'nanoseconds reach from 1677 to 2262: declare it timestamp (timestamptz with a time zone) for microseconds, or varchar',
};

export const TYPE_RULES: readonly TypeRule<DescribedColumn>[] = [
  {
    dbTypes: ['DB_TYPE_NUMBER'],
    when: isOpen,
    map: (_, numbers) => OPEN_AS[numbers],
    doc: {
      database: 'NUMBER, FLOAT(b), NUMBER(p,s) with s > 38, expressions such as SUM(x)',
      parquet: 'float64; with `numbers: exact` decimal128(38, 10), with `numbers: text` utf8',
      travels: 'decimal text',
      remark:
        'float64: values that it cannot hold exactly are rounded, and counted per column in the manifest (`rounded`). Exact: a value with more than 28 digits before or 10 after the point is refused. Text: every digit',
    },
    examples: [
      [{ name: 'C', precision: 0, scale: -127 }, { kind: 'float64' }],
      [{ name: 'C', precision: 126, scale: -127 }, { kind: 'float64' }],
      [{ name: 'C', precision: 0, scale: 0 }, { kind: 'float64' }],
      [{ name: 'C' }, { kind: 'float64' }],
      [{ name: 'C', precision: 5, scale: 60 }, { kind: 'float64' }],
    ],
  },
  {
    dbTypes: ['DB_TYPE_NUMBER'],
    when: (column) => scaleOf(column) <= 0,
    map: (column) => {
      const digits = precisionOf(column) - scaleOf(column);
      return {
        ...plain(integerOf(digits), 'number'),
        ...(digits > DECIMAL_DIGITS ? { wayOut: 'declare it double or varchar' } : {}),
      };
    },
    doc: {
      database: 'NUMBER(p,s) with s ≤ 0, INTEGER; p − s digits',
      parquet: 'int32 up to 9 digits, int64 up to 18, else decimal128(p − s, 0)',
      travels: 'decimal text',
      remark: 'more than 38 digits (negative scales only) are refused: declare `double` or `varchar`',
    },
    examples: [
      [{ name: 'C', precision: 9, scale: 0 }, { kind: 'int32' }],
      [{ name: 'C', precision: 10, scale: 0 }, { kind: 'int64' }],
      [{ name: 'C', precision: 18, scale: 0 }, { kind: 'int64' }],
      [
        { name: 'C', precision: 19, scale: 0 },
        { kind: 'decimal128', precision: 19, scale: 0 },
      ],
      [
        { name: 'C', precision: 38, scale: 0 },
        { kind: 'decimal128', precision: 38, scale: 0 },
      ],
      [{ name: 'C', precision: 7, scale: -2 }, { kind: 'int32' }],
      [
        { name: 'C', precision: 38, scale: -84 },
        { kind: 'decimal128', precision: 38, scale: 0 },
      ],
    ],
  },
  {
    dbTypes: ['DB_TYPE_NUMBER'],
    map: (column) => {
      const scale = scaleOf(column);
      return plain({ kind: 'decimal128', precision: Math.max(precisionOf(column), scale), scale }, 'number');
    },
    doc: {
      database: 'NUMBER(p,s) with 0 < s ≤ 38',
      parquet: 'decimal128(p, s); decimal128(s, s) where s > p',
      travels: 'decimal text',
      remark: 'nothing',
    },
    examples: [
      [
        { name: 'C', precision: 10, scale: 2 },
        { kind: 'decimal128', precision: 10, scale: 2 },
      ],
      [
        { name: 'C', precision: 38, scale: 38 },
        { kind: 'decimal128', precision: 38, scale: 38 },
      ],
      [
        { name: 'C', precision: 2, scale: 7 },
        { kind: 'decimal128', precision: 7, scale: 7 },
      ],
    ],
  },
  {
    dbTypes: ['DB_TYPE_BINARY_FLOAT'],
    map: () => plain({ kind: 'float32' }, 'double'),
    doc: { database: 'BINARY_FLOAT', parquet: 'float32', travels: 'itself', remark: 'nothing; NaN and ±∞ included' },
    examples: [[{ name: 'C' }, { kind: 'float32' }]],
  },
  {
    dbTypes: ['DB_TYPE_BINARY_DOUBLE'],
    map: () => plain({ kind: 'float64' }, 'double'),
    doc: { database: 'BINARY_DOUBLE', parquet: 'float64', travels: 'itself', remark: 'nothing; NaN and ±∞ included' },
    examples: [[{ name: 'C' }, { kind: 'float64' }]],
  },
  {
    dbTypes: ['DB_TYPE_VARCHAR', 'DB_TYPE_NVARCHAR', 'DB_TYPE_CHAR', 'DB_TYPE_NCHAR'],
    map: ({ dbType }) => (dbType?.name.startsWith('DB_TYPE_N') === true ? TEXT : VARCHAR),
    doc: {
      database: 'VARCHAR2, NVARCHAR2, CHAR, NCHAR',
      parquet: 'utf8',
      travels: 'itself',
      remark: 'nothing; CHAR keeps its blanks; an empty text is NULL, as in Oracle',
    },
    examples: [[{ name: 'C', byteSize: 30 }, { kind: 'utf8' }]],
  },
  {
    dbTypes: ['DB_TYPE_CLOB', 'DB_TYPE_NCLOB', 'DB_TYPE_LONG', 'DB_TYPE_LONG_NVARCHAR'],
    map: () => TEXT,
    doc: {
      database: 'CLOB, NCLOB, LONG',
      parquet: 'utf8',
      travels: 'text, the whole value at once',
      remark: 'nothing; an empty CLOB arrives as NULL',
    },
    examples: [[{ name: 'C' }, { kind: 'utf8' }]],
  },
  {
    dbTypes: ['DB_TYPE_RAW', 'DB_TYPE_BLOB', 'DB_TYPE_LONG_RAW'],
    map: () => BYTES,
    doc: {
      database: 'RAW, BLOB, LONG RAW',
      parquet: 'binary',
      travels: 'bytes, the whole value at once',
      remark: 'nothing; an empty BLOB arrives as NULL',
    },
    examples: [[{ name: 'C', byteSize: 16 }, { kind: 'binary' }]],
  },
  {
    dbTypes: ['DB_TYPE_DATE'],
    map: () => timestampOf({ name: '', precision: 0 }, 'none'),
    doc: {
      database: 'DATE',
      parquet: 'timestamp[us]',
      travels: 'text of TO_CHAR, to the second',
      remark:
        'nothing; 29 February of the years that only the Julian calendar makes leap years (100 … 1500) is refused',
    },
    examples: [[{ name: 'C' }, { kind: 'timestamp', unit: 'us', utc: false }]],
  },
  {
    dbTypes: ['DB_TYPE_TIMESTAMP'],
    map: (column) => timestampOf(column, 'none'),
    doc: {
      database: 'TIMESTAMP(n)',
      parquet: 'timestamp[us] up to n = 6, else timestamp[ns]',
      travels: 'text of TO_CHAR, n digits of fraction',
      remark: 'as DATE; nanoseconds outside the years 1677–2262 are refused: declare `timestamp` or `varchar`',
    },
    examples: [
      [
        { name: 'C', precision: 0 },
        { kind: 'timestamp', unit: 'us', utc: false },
      ],
      [
        { name: 'C', precision: 6 },
        { kind: 'timestamp', unit: 'us', utc: false },
      ],
      [
        { name: 'C', precision: 7 },
        { kind: 'timestamp', unit: 'ns', utc: false },
      ],
      [
        { name: 'C', precision: 9 },
        { kind: 'timestamp', unit: 'ns', utc: false },
      ],
    ],
  },
  {
    dbTypes: ['DB_TYPE_TIMESTAMP_TZ'],
    map: (column) => {
      const digits = digitsOf(column);
      return {
        ...timestampOf(column, 'utc'),
        note: 'converted to UTC; the offset of each value is dropped (declare varchar to keep it)',
        asText: {
          reading: { kind: 'time', digits, zone: 'offset' },
          expression: timeExpression({ digits, zone: 'offset' }),
        },
      };
    },
    doc: {
      database: 'TIMESTAMP(n) WITH TIME ZONE',
      parquet: 'timestamp[us, UTC] up to n = 6, else timestamp[ns, UTC]',
      travels: 'text of TO_CHAR(SYS_EXTRACT_UTC(c))',
      remark: `as TIMESTAMP; the offset of each value is dropped: declare \`varchar\` to keep it (${ISO_WITH_OFFSET})`,
    },
    examples: [
      [
        { name: 'C', precision: 6 },
        { kind: 'timestamp', unit: 'us', utc: true },
      ],
      [
        { name: 'C', precision: 9 },
        { kind: 'timestamp', unit: 'ns', utc: true },
      ],
    ],
  },
  {
    dbTypes: ['DB_TYPE_TIMESTAMP_LTZ'],
    map: (column) => timestampOf(column, 'utc'),
    doc: {
      database: 'TIMESTAMP(n) WITH LOCAL TIME ZONE',
      parquet: 'timestamp[us, UTC] up to n = 6, else timestamp[ns, UTC]',
      travels: 'text of TO_CHAR(SYS_EXTRACT_UTC(c))',
      remark: 'as TIMESTAMP; Oracle keeps no offset to drop',
    },
    examples: [
      [
        { name: 'C', precision: 6 },
        { kind: 'timestamp', unit: 'us', utc: true },
      ],
    ],
  },
  {
    dbTypes: ['DB_TYPE_INTERVAL_YM'],
    map: () => ({
      ...plain({ kind: 'int32' }, 'months'),
      note: 'whole months',
      wayOut: 'months in 32 bits reach 178,956,970 years: declare it bigint, or varchar for ISO 8601',
    }),
    doc: {
      database: 'INTERVAL YEAR TO MONTH',
      parquet: 'int32, months',
      travels: 'itself',
      remark: 'more than 178,956,970 years are refused: declare `bigint`, or `varchar` for ISO 8601 (`P1Y2M`)',
    },
    examples: [[{ name: 'C' }, { kind: 'int32' }]],
  },
  {
    dbTypes: ['DB_TYPE_INTERVAL_DS'],
    map: () => ({
      ...plain({ kind: 'int64' }, 'days'),
      note: 'nanoseconds',
      wayOut: 'nanoseconds in 64 bits reach 106,751 days: declare it varchar for ISO 8601',
    }),
    doc: {
      database: 'INTERVAL DAY TO SECOND',
      parquet: 'int64, nanoseconds',
      travels: 'itself',
      remark: 'more than 106,751 days (292 years) are refused: declare `varchar` for ISO 8601 (`P1DT2H3M4.5S`)',
    },
    examples: [[{ name: 'C' }, { kind: 'int64' }]],
  },
  {
    dbTypes: ['DB_TYPE_BOOLEAN'],
    map: () => plain({ kind: 'bool' }, 'boolean'),
    doc: { database: 'BOOLEAN', parquet: 'bool', travels: 'itself', remark: 'nothing' },
    examples: [[{ name: 'C' }, { kind: 'bool' }]],
  },
  {
    dbTypes: ['DB_TYPE_JSON'],
    map: () => ({
      ...TEXT,
      expression: (reference) => `JSON_SERIALIZE(${reference} RETURNING CLOB)`,
      note: 'JSON text as Oracle writes it',
    }),
    doc: {
      database: 'JSON',
      parquet: 'utf8',
      travels: 'text of JSON_SERIALIZE',
      remark: "the text is Oracle's: order of members and spelling of numbers are its own",
    },
    examples: [[{ name: 'C' }, { kind: 'utf8' }]],
  },
  {
    dbTypes: ['DB_TYPE_ROWID', 'DB_TYPE_UROWID'],
    // Beside a LOB the driver asks for a ROWID as text and then reads it as a ROWID (node-oracledb 26, withData.js).
    map: () => ({ ...TEXT, expression: (reference) => `CAST(${reference} AS VARCHAR2(4000))` }),
    doc: { database: 'ROWID, UROWID', parquet: 'utf8', travels: 'text of CAST', remark: 'nothing' },
    examples: [[{ name: 'C' }, { kind: 'utf8' }]],
  },
];
