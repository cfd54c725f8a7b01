/**
 * Statistics of what is counted in whole units: integers, decimals (in units of their last digit), dates, times,
 * timestamps and durations. Exact throughout: values are compared and summed as they are, and written as the CSV
 * writes them.
 */
import { DAY_INFINITY, TIME_INFINITY } from '../columns/infinity.ts';
import type { ColumnRange } from '../footer.ts';
import { TYPE, type Field } from '../ipc/field.ts';
import type { Vector } from '../ipc/vector.ts';
import { ByteSink } from '../text/sink.ts';
import { valueWriter, wholesOf } from '../text/values.ts';
import {
  BARS_MAX,
  DISTINCT_MAX,
  NOTHING_GATHERED,
  type Gathered,
  type Gatherer,
  type Histogram,
} from './column-statistics.ts';
import { NumbersKept } from './numbers-kept.ts';

/** Digits of a mean beyond those of the values. */
const MEAN_DIGITS = 6;

const CALENDAR: readonly number[] = [TYPE.Date, TYPE.Time, TYPE.Timestamp];

export class WholeNumbers implements Gatherer {
  readonly #field: Field;
  /** Distances from the first value: exact as doubles up to 2⁵³, whatever the values are. */
  readonly #kept = new NumbersKept();
  readonly #distinct = new Set<bigint>();
  #first = 0n;
  #min = 0n;
  #max = 0n;
  #sum = 0n;
  #count = 0;
  #notFinite = 0;

  constructor(field: Field) {
    this.#field = field;
  }

  add(vector: Vector, rows: Uint32Array): void {
    const read = unitsOf(vector);
    for (const row of rows) this.#add(read(row));
  }

  #add(value: bigint): void {
    if (isInfinite(this.#field, value)) {
      this.#notFinite += 1;
      return;
    }
    if (this.#count === 0) this.#first = this.#min = this.#max = value;
    if (value < this.#min) this.#min = value;
    if (value > this.#max) this.#max = value;
    this.#count += 1;
    this.#sum += value;
    this.#kept.add(Number(value - this.#first));
    if (this.#distinct.size <= DISTINCT_MAX) this.#distinct.add(value);
  }

  gathered(ranges: readonly ColumnRange[] | null): Gathered {
    const nothing = { ...NOTHING_GATHERED, notFinite: this.#notFinite, distinct: 0 };
    if (this.#count === 0) return nothing;
    const all = ranges === null ? null : this.#ofAll(ranges);
    return {
      ...nothing,
      range: all === null ? 'looked-at' : 'all',
      min: this.#text(all?.min ?? this.#min),
      max: this.#text(all?.max ?? this.#max),
      mean: this.#mean(),
      distinct: this.#distinct.size > DISTINCT_MAX ? null : this.#distinct.size,
      histogram: this.#histogram(),
    };
  }

  /** Edges are whole units too: bars differ by one unit at most, and of few values each has its own. */
  #histogram(): Histogram {
    const min = this.#min;
    const span = this.#max - min + 1n;
    const bars = span < BigInt(BARS_MAX) ? span : BigInt(BARS_MAX);
    const edges = Array.from({ length: Number(bars) + 1 }, (_, at) => min + (span * BigInt(at)) / bars);
    const counts = this.#kept.counts(edges.map((edge) => Number(edge - this.#first)));
    return { edges: [...edges.slice(0, -1), this.#max].map((edge) => this.#text(edge)), counts };
  }

  /** @returns null where the footer means other units: then what was looked at is outside of what it tells */
  #ofAll(ranges: readonly ColumnRange[]): { readonly min: bigint; readonly max: bigint } | null {
    const ends = ranges.map(({ min, max, isBigEndian }) => ({
      min: this.#footerUnits(min, isBigEndian),
      max: this.#footerUnits(max, isBigEndian),
    }));
    const min = ends.reduce((least, end) => (end.min < least ? end.min : least), ends[0]?.min ?? 0n);
    const max = ends.reduce((most, end) => (end.max > most ? end.max : most), ends[0]?.max ?? 0n);
    const holds = ends.length > 0 && min <= this.#min && max >= this.#max;
    return holds && !isInfinite(this.#field, min) && !isInfinite(this.#field, max) ? { min, max } : null;
  }

  #footerUnits(bytes: Uint8Array, isBigEndian: boolean): bigint {
    const { type } = this.#field;
    const ordered = isBigEndian ? bytes : bytes.toReversed();
    const value = BigInt(`0x${Buffer.from(ordered).toString('hex') || '0'}`);
    return type.id === TYPE.Int && !type.signed ? value : BigInt.asIntN(8 * bytes.length, value);
  }

  #mean(): string {
    const { type } = this.#field;
    const count = BigInt(this.#count);
    if (CALENDAR.includes(type.id)) return this.#text(rounded(this.#sum, count));
    const scale = type.id === TYPE.Decimal ? type.scale : 0;
    const digits = Math.max(0, scale) + MEAN_DIGITS;
    const units = rounded(this.#sum * 10n ** BigInt(digits - scale), count);
    return decimalText(units, digits);
  }

  #text(value: bigint): string {
    return textOf(this.#field, value);
  }
}

/** Half away from zero. */
function rounded(sum: bigint, count: bigint): bigint {
  const twice = 2n * sum;
  return (twice >= 0n ? twice + count : twice - count) / (2n * count);
}

function decimalText(units: bigint, digits: number): string {
  const sign = units < 0n ? '-' : '';
  const text = String(units < 0n ? -units : units).padStart(digits + 1, '0');
  const fraction = text.slice(text.length - digits).replace(/0+$/, '');
  return `${sign}${text.slice(0, text.length - digits)}${fraction === '' ? '' : `.${fraction}`}`;
}

function isInfinite({ type }: Field, value: bigint): boolean {
  if (type.id === TYPE.Date && type.unit === 0)
    return value === BigInt(DAY_INFINITY) || value === BigInt(-DAY_INFINITY);
  return type.id === TYPE.Timestamp && (value === TIME_INFINITY || value === -TIME_INFINITY);
}

/** Reads a row's value in its units. */
function unitsOf({ field, buffers }: Vector): (row: number) => bigint {
  const [values = new Uint8Array(0)] = buffers;
  const { buffer, byteOffset, byteLength } = values;
  const words = widthOf(field) / 8;
  if (words < 1) {
    const narrow =
      field.type.id === TYPE.Int ? wholesOf(values, field.type) : new Int32Array(buffer, byteOffset, byteLength >> 2);
    return (row) => BigInt(narrow[row] ?? 0);
  }
  const low = new BigUint64Array(buffer, byteOffset, byteLength >> 3);
  const signed = field.type.id !== TYPE.Int || field.type.signed;
  const high = signed ? new BigInt64Array(buffer, byteOffset, byteLength >> 3) : low;
  if (words === 1) return (row) => high[row] ?? 0n;
  return (row) => {
    let value = high[words * (row + 1) - 1] ?? 0n;
    for (let word = words - 2; word >= 0; word -= 1) value = (value << 64n) | (low[words * row + word] ?? 0n);
    return value;
  };
}

/** Bytes of a value. */
function widthOf({ type }: Field): number {
  switch (type.id) {
    case TYPE.Int:
    case TYPE.Decimal:
    case TYPE.Time:
      return type.width / 8;
    case TYPE.Date:
      return type.unit === 0 ? 4 : 8;
    default:
      return 8;
  }
}

function textOf(field: Field, value: bigint): string {
  const bytes = new Uint8Array(widthOf(field));
  for (let at = 0, rest = value; at < bytes.length; at += 1, rest >>= 8n) bytes[at] = Number(rest & 0xffn);
  return writtenText({ ...field, dictionary: null }, bytes);
}

/** A fixed-width value as CSV has it. */
export function writtenText(field: Field, bytes: Uint8Array): string {
  const sink = new ByteSink(64);
  const vector = { field, length: 1, validity: null, buffers: [bytes], children: [], dictionary: null };
  valueWriter(sink, vector, { style: 'csv', numbers: 'exact' })(0);
  return Buffer.from(sink.bytes.buffer, 0, sink.at).toString('latin1');
}
