/**
 * Postgres' types and what each becomes: the one list that the loader follows and docs/postgres-types.md shows (a test
 * compares the two). The first rule that matches decides. A value travels in Postgres' binary format where the rule names one
 * (wires.ts), else as the text that Postgres writes.
 */
import type { NumbersAs } from '../../model/request.ts';
import type { ColumnType } from '../../parquet/column-type.ts';
import type { Convert, Mapping, Reading, TypeRule } from '../sql/types.ts';
import type { Wire } from '../sql/wire/fields.ts';
import { DECIMAL_WIRE, TEXT_WIRE } from '../sql/wire/readers.ts';
import { DECIMAL_DIGITS, decimalOf, numeric } from './types-numeric.ts';
import { builtIn, type PostgresColumn, type PostgresType } from './types.ts';
import { booleanOf, bytesOf, characterOf, doubleOf, realOf } from './values-scalars.ts';
import { dayOf, timeOf } from './values-times.ts';
import { WIRES } from './wires.ts';

/** What `numbers: exact` makes of a numeric of any size: 28 digits before the point and 10 after. */
const EXACT = { kind: 'decimal128', precision: DECIMAL_DIGITS, scale: 10 } as const;

/** For declared varchar: what Postgres wrote. */
const AS_WRITTEN = { reading: { kind: 'text' }, expression: null, wire: TEXT_WIRE } as const;

interface Way {
  readonly wire?: Wire;
  readonly type: ColumnType;
  readonly reading: Reading;
  readonly decode?: Convert;
  readonly note?: string;
  readonly wayOut?: string;
}

const loaded = (way: Way): Mapping => ({ expression: null, asText: AS_WRITTEN, ...way });

const NUMBER = { kind: 'number' } as const;
const DOUBLE = { kind: 'double' } as const;

const BOOLEAN = { type: { kind: 'bool' }, reading: { kind: 'boolean' }, expression: null, decode: booleanOf } as const;
const INT64 = loaded({ type: { kind: 'int64' }, reading: NUMBER });
const TEXT: Mapping = { type: { kind: 'utf8' }, ...AS_WRITTEN };

const INFINITY = 'infinity and -infinity are the largest and the smallest value';

function openNumeric(numbers: NumbersAs): Mapping {
  switch (numbers) {
    case 'text':
      return loaded({
        type: { kind: 'utf8' },
        reading: NUMBER,
        wire: DECIMAL_WIRE,
        note: 'digits as text: declare decimal(p,s) or double, or set numbers',
      });
    case 'exact':
      return loaded({
        type: EXACT,
        reading: NUMBER,
        wire: DECIMAL_WIRE,
        wayOut: 'declare a decimal(p,s) that holds it, or varchar; or set numbers: text',
      });
    case 'double':
      return loaded({ type: { kind: 'float64' }, reading: NUMBER, wire: DECIMAL_WIRE, wayOut: 'declare it varchar' });
  }
}

function timestampOf(zone: 'none' | 'utc'): Mapping {
  return loaded({
    type: { kind: 'timestamp', unit: 'us', utc: zone === 'utc' },
    reading: { kind: 'iso', zone },
    decode: timeOf,
    wire: zone === 'utc' ? WIRES.timestamptz : WIRES.timestamp,
    note: zone === 'utc' ? `in UTC; ${INFINITY}` : INFINITY,
    wayOut: 'microseconds in 64 bits end in the year 294247: declare it varchar',
  });
}

const ofType = (type: Partial<PostgresType>): PostgresColumn =>
  builtIn('', { type: { ...builtIn('').type, schema: 'public', name: 'c', ...type } });

const BUILT_IN_TEXT = builtIn('text').type;

export const TYPE_RULES: readonly TypeRule<PostgresColumn>[] = [
  {
    dbTypes: ['bool'],
    map: () => ({ ...BOOLEAN, wire: WIRES.bool }),
    doc: { database: 'boolean', parquet: 'bool', travels: 'itself, in binary', remark: 'nothing' },
    examples: [[builtIn('bool'), { kind: 'bool' }]],
  },
  {
    dbTypes: ['int2', 'int4'],
    map: ({ type }) =>
      loaded({ type: { kind: 'int32' }, reading: NUMBER, wire: WIRES[type.name === 'int2' ? 'int2' : 'int4'] }),
    doc: { database: 'smallint, integer', parquet: 'int32', travels: 'itself, in binary', remark: 'nothing' },
    examples: [[builtIn('int4'), { kind: 'int32' }]],
  },
  {
    dbTypes: ['int8', 'oid', 'xid', 'cid'],
    map: ({ type }) => (type.name === 'int8' ? { ...INT64, wire: WIRES.int8 } : INT64),
    doc: {
      database: 'bigint; oid, xid, cid',
      parquet: 'int64',
      travels: 'itself; a bigint in binary',
      remark: 'nothing',
    },
    examples: [[builtIn('int8'), { kind: 'int64' }]],
  },
  {
    dbTypes: ['xid8'],
    map: () => loaded({ type: { kind: 'decimal128', precision: 20, scale: 0 }, reading: NUMBER, wire: DECIMAL_WIRE }),
    doc: { database: 'xid8', parquet: 'decimal128(20, 0)', travels: 'itself', remark: 'nothing' },
    examples: [[builtIn('xid8'), { kind: 'decimal128', precision: 20, scale: 0 }]],
  },
  {
    dbTypes: ['float4'],
    map: () => loaded({ type: { kind: 'float32' }, reading: DOUBLE, decode: realOf, wire: WIRES.float4 }),
    doc: {
      database: 'real',
      parquet: 'float32',
      travels: 'itself, in binary',
      remark: 'nothing; NaN, ±∞ and −0 included',
    },
    examples: [[builtIn('float4'), { kind: 'float32' }]],
  },
  {
    dbTypes: ['float8'],
    map: () => loaded({ type: { kind: 'float64' }, reading: DOUBLE, decode: doubleOf, wire: WIRES.float8 }),
    doc: {
      database: 'double precision',
      parquet: 'float64',
      travels: 'itself, in binary',
      remark: 'nothing; NaN, ±∞ and −0 included',
    },
    examples: [[builtIn('float8'), { kind: 'float64' }]],
  },
  {
    dbTypes: ['numeric'],
    when: (column) => decimalOf(column).precision <= DECIMAL_DIGITS,
    map: (column) =>
      loaded({
        type: decimalOf(column),
        reading: NUMBER,
        wire: DECIMAL_WIRE,
        wayOut: 'a decimal has no NaN: declare it double or varchar',
      }),
    doc: {
      database: 'numeric(p,s) of up to 38 digits',
      parquet: 'decimal128(p, s); decimal128(s, s) where s > p, decimal128(p − s, 0) where s < 0',
      travels: 'decimal text',
      remark: 'NaN is refused: declare `double` or `varchar`',
    },
    examples: [
      [numeric(10, 2), { kind: 'decimal128', precision: 10, scale: 2 }],
      [numeric(38, 0), { kind: 'decimal128', precision: 38, scale: 0 }],
      [numeric(38, 38), { kind: 'decimal128', precision: 38, scale: 38 }],
      [numeric(2, 5), { kind: 'decimal128', precision: 5, scale: 5 }],
      [numeric(5, -3), { kind: 'decimal128', precision: 8, scale: 0 }],
    ],
  },
  {
    dbTypes: ['numeric'],
    map: (_, numbers) => openNumeric(numbers),
    doc: {
      database: 'numeric without precision, or of more than 38 digits; expressions such as sum(x)',
      parquet: 'utf8; with `numbers: exact` decimal128(38, 10), with `numbers: double` float64',
      travels: 'decimal text',
      remark:
        'text: nothing. Exact: a value with more than 28 digits before or 10 after the point is refused, NaN and ±∞ too. float64: values that it cannot hold exactly are rounded, and counted per column in the manifest (`rounded`); those beyond 1.8e308 are refused',
    },
    examples: [
      [builtIn('numeric'), { kind: 'utf8' }],
      [numeric(39, 0), { kind: 'utf8' }],
      [numeric(2, 39), { kind: 'utf8' }],
      [numeric(30, -9), { kind: 'utf8' }],
      [numeric(1000, 1000), { kind: 'utf8' }],
      [numeric(1000, -1000), { kind: 'utf8' }],
    ],
  },
  {
    dbTypes: ['money'],
    map: () => ({
      // 64 bits of the smallest coin: 19 digits, of which currencies put up to three behind the point.
      type: { kind: 'decimal128', precision: 22, scale: 3 },
      reading: NUMBER,
      wire: DECIMAL_WIRE,
      expression: (reference) => `${reference}::pg_catalog.numeric`,
      note: "the amount; its currency is the server's lc_monetary",
      asText: AS_WRITTEN,
    }),
    doc: {
      database: 'money',
      parquet: 'decimal128(22, 3)',
      travels: 'decimal text of `c::numeric`',
      remark: "nothing; how many digits are behind the point is the server's `lc_monetary`, up to 3",
    },
    examples: [[builtIn('money'), { kind: 'decimal128', precision: 22, scale: 3 }]],
  },
  {
    dbTypes: ['text', 'varchar', 'bpchar', 'name', 'category S'],
    map: () => TEXT,
    doc: {
      database: 'text, varchar(n), char(n), name; texts of extensions: citext',
      parquet: 'utf8',
      travels: 'itself',
      remark: 'nothing; char(n) keeps its blanks',
    },
    examples: [
      [builtIn('varchar', { typmod: 34, typeName: 'character varying(30)' }), { kind: 'utf8' }],
      [ofType({ name: 'citext', category: 'S' }), { kind: 'utf8' }],
    ],
  },
  {
    dbTypes: ['char'],
    map: () => ({
      ...{ type: TEXT.type, reading: TEXT.reading, expression: null, decode: characterOf },
      wayOut: 'select ascii(c::text)',
    }),
    doc: {
      database: '"char"',
      parquet: 'utf8',
      travels: 'itself',
      remark:
        'nothing; a byte above 127 is written `\\310`. Before Postgres 15 it is no text, and refused: select `ascii(c::text)`',
    },
    examples: [[builtIn('char'), { kind: 'utf8' }]],
  },
  {
    dbTypes: ['bytea'],
    map: () => loaded({ type: { kind: 'binary' }, reading: { kind: 'bytes' }, decode: bytesOf, wire: WIRES.bytea }),
    doc: { database: 'bytea', parquet: 'binary', travels: 'itself, in binary', remark: 'nothing' },
    examples: [[builtIn('bytea'), { kind: 'binary' }]],
  },
  {
    dbTypes: ['date'],
    map: () =>
      loaded({ type: { kind: 'date32' }, reading: { kind: 'day' }, decode: dayOf, wire: WIRES.date, note: INFINITY }),
    doc: {
      database: 'date',
      parquet: 'date32',
      travels: 'days, in binary',
      remark: 'nothing, from 4714 BC to 5874897; ±infinity are the largest and the smallest value',
    },
    examples: [[builtIn('date'), { kind: 'date32' }]],
  },
  {
    dbTypes: ['timestamp'],
    map: () => timestampOf('none'),
    doc: {
      database: 'timestamp(n)',
      parquet: 'timestamp[us]',
      travels: 'microseconds, in binary',
      remark:
        'nothing, from 4714 BC to 294247-01-10 04:00:54.775806, later ones are refused: declare `varchar`; ±infinity are the largest and the smallest value',
    },
    examples: [[builtIn('timestamp'), { kind: 'timestamp', unit: 'us', utc: false }]],
  },
  {
    dbTypes: ['timestamptz'],
    map: () => timestampOf('utc'),
    doc: {
      database: 'timestamp(n) with time zone',
      parquet: 'timestamp[us, UTC]',
      travels: 'microseconds, in binary',
      remark:
        "as timestamp; Postgres keeps no offset to lose. Declared `varchar` it has that of the session's time zone",
    },
    examples: [[builtIn('timestamptz'), { kind: 'timestamp', unit: 'us', utc: true }]],
  },
  {
    dbTypes: ['time', 'timetz'],
    map: () => TEXT,
    doc: {
      database: 'time(n), time(n) with time zone',
      parquet: 'utf8',
      travels: 'itself',
      remark: 'nothing: `23:59:59.123456`, `24:00:00`, `12:00:00+02`',
    },
    examples: [[builtIn('time'), { kind: 'utf8' }]],
  },
  {
    dbTypes: ['interval'],
    map: () => ({ ...TEXT, note: 'ISO 8601 durations' }),
    doc: {
      database: 'interval',
      parquet: 'utf8',
      travels: 'ISO 8601 duration',
      remark: 'nothing: `P1Y2M3DT4H5M6.5S`, each part with a sign of its own',
    },
    examples: [[builtIn('interval'), { kind: 'utf8' }]],
  },
  {
    dbTypes: ['array'],
    map: () => ({ ...TEXT, note: 'array literals as Postgres writes them' }),
    doc: {
      database: 'arrays',
      parquet: 'utf8',
      travels: 'itself',
      remark: 'nothing: `{1,2,NULL}`, `{"a b",c}`, `[0:1]={1,2}`; select `to_json(c)` for JSON',
    },
    examples: [
      [ofType({ schema: 'pg_catalog', name: '_text', category: 'A', element: BUILT_IN_TEXT }), { kind: 'utf8' }],
      [ofType({ category: 'A', element: { ...BUILT_IN_TEXT, schema: 'public', kind: 'd' } }), { kind: 'utf8' }],
    ],
  },
  {
    dbTypes: ['enum', 'composite', 'range', 'multirange', 'record', '_record'],
    map: () => TEXT,
    doc: {
      database: 'enums, composite types and rows, ranges, multiranges',
      parquet: 'utf8',
      travels: 'itself',
      remark: 'nothing: `(1,"a b",)`, `[1,10)`',
    },
    examples: [
      [ofType({ kind: 'e', category: 'E' }), { kind: 'utf8' }],
      [ofType({ kind: 'c', category: 'C' }), { kind: 'utf8' }],
      [ofType({ kind: 'r', category: 'R' }), { kind: 'utf8' }],
      [ofType({ kind: 'm', category: 'R' }), { kind: 'utf8' }],
      [ofType({ schema: 'pg_catalog', name: 'record', kind: 'p', category: 'P' }), { kind: 'utf8' }],
    ],
  },
  {
    dbTypes: ['other', 'unknown', 'cstring'],
    map: () => TEXT,
    doc: {
      database:
        'all other types of Postgres itself: uuid, json, jsonb, xml, inet, cidr, macaddr, bit, bit varying, tsvector, tsquery, point …, pg_lsn, regclass …',
      parquet: 'utf8',
      travels: 'itself',
      remark: 'nothing: as Postgres writes them',
    },
    examples: [
      [builtIn('uuid'), { kind: 'utf8' }],
      [ofType({ schema: 'pg_catalog', name: 'unknown', kind: 'p', category: 'X' }), { kind: 'utf8' }],
    ],
  },
];

/** What to do about the types that cannot be loaded; `c` stands for the column. */
export const UNSUPPORTED = {
  extension: {
    database: 'types of extensions, such as hstore, ltree, geometry and vector, and arrays of them',
    wayOut: 'select c::text',
  },
  pseudo: {
    database: 'void and other pseudo types',
    wayOut: 'select an expression of another type in its place',
  },
} as const;
