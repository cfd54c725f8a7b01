/** DuckDB as somebody uses it who wants a Parquet file: one instance, one statement. And the rows that the files of the bench hold. */
import { DuckDBInstance } from '@duckdb/node-api';

export interface DuckDbSettings {
  readonly memoryLimit: string;
  readonly threads: number;
}

/** Null: as DuckDB has them without being told, all cores and four fifths of the memory. @returns the first column of the first row, as a number */
export async function run(sql: string, settings: DuckDbSettings | null): Promise<number> {
  const instance = await DuckDBInstance.create(
    ':memory:',
    settings === null ? {} : { memory_limit: settings.memoryLimit, threads: String(settings.threads) },
  );
  try {
    const connection = await instance.connect();
    const reader = await connection.runAndReadAll(sql);
    connection.closeSync();
    return Number(reader.getRowsJson()[0]?.[0] ?? 0);
  } finally {
    instance.closeSync();
  }
}

/** Ten columns: two integers, an amount, a double of all its digits, two texts of few values and many, a truth, a day, a time, a text that is NULL in one row of seven. */
export function mixedRows(rows: number): string {
  return (
    'SELECT i AS id, (i * 7919) % 100000 AS account, round(((i * 2654435761) % 1000003) / 100.0, 2) AS amount, sin(i) AS ratio, '
    + "['EUR', 'USD', 'GBP', 'JPY', 'CHF'][1 + (i % 5)::INTEGER] AS currency, 'customer ' || (i * 31 % 50000) AS customer, "
    + "(i % 3 = 0) AS active, DATE '2020-01-01' + (i % 2000)::INTEGER AS day, TIMESTAMP '2024-01-01' + to_seconds(i) AS booked, "
    + `CASE WHEN i % 7 > 0 THEN 'note on row ' || i || ' of many' END AS note FROM range(${rows}) t(i)`
  );
}
