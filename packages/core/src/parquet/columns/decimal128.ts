/** Columns of decimals: the unscaled value as 128-bit two's complement, low word first (Arrow columnar format, Decimal). */
import { makeData, type Data, type Decimal } from 'apache-arrow';
import type { ColumnBuilder, Nulls } from './builder.ts';
import { refuse } from './refusal.ts';

const WORD = 0x1_0000_0000;

/** Digits whose number is a safe integer whatever they are. */
const SAFE_DIGITS = 15;

/** Takes decimal text (`12`, `.5`, `-.05`, `1.2E+3`), bigints, and numbers by their shortest text. */
export class Decimal128Builder implements ColumnBuilder {
  readonly variableBytes = 0;
  private readonly type: Decimal;
  private readonly words: Uint32Array;

  constructor(type: Decimal, capacity: number) {
    this.type = type;
    this.words = new Uint32Array(capacity * 4);
  }

  set(row: number, value: unknown): void {
    if (
      typeof value !== 'string'
      && typeof value !== 'bigint'
      && !(typeof value === 'number' && Number.isFinite(value))
    ) {
      refuse(value, 'is not a decimal');
    }
    const digits = unscaled(String(value), this.type.scale);
    if (digits === null) refuse(value, `is not a decimal with ${this.type.scale} fraction digits`);
    const length = digits.replace(/^-?0*/, '').length;
    if (length > this.type.precision) refuse(value, `has more than the ${this.type.precision} digits of the column`);
    if (length <= SAFE_DIGITS) this.setNumber(row, Number(digits));
    else this.setBig(row, BigInt(digits));
  }

  private setNumber(row: number, value: number): void {
    const sign = value < 0 ? -1 : 0;
    this.words[row * 4] = value;
    this.words[row * 4 + 1] = Math.floor(value / WORD);
    this.words[row * 4 + 2] = sign;
    this.words[row * 4 + 3] = sign;
  }

  private setBig(row: number, value: bigint): void {
    for (let word = 0; word < 4; word += 1) {
      this.words[row * 4 + word] = Number(BigInt.asUintN(32, value >> BigInt(word * 32)));
    }
  }

  setNull(): void {
    // Zero is what is there already.
  }

  finish(rows: number, nulls: Nulls): Data {
    return makeData({ type: this.type, length: rows, data: this.words.subarray(0, rows * 4), ...nulls });
  }
}

/** The digits of value × 10^scale, with sign; null where the text is no decimal or has digits beyond the scale. */
function unscaled(text: string, scale: number): string | null {
  const match = /^([-+]?)([0-9]*)(?:\.([0-9]*))?(?:[eE]([-+]?[0-9]{1,3}))?$/.exec(text);
  if (match === null) return null;
  const [, sign, whole = '', fraction = '', exponent] = match;
  if (whole === '' && fraction === '') return null;
  const digits = whole + fraction;
  // Where the point stands in `digits`, and where the column's last digit is.
  const end = whole.length + Number(exponent ?? 0) + scale;
  if (!/^0*$/.test(digits.slice(Math.max(end, 0)))) return null;
  const kept = end <= 0 ? '0' : digits.slice(0, end).padEnd(end, '0');
  return `${sign === '-' ? '-' : ''}${kept}`;
}
