/** What is read of a file, and what is refused before anything is: all from the footer. */
import { describe, expect, test } from 'vitest';
import { planConversion, ROW_GROUP_BYTES_MAX } from './conversion-plan.ts';
import type { ColumnChunkFooter, ParquetFooter } from './footer.ts';

const MIB = 1024 * 1024;

/** A footer of row groups of 1,000 rows whose columns take so many bytes. */
function footerOf(...groups: readonly Readonly<Record<string, number | Partial<ColumnChunkFooter>>>[]): ParquetFooter {
  const rowGroups = groups.map((columns) => {
    const chunks = Object.entries(columns).map(([name, chunk]) => ({
      path: name.split('.'),
      start: 0,
      bytes: typeof chunk === 'number' ? chunk : 0,
      plainBytes: typeof chunk === 'number' ? chunk : 0,
      textBytes: null,
      values: 0,
      isAbridged: false,
      nulls: null,
      range: null,
      ...(typeof chunk === 'number' ? {} : chunk),
    }));
    return { rows: 1000, bytes: chunks.reduce((sum, { bytes }) => sum + bytes, 0), chunks };
  });
  const names = [...new Set(Object.keys(groups[0] ?? {}).map((name) => name.split('.')[0] ?? ''))];
  return {
    rows: 1000 * rowGroups.length,
    rowGroups,
    columns: names.map((name) => ({ name, type: 'int64', nullable: true })),
    createdBy: null,
    keyValues: {},
    fileBytes: 0,
    boundaries: new Float64Array(),
  };
}

const all = { columns: null, offset: 0, limit: null };

describe('the bound on memory', () => {
  const footer = footerOf({ a: 10, b: 20 }, { a: ROW_GROUP_BYTES_MAX, b: 1 });

  test('refuses a row group that is too large, with what to do instead', () => {
    expect(() => planConversion(footer, all)).toThrow(/name fewer columns.*or ask for Parquet/);
    expect(() => planConversion(footer, { ...all, columns: ['a', 'b'] })).toThrow(
      expect.objectContaining({ code: 'PQ_LIMIT_EXCEEDED' }) as Error,
    );
  });

  test('counts only the columns and row groups that are needed', () => {
    expect(planConversion(footer, { ...all, columns: ['b'] }).rows).toBe(2000);
    expect(planConversion(footer, { ...all, columns: ['a'] }).rows).toBe(2000);
    expect(planConversion(footer, { ...all, limit: 1000 }).windows).toHaveLength(1);
    expect(() => planConversion(footer, { ...all, limit: 1, offset: 1000 })).toThrow(/PQ_LIMIT|row group/);
  });

  test('is told as the largest row group and its batch', () => {
    expect(planConversion(footer, { ...all, limit: 10 }).memoryBytes).toBe(30 + 3);
    expect(planConversion(footer, { ...all, limit: 0 }).memoryBytes).toBe(0);
  });
});

describe('a batch', () => {
  const batchRows = (chunk: Partial<ColumnChunkFooter>): readonly number[] =>
    planConversion(footerOf({ a: chunk }), all).windows.map((window) => window.batchRows);

  test('has as many rows as fit 8 MiB, and one at least', () => {
    expect(batchRows({ plainBytes: 1000 })).toEqual([1000]);
    expect(batchRows({ plainBytes: 80 * MIB })).toEqual([100]);
    expect(batchRows({ plainBytes: 40_000 * MIB })).toEqual([1]);
  });

  test('counts values that take no room in the file, repeated in lists or in many columns', () => {
    expect(batchRows({ plainBytes: 10, values: 10_000_000 })).toEqual([104]);
    const columns = Object.fromEntries(Array.from({ length: 2000 }, (_, at) => [`c${at}`, { values: 1000 }]));
    const { windows, memoryBytes } = planConversion(footerOf(columns), all);
    expect(windows.map(({ batchRows: rows }) => rows)).toEqual([524]);
    expect(memoryBytes).toBe(3 * 524 * 2000 * 8);
  });

  test('of texts in a dictionary has the width the writer noted, else that of the first rows', () => {
    expect(batchRows({ plainBytes: 10, textBytes: 80 * MIB, isAbridged: true })).toEqual([100]);
    const { windows } = planConversion(footerOf({ a: { isAbridged: true } }, { a: { isAbridged: true } }), all);
    expect(windows.map(({ group, offset, limit, isWidthKnown }) => ({ group, offset, limit, isWidthKnown }))).toEqual([
      { group: 0, offset: 0, limit: 128, isWidthKnown: false },
      { group: 0, offset: 128, limit: 872, isWidthKnown: false },
      { group: 1, offset: 0, limit: 1000, isWidthKnown: false },
    ]);
  });
});

describe('the columns asked of the reader', () => {
  const footer = footerOf({ 's.a': 1, 's.b': 1, 's.a.c': 1, ä: 1, äb: 1, z: 1 });

  test('are leaves, with those that it takes along found again by place', () => {
    const { leaves, columns, batchColumns } = planConversion(footer, { ...all, columns: ['z', 's'] });
    expect({ leaves, columns, batchColumns }).toEqual({
      leaves: ['s.a', 's.b', 's.a.c', 'z'],
      columns: [3, 0],
      batchColumns: [1, 0],
    });
  });

  test('are all where its way of looking them up would trap', () => {
    expect(planConversion(footer, { ...all, columns: ['ä'] })).toMatchObject({ leaves: null, batchColumns: [1] });
    expect(planConversion(footer, { ...all, columns: ['äb'] })).toMatchObject({ leaves: ['äb'], batchColumns: [0] });
  });
});
