/** What is read from the binary protocol at once is what its readings would have made of it, and refused in the same words. */
import { Table, tableToIPC, type RecordBatch } from 'apache-arrow';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { batchesOf, type RowChunk } from '../../parquet/row-appender.ts';
import { planColumns, type ColumnWish } from '../sql/column-plan.ts';
import type { WireRows } from '../sql/wire/fields.ts';
import { BinaryRows } from './binary-rows.ts';
import type { FieldTypeName, MysqlColumn } from './describe.ts';
import { exampleColumn } from './types-rules.ts';
import { mysqlTypes } from './types.ts';

type Values = readonly (Uint8Array | null)[];

/** Rows of one column, as packets of one buffer. */
function wireRows(column: MysqlColumn, values: Values): WireRows {
  const packets = values.map((value) =>
    Buffer.concat([Buffer.of(0, 0, 0, 0, 0, value === null ? 4 : 0), value ?? Buffer.of()]),
  );
  const buffer = Buffer.concat(packets);
  const reader = new BinaryRows([column]);
  const rows = reader.begin(buffer, 1);
  let start = 0;
  for (const { length } of packets) {
    reader.add(rows, { buffer, start, offset: start + 4, end: start + length });
    start += length;
  }
  return rows;
}

interface Way {
  readonly column: MysqlColumn;
  readonly wish?: Partial<ColumnWish>;
  readonly timeZone?: string;
}

interface Told {
  readonly batches: readonly Uint8Array[];
  readonly rounded: unknown;
}

type Plan = ReturnType<typeof planColumns>;

/** What becomes of the rows, or of the first that is refused. */
async function loaded({ column, wish, timeZone }: Way, chunk: (plan: Plan) => RowChunk): Promise<Told | string> {
  const whole = { columns: null, columnTypes: {}, numbers: 'text', ...wish } as const;
  const plan = planColumns([column], whole, { types: mysqlTypes(timeZone ?? '+00:00'), project: null });
  const batches: RecordBatch[] = [];
  try {
    for await (const batch of batchesOf(plan.columns, [chunk(plan)])) batches.push(batch);
  } catch (error) {
    return (plan.explain(error) as Error).message;
  }
  return { batches: batches.map((batch) => tableToIPC(new Table([batch]))), rounded: plan.rounded() };
}

/** On either way. */
async function both(way: Way, values: Values): Promise<void> {
  const direct = await loaded(way, (plan) => {
    expect(plan.wires[0]).not.toBeNull();
    return plan.columnsOf(wireRows(way.column, values));
  });
  const usual = await loaded(way, (plan) => {
    const rows = wireRows(way.column, values).arrays();
    plan.convertRows(rows);
    return rows;
  });
  expect(direct).toEqual(usual);
}

const UNSIGNED = 1 << 5;
const TEXT_CHARSET = 45;
const of = (type: FieldTypeName, more: Partial<MysqlColumn> = {}): MysqlColumn => exampleColumn(type, more);

const bytesOf = (length: number): fc.Arbitrary<Uint8Array> =>
  fc.oneof(
    fc.uint8Array({ minLength: length, maxLength: length }),
    // Small ones, and those around a power of two.
    fc.tuple(fc.nat(length - 1), fc.constantFrom(0, 1, 0x1f, 0x20, 0x7f, 0x80, 0xff)).map(([at, byte]) => {
      const bytes = new Uint8Array(length);
      bytes[at] = byte;
      return bytes;
    }),
  );
/** MySQL has no NaN, whose bits differ from one reading to the next. */
const float = bytesOf(4).filter((bytes) => !Number.isNaN(Buffer.from(bytes).readFloatLE()));
const double = bytesOf(8).filter((bytes) => !Number.isNaN(Buffer.from(bytes).readDoubleLE()));

/** Its length before it. */
const counted = (bytes: Uint8Array): Buffer =>
  bytes.length < 0xfb
    ? Buffer.concat([Buffer.of(bytes.length), bytes])
    : Buffer.concat([Buffer.of(0xfc, bytes.length & 0xff, bytes.length >> 8), bytes]);

const part = (usually: number): fc.Arbitrary<number> =>
  fc.oneof({ weight: 20, arbitrary: fc.nat(usually) }, { weight: 1, arbitrary: fc.nat(99) });
/** Of dates and times, those included that no calendar and no clock has: zero dates, days and hours that are not. */
const time = fc
  .record({
    length: fc.oneof({ weight: 9, arbitrary: fc.constantFrom(4, 7, 11) }, { weight: 1, arbitrary: fc.constant(0) }),
    year: fc.oneof(fc.integer({ min: 1900, max: 2100 }), fc.nat(9999)),
    month: part(12),
    day: part(31),
    clock: fc.tuple(part(23), part(59), part(59)),
    micros: fc.oneof(fc.nat(999_999), fc.constantFrom(0, 1, 500_000, 999_999)),
  })
  .map(({ length, year, month, day, clock, micros }) => {
    const bytes = Buffer.from([year & 0xff, year >> 8, month, day, ...clock, 0, 0, 0, 0]);
    bytes.writeUInt32LE(micros, 7);
    return counted(bytes.subarray(0, length));
  });

const decimal = fc
  .oneof(
    fc.stringMatching(/^-?[0-9]{1,17}(\.[0-9]{1,17})?$/),
    fc.stringMatching(/^-?[0-9]{1,9}\.[0-9]{2}$/),
    fc.constantFrom('0.00', '-0.00', '999999999999999', '99999999999999999999999999999999999999'),
  )
  .map((text) => counted(Buffer.from(text)));

const text = fc
  .oneof(
    fc.string({ unit: 'grapheme', maxLength: 100 }).map((value) => Buffer.from(value)),
    fc.string({ unit: 'binary-ascii', maxLength: 400 }).map((value) => Buffer.from(value)),
  )
  .map(counted);
const anyBytes = fc.uint8Array({ maxLength: 300 }).map(counted);

describe('a value of', () => {
  it.each<readonly [string, Way, fc.Arbitrary<Uint8Array>]>([
    ['TINYINT', { column: of('TINY') }, bytesOf(1)],
    ['TINYINT UNSIGNED', { column: of('TINY', { flags: UNSIGNED }) }, bytesOf(1)],
    ['SMALLINT', { column: of('SHORT') }, bytesOf(2)],
    ['SMALLINT UNSIGNED', { column: of('SHORT', { flags: UNSIGNED }) }, bytesOf(2)],
    ['YEAR', { column: of('YEAR', { flags: UNSIGNED }) }, bytesOf(2)],
    ['MEDIUMINT', { column: of('INT24') }, bytesOf(4)],
    [
      'MEDIUMINT UNSIGNED',
      { column: of('INT24', { flags: UNSIGNED }) },
      bytesOf(3).map((low) => Buffer.concat([low, Buffer.of(0)])),
    ],
    ['INT', { column: of('LONG') }, bytesOf(4)],
    ['INT declared bigint', { column: of('LONG'), wish: { columnTypes: { C: 'bigint' } } }, bytesOf(4)],
    ['INT UNSIGNED', { column: of('LONG', { flags: UNSIGNED }) }, bytesOf(4)],
    ['BIGINT', { column: of('LONGLONG') }, bytesOf(8)],
    ['BIGINT UNSIGNED', { column: of('LONGLONG', { flags: UNSIGNED }) }, bytesOf(8)],
    ['FLOAT', { column: of('FLOAT') }, float],
    ['DOUBLE', { column: of('DOUBLE') }, double],
    ['DECIMAL', { column: of('NEWDECIMAL', { length: 22, decimals: 4 }) }, decimal],
    ['DECIMAL of few digits', { column: of('NEWDECIMAL', { length: 7, decimals: 2 }) }, decimal],
    ['DECIMAL as text', { column: of('NEWDECIMAL', { length: 67, decimals: 30 }) }, decimal],
    ['DATE', { column: of('DATE') }, time],
    ['DATETIME', { column: of('DATETIME') }, time],
    ['DATETIME(6)', { column: of('DATETIME', { decimals: 6 }) }, time],
    ['TIMESTAMP', { column: of('TIMESTAMP') }, time],
    ['TIMESTAMP with an offset', { column: of('TIMESTAMP', { decimals: 3 }), timeZone: '-09:30' }, time],
    ['TIMESTAMP of a region', { column: of('TIMESTAMP'), timeZone: 'Europe/Berlin' }, time],
    ['VARCHAR', { column: of('VAR_STRING', { charset: TEXT_CHARSET }) }, text],
    ['VARCHAR that is no UTF-8', { column: of('VAR_STRING', { charset: TEXT_CHARSET }) }, anyBytes],
    ['TEXT', { column: of('BLOB', { charset: TEXT_CHARSET }) }, text],
    ['BLOB', { column: of('BLOB') }, anyBytes],
  ])('%s, NULLs among them', async (_what, way, values) => {
    const rows = fc.array(fc.option(values, { nil: null }), { maxLength: 12 });
    await fc.assert(
      fc.asyncProperty(rows, async (some) => await both(way, some)),
      { numRuns: 100 },
    );
  });
});

it.each<readonly [string, Way]>([
  ['TIME', { column: of('TIME') }],
  ['BIT', { column: of('BIT', { length: 9 }) }],
  ['DATETIME declared varchar', { column: of('DATETIME'), wish: { columnTypes: { C: 'varchar' } } }],
  ['DATETIME declared date', { column: of('DATETIME'), wish: { columnTypes: { C: 'date' } } }],
  ['INT declared smallint', { column: of('LONG'), wish: { columnTypes: { C: 'smallint' } } }],
  ['FLOAT declared varchar', { column: of('FLOAT'), wish: { columnTypes: { C: 'varchar' } } }],
])('%s is no plain copy, and goes by its reading', async (_what, way) => {
  await loaded(way, (plan) => {
    expect(plan.wires).toEqual([null]);
    return plan.columnsOf(wireRows(way.column, []));
  });
});

it.each([
  ['a month of three digits', 'DATE', [4, 0xe8, 7, 200, 1]],
  ['a year of five', 'DATE', [4, 0xff, 0xff, 1, 1]],
  ['more than a second of microseconds', 'DATETIME', [11, 0xe8, 7, 1, 1, 0, 0, 0, 0xff, 0xff, 0xff, 0xff]],
  ['three digits of minutes', 'TIME', [8, 0, 0, 0, 0, 0, 0, 200, 0]],
] as const)('%s is a defect in a column as in a row', async (_what, type, bytes) => {
  const column = of(type);
  const rows = wireRows(column, [Buffer.from(bytes)]);
  const plan = planColumns(
    [column],
    { columns: null, columnTypes: {}, numbers: 'text' },
    { types: mysqlTypes('+00:00'), project: null },
  );
  await expect(batchesOf(plan.columns, [plan.columnsOf(rows)]).next()).rejects.toMatchObject({
    code: 'PQ_INTERNAL',
  });
  expect(() => rows.arrays()).toThrow(expect.objectContaining({ code: 'PQ_INTERNAL' }));
});
