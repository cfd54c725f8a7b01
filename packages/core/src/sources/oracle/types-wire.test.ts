/**
 * Plans over the wire: described by node-oracledb, fetched by it as the plan asks, converted and appended. The engine
 * behind the server knows one statement; what a database would compute for the plan's expressions it is told.
 */
import { OraError, startOracleServer, type Engine, type OraType, type Value } from '@parqueue/oracle-server';
import oracledb from 'oracledb';
import { expect, it } from 'vitest';
import type { NumbersAs } from '../../model/request.ts';
import { typeName } from '../../parquet/column-type.ts';
import { RowAppender } from '../../parquet/row-appender.ts';
import { planColumns } from '../sql/column-plan.ts';
import { fetchTypeHandler } from './fetch-types.ts';
import { ORACLE_PLANS } from './type-system.ts';

interface Case {
  readonly name: string;
  readonly type: OraType;
  /** What the wrapped statement gives for it, and as which type; the same as `type` where it is not wrapped. */
  readonly selected?: OraType;
  readonly value: Value;
  /** Oracle's name of the type, Parquet's, and the value read back. */
  readonly source: string;
  readonly parquet: string;
  readonly read: unknown;
}

const STATEMENT = 'SELECT * FROM T';
const TIME_TEXT: OraType = { kind: 'VARCHAR2', chars: 60 };

const CASES: readonly Case[] = [
  {
    name: 'INT',
    type: { kind: 'NUMBER', precision: 9, scale: 0 },
    value: '-999999999',
    source: 'NUMBER(9)',
    parquet: 'int32',
    read: -999_999_999,
  },
  {
    name: 'LONG',
    type: { kind: 'NUMBER', precision: 18, scale: 0 },
    value: '999999999999999999',
    source: 'NUMBER(18)',
    parquet: 'int64',
    read: 999_999_999_999_999_999n,
  },
  {
    name: 'HUGE',
    type: { kind: 'NUMBER', precision: 38, scale: 0 },
    value: `-${'9'.repeat(38)}`,
    source: 'NUMBER(38)',
    parquet: 'decimal128(38, 0)',
    read: `-${'9'.repeat(38)}`,
  },
  {
    name: 'MONEY',
    type: { kind: 'NUMBER', precision: 10, scale: 2 },
    value: '-0.05',
    source: 'NUMBER(10,2)',
    parquet: 'decimal128(10, 2)',
    read: '-5',
  },
  {
    name: 'HUNDREDS',
    type: { kind: 'NUMBER', precision: 5, scale: -2 },
    value: '1234500',
    source: 'NUMBER(5,-2)',
    parquet: 'int32',
    read: 1_234_500,
  },
  {
    name: 'OPEN',
    type: { kind: 'NUMBER', precision: null, scale: -127 },
    value: '0.1',
    source: 'NUMBER',
    parquet: 'float64',
    read: 0.1,
  },
  {
    name: 'FLOATING',
    type: { kind: 'FLOAT', precision: 126 },
    value: `0.${'3'.repeat(38)}`,
    source: 'FLOAT(126)',
    parquet: 'float64',
    read: 1 / 3,
  },
  {
    name: 'SINGLE',
    type: { kind: 'BINARY_FLOAT' },
    value: Math.fround(0.1),
    source: 'BINARY_FLOAT',
    parquet: 'float32',
    read: Math.fround(0.1),
  },
  {
    name: 'TWICE',
    type: { kind: 'BINARY_DOUBLE' },
    value: Number.NEGATIVE_INFINITY,
    source: 'BINARY_DOUBLE',
    parquet: 'float64',
    read: Number.NEGATIVE_INFINITY,
  },
  {
    name: 'FIXED',
    type: { kind: 'CHAR', chars: 4 },
    value: 'ab',
    source: 'CHAR(4)',
    parquet: 'utf8',
    read: 'ab  ',
  },
  {
    name: 'NATIONAL',
    type: { kind: 'NVARCHAR2', chars: 10 },
    value: 'žluť🦆',
    source: 'NVARCHAR2(10)',
    parquet: 'utf8',
    read: 'žluť🦆',
  },
  {
    name: 'DOC',
    type: { kind: 'NCLOB' },
    value: 'žluť🦆'.repeat(20_000),
    source: 'NCLOB',
    parquet: 'utf8',
    read: 'žluť🦆'.repeat(20_000),
  },
  {
    name: 'BYTES',
    type: { kind: 'BLOB' },
    value: new Uint8Array([0, 255]),
    source: 'BLOB',
    parquet: 'binary',
    read: new Uint8Array([0, 255]),
  },
  {
    name: 'GUID',
    type: { kind: 'RAW', bytes: 16 },
    value: new Uint8Array([1]),
    source: 'RAW(16)',
    parquet: 'binary',
    read: new Uint8Array([1]),
  },
  {
    name: 'DAY',
    type: { kind: 'DATE' },
    selected: TIME_TEXT,
    value: ' 00010101000001',
    source: 'DATE',
    parquet: 'timestamp[us]',
    read: -62_135_596_799_000_000n,
  },
  {
    name: 'STAMP',
    type: { kind: 'TIMESTAMP', fraction: 9 },
    selected: TIME_TEXT,
    value: ' 19700101000000000000001',
    source: 'TIMESTAMP(9)',
    parquet: 'timestamp[ns]',
    read: 1n,
  },
  {
    name: 'ZONED',
    type: { kind: 'TIMESTAMP WITH TIME ZONE', fraction: 6 },
    selected: TIME_TEXT,
    value: ' 19700101000000000001',
    source: 'TIMESTAMP(6) WITH TIME ZONE',
    parquet: 'timestamp[us, UTC]',
    read: 1n,
  },
  {
    name: 'MONTHS',
    type: { kind: 'INTERVAL YEAR TO MONTH', leading: 2 },
    value: { years: -1, months: -2 },
    source: 'INTERVAL YEAR TO MONTH',
    parquet: 'int32',
    read: -14,
  },
  {
    name: 'DAYS',
    type: { kind: 'INTERVAL DAY TO SECOND', leading: 2, fraction: 9 },
    value: { days: -1, hours: -2, minutes: -3, seconds: -4, nanos: -5 },
    source: 'INTERVAL DAY TO SECOND',
    parquet: 'int64',
    read: -93_784_000_000_005n,
  },
  { name: 'YES', type: { kind: 'BOOLEAN' }, value: true, source: 'BOOLEAN', parquet: 'bool', read: true },
  {
    name: 'J',
    type: { kind: 'JSON' },
    selected: { kind: 'CLOB' },
    value: '{"a":1}',
    source: 'JSON',
    parquet: 'utf8',
    read: '{"a":1}',
  },
  {
    name: 'AT',
    type: { kind: 'ROWID' },
    selected: { kind: 'VARCHAR2', chars: 4000 },
    value: 'AAAAECAABAAAAgiAAA',
    source: 'ROWID',
    parquet: 'utf8',
    read: 'AAAAECAABAAAAgiAAA',
  },
];

/** Answers STATEMENT with the columns as declared, and any other statement as the plan's around it. */
function engineOf(cases: readonly Case[]): Engine {
  return {
    open: () =>
      Promise.resolve({
        inTransaction: false,
        parse: (sql) =>
          Promise.resolve({
            sql,
            kind: 'query',
            columns: cases.map(({ name, type, selected = type }) => ({
              name,
              type: sql === STATEMENT ? type : selected,
              nullable: true,
            })),
            placeholders: [],
          }),
        execute: ({ sql }) => {
          if (sql === STATEMENT) throw new OraError(3001, 'this engine knows the values of the wrapped statement only');
          const rows: (readonly Value[])[] = [cases.map(({ value }) => value), cases.map(() => null)];
          return Promise.resolve({
            kind: 'rows',
            rows: { next: (max) => Promise.resolve(rows.splice(0, max)), close: () => Promise.resolve() },
          });
        },
        commit: () => Promise.resolve(),
        rollback: () => Promise.resolve(),
        setSchema: () => undefined,
        interrupt: () => undefined,
        close: () => Promise.resolve(),
      }),
    close: () => Promise.resolve(),
  };
}

interface Loaded {
  readonly sources: readonly string[];
  readonly parquet: readonly string[];
  readonly rows: readonly (readonly unknown[])[];
  readonly rounded: Readonly<Record<string, number>>;
}

async function load(cases: readonly Case[], numbers: NumbersAs = 'double'): Promise<Loaded> {
  const server = await startOracleServer({ engine: engineOf(cases), users: { APP: 'secret' }, service: 'PARQ' });
  const connection = await oracledb.getConnection({
    user: 'app',
    password: 'secret',
    connectString: server.connectString,
  });
  try {
    const { metaData = [] } = await connection.getStatementInfo(STATEMENT);
    const plan = planColumns(metaData, { columns: null, columnTypes: {}, numbers }, ORACLE_PLANS);
    const result = await connection.execute<unknown[]>(plan.statement(STATEMENT), [], { fetchTypeHandler });
    const rows = result.rows ?? [];
    plan.convertRows(rows);
    const appender = new RowAppender(plan.columns);
    for (const row of rows) appender.append(row);
    const batch = appender.take();
    return {
      sources: plan.manifestColumns().map(({ sourceType }) => sourceType),
      parquet: plan.columns.map(({ type }) => typeName(type)),
      rows: [0, 1].map((row) => plan.columns.map(({ type }, at) => cell(type.kind, batch?.getChildAt(at), row))),
      rounded: plan.rounded(),
    };
  } finally {
    await connection.close();
    await server.close();
  }
}

type Vector = ReturnType<NonNullable<ReturnType<RowAppender['take']>>['getChildAt']>;

/** Times as counts, decimals unscaled; the rest as Arrow reads it. */
function cell(kind: string, vector: Vector | undefined, row: number): unknown {
  const value: unknown = vector?.get(row);
  if (value === null) return null;
  if (kind === 'timestamp') return (vector?.data[0]?.values as BigInt64Array | undefined)?.[row];
  return kind === 'decimal128' ? String(value) : value;
}

it('node-oracledb and the plan bring every type from description to Arrow, and its NULL', async () => {
  const loaded = await load(CASES);
  expect(loaded.sources).toEqual(CASES.map(({ source }) => source));
  expect(loaded.parquet).toEqual(CASES.map(({ parquet }) => parquet));
  expect(loaded.rows[0]).toEqual(CASES.map(({ read }) => read));
  expect(loaded.rows[1]).toEqual(CASES.map(() => null));
  expect(loaded.rounded).toEqual({ FLOATING: 1 });
});
