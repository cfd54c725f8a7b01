/**
 * Which rows statistics are gathered from: all where they are few enough, otherwise as many from places spread evenly
 * over the file. Bounded by rows, by cells and by what a row group takes in memory; the same rows each time.
 */
import { isParqueueError } from '../../model/errors.ts';
import { planConversion, type ConversionPlan } from '../conversion-plan.ts';
import type { ParquetFooter } from '../footer.ts';

export interface Sample {
  readonly plan: ConversionPlan;
  /** Why these are not all rows: too many of them, or too large in memory. */
  readonly limited: 'rows' | 'memory' | null;
}

const ROWS_MAX = 500_000;
/** Rows of a wide file are fewer: a value takes about 0.2 µs, and 8 bytes until the end. */
const CELLS_MAX = 4_000_000;
const ROWS_MIN = 1_000;
const PLACES = 8;
/** A row group and a batch: statistics are looks, and looks stay small. */
const MEMORY_BYTES_MAX = 160 * 1024 * 1024;
const KEPT_BYTES_PER_CELL = 8;

export function sampleOf(footer: ParquetFooter): Sample {
  const columns = Math.max(1, footer.columns.length);
  const rowsMax = Math.max(ROWS_MIN, Math.min(ROWS_MAX, Math.floor(CELLS_MAX / columns)));
  const isWhole = footer.rows <= rowsMax;
  const plans = windowsOf(footer.rows, isWhole ? footer.rows : rowsMax).map((window) => planned(footer, window));
  const fitting = plans.filter((plan) => plan !== null);
  const windows = fitting.flatMap((plan) => plan.windows);
  const rows = fitting.reduce((sum, plan) => sum + plan.rows, 0);
  const memoryBytes = fitting.reduce((most, plan) => Math.max(most, plan.memoryBytes), 0);
  const all = footer.columns.map((_, at) => at);
  return {
    plan: {
      columns: all,
      batchColumns: all,
      leaves: null,
      windows,
      rows,
      memoryBytes: memoryBytes + KEPT_BYTES_PER_CELL * rows * columns,
    },
    limited: fitting.length < plans.length ? 'memory' : isWhole ? null : 'rows',
  };
}

interface Window {
  readonly offset: number;
  readonly limit: number;
}

/** The first rows and the last ones are always among them. */
function windowsOf(rows: number, wanted: number): readonly Window[] {
  if (wanted === rows) return [{ offset: 0, limit: rows }];
  const limit = Math.floor(wanted / PLACES);
  return Array.from({ length: PLACES }, (_, at) => ({
    offset: Math.floor(((rows - limit) * at) / (PLACES - 1)),
    limit,
  }));
}

/** @returns null for rows that would take too much memory */
function planned(footer: ParquetFooter, window: Window): ConversionPlan | null {
  try {
    const plan = planConversion(footer, { ...window, columns: null });
    return plan.memoryBytes <= MEMORY_BYTES_MAX ? plan : null;
  } catch (error) {
    if (isParqueueError(error) && error.code === 'PQ_LIMIT_EXCEEDED') return null;
    throw error;
  }
}
