/** Where the bytes of a row lie, for each of Arrow's layouts of texts and bytes. */
import { TYPE } from '../ipc/field.ts';
import type { Vector } from '../ipc/vector.ts';

/** After `seek`, the row's bytes are those of `source` from `start` to `end`. One object serves every row. */
export interface Spans {
  source: Uint8Array;
  start: number;
  end: number;
  seek(row: number): void;
}

const NOTHING = new Uint8Array(0);

/** A view of up to this many bytes holds them itself. */
const INLINE_BYTES_MAX = 12;

export function spansOf({ field, buffers }: Vector): Spans {
  const [first = NOTHING, data = NOTHING] = buffers;
  switch (field.type.id) {
    case TYPE.FixedSizeBinary:
      return new FixedSpans(first, field.type.width);
    case TYPE.Utf8View:
    case TYPE.BinaryView:
      return new ViewSpans(first, buffers.slice(1));
    default:
      return new OffsetSpans(offsetsOf(first, isLarge(field.type.id)), data);
  }
}

function isLarge(id: number): boolean {
  return id === TYPE.LargeUtf8 || id === TYPE.LargeBinary || id === TYPE.LargeList || id === TYPE.LargeListView;
}

/** Offsets of 64 bits become doubles: a batch is far below 2⁵³ bytes. */
export function offsetsOf({ buffer, byteOffset, byteLength }: Uint8Array, large: boolean): ArrayLike<number> {
  if (!large) return new Int32Array(buffer, byteOffset, byteLength >> 2);
  return Float64Array.from(new BigInt64Array(buffer, byteOffset, byteLength >> 3), Number);
}

class OffsetSpans implements Spans {
  readonly source: Uint8Array;
  start = 0;
  end = 0;
  readonly #offsets: ArrayLike<number>;

  constructor(offsets: ArrayLike<number>, source: Uint8Array) {
    this.#offsets = offsets;
    this.source = source;
  }

  seek(row: number): void {
    this.start = this.#offsets[row] ?? 0;
    this.end = this.#offsets[row + 1] ?? this.start;
  }
}

class FixedSpans implements Spans {
  readonly source: Uint8Array;
  start = 0;
  end = 0;
  readonly #width: number;

  constructor(source: Uint8Array, width: number) {
    this.source = source;
    this.#width = width;
  }

  seek(row: number): void {
    this.start = row * this.#width;
    this.end = this.start + this.#width;
  }
}

class ViewSpans implements Spans {
  source: Uint8Array = NOTHING;
  start = 0;
  end = 0;
  readonly #views: Uint8Array;
  readonly #words: Int32Array;
  readonly #data: readonly Uint8Array[];

  constructor(views: Uint8Array, data: readonly Uint8Array[]) {
    this.#views = views;
    this.#words = new Int32Array(views.buffer, views.byteOffset, views.byteLength >> 2);
    this.#data = data;
  }

  seek(row: number): void {
    const length = this.#words[4 * row] ?? 0;
    const isInline = length <= INLINE_BYTES_MAX;
    this.source = isInline ? this.#views : (this.#data[this.#words[4 * row + 2] ?? 0] ?? NOTHING);
    this.start = isInline ? 16 * row + 4 : (this.#words[4 * row + 3] ?? 0);
    this.end = this.start + length;
  }
}
