import { describe, expect, it } from 'vitest';
import { basisText, distinctText, meanText, missingText } from './columns.ts';

describe('what was counted over', () => {
  const sample = { kind: 'sample', rows: 500_000, places: 8, why: 'rows' } as const;

  it('is all rows, or a part of them from all over the file', () => {
    expect(basisText({ rows: 3_000, basis: { kind: 'all', rows: 3_000, places: null, why: null } })).toBe(
      'counted over 3,000 rows',
    );
    expect(basisText({ rows: 620_000, basis: sample })).toBe(
      'counted over 500,000 of 620,000 rows, from all over the file',
    );
  });

  it('is not called all over the file where it is of some places, and why is told', () => {
    expect(basisText({ rows: 620_000, basis: { ...sample, rows: 9_000, places: 2, why: 'time' } })).toBe(
      'counted over 9,000 of 620,000 rows, from 2 of 8 places spread over the file, as many as there was time for',
    );
    expect(basisText({ rows: 620_000, basis: { ...sample, places: 7, why: 'memory' } })).toContain(
      'from 7 of 8 places spread over the file, some of its row groups are too large',
    );
  });
});

it('of a sample nothing is told as if it were of all rows', () => {
  expect([false, true].map((sampled) => missingText({ nulls: 0, values: 10 }, sampled))).toEqual(['none', 'none seen']);
  expect([false, true].map((sampled) => missingText({ nulls: 2, values: 8 }, sampled))).toEqual(['20.0 %', '≈ 20.0 %']);
  expect([false, true].map((sampled) => distinctText(1_000, sampled))).toEqual(['1,000', '≥ 1,000']);
  expect(distinctText(null, true)).toBe('many');
  expect([false, true].map((sampled) => meanText('42', sampled))).toEqual(['42', '≈ 42']);
});

it.each([
  ['42', '42'],
  ['-0.5', '-0.5'],
  ['15.029854663619483', '≈ 15.0299'],
  ['123456789', '≈ 123457000'],
  // Rounded by the server already.
  ['0.333333', '≈ 0.333333'],
  ['2026-01-22T11:14:00.000000Z', '2026-01-22 11:14:00Z'],
  ['', ''],
])('a mean of %s is told as %s: what was rounded says so', (mean, text) => {
  expect(meanText(mean, false)).toBe(text);
});
