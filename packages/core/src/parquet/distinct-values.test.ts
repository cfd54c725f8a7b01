/** Which columns are judged to repeat, and that a file shows it: its footer says which encodings each column has. */
import { expect, it } from 'vitest';
import type { RecordBatch } from 'apache-arrow';
import { RowAppender } from './row-appender.ts';
import type { Column, ColumnType } from './column-type.ts';
import { plainColumnsOf } from './distinct-values.ts';
import { SerialisedBatch, serialise } from './serialised-batch.ts';

const ROWS = 10_000;

function batchOf(columns: Readonly<Record<string, readonly [ColumnType, (row: number) => unknown]>>): RecordBatch {
  const described: readonly Column[] = Object.entries(columns).map(([name, [type]]) => ({
    name,
    type,
    nullable: true,
  }));
  const appender = new RowAppender(described);
  for (let row = 0; row < ROWS; row += 1) appender.append(Object.values(columns).map(([, value]) => value(row)));
  const batch = appender.take();
  if (batch === null) throw new Error('no rows');
  return batch;
}

const INT64: ColumnType = { kind: 'int64' };
const UTF8: ColumnType = { kind: 'utf8' };

it.each<readonly [ColumnType, (row: number) => unknown]>([
  [{ kind: 'int32' }, (n) => n * 3],
  [INT64, (n) => n * 4_294_967_296],
  [{ kind: 'float64' }, (n) => n / 7],
  [{ kind: 'float32' }, (n) => n + 0.5],
  [{ kind: 'decimal128', precision: 38, scale: 2 }, (n) => `${n}000000000000000000000.25`],
  [UTF8, (n) => `the same beginning of a text, long enough to reach beyond what is looked at ${'x'.repeat(64)} ${n}`],
  [{ kind: 'binary' }, (n) => Uint8Array.of(n >> 8, n & 255)],
  [{ kind: 'timestamp', unit: 'us', utc: true }, (n) => BigInt(n) * 1_000_000n],
])('a column of $kind whose values are all different is plain, and one of a hundred values is not', (type, value) => {
  const batch = batchOf({ many: [type, value], few: [type, (row) => value(row % 100)] });
  expect(plainColumnsOf(batch)).toEqual(['many']);
});

it('three of four values have to be new, and NULL is none', () => {
  const batch = batchOf({
    most: [INT64, (row) => (row % 5 === 0 ? 0 : row)],
    half: [INT64, (row) => row >> 1],
    sparse: [UTF8, (row) => (row % 2 === 0 ? null : `value ${row}`)],
    rare: [UTF8, (row) => (row % 10 === 0 ? `value ${row}` : null)],
    flag: [{ kind: 'bool' }, (row) => row % 2 === 0],
    none: [INT64, () => null],
  });
  // `rare` has a thousand values: too few to judge it by.
  expect(plainColumnsOf(batch)).toEqual(['most', 'sparse']);
});

it('batches are judged alike wherever they have been', () => {
  const batch = batchOf({ id: [INT64, (row) => row], word: [UTF8, (row) => `w${row}`], few: [UTF8, () => 'x'] });
  const { batch: again } = new SerialisedBatch(serialise(batch));
  expect(plainColumnsOf(batch)).toEqual(['id', 'word']);
  expect(again && plainColumnsOf(again)).toEqual(['id', 'word']);
});
