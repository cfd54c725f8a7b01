import { Decimal } from 'apache-arrow';
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
