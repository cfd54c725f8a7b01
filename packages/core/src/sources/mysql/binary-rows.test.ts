/** Rows of the binary protocol, byte by byte, as far as no server could be made to send them. */
import { describe, expect, it } from 'vitest';
import { BinaryRows } from './binary-rows.ts';
import { exampleColumn } from './types-rules.ts';

/** A packet of one row: its header of four bytes, the row's of one, the bitmap of NULLs, and the values. */
function packet(nulls: number, ...values: readonly number[]): Parameters<BinaryRows['next']>[0] {
  const buffer = Buffer.from([0, 0, 0, 1, 0, nulls, ...values]);
  return { buffer, start: 0, offset: 4, end: buffer.length };
}

const TEXT = exampleColumn('VAR_STRING', { charset: 45 });

describe('a text', () => {
  it('that is no UTF-8 stays bytes, short or long', () => {
    const rows = new BinaryRows([TEXT]);
    expect(rows.next(packet(0, 2, 0x61, 0xff))).toEqual([Buffer.from([0x61, 0xff])]);
    const long = Array.from({ length: 40 }, () => 0xff);
    expect(rows.next(packet(0, 40, ...long))).toEqual([Buffer.from(long)]);
  });

  it('that has the replacement character itself is a text', () => {
    expect(new BinaryRows([TEXT]).next(packet(0, 3, 0xef, 0xbf, 0xbd))).toEqual(['\ufffd']);
  });
});

it.each([
  ['one byte', 250, [250]],
  ['two', 251, [0xfc, 251, 0]],
  ['two, the highest', 0xffff, [0xfc, 0xff, 0xff]],
  ['three', 0x1_0000, [0xfd, 0, 0, 1]],
  ['eight', 0x100_0000, [0xfe, 0, 0, 0, 1, 0, 0, 0, 0]],
] as const)('a length of %s is where its value begins and ends', (_what, length, told) => {
  const buffer = Buffer.concat([Buffer.of(0, 0, 0, 1, 0, 0, ...told), Buffer.alloc(length, 0x61), Buffer.of(1, 0x62)]);
  const read = new BinaryRows([TEXT, TEXT]).next({ buffer, start: 0, offset: 4, end: buffer.length });
  expect(read[0] === 'a'.repeat(length)).toBe(true);
  expect(read[1]).toBe('b');
});

describe('a time', () => {
  it('with more digits than its column was said to have keeps them', () => {
    const rows = new BinaryRows([exampleColumn('DATETIME')]);
    expect(rows.next(packet(0, 11, 0xe8, 7, 2, 29, 12, 34, 56, 1, 0, 0, 0))).toEqual(['2024-02-29 12:34:56.000001']);
    expect(rows.next(packet(0, 7, 0xe8, 7, 2, 29, 12, 34, 56))).toEqual(['2024-02-29 12:34:56']);
    expect(rows.next(packet(0, 0))).toEqual(['0000-00-00 00:00:00']);
  });
});

describe('a time that is none', () => {
  it.each([
    ['of a length that there is not', 'DATE', [1, 9]],
    ['with a month of three digits', 'DATE', [4, 0xe8, 7, 200, 1]],
    ['with a year of five', 'DATE', [4, 0xff, 0xff, 1, 1]],
    ['with more than a second of microseconds', 'DATETIME', [11, 0xe8, 7, 1, 1, 0, 0, 0, 0xff, 0xff, 0xff, 0xff]],
    ['of a length that there is not, between days', 'TIME', [5, 0, 0, 0, 0, 0]],
  ] as const)('%s is a defect, not a text', (_what, type, values) => {
    expect(() => new BinaryRows([exampleColumn(type)]).next(packet(0, ...values))).toThrow('binary protocol');
  });
});

describe('a row', () => {
  it('has its NULLs where the bitmap says so', () => {
    const rows = new BinaryRows(Array.from({ length: 6 }, () => exampleColumn('TINY')));
    expect(rows.next(packet(0b0101_0100, 1, 2, 3))).toEqual([null, 1, null, 2, null, 3]);
  });

  it('that does not end where its packet does is a defect, not a row', () => {
    expect(() => new BinaryRows([exampleColumn('TINY')]).next(packet(0, 1, 2))).toThrow('did not end');
  });
});
