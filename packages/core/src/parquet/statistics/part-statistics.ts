/**
 * Statistics of the columns of a stored part: from its rows, or from a sample of them within bounds, and where that is a
 * sample, the ranges of all rows from the footer. Gathered batch by batch, as conversions read; in between, whoever
 * shares the thread has a turn.
 */
import type { BatchEncoder } from '../batch-encoder.ts';
import { openPart, type Conversion } from '../conversion.ts';
import type { ColumnChunkFooter, ColumnRange, ParquetFooter } from '../footer.ts';
import { BatchSchema } from '../ipc/batch-schema.ts';
import { dictionariesOf, fieldsOf, TYPE, type Field } from '../ipc/field.ts';
import type { Message } from '../ipc/message.ts';
import { readBatch, type Dictionaries, type Vector } from '../ipc/vector.ts';
import type { Chunk } from '../text/sink.ts';
import { wholesOf } from '../text/values.ts';
import type { ColumnStatistics, Gatherer } from './column-statistics.ts';
import { gathererOf } from './other-values.ts';
import { sampleOf, type Sample } from './sample.ts';

/** Goes up when equal rows come to other statistics. */
export const STATISTICS_VERSION = 3;

export interface StatisticsWish {
  readonly path: string;
  /** What the manifest says of the part; a file of another size is not it. */
  readonly bytes: number;
  readonly format: 'statistics';
}

export interface PartStatistics {
  /** Of the file. */
  readonly rows: number;
  readonly rowGroups: number;
  readonly basis: {
    readonly kind: 'all' | 'sample';
    /** Rows looked at. */
    readonly rows: number;
    /** How many of the places of the sample they are from: time or memory may not do for all. null: all rows. */
    readonly places: number | null;
    readonly why: 'rows' | 'memory' | 'time' | null;
  };
  readonly columns: readonly ColumnStatistics[];
}

/** Looked at for no longer; what is under way is ended first, and every place has its share of it. */
const TIME_MAX_MS = 5_000;
const ROWS_HERE_MIN = 1_000;

const NOTHING = new Uint8Array(0);

/**
 * A conversion whose bytes are PartStatistics as JSON.
 * @param now milliseconds of any clock
 * @throws ParqueueError PQ_STORE_IO, PQ_UNSUPPORTED_TYPE
 */
export async function openStatistics(wish: StatisticsWish, now: () => number): Promise<Conversion> {
  return await openPart(wish, (schema, footer) => {
    const sample = sampleOf(footer);
    const fields = fieldsOf(schema.header);
    return { plan: sample.plan, encoder: new PartGatherer({ fields, footer, sample, now }) };
  });
}

interface GathererOptions {
  readonly fields: readonly Field[];
  readonly footer: ParquetFooter;
  readonly sample: Sample;
  readonly now: () => number;
}

class PartGatherer implements BatchEncoder {
  readonly #options: GathererOptions;
  readonly #batches: BatchSchema;
  readonly #columns: readonly { readonly gatherer: Gatherer; values: number }[];
  readonly #endsAt: number;
  #rows = 0;
  /** The place that is read, what was read of it, how many there were so far, and until when this one goes on. */
  #place = -1;
  #rowsHere = 0;
  #places = 0;
  #endsHereAt = 0;
  /** When the batch before was gathered; null: there was none here. */
  #batchEndedAt: number | null = null;
  /** What the first place that ran out of time came to: others have no more, so that each counts alike. */
  #rowsPerPlace = Number.POSITIVE_INFINITY;

  constructor(options: GathererOptions) {
    const { fields, now } = options;
    this.#options = options;
    this.#batches = new BatchSchema(
      fields.map((_, at) => at),
      fields.map(({ name }) => name),
    );
    this.#columns = fields.map((field) => ({ gatherer: gathererOf(field), values: 0 }));
    this.#endsAt = now() + TIME_MAX_MS;
  }

  /** What time is left is shared by the places that are left. */
  begin(window: number): void {
    const { sample, now } = this.#options;
    const place = sample.places[window] ?? 0;
    if (place === this.#place) return;
    const left = (sample.places.at(-1) ?? 0) - place + 1;
    const nowMs = now();
    this.#place = place;
    this.#rowsHere = 0;
    this.#batchEndedAt = null;
    this.#endsHereAt = nowMs + (this.#endsAt - nowMs) / left;
  }

  /** Something of each place, unless its opening alone takes longer than there is for all. */
  get isContent(): boolean {
    if (this.#rowsHere === 0) return this.#rows > 0 && this.#options.now() >= this.#endsAt;
    return this.#rowsHere >= this.#rowsPerPlace;
  }

  /** Whether another batch like this one would take what is left for the places after this one. */
  #weigh(rows: number): void {
    const nowMs = this.#options.now();
    const tookMs = nowMs - (this.#batchEndedAt ?? nowMs);
    if (this.#rowsHere === 0 && rows > 0) this.#places += 1;
    this.#rows += rows;
    this.#rowsHere += rows;
    this.#batchEndedAt = nowMs;
    // A few are read to show how wide rows are: they say nothing of what a place takes.
    if (this.#rowsHere < ROWS_HERE_MIN) return;
    if (nowMs + tookMs >= this.#endsHereAt) this.#rowsPerPlace = Math.min(this.#rowsPerPlace, this.#rowsHere);
  }

  *batch(messages: readonly Message[]): Generator<Chunk, number, undefined> {
    const fields = this.#batches.fieldsOf(messages);
    const dictionaries: Dictionaries = new Map();
    const encoded = new Map(dictionariesOf(fields).map((field) => [field.dictionary?.id ?? 0, field]));
    let rows = 0;
    for (const message of messages) {
      const batch = readBatch(message, { fields, dictionaries, encoded });
      if (batch === null) continue;
      rows += batch.rows;
      for (const [at, vector] of batch.vectors.entries()) this.#add(at, vector, batch.rows);
    }
    this.#weigh(rows);
    // Nothing to be sent yet: a chunk all the same, after which others have their turn and a stop is heard.
    yield new Uint8Array(0);
    return rows;
  }

  #add(at: number, vector: Vector, rows: number): void {
    const column = this.#columns[at];
    if (column === undefined || vector.field.type.id === TYPE.Null) return;
    const { values, present } = plainOf(vector, rows);
    column.values += present.length;
    column.gatherer.add(values, present);
  }

  *end(): Generator<Chunk, void, undefined> {
    yield Uint8Array.from(Buffer.from(JSON.stringify(this.#statistics())));
  }

  #statistics(): PartStatistics {
    const { footer, sample } = this.#options;
    const limited = this.#rows < sample.plan.rows ? 'time' : sample.limited;
    const isWhole = this.#rows === footer.rows;
    const chunks = chunksByColumn(footer);
    return {
      rows: footer.rows,
      rowGroups: footer.rowGroups.length,
      basis: isWhole
        ? { kind: 'all', rows: this.#rows, places: null, why: null }
        : { kind: 'sample', rows: this.#rows, places: this.#places, why: limited },
      columns: footer.columns.map(({ name, type }, at) => {
        const { gatherer, values } = this.#columns[at] ?? { gatherer: null, values: 0 };
        const own = chunks[at] ?? [];
        const gathered = gatherer?.gathered(isWhole ? null : rangesOf(own)) ?? null;
        return {
          name,
          type,
          nested: /^(list|map|struct)</.test(type),
          bytes: own.reduce((sum, { bytes }) => sum + bytes, 0),
          nulls: this.#rows - values,
          values,
          ...gathered,
          ...(isWhole && gathered?.range !== null ? { range: 'all' as const } : {}),
        } as ColumnStatistics;
      }),
    };
  }
}

/** Without its dictionary: its rows with a value, as rows of the values themselves. */
function plainOf(vector: Vector, rows: number): { readonly values: Vector; readonly present: Uint32Array } {
  const present = new Uint32Array(rows);
  let count = 0;
  const { validity, dictionary, field } = vector;
  const indexes =
    field.dictionary === null || dictionary === null
      ? null
      : wholesOf(vector.buffers[0] ?? NOTHING, field.dictionary.index);
  for (let row = 0; row < rows; row += 1) {
    if (validity !== null && (((validity[row >> 3] ?? 0) >> (row & 7)) & 1) === 0) continue;
    const at = indexes === null ? row : (indexes[row] ?? 0);
    if (dictionary !== null && isNull(dictionary, at)) continue;
    present[count] = at;
    count += 1;
  }
  return { values: dictionary ?? vector, present: present.subarray(0, count) };
}

function isNull({ validity }: Vector, row: number): boolean {
  return validity !== null && (((validity[row >> 3] ?? 0) >> (row & 7)) & 1) === 0;
}

/** Of every row group; empty lists where the footer's leaves cannot be told apart by their columns. */
function chunksByColumn({ columns, rowGroups }: ParquetFooter): readonly (readonly ColumnChunkFooter[])[] {
  const all: ColumnChunkFooter[][] = columns.map(() => []);
  for (const { chunks } of rowGroups) {
    let column = -1;
    let inside: string | null = null;
    for (const chunk of chunks) {
      const [top = ''] = chunk.path;
      if (chunk.path.length === 1 || top !== inside) column += 1;
      inside = chunk.path.length === 1 ? null : top;
      if (columns[column]?.name !== top) return columns.map(() => []);
      all[column]?.push(chunk);
    }
  }
  return all;
}

/** @returns null where a row group with values has none, or the column has several leaves */
function rangesOf(chunks: readonly ColumnChunkFooter[]): readonly ColumnRange[] | null {
  const ranges: ColumnRange[] = [];
  for (const { range, nulls, values, path } of chunks) {
    if (path.length > 1) return null;
    if (range !== null) ranges.push(range);
    else if (nulls !== values) return null;
  }
  return ranges.length === 0 ? null : ranges;
}
