/** What each type of Arrow looks like as text, with the values at its edges. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as arrow from 'apache-arrow';
import { afterAll, describe, expect, test } from 'vitest';
import { convertToText, writeTable } from '../../testing/converted.ts';
import { decimalText } from './numbers.ts';

const dir = mkdtempSync(join(tmpdir(), 'parqueue-text-'));
afterAll(() => rmSync(dir, { recursive: true }));

let files = 0;
const write = (columns: Record<string, arrow.Vector>, rowGroupRows?: number) =>
  writeTable(join(dir, `${(files += 1)}.parquet`), new arrow.Table(columns), rowGroupRows);

const of = (type: arrow.DataType, values: readonly unknown[]): arrow.Vector => arrow.vectorFromArray(values, type);

/** Values as they lie in memory, past the conversions of apache-arrow. */
function raw(type: arrow.DataType, data: ArrayBufferView): arrow.Vector {
  return new arrow.Vector([arrow.makeData({ type, data } as never)]);
}

const words = (value: bigint) =>
  Uint32Array.from([0n, 32n, 64n, 96n], (shift) => Number((BigInt.asUintN(128, value) >> shift) & 0xffff_ffffn));

/** One column: its values in JSON, and in CSV where that is not the same without quotes. */
interface Case {
  readonly what: string;
  readonly vector: arrow.Vector;
  readonly json: readonly string[];
  readonly csv?: readonly string[];
}

const { TimeUnit } = arrow;
const CASES: readonly Case[] = [
  { what: 'int8', vector: of(new arrow.Int8(), [-128, 127, null]), json: ['-128', '127', 'null'] },
  { what: 'uint8', vector: of(new arrow.Uint8(), [0, 255]), json: ['0', '255'] },
  { what: 'int16', vector: of(new arrow.Int16(), [-32_768, 32_767]), json: ['-32768', '32767'] },
  { what: 'uint16', vector: of(new arrow.Uint16(), [10, 65_535]), json: ['10', '65535'] },
  {
    what: 'int32',
    vector: of(new arrow.Int32(), [-2_147_483_648, 2_147_483_647, 99, 100]),
    json: ['-2147483648', '2147483647', '99', '100'],
  },
  {
    what: 'uint32',
    vector: of(new arrow.Uint32(), [2_147_483_648, 4_294_967_295]),
    json: ['2147483648', '4294967295'],
  },
  {
    what: 'int64',
    vector: of(new arrow.Int64(), [
      9_007_199_254_740_991n,
      9_007_199_254_740_992n,
      -9_007_199_254_740_991n,
      -9_007_199_254_740_992n,
      -(2n ** 63n),
      2n ** 63n - 1n,
      -1n,
      4_294_967_296n,
      null,
    ]),
    json: [
      '9007199254740991',
      '"9007199254740992"',
      '-9007199254740991',
      '"-9007199254740992"',
      '"-9223372036854775808"',
      '"9223372036854775807"',
      '-1',
      '4294967296',
      'null',
    ],
  },
  {
    what: 'uint64',
    vector: of(new arrow.Uint64(), [0n, 2n ** 64n - 1n, 2n ** 63n, 2n ** 53n - 1n]),
    json: ['0', '"18446744073709551615"', '"9223372036854775808"', '9007199254740991'],
  },
  {
    what: 'float16',
    vector: raw(new arrow.Float16(), Uint16Array.of(0x3c00, 0x8000, 0x7c00, 0xfc00, 0x7e00, 0x0001, 0x7bff)),
    json: ['1', '-0.0', '"Infinity"', '"-Infinity"', '"NaN"', '5.960464477539063e-8', '65504'],
  },
  {
    what: 'float32',
    vector: of(new arrow.Float32(), [0.5, 0.1, Number.NaN, -0]),
    json: ['0.5', '0.10000000149011612', '"NaN"', '-0.0'],
  },
  {
    what: 'float64',
    vector: of(new arrow.Float64(), [0.1, 5e-324, 1.7976931348623157e308, -Infinity, -0, 0, 1e15, 1e21, -3, 2 ** 53]),
    json: [
      '0.1',
      '5e-324',
      '1.7976931348623157e+308',
      '"-Infinity"',
      '-0.0',
      '0',
      '1000000000000000',
      '1e+21',
      '-3',
      '9007199254740992',
    ],
  },
  { what: 'bool', vector: of(new arrow.Bool(), [true, null, false]), json: ['true', 'null', 'false'] },
  {
    what: 'decimal128',
    vector: of(new arrow.Decimal(2, 38), [
      words(-12_345n),
      words(12_345_678_901_234_567_890n),
      words(99_999_999_999_999_9n),
      words(1_000_000_000_000_000n),
      words(-1n),
      words(-(10n ** 38n) + 1n),
      null,
    ]),
    json: [
      '-123.45',
      '"123456789012345678.90"',
      '9999999999999.99',
      '"10000000000000.00"',
      '-0.01',
      '"-999999999999999999999999999999999999.99"',
      'null',
    ],
  },
  { what: 'decimal of scale 20', vector: of(new arrow.Decimal(20, 38), [words(7n)]), json: ['0.00000000000000000007'] },
  { what: 'decimal of scale 0', vector: of(new arrow.Decimal(0, 38), [words(-7n), words(0n)]), json: ['-7', '0'] },
  {
    what: 'date32',
    vector: raw(
      new arrow.DateDay(),
      Int32Array.of(0, -1, 19_782, 19_783, -719_528, 2_932_896, 2_932_897, -719_529, 2_147_483_647, -2_147_483_647),
    ),
    json: [
      '"1970-01-01"',
      '"1969-12-31"',
      '"2024-02-29"',
      '"2024-03-01"',
      '"0000-01-01"',
      '"9999-12-31"',
      '"+010000-01-01"',
      '"-000001-12-31"',
      '"infinity"',
      '"-infinity"',
    ],
  },
  {
    what: 'time32[s]',
    vector: raw(new arrow.Time(TimeUnit.SECOND, 32), Int32Array.of(86_399)),
    json: ['"23:59:59.000000"'],
  },
  {
    what: 'time32[ms]',
    vector: raw(new arrow.Time(TimeUnit.MILLISECOND, 32), Int32Array.of(1, 0)),
    json: ['"00:00:00.001000"', '"00:00:00.000000"'],
  },
  {
    what: 'time64[us]',
    vector: raw(new arrow.Time(TimeUnit.MICROSECOND, 64), BigInt64Array.of(86_399_999_999n)),
    json: ['"23:59:59.999999"'],
  },
  {
    what: 'time64[ns]',
    vector: raw(new arrow.Time(TimeUnit.NANOSECOND, 64), BigInt64Array.of(3_723_000_000_001n)),
    json: ['"01:02:03.000000001"'],
  },
  {
    what: 'timestamp[s]',
    vector: raw(new arrow.Timestamp(TimeUnit.SECOND), BigInt64Array.of(-1n, 253_402_300_799n)),
    json: ['"1969-12-31T23:59:59.000000"', '"9999-12-31T23:59:59.000000"'],
  },
  {
    what: 'timestamp[ms]',
    vector: raw(new arrow.Timestamp(TimeUnit.MILLISECOND, 'UTC'), BigInt64Array.of(-1n, 1_709_164_800_001n)),
    json: ['"1969-12-31T23:59:59.999000Z"', '"2024-02-29T00:00:00.001000Z"'],
  },
  {
    what: 'timestamp[us]',
    vector: raw(
      new arrow.Timestamp(TimeUnit.MICROSECOND, 'Europe/Berlin'),
      BigInt64Array.of(
        1_700_000_000_123_456n,
        -1n,
        -62_167_219_200_000_000n,
        253_402_300_799_999_999n,
        253_402_300_800_000_000n,
        2n ** 63n - 1n,
        -(2n ** 63n) + 1n,
        2n ** 63n - 2n,
        -(2n ** 63n),
      ),
    ),
    json: [
      '"2023-11-14T22:13:20.123456Z"',
      '"1969-12-31T23:59:59.999999Z"',
      '"0000-01-01T00:00:00.000000Z"',
      '"9999-12-31T23:59:59.999999Z"',
      '"+010000-01-01T00:00:00.000000Z"',
      '"infinity"',
      '"-infinity"',
      '"9223372036854775806"',
      '"-9223372036854775808"',
    ],
  },
  {
    what: 'timestamp[ns]',
    vector: raw(
      new arrow.Timestamp(TimeUnit.NANOSECOND),
      BigInt64Array.of(1n, 1_000_000_001n, -1n, -(2n ** 63n) + 2n, 2n ** 63n - 2n),
    ),
    json: [
      '"1970-01-01T00:00:00.000000001"',
      '"1970-01-01T00:00:01.000000001"',
      '"1969-12-31T23:59:59.999999999"',
      '"1677-09-21T00:12:43.145224194"',
      '"2262-04-11T23:47:16.854775806"',
    ],
  },
  {
    what: 'duration',
    vector: raw(new arrow.Duration(TimeUnit.SECOND), BigInt64Array.of(-5n, 2n ** 60n)),
    json: ['-5', '"1152921504606846976"'],
  },
  {
    what: 'utf8',
    vector: of(new arrow.Utf8(), ['', 'x"y\\', 'ä€😀', '\u0000\u001f\b\n\r\t\f', '\u2028\u007f', null, '\ufeffx']),
    json: ['""', '"x\\"y\\\\"', '"ä€😀"', '"\\u0000\\u001f\\b\\n\\r\\t\\f"', '"\u2028\u007f"', 'null', '"\ufeffx"'],
    csv: ['""', '"x""y\\"', 'ä€😀', '"\u0000\u001f\b\n\r\t\f"', '\u2028\u007f', '', '\ufeffx'],
  },
  {
    what: 'large utf8',
    vector: of(new arrow.LargeUtf8(), ['a', '', 'bc']),
    json: ['"a"', '""', '"bc"'],
    csv: ['a', '""', 'bc'],
  },
  {
    what: 'binary',
    vector: of(new arrow.Binary(), [Uint8Array.of(0, 255), Uint8Array.of(), null]),
    json: ['"AP8="', '""', 'null'],
    csv: ['AP8=', '""', ''],
  },
  {
    what: 'fixed-size binary',
    vector: of(new arrow.FixedSizeBinary(2), [Uint8Array.of(1, 2), Uint8Array.of(3, 4)]),
    json: ['"AQI="', '"AwQ="'],
  },
  {
    what: 'dictionary',
    vector: of(new arrow.Dictionary(new arrow.Utf8(), new arrow.Int8()), ['a', 'b,', 'a', null]),
    json: ['"a"', '"b,"', '"a"', 'null'],
    csv: ['a', '"b,"', 'a', ''],
  },
  {
    what: 'list',
    vector: of(new arrow.List(new arrow.Field('item', new arrow.Int32(), true)), [[1, null], [], null, [3]]),
    json: ['[1,null]', '[]', 'null', '[3]'],
    csv: ['"[1,null]"', '[]', '', '[3]'],
  },
  {
    what: 'fixed-size list',
    vector: of(new arrow.FixedSizeList(2, new arrow.Field('item', new arrow.Int64(), true)), [
      [1n, 2n],
      [3n, 2n ** 60n],
    ]),
    json: ['[1,2]', '[3,"1152921504606846976"]'],
    csv: ['"[1,2]"', '"[3,""1152921504606846976""]"'],
  },
  {
    what: 'struct',
    vector: of(
      new arrow.Struct<arrow.TypeMap>([
        new arrow.Field('k"', new arrow.Utf8(), true),
        new arrow.Field('l', new arrow.List(new arrow.Field('item', new arrow.Bool(), true)), true),
      ]),
      [{ 'k"': 'v', l: [true] }, { 'k"': null, l: null }, null],
    ),
    json: ['{"k\\"":"v","l":[true]}', '{"k\\"":null,"l":null}', 'null'],
    csv: ['"{""k\\"""":""v"",""l"":[true]}"', '"{""k\\"""":null,""l"":null}"', ''],
  },
];

describe('a column', () => {
  test.each(CASES.map((item) => [item.what, item] as const))('of type %s keeps every value', async (_, item) => {
    const wish = write({
      c: item.vector,
      i: of(
        new arrow.Int32(),
        item.json.map((_text, at) => at),
      ),
    });
    const csv = item.csv ?? item.json.map((text) => (text === 'null' ? '' : text.replaceAll('"', '')));
    expect(await convertToText({ ...wish, format: 'ndjson' })).toBe(
      item.json.map((text, at) => `{"c":${text},"i":${at}}\n`).join(''),
    );
    expect(await convertToText({ ...wish, format: 'csv' })).toBe(
      `c,i\r\n${csv.map((text, at) => `${text},${at}\r\n`).join('')}`,
    );
  });
});

test('numbers are text always when asked: whole ones of 64 bits and decimals, inside others too', async () => {
  const wish = write({
    n: of(new arrow.Int64(), [7n]),
    d: of(new arrow.Decimal(1, 10), [words(5n)]),
    f: of(new arrow.Float64(), [0.1]),
    i: of(new arrow.Int32(), [3]),
    l: of(new arrow.List(new arrow.Field('item', new arrow.Int64(), true)), [[1n]]),
  });
  expect(await convertToText({ ...wish, numbers: 'text', format: 'ndjson' })).toBe(
    '{"n":"7","d":"0.5","f":0.1,"i":3,"l":["1"]}\n',
  );
  expect(await convertToText({ ...wish, numbers: 'text', format: 'csv' })).toBe(
    'n,d,f,i,l\r\n7,0.5,0.1,3,"[""1""]"\r\n',
  );
});

test('CSV quotes what a reader would take for a border or trim away, in names too', async () => {
  const wish = write({
    'a,b': of(new arrow.Utf8(), [' pad', 'pad\t', 'a\nb', 'a\rb', ',', 'plain text']),
    '': of(new arrow.Bool(), [true]),
  });
  expect(await convertToText({ ...wish, format: 'csv', columns: ['a,b'] })).toBe(
    '"a,b"\r\n" pad"\r\n"pad\t"\r\n"a\nb"\r\n"a\rb"\r\n","\r\nplain text\r\n',
  );
});

test('columns and members of one name are refused as JSON, which would lose all but one; CSV has both columns', async () => {
  const twins = new arrow.Schema([
    new arrow.Field('a', new arrow.Int32(), true),
    new arrow.Field('a', new arrow.Int32(), true),
  ]);
  const children = [1, 2].map((value) => of(new arrow.Int32(), [value]).data[0] as arrow.Data);
  const pair = new arrow.Struct(twins.fields);
  const columns = writeTable(
    join(dir, 'twins.parquet'),
    new arrow.Table(twins, new arrow.RecordBatch(twins, arrow.makeData({ type: pair, length: 1, children }) as never)),
  );
  const members = write({ s: new arrow.Vector([arrow.makeData({ type: pair, length: 1, children }) as never]) });
  const refused = { code: 'PQ_UNSUPPORTED_TYPE', message: expect.stringContaining('more than one "a"') as string };
  await expect(convertToText({ ...columns, format: 'ndjson' })).rejects.toMatchObject(refused);
  expect(await convertToText({ ...columns, format: 'csv' })).toBe('a,a\r\n1,2\r\n');
  for (const format of ['json', 'ndjson', 'csv'] as const)
    await expect(convertToText({ ...members, format })).rejects.toMatchObject(refused);
});

test('JSON is one array over all chunks and row groups, and empty of no rows', async () => {
  const wish = write(
    {
      n: of(
        new arrow.Int32(),
        Array.from({ length: 5 }, (_, at) => at),
      ),
    },
    2,
  );
  expect(await convertToText(wish)).toBe('[{"n":0},\n{"n":1},\n{"n":2},\n{"n":3},\n{"n":4}]\n');
  expect(await convertToText({ ...wish, limit: 0 })).toBe('[]\n');
  expect(await convertToText({ ...wish, limit: 0, format: 'csv' })).toBe('n\r\n');
  expect(await convertToText({ ...wish, limit: 0, format: 'ndjson' })).toBe('');
});

test('decimals of any scale are written out', () => {
  expect(decimalText(-5n, 3)).toBe('-0.005');
  expect(decimalText(7n, -2)).toBe('700');
});
