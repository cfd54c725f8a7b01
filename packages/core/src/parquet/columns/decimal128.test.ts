import { Decimal } from 'apache-arrow';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Decimal128Builder } from './decimal128.ts';
import { Refusal } from './refusal.ts';

function words(text: string, precision = 18, scale = 2): readonly number[] {
  const builder = new Decimal128Builder(new Decimal(scale, precision), 1);
  builder.set(0, text);
  return [...(builder.finish(1, { nullCount: 0, nullBitmap: null }).values as Uint32Array)];
}

describe('Decimal128Builder', () => {
  it.each([
    '0',
    '-0',
    '0.00',
    '-0.00',
    '1',
    '-1',
    '12.5',
    '-12.50',
    '.5',
    '5.',
    '-.05',
    '007',
    '4294967296',
    '-42949672.96',
  ])('makes the same value of %s as of the same number with an exponent', (text) => {
    expect(words(text)).toEqual(words(`${text}e0`));
  });

  it('takes 15 digits and more alike', () => {
    expect(words('9999999999999.99')).toEqual(words('9999999999999.99e0'));
    expect(words('9999999999999999.99')).toEqual(words('9999999999999999.99e0'));
  });

  it.each(['', '-', '.', '1.2.3', '1.234', '--1', '1-', ' 1', '100000000'])('refuses %j as decimal(9, 2)', (text) => {
    expect(() => words(text, 9, 2)).toThrow(Refusal);
  });
});

/** A decimal of up to `precision` digits, as its unscaled value. */
const unscaled = (precision: number): fc.Arbitrary<bigint> =>
  fc.bigInt({ min: -(10n ** BigInt(precision)) + 1n, max: 10n ** BigInt(precision) - 1n });

/** As Oracle's driver writes it: no zero before the point, none at the end of the fraction. */
function spelled(value: bigint, scale: number): string {
  const digits = String(value < 0n ? -value : value).padStart(scale + 1, '0');
  const whole = digits.slice(0, digits.length - scale).replace(/^0+/, '');
  const fraction = scale === 0 ? '' : digits.slice(-scale).replace(/0+$/, '');
  const text = fraction === '' ? whole : `${whole}.${fraction}`;
  return text === '' ? '0' : `${value < 0n ? '-' : ''}${text}`;
}

function valueOf(text: string, precision: number, scale: number): bigint {
  const value = words(text, precision, scale).reduceRight((sum, word) => (sum << 32n) | BigInt(word), 0n);
  return BigInt.asIntN(128, value);
}

describe('texts of any length', () => {
  it.each([
    [38, 0],
    [38, 10],
    [38, 38],
    [20, 4],
    [9, 2],
  ])('are the unscaled value of a decimal(%i, %i)', (precision, scale) => {
    fc.assert(
      fc.property(unscaled(precision), (value) => {
        expect(valueOf(spelled(value, scale), precision, scale)).toBe(value);
        expect(valueOf(`${spelled(value, scale)}e0`, precision, scale)).toBe(value);
      }),
    );
  });

  it('reach the last number of 38 digits, and no further', () => {
    const nines = '9'.repeat(38);
    expect(valueOf(nines, 38, 0)).toBe(BigInt(nines));
    expect(valueOf(`-${nines}`, 38, 0)).toBe(-BigInt(nines));
    expect(valueOf(`-.${nines}`, 38, 38)).toBe(-BigInt(nines));
    expect(() => valueOf(`1${'0'.repeat(38)}`, 38, 0)).toThrow(Refusal);
    expect(() => valueOf(`.${'0'.repeat(38)}1`, 38, 38)).toThrow(Refusal);
  });

  it.each(['1234567890123456789-0', '12345678901234567.8.9', '123456789012345678x'])('refuse %s', (text) => {
    expect(() => valueOf(text, 38, 4)).toThrow(Refusal);
  });
});
