/** Floats, booleans and bytes as Postgres writes them. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Refusal } from '../../parquet/columns/refusal.ts';
import { booleanOf, bytesOf, characterOf, doubleOf, realOf } from './values-scalars.ts';

/** How Postgres writes a double's shortest text: an exponent of at least two digits, from 1e-5 down and 1e15 up. */
function doubleText(value: number): string {
  if (!Number.isFinite(value)) return String(value);
  const [digits = '', exponent = '0'] = value.toExponential().split('e');
  const power = Number(exponent);
  const sign = Object.is(value, -0) ? '-' : '';
  if (power >= -4 && power < 15) return `${sign}${String(value)}`;
  return `${sign}${digits}e${power < 0 ? '-' : '+'}${String(Math.abs(power)).padStart(2, '0')}`;
}

describe('a double precision is the double', () => {
  it('whatever it is', () => {
    fc.assert(
      fc.property(fc.double(), (value) => {
        expect(doubleOf(doubleText(value))).toBe(value);
      }),
      { numRuns: 2000 },
    );
  });

  it.each([
    ['0', 0],
    ['-0', -0],
    ['5e-324', 5e-324],
    ['1.7976931348623157e+308', Number.MAX_VALUE],
    ['123456789012345', 123_456_789_012_345],
    ['1e+15', 1e15],
    ['NaN', Number.NaN],
    ['-Infinity', Number.NEGATIVE_INFINITY],
  ])('%s', (text, value) => {
    expect(doubleOf(text)).toBe(value);
  });

  it.each(['', ' ', 'nan', 'inf', '1e400', '12x', '--1'])('and %j is none', (text) => {
    expect(() => doubleOf(text)).toThrow(Refusal);
  });
});

/** The float32 nearest to a decimal text, the even one in the middle: found among all of them, in whole numbers. */
function nearest(text: string): number {
  const [mantissa = '', exponent = '0'] = text.split('e');
  const [whole = '', fraction = ''] = mantissa.replace('-', '').split('.');
  const power = Number(exponent) - fraction.length;
  // All in units of 2^-150 × 10^-60: half of the smallest float32, and finer than any of these texts.
  const unit = 10n ** 60n;
  const decimal = BigInt(`${whole}${fraction}`) * 10n ** BigInt(60 + power) * 2n ** 150n;
  const size = (bits: number): bigint => {
    const [biased, digits] = [bits >>> 23, BigInt(bits & 0x7f_ffff)];
    return biased === 0 ? digits * 2n * unit : (digits + 0x80_0000n) * 2n ** BigInt(biased) * unit;
  };
  let [low, high] = [0, 0x7f7f_ffff];
  while (low < high) {
    const middle = Math.floor((low + high + 1) / 2);
    if (size(middle) <= decimal) low = middle;
    else high = middle - 1;
  }
  const above = low === 0x7f7f_ffff ? low : low + 1;
  const [below, beyond] = [decimal - size(low), size(above) - decimal];
  const bits = below < beyond || (below === beyond && low % 2 === 0) ? low : above;
  const value = new Float32Array(Uint32Array.of(bits).buffer)[0] as number;
  // toExponential leaves out the sign of −0.
  return text.startsWith('-') ? -value : value;
}

describe('a real is the float32', () => {
  it('that is nearest to the text, where it is shortest and where it has nine digits', () => {
    fc.assert(
      fc.property(
        fc.float({ noNaN: true, noDefaultInfinity: true }),
        fc.integer({ min: 6, max: 9 }),
        (value, digits) => {
          const text = Number(value.toPrecision(digits)).toExponential();
          if (Math.abs(Number(text)) > 3.402_823_4e38) return;
          expect(realOf(text)).toBe(nearest(text));
          if (digits === 9) expect(realOf(text)).toBe(value === 0 ? 0 : value);
        },
      ),
      { numRuns: 2000 },
    );
  });

  it.each([
    // The double nearest to it lies in the middle of two float32.
    ['7.038531e-26', 0x15ae_43fd],
    ['-7.038531e-26', 0x95ae_43fd],
    ['0.1', 0x3dcc_cccd],
    ['1e-45', 0x0000_0001],
    ['1.1754944e-38', 0x0080_0000],
    ['3.4028235e+38', 0x7f7f_ffff],
    ['16777216', 0x4b80_0000],
    ['-0', 0x8000_0000],
    ['Infinity', 0x7f80_0000],
    ['NaN', 0x7fc0_0000],
  ])('%s', (text, bits) => {
    const read = realOf(text);
    expect(new Uint32Array(Float32Array.of(read).buffer)[0]).toBe(bits);
    expect(Math.fround(read)).toBe(read);
  });

  it('on whose side of the middle the text is, by as little as it may be', () => {
    // Positive ones from 2^-30 to 2^30: the middle between two has at most 60 binary digits of fraction, and so 60 decimal ones.
    const bits = fc.integer({ min: (127 - 30) << 23, max: (127 + 30) << 23 });
    fc.assert(
      fc.property(bits, fc.boolean(), (low, negative) => {
        const [below = 0, above = 0] = new Float32Array(Uint32Array.of(low, low + 1).buffer);
        const middle = BigInt(((below + above) / 2) * 2 ** 60) * 5n ** 60n;
        const text = (step: bigint): string => {
          const digits = String(middle + step).padStart(61, '0');
          return `${negative ? '-' : ''}${digits.slice(0, -60)}.${digits.slice(-60)}`;
        };
        const sign = negative ? -1 : 1;
        expect(realOf(text(1n))).toBe(sign * above);
        expect(realOf(text(-1n))).toBe(sign * below);
        expect(realOf(text(0n))).toBe(sign * (low % 2 === 0 ? below : above));
      }),
      { numRuns: 1000 },
    );
  });

  it.each(['1e39', '-3.5e38', '', 'x'])('and %j is none', (text) => {
    expect(() => realOf(text)).toThrow(Refusal);
  });
});

describe('bytes', () => {
  it('come back from their digits', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        expect(new Uint8Array(bytesOf(`\\x${Buffer.from(bytes).toString('hex')}`))).toEqual(bytes);
      }),
    );
  });

  it.each([
    '',
    'x00',
    '\\000abc',
    '\\x0',
    '\\x0g',
    '\\xg0',
    '\\x00 00',
    '\\xžž',
    `\\x${'0'.repeat(99)}g`,
    `\\x${'0'.repeat(101)}`,
  ])('are not in %j', (text) => {
    expect(() => bytesOf(text)).toThrow(Refusal);
  });
});

it('t and f are booleans, and nothing else is', () => {
  expect([booleanOf('t'), booleanOf('f')]).toEqual([true, false]);
  for (const other of ['true', 'T', '', '1']) expect(() => booleanOf(other)).toThrow(Refusal);
});

it('a byte that is no text is refused rather than replaced', () => {
  expect(characterOf('A')).toBe('A');
  expect(characterOf('')).toBe('');
  expect(() => characterOf(new TextDecoder().decode(Uint8Array.of(0xc8)))).toThrow(Refusal);
});
