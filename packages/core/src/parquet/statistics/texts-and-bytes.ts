/** Statistics of texts and binary values: the most frequent, the first and last in byte order, how long they are. */
import { createHash } from 'node:crypto';
import type { ColumnRange } from '../footer.ts';
import { TYPE, type Field } from '../ipc/field.ts';
import type { Vector } from '../ipc/vector.ts';
import { spansOf, type Spans } from '../text/spans.ts';
import { NOTHING_GATHERED, type Gathered, type Gatherer, type TopValue } from './column-statistics.ts';
import { FrequentValues } from './frequent-values.ts';
import { LengthsSeen } from './lengths-seen.ts';

/** What is shown of a value. Longer ones are told apart by their digest. */
const SHOWN_BYTES = 256;
/** A character has four bytes at most: whether the limit breaks one, the byte after it tells. */
const KEY_BYTES = SHOWN_BYTES + 4;
/** Different values counted in a column: with the keys of long ones below 10 MB. */
const COUNTERS_MAX = 10_000;
const TOP = 10;

const TEXTS: readonly number[] = [TYPE.Utf8, TYPE.LargeUtf8, TYPE.Utf8View];

export class TextsAndBytes implements Gatherer {
  readonly #isText: boolean;
  readonly #frequent = new FrequentValues(COUNTERS_MAX);
  readonly #lengths = new LengthsSeen('bytes');
  #min: Uint8Array | null = null;
  #max: Uint8Array | null = null;

  constructor({ type }: Field) {
    this.#isText = TEXTS.includes(type.id);
  }

  add(vector: Vector, rows: Uint32Array): void {
    const spans = spansOf(vector);
    for (const row of rows) {
      spans.seek(row);
      this.#add(spans);
    }
  }

  #add({ source, start, end }: Spans): void {
    this.#lengths.add(end - start);
    this.#frequent.add(keyOf(source, start, end));
    const { min, max } = { min: this.#min, max: this.#max };
    if (min === null || compared(source, start, end, min) < 0) this.#min = source.slice(start, end);
    if (max === null || compared(source, start, end, max) > 0) this.#max = source.slice(start, end);
  }

  gathered(ranges: readonly ColumnRange[] | null): Gathered {
    const [min, max] = [this.#min, this.#max];
    if (min === null || max === null) return { ...NOTHING_GATHERED, distinct: 0 };
    const all = ranges === null ? null : ofAll(ranges, { min, max });
    return {
      ...NOTHING_GATHERED,
      range: all === null ? 'looked-at' : 'all',
      min: this.#shown(all?.min ?? min).value,
      max: this.#shown(all?.max ?? max).value,
      distinct: this.#frequent.distinct,
      top: this.#frequent.top(TOP).map(([key, count]) => ({ ...this.#shown(Buffer.from(key, 'latin1')), count })),
      topExact: this.#frequent.isExact,
      lengths: this.#lengths.seen(),
    };
  }

  #shown(bytes: Uint8Array): Omit<TopValue, 'count'> {
    const cut = bytes.length > SHOWN_BYTES;
    const begins = cut ? bytes.subarray(0, this.#isText ? wholeCharacters(bytes) : SHOWN_BYTES) : bytes;
    return { value: Buffer.from(begins).toString(this.#isText ? 'utf8' : 'base64'), cut };
  }
}

/** A character a byte. A long value is its beginning and its digest: longer than any short one, so never taken for it. */
function keyOf(source: Uint8Array, start: number, end: number): string {
  const bytes = Buffer.from(source.buffer, source.byteOffset + start, end - start);
  if (bytes.length <= KEY_BYTES) return bytes.toString('latin1');
  const digest = createHash('sha256').update(bytes).digest('base64');
  return `${bytes.toString('latin1', 0, KEY_BYTES)}${digest}`;
}

/** Before the character that the limit would break. */
function wholeCharacters(bytes: Uint8Array): number {
  let end = SHOWN_BYTES;
  while (end > 0 && ((bytes[end] ?? 0) & 0xc0) === 0x80) end -= 1;
  return end;
}

function compared(source: Uint8Array, start: number, end: number, other: Uint8Array): number {
  const length = Math.min(end - start, other.length);
  for (let i = 0; i < length; i += 1) {
    const difference = (source[start + i] ?? 0) - (other[i] ?? 0);
    if (difference !== 0) return difference;
  }
  return end - start - other.length;
}

/** Writers may cut the ends of a range of long values; they are then beyond all values, and still hold them. */
function ofAll(
  ranges: readonly ColumnRange[],
  looked: { readonly min: Uint8Array; readonly max: Uint8Array },
): { readonly min: Uint8Array; readonly max: Uint8Array } | null {
  const mins = ranges.map(({ min }) => min).toSorted((a, b) => Buffer.compare(a, b));
  const maxs = ranges.map(({ max }) => max).toSorted((a, b) => Buffer.compare(a, b));
  const [min, max] = [mins[0], maxs.at(-1)];
  if (min === undefined || max === undefined) return null;
  return Buffer.compare(min, looked.min) <= 0 && Buffer.compare(max, looked.max) >= 0 ? { min, max } : null;
}
