import { expect, test } from 'vitest';
import { chooseCoding, NATIVE_ZSTD } from './encoding.ts';

const better = NATIVE_ZSTD ? 'zstd' : 'gzip';

test.each([
  [undefined, 'identity'],
  ['', 'identity'],
  ['gzip', 'gzip'],
  ['x-gzip', 'gzip'],
  ['GZIP', 'gzip'],
  ['br, deflate', 'identity'],
  ['gzip, deflate, br, zstd', better],
  ['gzip;q=0.5, zstd', 'zstd'],
  ['gzip, zstd;q=0.9', 'gzip'],
  ['identity, gzip;q=0.5', 'identity'],
  ['gzip;q=0', 'identity'],
  ['*', 'identity'],
  ['*;q=0.5, gzip', 'gzip'],
  ['gzip, *;q=0', 'gzip'],
  ['identity;q=0, *', 'gzip'],
  ['identity;q=0, gzip;q=0.001', 'gzip'],
  ['identity;q=0.2, gzip;q=0.1', 'identity'],
])('Accept-Encoding %s → %s', (header, coding) => {
  expect(chooseCoding(header, 'text').coding).toBe(coding);
});

test('identity may be sent instead unless it is excluded, by name or by *', () => {
  expect(chooseCoding('gzip', 'text').plainAllowed).toBe(true);
  expect(chooseCoding('gzip, identity;q=0', 'text').plainAllowed).toBe(false);
  expect(chooseCoding('gzip, *;q=0', 'text').plainAllowed).toBe(false);
  expect(chooseCoding('gzip, *;q=0, identity;q=0.1', 'text').plainAllowed).toBe(true);
});

test.each(['identity;q=0', '*;q=0', 'br, *;q=0', 'gzip;q=0, zstd;q=0, identity;q=0'])(
  '%s leaves nothing to send: 406',
  (header) => {
    expect(() => chooseCoding(header, 'text')).toThrow(expect.objectContaining({ status: 406 }));
  },
);

test('Parquet and Arrow are sent as they are, or refused to who excludes that', () => {
  expect(chooseCoding('gzip, zstd', 'bytes').coding).toBe('identity');
  expect(() => chooseCoding('gzip, identity;q=0', 'bytes')).toThrow(/allow identity/);
});
