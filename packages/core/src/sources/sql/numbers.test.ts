/** Decimals and doubles, against arithmetic on fractions of BigInts. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { exactlyRounded, holdsExactly, withLeadingZero } from './numbers.ts';

interface Fraction {
  readonly over: bigint;
  readonly under: bigint;
}

const same = (a: Fraction, b: Fraction): boolean => a.over * b.under === b.over * a.under;

function fractionOfText(text: string): Fraction {
  const match = /^(-?)([0-9]*)\.?([0-9]*)(?:e([-+]?[0-9]+))?$/.exec(text);
  if (match === null) throw new Error(`not a decimal: ${text}`);
  const [, sign, whole = '', fraction = '', exponent = '0'] = match;
  const power = Number(exponent) - fraction.length;
  const over = BigInt(`${whole}${fraction}`) * (sign === '-' ? -1n : 1n) * 10n ** BigInt(Math.max(power, 0));
  return { over, under: 10n ** BigInt(Math.max(-power, 0)) };
}

/** From the bits: 1 of sign, 11 of exponent, 52 of fraction. */
function fractionOfDouble(value: number): Fraction {
  const bits = new BigUint64Array(new Float64Array([value]).buffer)[0] as bigint;
  const exponent = Number((bits >> 52n) & 0x7ffn);
  const mantissa = (bits & 0xf_ffff_ffff_ffffn) | (exponent === 0 ? 0n : 1n << 52n);
  const power = Math.max(exponent, 1) - 1075;
  const over = mantissa * (bits >> 63n === 1n ? -1n : 1n) * 2n ** BigInt(Math.max(power, 0));
  return { over, under: 2n ** BigInt(Math.max(-power, 0)) };
}

/** As the driver writes a NUMBER: no zero before the point, none at the end of the fraction. */
function numberText(digits: bigint, scale: number): string {
  const size = String(digits < 0n ? -digits : digits);
  if (scale <= 0) return digits === 0n ? '0' : `${digits}${'0'.repeat(-scale)}`;
  const padded = size.padStart(scale, '0');
  const whole = padded.slice(0, padded.length - scale).replace(/^0+/, '');
  const fraction = padded.slice(padded.length - scale).replace(/0+$/, '');
  const text = fraction === '' ? whole : `${whole}.${fraction}`;
  return text === '' ? '0' : `${digits < 0n ? '-' : ''}${text}`;
}

/** Of 1 to 40 digits, from 1e-130 to 1e125. */
const numbers = fc
  .integer({ min: 1, max: 40 })
  .chain((length) =>
    fc
      .tuple(
        fc.bigInt({ min: 1n - 10n ** BigInt(length), max: 10n ** BigInt(length) - 1n }),
        fc.integer({ min: length - 125, max: 130 }),
      )
      .map(([digits, scale]) => numberText(digits, scale)),
  );

/** Doubles in NUMBER's range, in full: those that end after few halves hold their whole text. */
const binaries = fc
  .tuple(fc.bigInt({ min: -(2n ** 53n), max: 2n ** 53n }), fc.integer({ min: 0, max: 40 }))
  .map(([over, halvings]) => numberText(over * 5n ** BigInt(halvings), halvings));

function expected(text: string): boolean {
  const value = Number(text);
  const fraction = fractionOfText(text);
  return same(fraction, fractionOfDouble(value)) || same(fraction, fractionOfText(String(value)));
}

describe('a double holds a decimal exactly', () => {
  it('if it is that number, or its shortest text is', () => {
    fc.assert(
      fc.property(fc.oneof(numbers, binaries), (text) => {
        expect(holdsExactly(text, Number(text))).toBe(expected(text));
      }),
      { numRuns: 2000 },
    );
  });

  it.each([
    ['.1', true],
    ['999999999999999', true],
    ['9007199254740993', false],
    ['9007199254740992', true],
    ['1152921504606846976', true],
    ['1152921504606846977', false],
    ['.1234567890123456', true],
    ['.12345678901234567', false],
    ['.3333333333333333333333333333333333333333', false],
    ['.000000000931322574615478515625', true],
    [`1${'0'.repeat(125)}`, true],
    [`1${'0'.repeat(124)}1`, false],
    [`-.${'0'.repeat(129)}1`, true],
    ['-0.0000000000000000000', true],
  ])('%s: %s', (text, exact) => {
    expect(holdsExactly(text, Number(text))).toBe(exact);
    expect(expected(text)).toBe(exact);
  });
});

describe('the fast way from text to double', () => {
  it('gives what Number gives, and only for decimals that it holds exactly', () => {
    fc.assert(
      fc.property(numbers, (text) => {
        const value = exactlyRounded(text);
        if (Number.isNaN(value)) return;
        expect(value).toBe(Number(text));
        expect(expected(text)).toBe(true);
      }),
      { numRuns: 2000 },
    );
  });

  it('covers every decimal of at most 15 digits', () => {
    fc.assert(
      fc.property(
        fc.bigInt({ min: 1n - 10n ** 15n, max: 10n ** 15n - 1n }),
        fc.integer({ min: 0, max: 15 }),
        (digits, scale) => {
          const text = numberText(digits, scale);
          expect(exactlyRounded(text)).toBe(Number(text));
        },
      ),
    );
  });

  it.each(['', '-', '.', '-.', '1.2.3', '1e5', '12 ', ' 12', '+1', 'NaN', '1234567890123456'])(
    'leaves %j to the slow one',
    (text) => {
      expect(exactlyRounded(text)).toBeNaN();
    },
  );
});

it.each([
  ['.5', '0.5'],
  ['-.05', '-0.05'],
  ['12', '12'],
  ['-3.5', '-3.5'],
])('%s is written %s for people', (text, written) => {
  expect(withLeadingZero(text)).toBe(written);
});
