/** The primitive encodings against each other, and against the bytes that are known. */
import { describe, expect, test } from 'vitest';
import { ByteReader, NotEnough } from './byte-reader.ts';
import { ByteWriter } from './byte-writer.ts';
import { ProtocolError } from './protocol-error.ts';

const read = (hex: string): ByteReader => new ByteReader(Buffer.from(hex.replaceAll(' ', ''), 'hex'));

describe('integers', () => {
  test.each([0, 1, 255, 256, 65_535, 65_536, 2 ** 32 - 1, 2 ** 53 - 1])('%d is read as it was written', (value) => {
    expect(new ByteReader(new ByteWriter().ub(value).take()).ub(8)).toBe(value);
    expect(new ByteReader(new ByteWriter().sb(-value).take()).sb(8)).toBe(-value + 0);
    expect(new ByteReader(new ByteWriter().ub(value).take()).ub8()).toBe(BigInt(value));
  });

  test('have a length byte and no more bytes than they need', () => {
    expect(new ByteWriter().ub(300).take().toString('hex')).toBe('02012c');
    expect(new ByteWriter().ub(65_536).take().toString('hex')).toBe('0400010000');
    expect(new ByteWriter().sb(-1).take().toString('hex')).toBe('8101');
    expect(new ByteWriter().ub(0).take().toString('hex')).toBe('00');
  });

  test('of odd lengths are read', () => {
    expect(read('03 010000').ub()).toBe(65_536);
    expect(read('05 0100000000').ub(8)).toBe(2 ** 32);
    expect(read('07 00000000000001').ub(8)).toBe(1);
  });

  test('that cannot be are refused instead of misread', () => {
    expect(() => read('09 000000000000000001').ub(8)).toThrow(ProtocolError);
    expect(() => read('03 010000').ub(2)).toThrow(ProtocolError);
    expect(() => read('05 0100000000').ub(4)).toThrow(ProtocolError);
    expect(() => read('81 01').ub()).toThrow(ProtocolError);
  });
});

describe('bytes', () => {
  test.each([1, 252, 253, 254, 65_536, 1_000_000])('of length %d are read as they were written', (length) => {
    const value = Buffer.alloc(length, 'parqueue');
    expect(new ByteReader(new ByteWriter().bytes(value).take()).bytes()?.equals(value)).toBe(true);
  });

  test('of no length are null, as is the other null form', () => {
    expect(read('00').bytes()).toBeNull();
    expect(read('FF').bytes()).toBeNull();
    expect(new ByteWriter().bytes(Buffer.alloc(0)).bytes(null).take().toString('hex')).toBe('0000');
  });

  test('above 252 are in chunks, of any size', () => {
    const value = Buffer.alloc(300, 7);
    const written = new ByteWriter().bytes(value).take();
    expect(written.subarray(0, 4).toString('hex')).toBe('fe02012c');
    expect(written.at(-1)).toBe(0);
    expect(read('FE 01 02 4142 01 01 43 00').bytes()?.toString()).toBe('ABC');
  });

  test('after an escape byte are refused', () => {
    expect(() => read('FD 01').bytes()).toThrow(ProtocolError);
  });

  test('as text have their length in front, only if there are any', () => {
    expect(new ByteWriter().str4('ID').str4('').take().toString('hex')).toBe('010202494400');
    expect(read('01 02 02 4944').str4()).toBe('ID');
  });
});

test('at every cut, a reader says that more is needed and never returns something shorter', () => {
  const message = new ByteWriter().ub(70_000).sb(-5).str4('name').bytes(Buffer.alloc(300, 1)).u16be(9).take();
  const decode = (reader: ByteReader): unknown[] => [
    reader.ub(),
    reader.sb(),
    reader.str4(),
    reader.bytes()?.length,
    reader.u16be(),
  ];
  for (let length = 0; length < message.length; length += 1) {
    let caught: unknown = null;
    try {
      decode(new ByteReader(message.subarray(0, length)));
    } catch (error) {
      caught = error;
    }
    expect(caught).toBeInstanceOf(NotEnough);
    expect((caught as NotEnough).needed).toBeGreaterThan(length);
    expect((caught as NotEnough).needed).toBeLessThanOrEqual(message.length);
  }
  expect(decode(new ByteReader(message))).toEqual([70_000, -5, 'name', 300, 9]);
});
