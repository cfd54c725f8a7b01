import { expect, test } from 'vitest';
import { readForm } from './data-form.ts';
import { chooseFormat } from './formats.ts';

test.each([
  [undefined, 'parquet'],
  ['*/*', 'parquet'],
  ['application/json', 'json'],
  ['application/json, */*', 'json'],
  ['text/html,application/xhtml+xml,*/*;q=0.8', 'parquet'],
  ['text/csv;q=0.5, application/x-ndjson', 'ndjson'],
  ['application/vnd.apache.parquet;q=0.1, text/csv;q=0.2', 'csv'],
  ['application/json;q=0, text/csv', 'csv'],
])('Accept %s → %s', (accept, format) => {
  expect(chooseFormat(accept, undefined)).toBe(format);
});

test('what is not offered is 406 and names what is', () => {
  expect(() => chooseFormat('image/png', undefined)).toThrow(
    expect.objectContaining({ status: 406, details: { offered: ['parquet', 'json', 'ndjson', 'csv'] } }),
  );
  expect(() => chooseFormat(undefined, 'xlsx')).toThrow(expect.objectContaining({ status: 406 }));
  expect(chooseFormat('image/png', 'csv')).toBe('csv');
});

test('a window is for text only, and a path allows no other format', () => {
  expect(readForm({ limit: 5 }, { suffix: 'json' })).toEqual({ format: 'json', limit: 5, offset: 0, numbers: 'exact' });
  expect(() => readForm({ limit: 5 }, { suffix: 'parquet' })).toThrow(/limit is for json/);
  expect(() => readForm({ format: 'csv' }, { suffix: 'json' })).toThrow(/leave format out/);
  expect(() => readForm({ at: '2026' }, { suffix: 'json' })).toThrow(/reserved/);
});
