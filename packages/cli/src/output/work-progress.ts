/** How far a walk over the store is, on the terminal: a bar on standard error, gone before results are written. */
import progress from 'cli-progress';
import type { Context } from '../context.ts';

export interface WorkProgress extends Disposable {
  readonly tell: (done: number, total: number, text: string) => void;
  /** As far as before, with another text. */
  readonly tellText: (text: string) => void;
}

const NOTHING: WorkProgress = { tell: () => undefined, tellText: () => undefined, [Symbol.dispose]: () => undefined };

export function workProgress(context: Context, label: string): WorkProgress {
  if (!context.interactive) return NOTHING;
  const bar = new progress.SingleBar({
    format: `${label} {bar} {percentage}% {text}`,
    barCompleteChar: '█',
    barIncompleteChar: '░',
    barsize: 24,
    hideCursor: true,
    clearOnComplete: true,
    stream: process.stderr,
  });
  let started = false;
  return {
    tell: (done, total, text) => {
      if (!started) bar.start(total, done, { text });
      started = true;
      bar.setTotal(total);
      bar.update(done, { text });
    },
    tellText: (text) => {
      if (started) bar.update({ text });
    },
    [Symbol.dispose]: () => {
      if (started) bar.stop();
    },
  };
}
