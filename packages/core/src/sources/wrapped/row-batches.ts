/**
 * What a wrapped function gave → one schema and Arrow batches of it, a piece at a time: rows as objects, an Arrow table,
 * batches, or an iterable of any of these. The application's event loop is given back after each slice of rows.
 */
import { isArrowRecordBatch, isArrowTable, RecordBatch, Table, type Schema } from 'apache-arrow';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { ParqueueError } from '../../model/errors.ts';
import { arrowSchema } from '../../parquet/column-type.ts';
import { BATCH_ROWS, RowAppender } from '../../parquet/row-appender.ts';
import { Interruptible } from './interruptible.ts';
import { ColumnsOfRows, declaredColumns, type RowColumn, type RowObject } from './row-columns.ts';

export interface Shaped {
  readonly schema: Schema;
  /** By column, for the manifest; what is not here has the Arrow type as its own. */
  readonly sourceTypes: ReadonlyMap<string, string>;
  readonly batches: AsyncIterable<RecordBatch>;
}

/** Rows of an iterable whose values tell the types of its columns; later ones must agree with them. */
const SAMPLE_ROWS = 16_384;

/** Between two looks at the clock. 1,024 rows of ten columns take about a millisecond. */
const SLICE_ROWS = 1_024;
/** The longest that rows are converted without giving the event loop back. */
const SLICE_MS = 8;

type Item = RowObject | RecordBatch;

/** @throws ParqueueError PQ_UNSUPPORTED_TYPE for what are no rows; whatever an iterable throws */
export async function shapeRows(
  given: unknown,
  columnTypes: Readonly<Record<string, string>>,
  signal: AbortSignal,
): Promise<Shaped> {
  const declared = declaredColumns(columnTypes);
  if (given instanceof Table) return arrowBatches(given.schema, given.batches, declared);
  if (given instanceof RecordBatch) return arrowBatches(given.schema, [given], declared);
  refuseForeign(given);
  const whole = Array.isArray(given) && !(given[0] instanceof Table);
  // A copy, since the application may go on with its array.
  const items = whole ? [...(given as readonly unknown[])].values() : flattened(iteratorOf(given), signal);
  const sample: RowObject[] = [];
  const seen = new ColumnsOfRows(declared);
  const slices = new Slices(signal);
  let ended = false;
  while (whole || sample.length < SAMPLE_ROWS) {
    const step = items.next();
    // No promise for each of the millions of rows that an array may have.
    const next = step instanceof Promise ? await step : step;
    if (next.done === true) {
      ended = true;
      break;
    }
    const item = itemOf(next.value, sample.length);
    if (item instanceof RecordBatch) {
      if (sample.length > 0) throw mixed();
      return arrowBatches(item.schema, chained([item], items), declared);
    }
    // An iterable may fill one object again and again; what an array holds is there at once.
    const row = whole ? item : { ...item };
    seen.see(row);
    sample.push(row);
    if (slices.isOver(sample.length)) await slices.next();
  }
  const columns = seen.columns();
  return {
    schema: arrowSchema(columns),
    sourceTypes: new Map(columns.map(({ name, sourceType }) => [name, sourceType])),
    batches: batchesOfRows(columns, { rows: sample, rest: ended ? null : items, signal }),
  };
}

function arrowBatches(
  schema: Schema,
  batches: Iterable<unknown> | AsyncIterable<unknown>,
  declared: readonly RowColumn[],
): Shaped {
  if (declared.length > 0) {
    throw new ParqueueError(
      'PQ_UNSUPPORTED_TYPE',
      'the wrapped function gave Arrow data, which has types of its own: leave `columns` out, or give rows as objects',
    );
  }
  return { schema, sourceTypes: new Map(), batches: ofSchema(schema, batches) };
}

async function* ofSchema(
  schema: Schema,
  batches: Iterable<unknown> | AsyncIterable<unknown>,
): AsyncGenerator<RecordBatch, void, undefined> {
  const wanted = shapeOf(schema);
  for await (const batch of batches) {
    if (!(batch instanceof RecordBatch)) throw mixed();
    if (batch.schema !== schema && shapeOf(batch.schema) !== wanted) {
      throw new ParqueueError(
        'PQ_UNSUPPORTED_TYPE',
        `a batch has the columns ${shapeOf(batch.schema)}, the first one has ${wanted}`,
      );
    }
    yield batch;
  }
}

function shapeOf(schema: Schema): string {
  return schema.fields
    .map(({ name, type, nullable }) => `${name} ${String(type)}${nullable ? '' : ' not null'}`)
    .join(', ');
}

interface RowFlow {
  readonly rows: readonly RowObject[];
  readonly rest: Iterator<unknown> | AsyncIterator<unknown> | null;
  readonly signal: AbortSignal;
}

async function* batchesOfRows(
  columns: readonly RowColumn[],
  { rows, rest, signal }: RowFlow,
): AsyncGenerator<RecordBatch, void, undefined> {
  const small = rest === null && rows.length * Math.max(1, columns.length) < BATCH_ROWS;
  const appender = small ? new RowAppender(columns, { batchRows: Math.max(1, rows.length) }) : new RowAppender(columns);
  const places = new Map(columns.map(({ name }, place) => [name, place]));
  const cells: unknown[] = Array.from({ length: columns.length }, () => null);
  const slices = new Slices(signal);
  let at = 0;
  const append = (item: unknown): RecordBatch | null => {
    fillCells(cells, itemOf(item, at), places, at);
    appender.append(cells);
    at += 1;
    return appender.full ? appender.take() : null;
  };
  // What is there already is gone through without a promise for each row.
  for (const row of rows) {
    const batch = append(row);
    if (batch !== null) yield batch;
    if (slices.isOver(at)) await slices.next();
  }
  for await (const item of chained([], rest)) {
    const batch = append(item);
    if (batch !== null) yield batch;
    if (slices.isOver(at)) await slices.next();
  }
  const last = appender.take();
  if (last !== null) yield last;
}

class Slices {
  readonly #signal: AbortSignal;
  #beganMs = performance.now();

  constructor(signal: AbortSignal) {
    this.#signal = signal;
  }

  isOver(rows: number): boolean {
    return rows % SLICE_ROWS === 0 && performance.now() - this.#beganMs > SLICE_MS;
  }

  async next(): Promise<void> {
    this.#signal.throwIfAborted();
    await nextTurn();
    this.#beganMs = performance.now();
  }
}

function fillCells(cells: unknown[], row: Item, places: ReadonlyMap<string, number>, at: number): void {
  if (row instanceof RecordBatch) throw mixed();
  cells.fill(null);
  for (const [name, value] of Object.entries(row)) {
    const place = places.get(name);
    if (place !== undefined) cells[place] = value;
    else if (value !== null && value !== undefined) {
      throw new ParqueueError(
        'PQ_UNSUPPORTED_TYPE',
        `row ${at + 1} has a column ${name} that none of the first ${SAMPLE_ROWS} rows has: declare it in \`columns\``,
        { details: { column: name, row: at + 1 } },
      );
    }
  }
}

function itemOf(value: unknown, at: number): Item {
  if (value instanceof RecordBatch) return value;
  refuseForeign(value);
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as RowObject;
  throw new ParqueueError(
    'PQ_UNSUPPORTED_TYPE',
    `row ${at + 1} is no object: a wrapped function gives objects with a member for each column, or Arrow data`,
  );
}

/** Data of another copy of apache-arrow would pass for rows, and lose its types. */
function refuseForeign(value: unknown): void {
  if (!isArrowTable(value) && !isArrowRecordBatch(value)) return;
  if (value instanceof Table || value instanceof RecordBatch) return;
  throw new ParqueueError(
    'PQ_UNSUPPORTED_TYPE',
    'the wrapped function gave data of another copy of apache-arrow: have one copy in the application (npm dedupe), or give rows as objects',
  );
}

function iteratorOf(given: unknown): Iterator<unknown> | AsyncIterator<unknown> {
  if (typeof given === 'object' && given !== null) {
    if (Symbol.asyncIterator in given) return (given as AsyncIterable<unknown>)[Symbol.asyncIterator]();
    if (Symbol.iterator in given) return (given as Iterable<unknown>)[Symbol.iterator]();
  }
  throw new ParqueueError(
    'PQ_UNSUPPORTED_TYPE',
    'the wrapped function gave no rows: it has to give an array of objects, an Arrow table or batches of this '
      + 'apache-arrow, or an iterable of objects or batches',
  );
}

/** Tables among the items become their batches. An iterable that never looks at its signal is left where it is. */
async function* flattened(
  items: Iterator<unknown> | AsyncIterator<unknown>,
  signal: AbortSignal,
): AsyncGenerator<unknown, void, undefined> {
  using steps = new Interruptible(signal);
  let running = true;
  try {
    for (;;) {
      const next = await steps.wait(items.next());
      if (next.done === true) break;
      if (next.value instanceof Table) yield* next.value.batches;
      else yield next.value;
    }
    running = false;
  } finally {
    if (running) void Promise.resolve(items.return?.()).catch(() => undefined);
  }
}

async function* chained(
  first: readonly unknown[],
  rest: Iterator<unknown> | AsyncIterator<unknown> | null,
): AsyncGenerator<unknown, void, undefined> {
  yield* first;
  if (rest === null) return;
  let ended = false;
  try {
    for (let next = await rest.next(); next.done !== true; next = await rest.next()) yield next.value;
    ended = true;
  } finally {
    if (!ended) await rest.return?.();
  }
}

function mixed(): ParqueueError {
  return new ParqueueError('PQ_UNSUPPORTED_TYPE', 'the wrapped function gave rows and Arrow batches in one result');
}
