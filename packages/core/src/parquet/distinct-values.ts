/**
 * Which columns hardly repeat a value, judged by one batch. A dictionary of such a column outgrows its limit (1 MB) within
 * a row group, and until then every value was hashed, stored in it and numbered for nothing.
 *
 * Counted in one pass by linear counting (Whang et al., 1990): each value sets one bit of a map by its hash, and the share
 * of bits that stay clear tells how many different values there were. With four times as many bits as values the error
 * is below a percent. It depends on the values alone: equal batches are judged alike.
 */
import { DataType, type Data, type RecordBatch } from 'apache-arrow';

/** Fewer rows say little of those that follow, and cost little either way. */
const ROWS_MIN = 4096;
/**
 * Of the values that are not null. An eight-byte value costs two bytes as a number of a dictionary, and eight more when
 * it is the first of its kind: as much as without one where three of four are new.
 */
const DISTINCT_SHARE_MIN = 0.75;
const BITS_PER_VALUE = 4;
/** Of a text as much is looked at, from its end: beginnings are alike more often. */
const TEXT_BYTES_MAX = 64;

/** @returns their names, in the order of the schema; nested columns and Arrow's own dictionaries are never among them */
export function plainColumnsOf(batch: RecordBatch): readonly string[] {
  if (batch.numRows < ROWS_MIN) return [];
  return batch.schema.fields.flatMap(({ name }, at) => {
    const data = batch.data.children[at];
    return data !== undefined && hardlyRepeats(data) ? [name] : [];
  });
}

function hardlyRepeats(data: Data): boolean {
  const present = data.length - data.nullCount;
  if (present < ROWS_MIN) return false;
  const hashes = hashesOf(data);
  if (hashes === null) return false;
  const map = new Bits(present * BITS_PER_VALUE);
  for (let row = 0; row < data.length; row += 1) if (isPresent(data, row)) map.set(hashes(row));
  return map.distinct() >= present * DISTINCT_SHARE_MIN;
}

/** Bits by hash; a power of two of them. */
class Bits {
  readonly #words: Uint32Array;
  readonly #mask: number;
  #count = 0;

  constructor(bitsMin: number) {
    const bits = 2 ** Math.ceil(Math.log2(Math.max(32, bitsMin)));
    this.#words = new Uint32Array(bits / 32);
    this.#mask = bits - 1;
  }

  set(hash: number): void {
    const at = hash & this.#mask;
    const word = this.#words[at >>> 5] ?? 0;
    const bit = 1 << (at & 31);
    if ((word & bit) !== 0) return;
    this.#words[at >>> 5] = word | bit;
    this.#count += 1;
  }

  distinct(): number {
    const bits = this.#mask + 1;
    return -bits * Math.log1p(-this.#count / bits);
  }
}

function isPresent({ nullCount, nullBitmap, offset }: Data, row: number): boolean {
  if (nullCount === 0) return true;
  const at = offset + row;
  return ((nullBitmap[at >> 3] ?? 0) & (1 << (at & 7))) !== 0;
}

/** Row → hash of its value; null for types that are not judged. */
function hashesOf(data: Data): ((row: number) => number) | null {
  const { type } = data;
  if (DataType.isUtf8(type) || DataType.isBinary(type)) return textHashes(data);
  const isFixed =
    DataType.isInt(type)
    || DataType.isFloat(type)
    || DataType.isDecimal(type)
    || DataType.isDate(type)
    || DataType.isTimestamp(type);
  return isFixed ? fixedHashes(data) : null;
}

function textHashes({ values, valueOffsets }: Data): (row: number) => number {
  const bytes = values as Uint8Array;
  return (row) => {
    const from = valueOffsets[row] ?? 0;
    const end = valueOffsets[row + 1] ?? 0;
    let hash = end - from;
    for (let at = Math.max(from, end - TEXT_BYTES_MAX); at < end; at += 1) hash = mixed(hash, bytes[at] ?? 0);
    return finished(hash);
  };
}

/** Of one, two or four words each. */
function fixedHashes({ values, stride }: Data): ((row: number) => number) | null {
  const array = values as Int32Array;
  const bytesPerValue = array.BYTES_PER_ELEMENT * stride;
  if (bytesPerValue % 4 !== 0 || array.byteOffset % 4 !== 0) return null;
  const words = new Int32Array(array.buffer, array.byteOffset, array.byteLength >> 2);
  const each = bytesPerValue >> 2;
  return (row) => {
    let hash = each;
    for (let at = row * each; at < (row + 1) * each; at += 1) hash = mixed(hash, words[at] ?? 0);
    return finished(hash);
  };
}

/** MurmurHash3's step and end, of 32 bits. */
function mixed(hash: number, word: number): number {
  let k = Math.imul(word, 0xcc9e2d51);
  k = Math.imul((k << 15) | (k >>> 17), 0x1b873593);
  const h = hash ^ k;
  return (Math.imul((h << 13) | (h >>> 19), 5) + 0xe6546b64) | 0;
}

function finished(hash: number): number {
  let h = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return h ^ (h >>> 16);
}
