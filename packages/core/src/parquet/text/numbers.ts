/**
 * Numbers as text without loss: whole numbers and decimals are numbers where a double holds them exactly and text
 * where not. Digits are written as bytes; 64 bits are read as two words, since a BigInt each would cost more than all
 * the rest.
 */
import { float64Of } from './float16.ts';
import type { ByteSink } from './sink.ts';

export interface TextOptions {
  /** Of CSV, text stands bare unless it needs quotes. */
  readonly style: 'json' | 'csv';
  /** exact: numbers only where no digit is lost. text: every int64 and decimal as text. */
  readonly numbers: 'exact' | 'text';
}

/** Writes one row of a column. */
export type WriteValue = (row: number) => void;

const QUOTE = 0x22;
const MINUS = 0x2d;
const DOT = 0x2e;
const ZERO = 0x30;

const TWO_32 = 2 ** 32;
/** The upper words of what a double holds exactly. */
const HIGH_MAX = 2 ** 21;

/** Digits that survive text → double → text (IEEE 754: 15 for every double). */
const DOUBLE_DIGITS = 15;
const DECIMAL_MAX = 10 ** DOUBLE_DIGITS;

/** The longest of 64 bits: a sign, twenty digits, two quotes. */
const WHOLE_BYTES = 24;

/** A whole number that a double holds exactly. */
export function writeWhole(sink: ByteSink, value: number): void {
  sink.ensure(WHOLE_BYTES);
  if (value < 0) {
    sink.bytes[sink.at] = MINUS;
    sink.at += 1;
    value = -value;
  }
  let length = 1;
  for (let bound = 10; value >= bound; bound *= 10) length += 1;
  writeDigits(sink, value, length);
}

/** Exactly `length` digits of a whole number, with zeros before it; the caller has ensured their room. */
export function writeDigits(sink: ByteSink, value: number, length: number): void {
  const { bytes, at } = sink;
  let end = at + length;
  sink.at = end;
  while (value > 0x7fff_ffff) {
    const rest = Math.floor(value / 10);
    bytes[(end -= 1)] = ZERO + (value - rest * 10);
    value = rest;
  }
  let small = value | 0;
  while (end > at) {
    const rest = (small / 10) | 0;
    bytes[(end -= 1)] = ZERO + (small - rest * 10);
    small = rest;
  }
}

export function wholeWriter(sink: ByteSink, values: ArrayLike<number>): WriteValue {
  return (row) => writeWhole(sink, values[row] ?? 0);
}

/** Whole numbers of 64 bits. */
export function int64Writer(
  sink: ByteSink,
  { values, signed }: { readonly values: Uint8Array; readonly signed: boolean },
  { style, numbers }: TextOptions,
): WriteValue {
  const low = wordsOf(values);
  const high = signed ? new Int32Array(low.buffer, low.byteOffset, low.length) : low;
  const quoted = style === 'json' && numbers === 'text';
  return (row) => {
    const upper = high[2 * row + 1] ?? 0;
    const value = upper * TWO_32 + (low[2 * row] ?? 0);
    if (upper >= -HIGH_MAX && upper < HIGH_MAX && value !== -(2 ** 53)) {
      if (quoted) sink.byte(QUOTE);
      writeWhole(sink, value);
      if (quoted) sink.byte(QUOTE);
      return;
    }
    writeQuoted(sink, String((BigInt(upper) << 32n) | BigInt(low[2 * row] ?? 0)), style);
  };
}

export function writeQuoted(sink: ByteSink, ascii: string, style: TextOptions['style']): void {
  if (style === 'csv') {
    sink.ascii(ascii);
    return;
  }
  sink.byte(QUOTE);
  sink.ascii(ascii);
  sink.byte(QUOTE);
}

/** Unit 0: half, 1: single, 2: double. A single is shown as the double that it is. */
export function floatWriter(
  sink: ByteSink,
  { values, unit }: { readonly values: Uint8Array; readonly unit: number },
  { style }: TextOptions,
): WriteValue {
  const { buffer, byteOffset, byteLength } = values;
  if (unit === 0) {
    const halves = new Uint16Array(buffer, byteOffset, byteLength / 2);
    return (row) => writeFloat(sink, float64Of(halves[row] ?? 0), style);
  }
  const floats =
    unit === 1
      ? new Float32Array(buffer, byteOffset, byteLength / 4)
      : new Float64Array(buffer, byteOffset, byteLength / 8);
  return (row) => writeFloat(sink, floats[row] ?? 0, style);
}

function writeFloat(sink: ByteSink, value: number, style: TextOptions['style']): void {
  if (!Number.isFinite(value)) writeQuoted(sink, String(value), style);
  else if (value === 0) sink.ascii(Object.is(value, -0) ? '-0.0' : '0');
  else if (Number.isInteger(value) && value < DECIMAL_MAX && value > -DECIMAL_MAX) writeWhole(sink, value);
  else sink.ascii(String(value));
}

/** Decimals of 32, 64, 128 and 256 bits. */
export function decimalWriter(
  sink: ByteSink,
  type: { readonly values: Uint8Array; readonly bits: number; readonly scale: number },
  { style, numbers }: TextOptions,
): WriteValue {
  const { scale, bits } = type;
  const words = wordsOf(type.values);
  const stride = bits / 32;
  const isShort = scale >= 0 && scale <= DOUBLE_DIGITS;
  const one = 10 ** scale;
  const quoted = style === 'json' && numbers === 'text';
  return (row) => {
    const at = row * stride;
    const value = isShort ? smallOf(words, at, stride) : Number.NaN;
    if (value > -DECIMAL_MAX && value < DECIMAL_MAX) {
      if (quoted) sink.byte(QUOTE);
      writeScaled(sink, value, { scale, one });
      if (quoted) sink.byte(QUOTE);
      return;
    }
    const unscaled = wideOf(words, at, stride);
    const text = decimalText(unscaled, scale);
    if (numbers === 'exact' && digitsOf(text) <= DOUBLE_DIGITS) sink.ascii(text);
    else writeQuoted(sink, text, style);
  };
}

function digitsOf(text: string): number {
  return text.replace(/[-.]/g, '').replace(/^0+/, '').length;
}

/** The value where its upper words only repeat the sign, and NaN for what is wider than a double's whole numbers. */
function smallOf(words: Uint32Array, at: number, stride: number): number {
  const low = words[at] ?? 0;
  if (stride === 1) return low | 0;
  const upper = (words[at + 1] ?? 0) | 0;
  const sign = upper >> 31;
  for (let word = 2; word < stride; word += 1) if (((words[at + word] ?? 0) | 0) !== sign) return Number.NaN;
  return upper >= -HIGH_MAX && upper < HIGH_MAX ? upper * TWO_32 + low : Number.NaN;
}

function wideOf(words: Uint32Array, at: number, stride: number): bigint {
  let unscaled = 0n;
  for (let word = stride - 1; word >= 0; word -= 1) unscaled = (unscaled << 32n) | BigInt(words[at + word] ?? 0);
  return BigInt.asIntN(stride * 32, unscaled);
}

function writeScaled(
  sink: ByteSink,
  value: number,
  { scale, one }: { readonly scale: number; readonly one: number },
): void {
  if (scale === 0) {
    writeWhole(sink, value);
    return;
  }
  sink.ensure(WHOLE_BYTES + DOUBLE_DIGITS);
  if (value < 0) {
    sink.byte(MINUS);
    value = -value;
  }
  let whole = Math.floor(value / one);
  // The quotient is rounded, and may have been rounded up to the next whole number.
  if (whole * one > value) whole -= 1;
  writeWhole(sink, whole);
  sink.bytes[sink.at] = DOT;
  sink.at += 1;
  writeDigits(sink, value - whole * one, scale);
}

export function decimalText(unscaled: bigint, scale: number): string {
  if (scale <= 0) return String(unscaled * 10n ** BigInt(-scale));
  const sign = unscaled < 0n ? '-' : '';
  const digits = String(unscaled < 0n ? -unscaled : unscaled).padStart(scale + 1, '0');
  return `${sign}${digits.slice(0, -scale)}.${digits.slice(-scale)}`;
}

/** Arrow's buffers begin at multiples of eight bytes. */
function wordsOf({ buffer, byteOffset, byteLength }: Uint8Array): Uint32Array {
  return new Uint32Array(buffer, byteOffset, byteLength >> 2);
}
