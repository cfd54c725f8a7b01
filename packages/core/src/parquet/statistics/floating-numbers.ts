/** Statistics of floating-point numbers. NaN and the infinities are counted, and in none of the numbers. */
import type { ColumnRange } from '../footer.ts';
import type { Field } from '../ipc/field.ts';
import type { Vector } from '../ipc/vector.ts';
import { float64Of } from '../text/float16.ts';
import {
  BARS_MAX,
  DISTINCT_MAX,
  NOTHING_GATHERED,
  type Gathered,
  type Gatherer,
  type Histogram,
} from './column-statistics.ts';
import { NumbersKept } from './numbers-kept.ts';
import { writtenText } from './whole-numbers.ts';

/** Units of Arrow's floats. */
const HALF = 0;
const SINGLE = 1;
const DOUBLE = 2;

export class FloatingNumbers implements Gatherer {
  readonly #unit: number;
  readonly #double: Field;
  readonly #kept = new NumbersKept();
  readonly #distinct = new Set<number>();
  #min = Number.POSITIVE_INFINITY;
  #max = Number.NEGATIVE_INFINITY;
  #sum = 0;
  /** What the sum lost to rounding (Neumaier's summation). */
  #lost = 0;
  #count = 0;
  #notFinite = 0;

  constructor(field: Field) {
    this.#unit = field.type.unit;
    this.#double = { ...field, type: { ...field.type, unit: DOUBLE }, dictionary: null };
  }

  add(vector: Vector, rows: Uint32Array): void {
    const read = readerOf(vector);
    for (const row of rows) this.#add(read(row));
  }

  #add(value: number): void {
    if (!Number.isFinite(value)) {
      this.#notFinite += 1;
      return;
    }
    if (value < this.#min) this.#min = value;
    if (value > this.#max) this.#max = value;
    const sum = this.#sum + value;
    this.#lost += Math.abs(this.#sum) >= Math.abs(value) ? this.#sum - sum + value : value - sum + this.#sum;
    this.#sum = sum;
    this.#count += 1;
    this.#kept.add(value);
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

  /** A sum beyond the largest double has no mean here. */
  #mean(): string | null {
    const mean = (this.#sum + this.#lost) / this.#count;
    return Number.isFinite(mean) ? this.#text(mean) : null;
  }

  #histogram(): Histogram {
    const { min, max } = { min: this.#min, max: this.#max };
    const bars = min === max ? 1 : BARS_MAX;
    // Not min + (max - min) × share: the distance may be beyond the largest double.
    const edges = Array.from({ length: bars + 1 }, (_, at) => min * (1 - at / bars) + max * (at / bars));
    return { edges: edges.map((edge) => this.#text(edge)), counts: this.#kept.counts(edges) };
  }

  /** Writers leave infinities in and NaN out, or write no range at all (parquet.thrift, ColumnOrder). */
  #ofAll(ranges: readonly ColumnRange[]): { readonly min: number; readonly max: number } | null {
    const min = Math.min(...ranges.map((range) => this.#footerValue(range.min)));
    const max = Math.max(...ranges.map((range) => this.#footerValue(range.max)));
    return min <= this.#min && max >= this.#max && Number.isFinite(min) && Number.isFinite(max) ? { min, max } : null;
  }

  #footerValue(bytes: Uint8Array): number {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    if (bytes.length !== 2 ** (this.#unit + 1)) return Number.NaN;
    if (this.#unit === HALF) return float64Of(view.getUint16(0, true));
    return this.#unit === SINGLE ? view.getFloat32(0, true) : view.getFloat64(0, true);
  }

  #text(value: number): string {
    return writtenText(this.#double, new Uint8Array(Float64Array.of(value).buffer));
  }
}

function readerOf({ field, buffers }: Vector): (row: number) => number {
  const [{ buffer, byteOffset, byteLength } = new Uint8Array(0)] = buffers;
  if (field.type.unit === HALF) {
    const halves = new Uint16Array(buffer, byteOffset, byteLength / 2);
    return (row) => float64Of(halves[row] ?? 0);
  }
  const values =
    field.type.unit === SINGLE
      ? new Float32Array(buffer, byteOffset, byteLength / 4)
      : new Float64Array(buffer, byteOffset, byteLength / 8);
  return (row) => values[row] ?? 0;
}
