import { expect, test } from 'vitest';
import { readRange } from './range.ts';

const part = (start: number, end: number) => ({ kind: 'part', start, end });

test.each([
  ['bytes=0-0', part(0, 0)],
  ['bytes=0-', part(0, 99)],
  ['bytes=10-19', part(10, 19)],
  ['bytes=90-200', part(90, 99)],
  ['bytes=-10', part(90, 99)],
  ['bytes=-1000', part(0, 99)],
  ['BYTES=5-6', part(5, 6)],
  ['bytes=100-', { kind: 'unsatisfiable' }],
  ['bytes=-0', { kind: 'unsatisfiable' }],
  ['bytes=5-4', { kind: 'whole' }],
  ['bytes=-', { kind: 'whole' }],
  ['bytes=0-1,5-6', { kind: 'whole' }],
  ['rows=0-1', { kind: 'whole' }],
  ['bytes=a-b', { kind: 'whole' }],
  [undefined, { kind: 'whole' }],
])('%s of 100 bytes', (header, reading) => {
  expect(readRange(header, 100)).toEqual(reading);
});

test('no range of an empty representation can be satisfied', () => {
  expect(readRange('bytes=0-', 0)).toEqual({ kind: 'unsatisfiable' });
  expect(readRange('bytes=-1', 0)).toEqual({ kind: 'unsatisfiable' });
});
