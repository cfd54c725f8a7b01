import {
  Binary,
  Bool,
  DateDay,
  Decimal,
  Dictionary,
  Field,
  Float64,
  Int16,
  Int32,
  Int64,
  List,
  makeData,
  Map_,
  RecordBatch,
  Schema,
  Struct,
  Table,
  tableToIPC,
  TimeMicrosecond,
  TimestampMicrosecond,
  TimestampMillisecond,
  TimestampNanosecond,
  Utf8,
  vectorFromArray,
  type Data,
  type DataType,
} from 'apache-arrow';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { RowValue } from '@parqueue/client';
import { FaultServer } from './fault-server.ts';

let server: FaultServer;

beforeEach(async () => {
  server = await FaultServer.start();
});

afterEach(() => server[Symbol.asyncDispose]());

/** The values of one column, after a way through the wire. */
async function valuesOf(data: Data): Promise<RowValue[]> {
  const field = new Field('v', data.type, true);
  const struct = makeData({
    type: new Struct([field]),
    length: data.length,
    nullCount: 0,
    children: [data],
  });
  server.arrow = tableToIPC(new Table(new RecordBatch(new Schema([field]), struct)), 'stream');
  const rows = await server.client().fetch('d', { as: 'rows' });
  return rows.map((row) => row['v'] ?? null);
}

const column = <T extends DataType>(values: readonly unknown[], type: T): Data => {
  const [data] = vectorFromArray(values, type).data;
  if (data === undefined) throw new Error('no data');
  return data;
};

const words = (...values: readonly bigint[]): Uint32Array =>
  Uint32Array.from(values.flatMap((value) => [0n, 32n, 64n, 96n].map((bits) => Number((value >> bits) & 0xffffffffn))));

test.each<[string, () => Data, RowValue[]]>([
  ['int64 is bigint, small or large', () => column([7n, -(2n ** 63n), null], new Int64()), [7n, -(2n ** 63n), null]],
  ['smaller whole numbers are numbers', () => column([7, null, -1], new Int16()), [7, null, -1]],
  ['doubles are numbers', () => column([0.1, NaN, -0, Infinity], new Float64()), [0.1, NaN, -0, Infinity]],
  ['booleans', () => column([true, false, null], new Bool()), [true, false, null]],
  [
    'decimals are text with all their digits',
    () => {
      const type = new Decimal(2, 38, 128);
      const values = words(1n, -12345n, BigInt('9'.repeat(38)), 0n);
      return makeData({ type, length: 4, nullCount: 0, data: values }) as Data;
    },
    ['0.01', '-123.45', `${'9'.repeat(36)}.99`, '0.00'],
  ],
  [
    'dates are days, before 1970 and beyond the year 9999 too',
    () => makeData({ type: new DateDay(), length: 4, data: Int32Array.of(0, -1, 2_932_897, 0x7fff_ffff) }) as Data,
    ['1970-01-01', '1969-12-31', '+010000-01-01', 'infinity'],
  ],
  [
    'timestamps keep their microseconds, and have a Z where the column has a zone',
    () => makeData({ type: new TimestampMicrosecond('UTC'), length: 2, data: BigInt64Array.of(-1n, 86_400_000_001n) }),
    ['1969-12-31T23:59:59.999999Z', '1970-01-02T00:00:00.000001Z'],
  ],
  [
    'timestamps without a zone have none',
    () => makeData({ type: new TimestampMillisecond(), length: 1, data: BigInt64Array.of(1n) }),
    ['1970-01-01T00:00:00.001000'],
  ],
  [
    'nanoseconds are nine digits',
    () => makeData({ type: new TimestampNanosecond(), length: 1, data: BigInt64Array.of(1_000_000_001n) }),
    ['1970-01-01T00:00:01.000000001'],
  ],
  [
    'times',
    () => makeData({ type: new TimeMicrosecond(), length: 1, data: BigInt64Array.of(3_723_000_004n) }),
    ['01:02:03.000004'],
  ],
  [
    'text keeps a byte order mark',
    () => column(['\u{feff}a', '', '𝄞', null], new Utf8()),
    ['\u{feff}a', '', '𝄞', null],
  ],
  [
    'binary is Uint8Array',
    () => column([Uint8Array.of(0, 255), Uint8Array.of()], new Binary()),
    [Uint8Array.of(0, 255), Uint8Array.of()],
  ],
  [
    'dictionaries are their values',
    () => column(['a', 'b', 'a', null], new Dictionary(new Utf8(), new Int32())),
    ['a', 'b', 'a', null],
  ],
  [
    'lists are arrays, structs are objects',
    () =>
      column(
        [[{ n: 1n, s: 'x' }], [], null],
        new List(
          new Field('item', new Struct([new Field('n', new Int64(), true), new Field('s', new Utf8(), true)]), true),
        ),
      ),
    [[{ n: 1n, s: 'x' }], [], null],
  ],
  [
    'maps are pairs',
    () =>
      column(
        [new Map([['k', 1]])],
        new Map_(
          new Field(
            'entries',
            new Struct<{ key: Utf8; value: Int32 }>([
              new Field('key', new Utf8(), false),
              new Field('value', new Int32(), true),
            ]),
            false,
          ),
        ),
      ),
    [[['k', 1]]],
  ],
])('%s', async (_name, data, expected) => {
  expect(await valuesOf(data())).toEqual(expected);
});

test('a column may have any name', async () => {
  const table = new Table({ ['__proto__']: vectorFromArray([1, 2], new Int32()) });
  server.arrow = tableToIPC(table, 'stream');
  const [row] = await server.client().fetch('d', { as: 'rows' });
  expect(Object.keys(row ?? {})).toEqual(['__proto__']);
});
