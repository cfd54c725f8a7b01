import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { checkRelativePath, fillPathTemplate, formatOfPath, parsePathTemplate } from './path-template.ts';

function template(text: string) {
  const reading = parsePathTemplate(text);
  if (!reading.ok) throw new Error(reading.problem);
  return reading.value;
}

const filled = (text: string, values: Record<string, string>) =>
  fillPathTemplate(template(text), new Map(Object.entries(values)));

describe('a path template', () => {
  it('knows its parameters, each once', () => {
    expect(template('a/{x}-{y}/{x}.csv')).toEqual({
      text: 'a/{x}-{y}/{x}.csv',
      parts: ['a/', 'x', '-', 'y', '/', 'x', '.csv'],
      params: ['x', 'y'],
    });
  });

  it.each([
    '',
    '/a',
    'a//b',
    'a/',
    './a',
    'a/./b',
    '../a',
    'a/..',
    'a/{x}/../b',
    'a\\b',
    'a\0b',
    '{x',
    'x}',
    '{}',
    '{a b}',
    '{1}',
    '{a{b}}',
    'a/{x}/',
    `${'a'.repeat(4097)}`,
  ])('refuses %j', (text) => {
    expect(parsePathTemplate(text).ok).toBe(false);
  });

  it('becomes a path with values in it', () => {
    expect(filled('prices/{market}/{day}.csv', { market: 'lse', day: '2026-01-01' })).toEqual({
      ok: true,
      value: 'prices/lse/2026-01-01.csv',
    });
    expect(filled('{a}', { a: '...' })).toEqual({ ok: true, value: '...' });
    expect(filled('{a}', { a: '{b}' })).toEqual({ ok: true, value: '{b}' });
  });

  it.each(['', '.', '..', 'a/b', '/etc', '..\\x', 'a\0', 'a\nb'])('refuses the value %j', (value) => {
    expect(filled('x/{a}', { a: value }).ok).toBe(false);
  });

  it('refuses two harmless values that are a way out together', () => {
    expect(filled('x/{a}{b}', { a: '.', b: 'y' }).ok).toBe(false);
    expect(filled('x/{a}.', { a: 'b' })).toEqual({ ok: true, value: 'x/b.' });
    expect(filled('x/.{a}', { a: '.' }).ok).toBe(false);
  });

  it('never yields anything but one plain path below the root', () => {
    const value = fc.string({ unit: fc.constantFrom('.', '/', '\\', 'a', '\0', '{', '}', '%2e', ' '), maxLength: 4 });
    fc.assert(
      fc.property(value, value, (a, b) => {
        const path = filled('r/{a}{b}/.{a}/x', { a, b });
        if (!path.ok) return;
        expect(path.value.startsWith('r/')).toBe(true);
        expect(path.value.split('/')).toHaveLength(4);
        expect(path.value.split('/').some((segment) => ['', '.', '..'].includes(segment))).toBe(false);
        expect(checkRelativePath(path.value).ok).toBe(true);
      }),
      { numRuns: 2000 },
    );
  });
});

it('the format is told by the extension, whatever its case', () => {
  const told = (path: string): string | null => formatOfPath(path)?.format ?? null;
  expect(
    ['a.parquet', 'a.csv', 'a.TSV', 'a.ndjson', 'a.jsonl', 'a.json', 'a.arrow', 'a.arrows', 'a.feather'].map(told),
  ).toEqual(['parquet', 'csv', 'csv', 'ndjson', 'ndjson', 'json', 'arrow', 'arrow', 'arrow']);
  expect(['a', 'a.csv.gz', 'a.constructor', 'csv', 'a.{ext}'].map(told)).toEqual([null, null, null, null, null]);
  expect(formatOfPath('x.tsv')?.delimiter).toBe('\t');
});
