/**
 * Arrow values as JSON text without loss: whole numbers and decimals are numbers where a double holds them exactly and
 * text where not, timestamps keep their microseconds, bytes are base64, NaN and the infinities are text.
 *
 * The values are read from Arrow's buffers rather than through its getters: those turn timestamps into
 * floating-point milliseconds.
 */
import { DateUnit, TimeUnit, Type } from 'apache-arrow';
import type { Data, DataType } from 'apache-arrow';
import { DAY_INFINITY, TIME_INFINITY } from './columns/infinity.ts';

export interface CellOptions {
  /** exact: numbers only where no digit is lost. text: every int64 and decimal as text. */
  readonly numbers: 'exact' | 'text';
}

/** The JSON text of one row of a column. */
export type CellText = (row: number) => string;

const NULL = 'null';

/** Digits that survive text → double → text (IEEE 754: 15 for every double). */
const DOUBLE_DIGITS = 15;

export function cellText(data: Data, options: CellOptions): CellText {
  const present = presentText(data, options);
  if (data.nullCount === 0 || data.nullBitmap === null) return present;
  return (row) => (data.getValid(row) ? present(row) : NULL);
}

function presentText(data: Data, options: CellOptions): CellText {
  const { type, values } = data;
  switch (type.typeId as Type) {
    case Type.Null:
      return () => NULL;
    case Type.Bool:
      return (row) => String(bit(values as Uint8Array, data.offset + row));
    case Type.Int:
      return values instanceof BigInt64Array || values instanceof BigUint64Array
        ? (row) => wholeText(values[row] ?? 0n, options)
        : (row) => String((values as Int32Array)[row]);
    case Type.Float:
      return values instanceof Uint16Array
        ? (row) => floatText(halfToDouble(values[row] ?? 0))
        : (row) => floatText((values as Float64Array)[row] ?? Number.NaN);
    case Type.Decimal:
      return decimalTexts(data, options);
    case Type.Date:
      return dateTexts(data);
    case Type.Timestamp:
      return timestampTexts(data);
    case Type.Time:
      return timeTexts(data);
    case Type.Duration:
      return (row) => wholeText((values as BigInt64Array)[row] ?? 0n, options);
    case Type.Utf8:
    case Type.LargeUtf8:
      return utf8Texts(data);
    case Type.Binary:
    case Type.LargeBinary:
      return (row) => base64Text(spanOf(data, row));
    case Type.FixedSizeBinary: {
      const width = (type as DataType & { readonly byteWidth: number }).byteWidth;
      return (row) => base64Text((values as Uint8Array).subarray(row * width, (row + 1) * width));
    }
    default:
      return nestedTexts(data, options);
  }
}

function nestedTexts(data: Data, options: CellOptions): CellText {
  switch (data.type.typeId as Type) {
    case Type.Dictionary: {
      const [dictionary] = data.dictionary?.data ?? [];
      if (dictionary === undefined) return () => NULL;
      const text = cellText(dictionary, options);
      return (row) => text(Number((data.values as Int32Array)[row]));
    }
    case Type.List:
    case Type.FixedSizeList: {
      const items = textsOf(data.children[0], options);
      return (row) => `[${range(bounds(data, row)).map(items).join(',')}]`;
    }
    case Type.Map: {
      const [entries] = data.children;
      const keys = textsOf(entries?.children[0], options);
      const mapped = textsOf(entries?.children[1], options);
      // Pairs, not an object: keys may repeat and need not be text.
      return (row) =>
        `[${range(bounds(data, row))
          .map((at) => `[${keys(at)},${mapped(at)}]`)
          .join(',')}]`;
    }
    case Type.Struct: {
      const members = data.children.map((child, at) => {
        const name = JSON.stringify((data.type.children as { readonly name: string }[])[at]?.name ?? String(at));
        const text = cellText(child, options);
        return (row: number) => `${name}:${text(row)}`;
      });
      return (row) => `{${members.map((member) => member(row)).join(',')}}`;
    }
    default:
      throw new TypeError(`values of type ${String(data.type)} cannot be shown as text; ask for Parquet`);
  }
}

function textsOf(data: Data | undefined, options: CellOptions): CellText {
  return data === undefined ? () => NULL : cellText(data, options);
}

function range([start, end]: readonly [number, number]): number[] {
  return Array.from({ length: end - start }, (_, at) => start + at);
}

function bounds(data: Data, row: number): readonly [number, number] {
  if (data.type.typeId === Type.FixedSizeList) {
    const size = (data.type as DataType & { readonly listSize: number }).listSize;
    return [row * size, (row + 1) * size];
  }
  const offsets = data.valueOffsets as ArrayLike<number | bigint>;
  return [Number(offsets[row]), Number(offsets[row + 1])];
}

function spanOf(data: Data, row: number): Uint8Array {
  const [start, end] = bounds(data, row);
  return (data.values as Uint8Array).subarray(start, end);
}

function utf8Texts(data: Data): CellText {
  const decoder = new TextDecoder();
  return (row) => JSON.stringify(decoder.decode(spanOf(data, row)));
}

function base64Text(bytes: Uint8Array): string {
  return `"${Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64')}"`;
}

function bit(bytes: Uint8Array, at: number): boolean {
  return (((bytes[at >> 3] ?? 0) >> (at & 7)) & 1) === 1;
}

function wholeText(value: bigint, { numbers }: CellOptions): string {
  const exact = value >= BigInt(Number.MIN_SAFE_INTEGER) && value <= BigInt(Number.MAX_SAFE_INTEGER);
  return numbers === 'exact' && exact ? String(value) : `"${value}"`;
}

function floatText(value: number): string {
  if (Number.isFinite(value)) return Object.is(value, -0) ? '-0.0' : String(value);
  return `"${value}"`;
}

/** IEEE 754 binary16. */
function halfToDouble(bits: number): number {
  const sign = (bits & 0x8000) === 0 ? 1 : -1;
  const exponent = (bits >> 10) & 0x1f;
  const fraction = bits & 0x3ff;
  if (exponent === 0x1f) return fraction === 0 ? sign * Infinity : Number.NaN;
  return exponent === 0 ? sign * fraction * 2 ** -24 : sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}

function decimalTexts(data: Data, { numbers }: CellOptions): CellText {
  const { scale, bitWidth } = data.type as DataType & { readonly scale: number; readonly bitWidth: number };
  const words = data.values as Uint32Array;
  const stride = bitWidth / 32;
  return (row) => {
    let unscaled = 0n;
    for (let word = stride - 1; word >= 0; word -= 1)
      unscaled = (unscaled << 32n) | BigInt(words[row * stride + word] ?? 0);
    const text = decimalText(BigInt.asIntN(bitWidth, unscaled), scale);
    const digits = text.replace(/[-.]/g, '').replace(/^0+/, '').length;
    return numbers === 'exact' && digits <= DOUBLE_DIGITS ? text : `"${text}"`;
  };
}

export function decimalText(unscaled: bigint, scale: number): string {
  if (scale <= 0) return String(unscaled * 10n ** BigInt(-scale));
  const sign = unscaled < 0n ? '-' : '';
  const digits = String(unscaled < 0n ? -unscaled : unscaled).padStart(scale + 1, '0');
  return `${sign}${digits.slice(0, -scale)}.${digits.slice(-scale)}`;
}

function dateTexts(data: Data): CellText {
  const days = (data.type as DataType & { readonly unit: DateUnit }).unit === DateUnit.DAY;
  const values = data.values as ArrayLike<number | bigint>;
  return (row) => {
    const value = Number(values[row]);
    if (days && Math.abs(value) === DAY_INFINITY) return infinityText(value);
    return `"${isoDate(days ? value * 86_400_000 : value) ?? String(value)}"`;
  };
}

const PER_SECOND: Readonly<Record<TimeUnit, bigint>> = {
  [TimeUnit.SECOND]: 1n,
  [TimeUnit.MILLISECOND]: 1_000n,
  [TimeUnit.MICROSECOND]: 1_000_000n,
  [TimeUnit.NANOSECOND]: 1_000_000_000n,
};

const infinityText = (count: number | bigint): string => (count > 0 ? '"infinity"' : '"-infinity"');

function timestampTexts(data: Data): CellText {
  const { unit, timezone } = data.type as DataType & { readonly unit: TimeUnit; readonly timezone?: string | null };
  const zone = timezone === null || timezone === undefined || timezone === '' ? '' : 'Z';
  const values = data.values as BigInt64Array;
  return (row) => {
    const value = values[row] ?? 0n;
    if (value === TIME_INFINITY || value === -TIME_INFINITY) return infinityText(value);
    const perSecond = PER_SECOND[unit];
    const within = ((value % perSecond) + perSecond) % perSecond;
    const date = new Date(Number((value - within) / perSecond) * 1000);
    // Beyond the years a Date can hold, the count of units is all that can be said.
    if (Number.isNaN(date.getTime())) return `"${value}"`;
    return `"${date.toISOString().slice(0, -5)}.${fraction(within, unit)}${zone}"`;
  };
}

function timeTexts(data: Data): CellText {
  const { unit } = data.type as DataType & { readonly unit: TimeUnit };
  const values = data.values as ArrayLike<number | bigint>;
  return (row) => {
    const value = BigInt(values[row] ?? 0);
    const perSecond = PER_SECOND[unit];
    const seconds = Number(value / perSecond);
    const clock = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, seconds % 60];
    return `"${clock.map((part) => String(part).padStart(2, '0')).join(':')}.${fraction(value % perSecond, unit)}"`;
  };
}

/** Six digits, nine where the unit is nanoseconds. */
function fraction(within: bigint, unit: TimeUnit): string {
  if (unit === TimeUnit.NANOSECOND) return String(within).padStart(9, '0');
  return String((within * 1_000_000n) / PER_SECOND[unit]).padStart(6, '0');
}

function isoDate(ms: number): string | null {
  const date = new Date(ms);
  return Number.isNaN(date.getTime()) ? null : (date.toISOString().split('T')[0] ?? null);
}
