/**
 * What other readers make of the texts: DuckDB reads CSV, NDJSON and JSON back, strictly, and finds value for value
 * what it finds in the Parquet file itself.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DuckDBInstance, type DuckDBConnection } from '@duckdb/node-api';
import * as arrow from 'apache-arrow';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { convert, wishFor, writeTable } from '../testing/converted.ts';
import { openConversion, type ConversionWish } from './conversion.ts';

const dir = mkdtempSync(join(tmpdir(), 'parqueue-readers-'));
let duck: DuckDBConnection;
beforeAll(async () => {
  const instance = await DuckDBInstance.create(':memory:', { threads: '1' });
  duck = await instance.connect();
  await duck.run("SET TimeZone = 'UTC'");
});
afterAll(() => {
  duck.closeSync();
  rmSync(dir, { recursive: true });
});

type TextFormat = 'csv' | 'json' | 'ndjson';
const FORMATS: readonly TextFormat[] = ['csv', 'json', 'ndjson'];

/** Column → its type in DuckDB. */
type Types = Readonly<Record<string, string>>;

const quoted = (name: string): string => `"${name.replaceAll('"', '""')}"`;
const literal = (text: string): string => `'${text.replaceAll("'", "''")}'`;

/** The text form as a table of the same types; nested columns and bytes come as text and are taken apart. */
function readerOf(format: TextFormat, path: string, types: Types): string {
  const isCsv = format === 'csv';
  const isNested = (type: string): boolean => /[\]()]$/.test(type) && !type.startsWith('DECIMAL');
  const raw = (type: string): string => (type === 'BLOB' || (isCsv && isNested(type)) ? 'VARCHAR' : type);
  const columns = Object.entries(types).map(([name, type]) => `${literal(name)}: ${literal(raw(type))}`);
  const values = Object.entries(types).map(([name, type]) => {
    const column = quoted(name);
    if (type === 'BLOB') return `from_base64(${column}) AS ${column}`;
    return isCsv && isNested(type) ? `(${column}::JSON)::${type} AS ${column}` : column;
  });
  const source = isCsv
    ? `read_csv(${literal(path)}, header = true, delim = ',', quote = '"', escape = '"', nullstr = '', allow_quoted_nulls = false, `
      + `auto_detect = false, strict_mode = true, max_line_size = 10000000, columns = {${columns.join(', ')}})`
    : `read_json(${literal(path)}, format = '${format === 'json' ? 'array' : 'newline_delimited'}', maximum_object_size = 100000000, `
      + `columns = {${columns.join(', ')}})`;
  return `SELECT ${values.join(', ')} FROM ${source}`;
}

async function count(sql: string): Promise<number> {
  const reader = await duck.runAndReadAll(sql);
  return Number(reader.getRows()[0]?.[0]);
}

/** Rows that are not the same in both, at the same place. */
async function differences(wish: ConversionWish, format: TextFormat, types: Types): Promise<number> {
  const path = join(dir, `text.${format}`);
  const { bytes, rows } = await convert({ ...wish, format });
  writeFileSync(path, bytes);
  const names = Object.keys(types).map(quoted);
  const limit = wish.limit === null ? '' : `LIMIT ${wish.limit}`;
  const stored = `SELECT ${names.join(', ')} FROM read_parquet(${literal(wish.path)}) ${limit} OFFSET ${wish.offset}`;
  await duck.run(`CREATE OR REPLACE TEMP TABLE stored AS ${stored}`);
  await duck.run(`CREATE OR REPLACE TEMP TABLE read AS ${readerOf(format, path, types)}`);
  expect(await count('SELECT count(*) FROM stored')).toBe(rows);
  expect(await count('SELECT count(*) FROM read')).toBe(rows);
  const differs = names.map((name) => `stored.${name} IS DISTINCT FROM read.${name}`).join(' OR ');
  return await count(`SELECT count(*) FROM stored POSITIONAL JOIN read WHERE ${differs}`);
}

const HOSTILE = [
  '',
  '"',
  '""',
  ',',
  '\r\n',
  '\n',
  '\r',
  ' ',
  'NULL',
  'null',
  '\\N',
  '\\',
  "'",
  '\t',
  '#',
  'ä',
  '😀',
  '\u2028',
];
const textArbitrary = fc.oneof(
  fc.constantFrom(...HOSTILE),
  fc.array(fc.oneof(fc.constantFrom(...HOSTILE), fc.string()), { maxLength: 6 }).map((parts) => parts.join('')),
  fc.string({ unit: 'grapheme', maxLength: 20 }),
);
const rowArbitrary = fc.record({
  t: fc.option(textArbitrary),
  n: fc.option(fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n })),
  s: fc.option(fc.bigInt({ min: -(2n ** 54n), max: 2n ** 54n })),
  i: fc.option(fc.integer()),
  f: fc.option(fc.double({ noNaN: false })),
  b: fc.option(fc.boolean()),
  u: fc.option(fc.bigInt({ min: -30_610_224_000_000_000n, max: 253_402_300_799_999_999n })),
  d: fc.option(fc.integer({ min: -354_285, max: 2_932_896 })),
  x: fc.option(fc.uint8Array({ maxLength: 8 })),
});
type Row = typeof rowArbitrary extends fc.Arbitrary<infer T> ? T : never;

const RANDOM_TYPES: Types = {
  at: 'INTEGER',
  t: 'VARCHAR',
  n: 'BIGINT',
  s: 'BIGINT',
  i: 'INTEGER',
  f: 'DOUBLE',
  b: 'BOOLEAN',
  u: 'TIMESTAMPTZ',
  d: 'DATE',
  x: 'BLOB',
};

function tableOf(rows: readonly Row[]): arrow.Table {
  const column = <K extends keyof Row>(name: K, type: arrow.DataType): arrow.Vector =>
    arrow.vectorFromArray(
      rows.map((row) => row[name]),
      type,
    );
  const counts = (name: 'u' | 'd', type: arrow.DataType, data: BigInt64Array | Int32Array): arrow.Vector => {
    const nullBitmap = new Uint8Array(Math.ceil(rows.length / 8));
    let nullCount = 0;
    rows.forEach((row, at) => {
      if (row[name] === null) nullCount += 1;
      else nullBitmap[at >> 3] = (nullBitmap[at >> 3] ?? 0) | (1 << (at & 7));
    });
    return new arrow.Vector([arrow.makeData({ type, data, nullBitmap, nullCount, length: rows.length } as never)]);
  };
  return new arrow.Table({
    at: arrow.vectorFromArray(
      rows.map((_, at) => at),
      new arrow.Int32(),
    ),
    t: column('t', new arrow.Utf8()),
    n: column('n', new arrow.Int64()),
    s: column('s', new arrow.Int64()),
    i: column('i', new arrow.Int32()),
    f: column('f', new arrow.Float64()),
    b: column('b', new arrow.Bool()),
    u: counts(
      'u',
      new arrow.TimestampMicrosecond('UTC'),
      BigInt64Array.from(rows, ({ u }) => u ?? 0n),
    ),
    d: counts(
      'd',
      new arrow.DateDay(),
      Int32Array.from(rows, ({ d }) => d ?? 0),
    ),
    x: column('x', new arrow.Binary()),
  });
}

describe('DuckDB reads back', () => {
  test.each(FORMATS)('any values from %s, in any window, as they are stored', async (format) => {
    let files = 0;
    // The seed of a failure is printed with it.
    await fc.assert(
      fc.asyncProperty(
        fc.array(rowArbitrary, { minLength: 1, maxLength: 40 }),
        fc.nat(45),
        fc.option(fc.nat(45)),
        fc.integer({ min: 1, max: 45 }),
        async (rows, offset, limit, rowGroupRows) => {
          // DuckDB keeps what it read of a name whose size and second are the same.
          const path = join(dir, `random-${format}-${(files += 1)}.parquet`);
          const wish = { ...writeTable(path, tableOf(rows), rowGroupRows), offset, limit };
          expect(await differences(wish, format, RANDOM_TYPES)).toBe(0);
        },
      ),
      { numRuns: 40 },
    );
  });

  const MIXED: Types = {
    id: 'BIGINT',
    big: 'UBIGINT',
    small: 'TINYINT',
    price: 'DECIMAL(18,2)',
    tiny: 'DECIMAL(4,3)',
    wide: 'DECIMAL(38,10)',
    name: 'VARCHAR',
    f: 'FLOAT',
    ts: 'TIMESTAMP',
    ns: 'TIMESTAMP_NS',
    tz: 'TIMESTAMPTZ',
    clock: 'TIME',
    bytes: 'BLOB',
    list: 'INTEGER[]',
    lists: 'VARCHAR[][]',
    struct: 'STRUCT(a BIGINT, "b c" VARCHAR, l DOUBLE[])',
  };
  const MIXED_SQL = `
    SELECT i::BIGINT AS id, (18446744073709551615 - i)::UBIGINT AS big, (i % 128)::TINYINT AS small,
      (random() * 1e12 - 5e11)::DECIMAL(18,2) AS price, (random() * 2 - 1)::DECIMAL(4,3) AS tiny,
      ((random() * 1e15)::DECIMAL(38,10) * 1000)::DECIMAL(38,10) AS wide,
      CASE i % 5 WHEN 0 THEN NULL WHEN 1 THEN '' ELSE 'name, "' || (i % 50) || '" ' END AS name,
      random()::FLOAT AS f, TIMESTAMP '1955-01-01' + to_microseconds((random() * 4e15)::BIGINT) AS ts,
      make_timestamp_ns((random() * 4e18)::BIGINT) AS ns, TIMESTAMPTZ '2026-01-01' + to_microseconds(i * 7919) AS tz,
      TIME '00:00:00' + to_microseconds((random() * 86399999999)::BIGINT) AS clock,
      CASE WHEN i % 3 = 0 THEN NULL ELSE ('x' || i)::BLOB END AS bytes,
      CASE WHEN i % 4 = 0 THEN NULL ELSE list_transform(range(i % 6), x -> CASE WHEN x = 2 THEN NULL ELSE x + i END)::INTEGER[] END AS list,
      [['a', NULL, '"' || i], [], NULL]::VARCHAR[][] AS lists,
      CASE WHEN i % 7 = 0 THEN NULL ELSE {'a': i, 'b c': 'x' || i, 'l': [0.5, NULL]} END::STRUCT(a BIGINT, "b c" VARCHAR, l DOUBLE[]) AS struct
    FROM range(5000) t(i)`;

  test.each([2048, 5000])(
    'decimals, times and nested values of a file that DuckDB wrote, in row groups of %i rows',
    async (rowGroupRows) => {
      const path = join(dir, `mixed-${rowGroupRows}.parquet`);
      await duck.run('SELECT setseed(0.26)');
      await duck.run(`COPY (${MIXED_SQL}) TO ${literal(path)} (FORMAT parquet, ROW_GROUP_SIZE ${rowGroupRows})`);
      const wish = wishFor(path);
      for (const format of FORMATS) {
        expect(await differences(wish, format, MIXED)).toBe(0);
        expect(await differences({ ...wish, offset: 2040, limit: 30 }, format, MIXED)).toBe(0);
      }
      const table = arrow.tableFromIPC((await convert({ ...wish, format: 'arrow' })).bytes);
      expect(table.numRows).toBe(5000);
      const ids = table.getChild('id')?.toArray() as BigInt64Array;
      expect(ids.every((id, at) => id === BigInt(at))).toBe(true);
      expect(table.getChild('name')?.get(4999)).toBe('name, "49" ');
    },
  );

  test('a column of texts alone, where NULL is an empty line', async () => {
    const path = join(dir, 'single.parquet');
    await duck.run(
      `COPY (SELECT CASE WHEN i % 3 = 0 THEN NULL WHEN i % 3 = 1 THEN '' ELSE 'x' END AS t FROM range(9) t(i)) TO ${literal(path)}`,
    );
    for (const format of FORMATS) expect(await differences(wishFor(path), format, { t: 'VARCHAR' })).toBe(0);
  });

  test('values of dictionaries far wider than the footer says, without a batch of them all', async () => {
    const path = join(dir, 'wide-dictionary.parquet');
    await duck.run(
      `COPY (SELECT i AS id, repeat(chr(97 + (i % 5)::INTEGER), 100000) AS t FROM range(600) t(i)) TO ${literal(path)} (DICTIONARY_SIZE_LIMIT 1000)`,
    );
    const wish = wishFor(path);
    expect(wish.bytes).toBeLessThan(1_000_000);
    await using conversion = await openConversion({ ...wish, format: 'ndjson' });
    let bytes = 0;
    for await (const chunk of conversion.chunks()) bytes += chunk.byteLength;
    expect(bytes).toBeGreaterThan(60_000_000);
    expect(await differences({ ...wish, limit: 20, offset: 300 }, 'csv', { id: 'BIGINT', t: 'VARCHAR' })).toBe(0);
  });
});

test('intervals, whose months the reader would drop, are refused in every form', async () => {
  const path = join(dir, 'interval.parquet');
  await duck.run(`COPY (SELECT 1 AS n, INTERVAL 1 MONTH AS v) TO ${literal(path)}`);
  for (const format of ['arrow', ...FORMATS] as const) {
    await expect(openConversion({ ...wishFor(path), format })).rejects.toMatchObject({ code: 'PQ_UNSUPPORTED_TYPE' });
    expect((await convert({ ...wishFor(path), format, columns: ['n'] })).rows).toBe(1);
  }
});
