import { expect, test } from 'vitest';
import { judge, parseHttpDate, rangeApplies } from './conditional.ts';

const at = Date.UTC(2026, 10, 21, 12, 0, 0, 789);
const strong = { etag: '"abc"', lastModifiedMs: at };
const weak = { etag: 'W/"abc"', lastModifiedMs: at };
const sameSecond = 'Sat, 21 Nov 2026 12:00:00 GMT';
const secondBefore = 'Sat, 21 Nov 2026 11:59:59 GMT';

test.each([
  ['"abc"', 'not-modified'],
  ['W/"abc"', 'not-modified'],
  ['"x", "abc"', 'not-modified'],
  ['"a,b", "abc"', 'not-modified'],
  ['*', 'not-modified'],
  ['"abd"', 'proceed'],
  ['abc', 'proceed'],
])('If-None-Match %s → %s', (header, verdict) => {
  expect(judge({ 'if-none-match': header }, strong)).toBe(verdict);
  expect(judge({ 'if-none-match': header }, weak)).toBe(verdict);
});

test('If-Modified-Since is judged by whole seconds, and not at all beside If-None-Match', () => {
  expect(judge({ 'if-modified-since': sameSecond }, strong)).toBe('not-modified');
  expect(judge({ 'if-modified-since': secondBefore }, strong)).toBe('proceed');
  expect(judge({ 'if-modified-since': 'yesterday' }, strong)).toBe('proceed');
  expect(judge({ 'if-modified-since': sameSecond, 'if-none-match': '"other"' }, strong)).toBe('proceed');
});

test('If-Match compares strongly, If-Unmodified-Since only without it', () => {
  expect(judge({ 'if-match': '"abc"' }, strong)).toBe('proceed');
  expect(judge({ 'if-match': '"abc"' }, weak)).toBe('failed');
  expect(judge({ 'if-match': '"other"' }, strong)).toBe('failed');
  expect(judge({ 'if-unmodified-since': secondBefore }, strong)).toBe('failed');
  expect(judge({ 'if-unmodified-since': secondBefore, 'if-match': '"abc"' }, strong)).toBe('proceed');
});

test('a range applies without If-Range, or with the very same strong tag; a date is of a second, not of bytes', () => {
  expect(rangeApplies(undefined, strong)).toBe(true);
  expect(rangeApplies('"abc"', strong)).toBe(true);
  expect(rangeApplies('W/"abc"', weak)).toBe(false);
  expect(rangeApplies('"other"', strong)).toBe(false);
  expect(rangeApplies(sameSecond, strong)).toBe(false);
  expect(rangeApplies(secondBefore, strong)).toBe(false);
});

test('only HTTP dates are dates', () => {
  expect(parseHttpDate('Sunday, 06-Nov-94 08:49:37 GMT')).toBe(Date.UTC(1994, 10, 6, 8, 49, 37));
  expect(parseHttpDate('2026-11-21')).toBeNull();
  expect(parseHttpDate('42')).toBeNull();
});
