/** Rows → Arrow → Parquet and back, read by DuckDB, which shares no code with the writer. */
import { createHash } from 'node:crypto';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DuckDBInstance } from '@duckdb/node-api';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ParqueueError } from '../model/errors.ts';
import {
  arrowSchema,
  batchesOf,
  RowAppender,
  writeParquetFile,
  type Column,
  type WriteOptions,
  type Written,
} from './index.ts';

let base: string;

beforeEach(async () => {
  base = await mkdtemp(join(tmpdir(), 'pq-writer-'));
});

afterEach(() => rm(base, { recursive: true }));

const COLUMNS: readonly Column[] = [
  { name: 'flag', type: { kind: 'bool' }, nullable: true },
  { name: 'small', type: { kind: 'int32' }, nullable: true },
  { name: 'big', type: { kind: 'int64' }, nullable: true },
  { name: 'real', type: { kind: 'float64' }, nullable: true },
  { name: 'money', type: { kind: 'decimal128', precision: 38, scale: 4 }, nullable: true },
  { name: 'text', type: { kind: 'utf8' }, nullable: true },
  { name: 'raw', type: { kind: 'binary' }, nullable: true },
  { name: 'day', type: { kind: 'date32' }, nullable: true },
  { name: 'ms', type: { kind: 'timestamp', unit: 'ms', utc: false }, nullable: true },
  { name: 'us', type: { kind: 'timestamp', unit: 'us', utc: true }, nullable: true },
  { name: 'ns', type: { kind: 'timestamp', unit: 'ns', utc: false }, nullable: true },
  { name: 'half', type: { kind: 'float32' }, nullable: true },
];

function options(more: Partial<WriteOptions> = {}): WriteOptions {
  return { parquet: { compression: 'zstd', rowGroupRows: 1_000_000 }, signal: new AbortController().signal, ...more };
}

async function write(
  columns: readonly Column[],
  rows: readonly (readonly unknown[])[],
  name = 'a.parquet',
  more: Partial<WriteOptions> = {},
): Promise<Written> {
  return writeParquetFile(join(base, name), arrowSchema(columns), batchesOf(columns, [rows]), options(more));
}

async function query(sql: string): Promise<unknown[][]> {
  const instance = await DuckDBInstance.create(':memory:', { threads: '1' });
  const connection = await instance.connect();
  try {
    await connection.run("SET TimeZone = 'UTC'");
    return (await connection.runAndReadAll(sql)).getRowsJson();
  } finally {
    connection.closeSync();
    instance.closeSync();
  }
}

describe('values', () => {
  it('come back as they went in, at the edges of their types and as NULL', async () => {
    const written = await write(COLUMNS, [
      [
        true,
        2147483647,
        '9223372036854775807',
        0.1,
        '-1234567890123456789012345678901234.5678',
        'plain',
        new Uint8Array([0, 255]),
        '2024-02-29',
        '1969-12-31 23:59:59.999',
        '9999-12-31T23:59:59.999999Z',
        '2262-04-11 23:47:16.854775806',
        Math.fround(0.1),
      ],
      [
        false,
        -2147483648,
        -9223372036854775808n,
        Number.POSITIVE_INFINITY,
        '.5',
        'naïve 🦆 日本',
        new Uint8Array(0),
        '0001-01-01',
        '0001-01-01 00:00:00',
        '2024-01-01T00:30:00+02:00',
        '1677-09-22 00:00:00.000000001',
        Number.NEGATIVE_INFINITY,
      ],
      COLUMNS.map(() => null),
      [
        true,
        '-7',
        -1,
        '1e3',
        '1.2E+3',
        '',
        new Uint8Array([1]),
        '9999-12-31',
        new Date(-1),
        new Date(1),
        1n,
        Number.NaN,
      ],
    ]);
    expect(written.rows).toBe(4);
    expect(written.footer.columns.map(({ type }) => type)).toEqual([
      'bool',
      'int32',
      'int64',
      'float64',
      'decimal128(38, 4)',
      'utf8',
      'binary',
      'date32',
      'timestamp[ms]',
      'timestamp[us, UTC]',
      'timestamp[ns]',
      'float32',
    ]);
    const rows = await query(
      `SELECT flag, small, big, real::VARCHAR, money::VARCHAR, text, hex(raw), day::VARCHAR, ms::VARCHAR, us::VARCHAR, ns::VARCHAR, half::VARCHAR FROM '${join(base, 'a.parquet')}'`,
    );
    expect(rows).toEqual([
      [
        true,
        2147483647,
        '9223372036854775807',
        '0.1',
        '-1234567890123456789012345678901234.5678',
        'plain',
        '00FF',
        '2024-02-29',
        '1969-12-31 23:59:59.999',
        '9999-12-31 23:59:59.999999+00',
        '2262-04-11 23:47:16.854775806',
        '0.1',
      ],
      [
        false,
        -2147483648,
        '-9223372036854775808',
        'inf',
        '0.5000',
        'naïve 🦆 日本',
        '',
        '0001-01-01',
        '0001-01-01 00:00:00',
        '2023-12-31 22:30:00+00',
        '1677-09-22 00:00:00.000000001',
        '-inf',
      ],
      COLUMNS.map(() => null),
      [
        true,
        -7,
        '-1',
        '1000.0',
        '1200.0000',
        '',
        '01',
        '9999-12-31',
        '1969-12-31 23:59:59.999',
        '1970-01-01 00:00:00.001+00',
        '1970-01-01 00:00:00.000000001',
        'nan',
      ],
    ]);
  });

  it.each([
    ['small', 2147483648],
    ['small', 1.5],
    ['big', '9223372036854775808'],
    ['big', 2 ** 53],
    ['big', '1.0'],
    ['real', 'abc'],
    ['real', '1e999'],
    ['half', 0.1],
    ['half', '1'],
    ['money', '1.23456'],
    ['money', '12345678901234567890123456789012345'],
    ['money', ''],
    ['money', Number.NaN],
    ['text', 5],
    ['text', 'x\ud800'],
    ['raw', 'x'],
    ['day', '2023-02-29'],
    ['day', '2024-01-01 00:00:00'],
    ['ms', '2024-01-01 00:00:00.0001'],
    ['ms', '2024-01-01T00:00:00+01:00'],
    ['ns', '2263-01-01 00:00:00'],
    ['flag', 'true'],
  ])('out of range are refused by column and row: %s %j', (name, value) => {
    const column = COLUMNS.find((candidate) => candidate.name === name) as Column;
    const appender = new RowAppender([column]);
    appender.append([null]);
    expect(() => appender.append([value])).toThrow(
      expect.objectContaining({
        code: 'PQ_VALUE_OUT_OF_RANGE',
        details: expect.objectContaining({ column: name, row: 2 }),
      }),
    );
  });

  it('refuses NULL in a column that cannot hold it', () => {
    const appender = new RowAppender([{ name: 'id', type: { kind: 'int64' }, nullable: false }]);
    expect(() => appender.append([null])).toThrow(/NOT NULL/);
  });
});

describe('the writer', () => {
  const one: readonly Column[] = [
    { name: 'id', type: { kind: 'int64' }, nullable: true },
    { name: 't', type: { kind: 'utf8' }, nullable: true },
  ];
  const many = Array.from({ length: 150_000 }, (_, i) => [i % 7 === 0 ? null : i, i % 3 === 0 ? null : `text ${i}`]);

  it('splits rows into batches and row groups, hashes what it wrote, and gives equal bytes for equal rows', async () => {
    const parquet = { compression: 'zstd', rowGroupRows: 100_000 } as const;
    const first = await write(one, many, 'a.parquet', { parquet });
    const second = await write(one, many, 'b.parquet', { parquet });
    expect(first.footer.rowGroups.map(({ rows }) => rows)).toEqual([100_000, 50_000]);
    expect(first.sha256).toBe(
      createHash('sha256')
        .update(await readFile(join(base, 'a.parquet')))
        .digest('hex'),
    );
    expect(second.sha256).toBe(first.sha256);
    const expected = many.reduce((sum, [id]) => sum + Number(id ?? 0), 0);
    expect(await query(`SELECT count(*), sum(id), count(t), max(length(t)) FROM '${join(base, 'a.parquet')}'`)).toEqual(
      [['150000', String(expected), '100000', '11']],
    );
  });

  it('writes a table without rows with its columns', async () => {
    const written = await write(COLUMNS, []);
    expect(written).toMatchObject({ rows: 0, footer: { rows: 0 } });
    expect(written.footer.columns).toHaveLength(COLUMNS.length);
    expect(await query(`SELECT count(*) FROM '${join(base, 'a.parquet')}'`)).toEqual([['0']]);
  });

  it.each([[0], [1], [3]])(
    "throws the source's error after %i batches instead of ending the file early",
    async (after) => {
      async function* failing(): AsyncGenerator<readonly unknown[][]> {
        for (let i = 0; i < after; i += 1) yield Array.from({ length: 65_536 }, (_, row) => [row, 'x']);
        throw new ParqueueError('PQ_SOURCE_UNAVAILABLE', 'the connection broke');
      }
      await expect(
        writeParquetFile(join(base, 'a.parquet'), arrowSchema(one), batchesOf(one, failing()), options()),
      ).rejects.toMatchObject({ code: 'PQ_SOURCE_UNAVAILABLE' });
      // The thread goes on to write other files.
      expect((await write(one, [[1, 'x']], 'b.parquet')).rows).toBe(1);
    },
  );

  it('refuses a batch of other columns', async () => {
    async function* mixed() {
      yield* batchesOf(one, [[[1, 'x']]]);
      yield* batchesOf([{ name: 'id', type: { kind: 'utf8' }, nullable: true }], [[['x']]]);
    }
    await expect(writeParquetFile(join(base, 'a.parquet'), arrowSchema(one), mixed(), options())).rejects.toMatchObject(
      { code: 'PQ_INTERNAL' },
    );
  });

  it('takes a batch only when the one before was written, and lets the source clean up after an abort', async () => {
    const controller = new AbortController();
    let closed = false;
    let taken = 0;
    async function* endless(): AsyncGenerator<readonly unknown[][]> {
      try {
        for (;;) {
          taken += 1;
          if (taken === 5) controller.abort();
          yield Array.from({ length: 65_536 }, (_, row) => [row, 'x']);
        }
      } finally {
        closed = true;
      }
    }
    await expect(
      writeParquetFile(
        join(base, 'a.parquet'),
        arrowSchema(one),
        batchesOf(one, endless()),
        options({ signal: controller.signal }),
      ),
    ).rejects.toMatchObject({ code: 'PQ_CANCELLED' });
    expect(closed).toBe(true);
    expect(taken).toBeLessThanOrEqual(6);
  });

  it.each([
    ['rows', { rowsMax: 100_000 }],
    ['bytes', { bytesMax: 10_000, parquet: { compression: 'none', rowGroupRows: 1000 } }],
  ] as const)('holds the limit on %s', async (limit, more) => {
    await expect(write(one, many, 'a.parquet', more)).rejects.toMatchObject({
      code: 'PQ_LIMIT_EXCEEDED',
      details: { limit },
    });
  });

  it('says when the disk is full', async () => {
    await expect(
      writeParquetFile('/dev/full', arrowSchema(one), batchesOf(one, [many]), options()),
    ).rejects.toMatchObject({ code: 'PQ_STORE_FULL' });
  });
});
