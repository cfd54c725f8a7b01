/** Rows of one query, which DuckDB holds whole, read out chunk by chunk and decoded to the values of the port. */
import type { DuckDBBlobValue, DuckDBConnection, DuckDBResult, DuckDBTimestampValue } from '@duckdb/node-api';
import { DuckDBDecimalValue } from '@duckdb/node-api';
import type { RowSource, Value } from '../../engine.ts';
import { OraError } from '../../engine.ts';
import { oracleError } from './errors.ts';
import { timeOf } from './time-format.ts';
import type { Form, Typed } from './typed.ts';

const DAY = 86_400_000_000_000n;

export function openRows(
  connection: DuckDBConnection,
  result: DuckDBResult,
  columns: readonly Typed[],
  closed: () => void,
): RowSource & { interrupt(): void } {
  const decoders = columns.map(({ form }) => DECODERS[form]);
  let chunk: readonly (readonly Value[])[] = [];
  let at = 0;
  let done = false;
  let interrupted = false;
  const close = (): void => {
    if (done) return;
    done = true;
    chunk = [];
    connection.closeSync();
    closed();
  };
  const fill = async (): Promise<boolean> => {
    if (interrupted) throw new OraError(1013, 'user requested cancel of current operation');
    const next = await result.fetchChunk();
    if (next === null || next.rowCount === 0) return false;
    const vectors = decoders.map((decode, column) => {
      const vector = next.getColumnVector(column);
      return Array.from({ length: next.rowCount }, (_, row) => {
        const item: unknown = vector.getItem(row);
        return item === null ? null : decode(item);
      });
    });
    chunk = Array.from({ length: next.rowCount }, (_, row) => vectors.map((vector) => vector[row] ?? null));
    at = 0;
    return true;
  };
  return {
    async next(max) {
      if (done) return [];
      const rows: (readonly Value[])[] = [];
      try {
        while (rows.length < max && (at < chunk.length || (await fill()))) {
          const taken = chunk.slice(at, at + max - rows.length);
          at += taken.length;
          rows.push(...taken);
        }
        if (interrupted) throw new OraError(1013, 'user requested cancel of current operation');
      } catch (error) {
        close();
        throw oracleError(error);
      }
      if (rows.length === 0) close();
      return rows;
    },
    close: () => Promise.resolve(close()),
    interrupt() {
      interrupted = true;
      if (!done) connection.interrupt();
    },
  };
}

/** Of the fraction's digits none are lost: decimals come as whole units and a scale. */
function decimalText(value: unknown): string {
  if (value instanceof DuckDBDecimalValue) {
    const { value: units, scale } = value;
    if (scale === 0) return units.toString();
    const digits = (units < 0n ? -units : units).toString().padStart(scale + 1, '0');
    const part = digits.slice(-scale).replace(/0+$/, '');
    return `${units < 0n ? '-' : ''}${digits.slice(0, -scale)}${part === '' ? '' : `.${part}`}`;
  }
  return String(value);
}

const DECODERS: Readonly<Record<Form, (value: unknown) => Value>> = {
  numeric: decimalText,
  digits: String,
  double: Number,
  text: (value) => (value === '' ? null : String(value)),
  micros: (value) => timeOf((value as DuckDBTimestampValue).micros * 1000n),
  nanos: (value) => timeOf(value as bigint),
  zoned: (value) => timeOf((value as { entries: { u: bigint } }).entries.u),
  // A copy: DuckDB's own memory goes with its chunk.
  bytes: (value) => new Uint8Array((value as DuckDBBlobValue).bytes),
  truth: (value) => value === true,
  months: (value) => ({ years: Math.trunc(Number(value) / 12), months: Number(value) % 12 }),
  span: (value) => {
    const nanos = value as bigint;
    const part = (unit: bigint, of: bigint): number => Number((nanos / unit) % of);
    return {
      days: Number(nanos / DAY),
      hours: part(3_600_000_000_000n, 24n),
      minutes: part(60_000_000_000n, 60n),
      seconds: part(1_000_000_000n, 60n),
      nanos: Number(nanos % 1_000_000_000n),
    };
  },
};
