/** Ways from rows to a finished zstd Parquet file: ours, and those of libraries in the fastest form that was found for each. */
import {
  DuckDBDataChunk,
  DuckDBDateValue,
  DuckDBDecimalValue,
  DuckDBInstance,
  DuckDBTimestampMillisecondsValue,
  type DuckDBValue,
} from '@duckdb/node-api';
import { arrowSchema, batchesOf, FileThread, writeParquetBeside } from '@parqueue/core/parquet';
import { COLUMNS, type Row } from './rows.ts';

export type Way = (rows: readonly Row[], path: string) => Promise<void>;

/** As a driver gives them. */
const CHUNK_ROWS = 1000;
const DAY_MS = 86_400_000;

export const WAYS = {
  'one thread': async () => ours(null),
  'two threads': async () => ours(new FileThread()),
  polars: async () => await polars(),
  duckdb: async () => await duckdb(),
} as const satisfies Readonly<Record<string, () => Promise<Way>>>;

export type WayName = keyof typeof WAYS;

function ours(files: FileThread | null): Way {
  return async (rows, path) => {
    const what = { schema: arrowSchema(COLUMNS), batches: batchesOf(COLUMNS, chunksOf(rows)) };
    await writeParquetBeside(files, path, what, {
      parquet: { compression: 'zstd', rowGroupRows: 1_000_000 },
      signal: new AbortController().signal,
    });
  };
}

function* chunksOf(rows: readonly Row[]): Generator<readonly Row[], void, undefined> {
  for (let from = 0; from < rows.length; from += CHUNK_ROWS) yield rows.slice(from, from + CHUNK_ROWS);
}

/** By columns: numbers and times as typed arrays, which it takes at the least cost, and casts of its own from there. */
async function polars(): Promise<Way> {
  const { default: pl } = await import('nodejs-polars');
  return async (rows, path) => {
    const floats = (of: (row: Row) => number): Float64Array => Float64Array.from(rows, of);
    const frame = pl.DataFrame([
      pl
        .Series(
          'id',
          floats((row) => row[0]),
        )
        .cast(pl.Int64),
      pl
        .Series(
          'at',
          floats((row) => row[1].getTime()),
        )
        .cast(pl.Int64)
        .cast(pl.Datetime('ms')),
      pl
        .Series(
          'day',
          Int32Array.from(rows, (row) => row[2].getTime() / DAY_MS),
        )
        .cast(pl.Date),
      pl.Series(
        'category',
        rows.map((row) => row[3]),
        pl.Utf8,
      ),
      pl
        .Series(
          'price',
          rows.map((row) => row[4]),
          pl.Utf8,
        )
        .cast(pl.Decimal(18, 2)),
      pl.Series(
        'quantity',
        rows.map((row) => row[5]),
        pl.Int32,
      ),
      pl.Series(
        'flag',
        rows.map((row) => row[6]),
        pl.Bool,
      ),
      pl.Series(
        'note',
        rows.map((row) => row[7]),
        pl.Utf8,
      ),
      pl.Series(
        'score',
        floats((row) => row[8]),
      ),
      pl.Series(
        'customer',
        rows.map((row) => row[9]),
        pl.Utf8,
      ),
    ]);
    frame.writeParquet(path, { compression: 'zstd' });
  };
}

/** Its appender, a data chunk at a time and column by column; then COPY. */
async function duckdb(): Promise<Way> {
  const instance = await DuckDBInstance.create(':memory:');
  const connection = await instance.connect();
  await connection.run(
    'CREATE TABLE sales (id BIGINT, "at" TIMESTAMP_MS, "day" DATE, category VARCHAR, price DECIMAL(18, 2), quantity INTEGER, flag BOOLEAN, note VARCHAR, score DOUBLE, customer VARCHAR)',
  );
  return async (rows, path) => {
    await connection.run('TRUNCATE sales');
    const appender = await connection.createAppender('sales');
    const types = COLUMNS.map((_, at) => appender.columnType(at));
    const chunk = DuckDBDataChunk.create(types);
    for (let from = 0; from < rows.length; from += DUCKDB_CHUNK_ROWS) {
      const part = rows.slice(from, from + DUCKDB_CHUNK_ROWS);
      chunk.reset();
      chunk.rowCount = part.length;
      for (const [at, value] of DUCKDB_VALUES.entries()) chunk.setColumnValues(at, part.map(value));
      appender.appendDataChunk(chunk);
    }
    appender.closeSync();
    await connection.run(`COPY sales TO '${path}' (FORMAT parquet, COMPRESSION zstd)`);
  };
}

const DUCKDB_CHUNK_ROWS = 2048;

const DUCKDB_VALUES: readonly ((row: Row) => DuckDBValue)[] = [
  (row) => BigInt(row[0]),
  (row) => new DuckDBTimestampMillisecondsValue(BigInt(row[1].getTime())),
  (row) => new DuckDBDateValue(row[2].getTime() / DAY_MS),
  (row) => row[3],
  (row) => new DuckDBDecimalValue(BigInt(row[4].replace('.', '')), 18, 2),
  (row) => row[5],
  (row) => row[6],
  (row) => row[7],
  (row) => row[8],
  (row) => row[9],
];
