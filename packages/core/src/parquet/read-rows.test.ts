import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  Binary,
  Bool,
  DateDay,
  Decimal,
  Field,
  Float64,
  Int32,
  Int64,
  List,
  Struct,
  Table,
  TimestampMicrosecond,
  TimestampNanosecond,
  Utf8,
  makeData,
  tableToIPC,
  Vector,
  vectorFromArray,
} from 'apache-arrow';
import * as parquet from 'parquet-wasm';
import { afterAll, expect, test } from 'vitest';
import { decimalText } from './cell-text.ts';
import { readRows, type RowsWish } from './read-rows.ts';

const dir = mkdtempSync(join(tmpdir(), 'parqueue-rows-'));
afterAll(() => rmSync(dir, { recursive: true }));

let files = 0;

function write(table: Table, rowGroupRows = 1000): RowsWish {
  const path = join(dir, `${(files += 1)}.parquet`);
  const properties = new parquet.WriterPropertiesBuilder().setMaxRowGroupSize(rowGroupRows).build();
  writeFileSync(path, parquet.writeParquet(parquet.Table.fromIPCStream(tableToIPC(table, 'stream')), properties));
  return { path, bytes: statSync(path).size, format: 'json', offset: 0, limit: 1000, numbers: 'exact' };
}

async function text(wish: RowsWish): Promise<string> {
  return new TextDecoder().decode((await readRows(wish)).text);
}

const counting = write(
  new Table({
    n: vectorFromArray(
      Array.from({ length: 2500 }, (_, at) => at),
      new Int32(),
    ),
  }),
);

test.each([
  { offset: 0, limit: 3, expected: [0, 1, 2] },
  { offset: 998, limit: 4, expected: [998, 999, 1000, 1001] },
  { offset: 2498, limit: 10, expected: [2498, 2499] },
  { offset: 2500, limit: 10, expected: [] },
  { offset: 999_999, limit: 1, expected: [] },
])('rows $offset + $limit come once each, across row groups', async ({ offset, limit, expected }) => {
  const reading = await readRows({ ...counting, offset, limit });
  expect(JSON.parse(new TextDecoder().decode(reading.text))).toEqual(expected.map((n) => ({ n })));
  expect(reading).toMatchObject({ rows: expected.length, rowsTotal: 2500 });
});

test('a limit beyond one batch of the reader gives every row', async () => {
  const rows = JSON.parse(await text({ ...counting, limit: 10_000 })) as { n: number }[];
  expect(rows.map(({ n }) => n)).toEqual(Array.from({ length: 2500 }, (_, at) => at));
});

test('numbers are numbers where a double holds them, text where it does not, and text always when asked', async () => {
  const wish = write(
    new Table({
      big: vectorFromArray([9007199254740991n, 9007199254740992n, -1n], new Int64()),
      float: vectorFromArray([0.1, Number.NaN, -0], new Float64()),
    }),
  );
  expect(await text(wish)).toBe(
    '[{"big":9007199254740991,"float":0.1},\n{"big":"9007199254740992","float":"NaN"},\n{"big":-1,"float":-0.0}]\n',
  );
  expect(await text({ ...wish, numbers: 'text', limit: 1 })).toBe('[{"big":"9007199254740991","float":0.1}]\n');
});

test('decimals keep every digit', async () => {
  const words = (value: bigint) =>
    Uint32Array.from([0n, 32n, 64n, 96n], (shift) => Number((BigInt.asUintN(128, value) >> shift) & 0xffffffffn));
  const wish = write(
    new Table({ d: vectorFromArray([words(-12345n), words(12345678901234567890n), null], new Decimal(2, 38)) }),
  );
  expect(await text(wish)).toBe('[{"d":-123.45},\n{"d":"123456789012345678.90"},\n{"d":null}]\n');
  expect(decimalText(-5n, 3)).toBe('-0.005');
  expect(decimalText(7n, -2)).toBe('700');
});

test('infinite days and times are named, and none of the finite ones is', async () => {
  const times = BigInt64Array.of(2n ** 63n - 1n, -(2n ** 63n) + 1n, 2n ** 63n - 2n);
  const wish = write(
    new Table({
      day: new Vector([makeData({ type: new DateDay(), data: Int32Array.of(2_147_483_647, -2_147_483_647, 0) })]),
      time: new Vector([makeData({ type: new TimestampMicrosecond('UTC'), data: times })]),
    }),
  );
  expect(await text({ ...wish, format: 'csv' })).toBe(
    'day,time\r\ninfinity,infinity\r\n-infinity,-infinity\r\n1970-01-01,9223372036854775806\r\n',
  );
});

test('timestamps keep microseconds and nanoseconds, before 1970 too; days have no time', async () => {
  const exact = <T extends TimestampMicrosecond | TimestampNanosecond>(type: T, values: readonly bigint[]) =>
    new Vector([makeData({ type, length: values.length, nullCount: 0, data: BigInt64Array.from(values) } as never)]);
  const wish = write(
    new Table({
      us: exact(new TimestampMicrosecond('UTC'), [1_700_000_000_123_456n, -1n]),
      ns: exact(new TimestampNanosecond(), [1n, 1_000_000_001n]),
      day: vectorFromArray([new Date('2024-02-29'), new Date('1969-12-31')], new DateDay()),
    }),
  );
  expect(JSON.parse(await text(wish))).toEqual([
    { us: '2023-11-14T22:13:20.123456Z', ns: '1970-01-01T00:00:00.000000001', day: '2024-02-29' },
    { us: '1969-12-31T23:59:59.999999Z', ns: '1970-01-01T00:00:01.000000001', day: '1969-12-31' },
  ]);
});

test('CSV tells NULL from empty text, quotes what needs it, and shows nested values as JSON', async () => {
  const wish = write(
    new Table({
      'a,b': vectorFromArray([null, '', 'x"y', ' pad', 'plain'], new Utf8()),
      flag: vectorFromArray([true, false, null, true, true], new Bool()),
      list: vectorFromArray([[1, 2], [], null, [3], [4]], new List(new Field('item', new Int32()))),
    }),
  );
  expect(await text({ ...wish, format: 'csv' })).toBe(
    '"a,b",flag,list\r\n,true,"[1,2]"\r\n"",false,[]\r\n"x""y",,\r\n" pad",true,[3]\r\nplain,true,[4]\r\n',
  );
});

test('bytes are base64, structures are objects, NDJSON has one row a line', async () => {
  const wish = write(
    new Table({
      bytes: vectorFromArray([new Uint8Array([0, 255])], new Binary()),
      inner: vectorFromArray([{ k: 'v' }], new Struct([new Field('k', new Utf8())])),
    }),
  );
  expect(await text({ ...wish, format: 'ndjson' })).toBe('{"bytes":"AP8=","inner":{"k":"v"}}\n');
});

test('a file of another size than its manifest says is refused before it is read', async () => {
  await expect(readRows({ ...counting, bytes: counting.bytes + 1 })).rejects.toMatchObject({ code: 'PQ_STORE_IO' });
});
