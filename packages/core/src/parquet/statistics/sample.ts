/**
 * Which rows statistics are gathered from: all where they are few enough, otherwise as many from places spread evenly
 * over the file. Bounded by rows, by cells and by what a row group takes in memory; the same rows each time.
 *
 * Where time may end before the rows do, all rows are read as places too, and places come in an order in which the
 * first few are spread as all are: values of a sorted column are then of the whole column, however few there are.
 */
import { isParqueueError } from '../../model/errors.ts';
import { planConversion, type ConversionPlan, type RowWindow } from '../conversion-plan.ts';
import type { ParquetFooter } from '../footer.ts';

export interface Sample {
  readonly plan: ConversionPlan;
  /** Of each window of the plan which place it belongs to, counted in the order in which they are read. */
  readonly places: readonly number[];
  /** Why these are not all rows: too many of them, or too large in memory. */
  readonly limited: 'rows' | 'memory' | null;
}

const ROWS_MAX = 500_000;
/** Rows of a wide file are fewer: a value takes about 0.2 µs, and 8 bytes until the end. */
const CELLS_MAX = 4_000_000;
const ROWS_MIN = 1_000;
/** From begin to end, the ends first, then halves and halves of those. */
const PLACES = [0, 7, 3, 5, 1, 6, 2, 4] as const;
/** Of the last place its last rows come before the others: about a batch. */
const LAST_ROWS = 16_384;
/** So many are counted in about a second, and read in one go: for each place its row group is opened anew. */
const ONE_GO_CELLS_MAX = 1_000_000;
/** A row group and a batch: statistics are looks, and looks stay small. */
const MEMORY_BYTES_MAX = 160 * 1024 * 1024;
const KEPT_BYTES_PER_CELL = 8;

export function sampleOf(footer: ParquetFooter): Sample {
  const columns = Math.max(1, footer.columns.length);
  const rowsMax = Math.max(ROWS_MIN, Math.min(ROWS_MAX, Math.floor(CELLS_MAX / columns)));
  const isWhole = footer.rows <= rowsMax;
  const inOneGo = isWhole && footer.rows * columns <= ONE_GO_CELLS_MAX;
  const wanted = inOneGo
    ? [{ place: 0, offset: 0, limit: footer.rows }]
    : windowsOf(footer.rows, Math.min(footer.rows, rowsMax));
  const planned = wanted.map((window) => ({ place: window.place, plan: planOf(footer, window) }));
  const fitting = planned
    .flatMap(({ place, plan }) => (plan === null ? [] : [{ place, plan }]))
    // The first rows that are read show how wide rows are, for all of them.
    .map(({ place, plan }, at) => ({ place, plan, windows: at === 0 ? plan.windows : joined(plan.windows) }));
  const rows = fitting.reduce((sum, { plan }) => sum + plan.rows, 0);
  const memoryBytes = fitting.reduce((most, { plan }) => Math.max(most, plan.memoryBytes), 0);
  const all = footer.columns.map((_, at) => at);
  return {
    plan: {
      columns: all,
      batchColumns: all,
      leaves: null,
      windows: fitting.flatMap(({ windows }) => windows),
      rows,
      memoryBytes: memoryBytes + KEPT_BYTES_PER_CELL * rows * columns,
    },
    places: fitting.flatMap(({ place, windows }) => windows.map(() => place)),
    limited: fitting.length < planned.length ? 'memory' : isWhole ? null : 'rows',
  };
}

interface Window {
  /** Which of the places, in the order in which they are read. */
  readonly place: number;
  readonly offset: number;
  readonly limit: number;
}

/** The first rows and the last ones are always among them, and come first where they are. Places of all rows adjoin. */
function windowsOf(rows: number, wanted: number): readonly Window[] {
  const most = PLACES.length;
  const placeOf = (at: number): Omit<Window, 'place'> => {
    const [from, to] = [at, at + 1].map((edge) => Math.floor((rows * edge) / most));
    if (wanted === rows) return { offset: from ?? 0, limit: (to ?? 0) - (from ?? 0) };
    const limit = Math.floor(wanted / most);
    return { offset: Math.floor(((rows - limit) * at) / (most - 1)), limit };
  };
  return PLACES.flatMap((at, place) => {
    const { offset, limit } = placeOf(at);
    const last = at === most - 1 ? Math.min(LAST_ROWS, limit) : 0;
    const parts = [
      { offset: offset + limit - last, limit: last },
      { offset, limit: limit - last },
    ];
    return parts.filter((part) => part.limit > 0).map((part) => ({ place, ...part }));
  });
}

/** Those of one row group as one: to open it takes longer than to read most of it. */
function joined(windows: readonly RowWindow[]): readonly RowWindow[] {
  const result: RowWindow[] = [];
  for (const window of windows) {
    const before = result.at(-1);
    if (before?.group !== window.group) result.push(window);
    else result[result.length - 1] = { ...window, offset: before.offset, limit: before.limit + window.limit };
  }
  return result;
}

/** @returns null for rows that would take too much memory */
function planOf(footer: ParquetFooter, { offset, limit }: Window): ConversionPlan | null {
  try {
    const plan = planConversion(footer, { offset, limit, columns: null });
    return plan.memoryBytes <= MEMORY_BYTES_MAX ? plan : null;
  } catch (error) {
    if (isParqueueError(error) && error.code === 'PQ_LIMIT_EXCEEDED') return null;
    throw error;
  }
}
