/**
 * Invalidation. A soft mark lives in Redis only: losing it is harmless, since a lost memory leaves everything
 * unverified. Hard and purge marks must outlive Redis (I11):
 *   1. Redis marks the target with the next tick: effective at once;
 *   2. the store keeps the mark, durably;
 *   3. Redis is told again, under the same epoch. If the epoch is still open now, whoever opens the next one lists
 *      the store after this moment and sees the mark. If it is not, the whole is done again in the new epoch.
 * Only then is it acknowledged.
 */
import type { Tick } from './model/ticks.ts';
import type { Epochs } from './epoch.ts';
import type { InvalidateMode, MarkTarget, Ticks } from './ports/coordination.ts';
import type { StoreMarks } from './ports/store.ts';

export interface InvalidateDeps {
  readonly ticks: Ticks;
  readonly marks: StoreMarks;
  readonly epochs: Pick<Epochs, 'run'>;
}

/** @returns the tick of the mark: generations filled up to it are no longer fresh (soft), or not to be served. */
export function invalidate(
  target: MarkTarget,
  mode: InvalidateMode,
  deps: InvalidateDeps,
): Promise<{ readonly tick: Tick }> {
  const { ticks, marks, epochs } = deps;
  return epochs.run(async () => {
    const epoch = await ticks.epoch();
    const tick = await ticks.invalidate(target, mode);
    if (mode === 'soft') return { tick };
    const mark = { target, hard: tick, purge: mode === 'purge' ? tick : 0 };
    await marks.raiseMark(mark);
    await ticks.restoreMarks(epoch, [mark]);
    return { tick };
  });
}
