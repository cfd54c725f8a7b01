/**
 * How far a load is, on the terminal: a bar where the size of what is read is known, counters where it is not. Written
 * to standard error, so that rows can go to a pipe at the same time; nothing at all where nobody looks.
 */
import type { FillStatus } from '@parqueue/client';
import progress from 'cli-progress';
import type { Context } from '../context.ts';
import { spellBytes, spellCount } from './units.ts';

export interface FillProgress {
  readonly onWait: (fill: FillStatus) => void;
  /** Takes the bar away. */
  readonly end: () => void;
}

/** A total nobody knows yet. */
const UNKNOWN_TOTAL = 1;

export function fillProgress(context: Context, label: string): FillProgress {
  if (!context.interactive) return { onWait: () => {}, end: () => {} };
  const bar = new progress.SingleBar({
    format: `${label} {bar} {phase} {rows} rows {size}`,
    barCompleteChar: '█',
    barIncompleteChar: '░',
    barsize: 24,
    hideCursor: true,
    clearOnComplete: true,
    stream: process.stderr,
  });
  let started = false;
  return {
    onWait: ({ state, progress: seen }) => {
      const bytesTotal = seen?.bytesTotal ?? null;
      const total = bytesTotal ?? UNKNOWN_TOTAL;
      const done = bytesTotal === null ? 0 : Math.min(seen?.bytes ?? 0, bytesTotal);
      const shown = {
        phase: seen?.phase ?? state,
        rows: spellCount(seen?.rows ?? 0),
        size: spellBytes(seen?.bytes ?? 0),
      };
      if (!started) bar.start(total, done, shown);
      started = true;
      bar.setTotal(total);
      bar.update(done, shown);
    },
    end: () => {
      if (started) bar.stop();
    },
  };
}
