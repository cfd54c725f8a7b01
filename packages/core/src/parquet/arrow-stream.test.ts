/** The Arrow form: one stream, with every type as the Parquet reader has it, whatever columns and windows are asked for. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as arrow from 'apache-arrow';
import fc from 'fast-check';
import * as parquet from 'parquet-wasm';
import { afterAll, expect, test } from 'vitest';
import { convert, writeTable } from '../testing/converted.ts';
import type { ConversionWish } from './conversion.ts';
import { END_OF_STREAM, MESSAGE, messagesOf } from './ipc/message.ts';

const dir = mkdtempSync(join(tmpdir(), 'parqueue-arrow-'));
afterAll(() => rmSync(dir, { recursive: true }));

let files = 0;
const write = (columns: Record<string, arrow.Vector>, rowGroupRows?: number): ConversionWish => ({
  ...writeTable(join(dir, `${(files += 1)}.parquet`), new arrow.Table(columns), rowGroupRows),
  format: 'arrow',
});

const of = (type: arrow.DataType, values: readonly unknown[]): arrow.Vector => arrow.vectorFromArray(values, type);
const repeated = <T>(count: number, make: (at: number) => T): T[] => Array.from({ length: count }, (_, at) => make(at));
/** A type of its own each time: one shared by two columns would share its dictionary. */
const words = (): arrow.Dictionary => new arrow.Dictionary(new arrow.Utf8(), new arrow.Int32());
const item = (type: arrow.DataType): arrow.Field => new arrow.Field('item', type, true);

const ROWS = 100;
const wish = write(
  {
    i: of(
      new arrow.Int32(),
      repeated(ROWS, (at) => at),
    ),
    word: of(
      words(),
      repeated(ROWS, (at) => (at % 7 === 0 ? null : `w${at % (3 + Math.floor(at / 20))}`)),
    ),
    ts: of(
      new arrow.TimestampMillisecond('Europe/Berlin'),
      repeated(ROWS, (at) => at * 1000),
    ),
    other: of(
      words(),
      repeated(ROWS, (at) => `o${at % 5}`),
    ),
    list: of(
      new arrow.List(item(new arrow.Utf8())),
      repeated(ROWS, (at) => (at % 5 === 0 ? null : repeated(at % 4, (n) => `${at}.${n}`))),
    ),
    struct: of(
      new arrow.Struct<arrow.TypeMap>([
        new arrow.Field('word', words(), true),
        new arrow.Field('pair', new arrow.FixedSizeList(2, item(new arrow.Int16())), true),
      ]),
      repeated(ROWS, (at) => (at % 9 === 0 ? null : { word: `s${at % 3}`, pair: [at, -at] })),
    ),
    large: of(
      new arrow.LargeUtf8(),
      repeated(ROWS, (at) => 'x'.repeat(at % 11)),
    ),
    half: new arrow.Vector([
      arrow.makeData({ type: new arrow.Float16(), data: Uint16Array.from({ length: ROWS }, (_, at) => at) } as never),
    ]),
    nothing: of(
      new arrow.Null(),
      repeated(ROWS, () => null),
    ),
    flag: of(
      new arrow.Bool(),
      repeated(ROWS, (at) => at % 3 === 1),
    ),
  },
  23,
);

/** The same file by parquet-wasm's other reader, at once and whole. */
const whole = arrow.tableFromIPC(parquet.readParquet(readFileSync(wish.path)).intoIPCStream());
const NAMES = whole.schema.fields.map(({ name }) => name);

const valuesOf = (table: arrow.Table, name: string): readonly unknown[] =>
  repeated(table.numRows, (at): unknown => {
    const value: unknown = table.getChild(name)?.get(at);
    return JSON.parse(JSON.stringify(value ?? null));
  });

const typeOf = (table: arrow.Table, name: string): string =>
  String(table.schema.fields.find((field) => field.name === name)?.type);

test('any columns in any order and window have the types and values of the file', async () => {
  expect(whole.numRows).toBe(ROWS);
  await fc.assert(
    fc.asyncProperty(
      fc.option(
        fc.subarray(NAMES, { minLength: 1 }).chain((some) => fc.shuffledSubarray(some, { minLength: some.length })),
      ),
      fc.nat(ROWS + 5),
      fc.option(fc.nat(ROWS + 5)),
      async (columns, offset, limit) => {
        const { bytes, rows } = await convert({ ...wish, columns, offset, limit });
        const table = arrow.tableFromIPC(bytes);
        expect(table.schema.fields.map(({ name }) => name)).toEqual(columns ?? NAMES);
        expect(table.numRows).toBe(rows);
        for (const name of columns ?? NAMES) {
          expect(typeOf(table, name)).toBe(typeOf(whole, name));
          expect(valuesOf(table, name)).toEqual(valuesOf(whole, name).slice(offset, offset + rows));
        }
      },
    ),
    { numRuns: 60 },
  );
});

test('a stream has one schema, dictionaries before the batches that use them, and its end', async () => {
  const { bytes } = await convert({ ...wish, columns: ['other', 'word'] });
  const kinds = messagesOf(bytes).map(({ kind }) => kind);
  expect(kinds[0]).toBe(MESSAGE.Schema);
  expect(kinds.filter((kind) => kind === MESSAGE.Schema)).toHaveLength(1);
  expect(kinds.slice(1, 4)).toEqual([MESSAGE.DictionaryBatch, MESSAGE.DictionaryBatch, MESSAGE.RecordBatch]);
  expect(bytes.subarray(-8)).toEqual(Buffer.from(END_OF_STREAM));
});

test('no rows are a whole stream with the schema of the columns', async () => {
  for (const columns of [null, ['struct', 'word'], ['nothing']]) {
    const { bytes } = await convert({ ...wish, columns, limit: 0 });
    const table = arrow.tableFromIPC(bytes);
    expect(table.schema.fields.map(({ name, type }) => `${name} ${String(type)}`)).toEqual(
      (columns ?? NAMES).map((name) => `${name} ${typeOf(whole, name)}`),
    );
    expect(table.numRows).toBe(0);
    expect(bytes.subarray(-8)).toEqual(Buffer.from(END_OF_STREAM));
  }
});

test('columns that were not named are not in the stream', async () => {
  const secret = write({
    kept: of(new arrow.Int8(), [1]),
    é: of(new arrow.Int8(), [2]),
    éa: of(new arrow.Utf8(), ['secret']),
  });
  // The reader cannot be asked for `é` alone, since it would trap over `éa`; what it read too much is left out.
  const { bytes } = await convert({ ...secret, columns: ['é', 'kept'] });
  expect(bytes.includes('secret')).toBe(false);
  expect(JSON.parse(JSON.stringify(arrow.tableFromIPC(bytes).toArray()))).toEqual([{ é: 2, kept: 1 }]);
});

test('an empty file is an empty stream, and an empty text', async () => {
  const empty = write({ n: of(new arrow.Int32(), []), word: of(words(), []) });
  const { bytes, rows, rowsTotal } = await convert(empty);
  expect({ rows, rowsTotal }).toEqual({ rows: 0, rowsTotal: 0 });
  expect(arrow.tableFromIPC(bytes).schema.fields.map(({ name }) => name)).toEqual(['n', 'word']);
  expect((await convert({ ...empty, columns: ['word'], format: 'csv' })).bytes.toString()).toBe('word\r\n');
});
