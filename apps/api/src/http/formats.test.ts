import { describe, expect, test } from 'vitest';
import { readForm, requireColumns } from './data-form.ts';
import { chooseFormat } from './formats.ts';

const arrow = 'application/vnd.apache.arrow.stream';

describe('Accept', () => {
  test.each([
    [undefined, 'parquet'],
    ['', 'parquet'],
    ['*/*', 'parquet'],
    ['*', 'parquet'],
    ['application/json', 'json'],
    ['application/json; charset=UTF-8', 'json'],
    ['application/json, */*', 'json'],
    ['text/html,application/xhtml+xml,*/*;q=0.8', 'parquet'],
    ['text/html, image/gif, image/jpeg, *; q=.2, */*; q=.2', 'parquet'],
    ['text/csv;q=0.5, application/x-ndjson', 'ndjson'],
    ['application/vnd.apache.parquet;q=0.1, text/csv;q=0.2', 'csv'],
    ['application/json;q=0, text/csv', 'csv'],
    [arrow, 'arrow'],
    [`${arrow}, application/vnd.apache.parquet;q=0.9`, 'arrow'],
    ['text/*', 'csv'],
    ['application/*', 'parquet'],
    ['application/octet-stream', 'parquet'],
    ['application/json, text/csv', 'json'],
    ['text/csv, application/json', 'csv'],
    // The most exact range decides the quality of a type, wherever it stands.
    ['application/vnd.apache.parquet;q=0, */*', 'arrow'],
    ['*/*, application/vnd.apache.parquet;q=0.5', 'arrow'],
    ['application/*;q=0, */*;q=0.1', 'csv'],
    ['text/*;q=0, text/csv;q=0.3', 'csv'],
    ['text/csv;header=absent, text/csv;q=0.5, */*;q=0.9', 'parquet'],
    ['text/csv;q=0.2;ext="a,b", application/json;q=0.1', 'csv'],
    ['application/jsonl;x="q=0, text/csv"', 'ndjson'],
  ])('%s → %s', (accept, format) => {
    expect(chooseFormat(accept, undefined)).toBe(format);
  });

  test.each(['image/png', '*/*;q=0', 'text/csv;header=absent', 'application/json;charset=latin1', 'text/html'])(
    '%s is 406 and names what is offered',
    (accept) => {
      expect(() => chooseFormat(accept, undefined)).toThrow(
        expect.objectContaining({
          status: 406,
          details: { offered: ['parquet', 'arrow', 'csv', 'json', 'ndjson'] },
        }),
      );
    },
  );

  test('an Arrow file is 406 and the advice is the stream', () => {
    expect(() => chooseFormat('application/vnd.apache.arrow.file', undefined)).toThrow(/arrow\.stream/);
    expect(chooseFormat('application/vnd.apache.arrow.file, */*;q=0.1', undefined)).toBe('parquet');
  });

  test('format wins over it, and what is no format is 406', () => {
    expect(chooseFormat('image/png', 'csv')).toBe('csv');
    expect(() => chooseFormat(undefined, 'xlsx')).toThrow(expect.objectContaining({ status: 406 }));
  });
});

describe('the form', () => {
  const plain = { acceptEncoding: undefined };

  test('has all rows and all columns unless the query says otherwise', () => {
    expect(readForm({}, { ...plain, suffix: 'json' })).toEqual({
      format: 'json',
      columns: null,
      limit: null,
      offset: 0,
      numbers: 'exact',
      codings: { coding: 'identity', plainAllowed: true },
      negotiated: false,
    });
    expect(readForm({ limit: 0, offset: 7 }, { ...plain, suffix: 'arrow' })).toMatchObject({ limit: 0, offset: 7 });
  });

  test('is negotiated only where Accept decided', () => {
    expect(readForm({}, { ...plain, accept: 'text/csv' }).negotiated).toBe(true);
    expect(readForm({ format: 'csv' }, { ...plain, accept: 'application/json' })).toMatchObject({
      format: 'csv',
      negotiated: false,
    });
  });

  test('of Parquet knows no window, and says who does', () => {
    expect(() => readForm({ limit: 5 }, { ...plain, suffix: 'parquet' })).toThrow(/limit is for arrow, csv/);
    expect(() => readForm({ columns: 'a' }, { ...plain, suffix: 'parquet', projects: true })).toThrow(/by Range/);
    expect(readForm({ columns: 'a' }, { ...plain, suffix: 'parquet' }).format).toBe('parquet');
  });

  test('refuses a format that the path contradicts, and what is reserved', () => {
    expect(() => readForm({ format: 'csv' }, { ...plain, suffix: 'json' })).toThrow(/leave format out/);
    expect(() => readForm({ at: '2026' }, { ...plain, suffix: 'json' })).toThrow(/reserved/);
    expect(() => readForm({ numbers: 'string' }, { ...plain, suffix: 'arrow' })).toThrow(/numbers is for json/);
  });

  test('projects onto columns that are there, each once', () => {
    const column = (name: string) => ({ name, sourceType: 'x', type: 'int64', nullable: true });
    const manifest = { columns: [column('a'), column('b')] };
    const form = (columns: string) => readForm({ columns }, { ...plain, suffix: 'csv', projects: true });
    expect(() => requireColumns(form('b,a'), manifest)).not.toThrow();
    expect(() => requireColumns(form('a,c'), manifest)).toThrow(/"c" not among/);
    expect(() => requireColumns(form('a,a'), manifest)).toThrow(/"a" named more than once/);
  });
});
