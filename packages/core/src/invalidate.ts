/**
 * Invalidation. A soft mark lives in Redis only: losing it is harmless, since a lost memory leaves everything
 * unverified. Hard and purge marks must outlive Redis (I11):
 *   1. Redis marks the target with the next tick: effective at once;
 *   2. the store keeps the mark, durably;
 *   3. Redis is told again, under the same epoch. If the epoch is still open now, whoever opens the next one lists
 *      the store after this moment and sees the mark. If it is not, the whole is done again in the new epoch.
 * Only then is it acknowledged.
 *
 * A table is marked together with every view and synonym known to read it, each with a tick of its own. They are read
 * after the table was marked: a reader that becomes known later takes over the mark it finds (ports/parts.ts).
 */
import type { Tick } from './model/ticks.ts';
import type { Epochs } from './epoch.ts';
import type { InvalidateMode, MarkTarget, Ticks } from './ports/coordination.ts';
import { TOO_MANY_READERS, type Parts } from './ports/parts.ts';
import type { StoreMarks } from './ports/store.ts';

export interface InvalidateDeps {
  readonly ticks: Ticks;
  readonly parts: Pick<Parts, 'readers'>;
  readonly marks: StoreMarks;
  readonly epochs: Pick<Epochs, 'run'>;
}

export interface Invalidation {
  /** Of the target's mark: generations filled up to it are no longer fresh (soft), or not to be served. */
  readonly tick: Tick;
  /** What else was marked, because it reads the target. */
  readonly reached: readonly MarkTarget[];
}

export function invalidate(target: MarkTarget, mode: InvalidateMode, deps: InvalidateDeps): Promise<Invalidation> {
  const { ticks, marks, epochs } = deps;
  return epochs.run(async () => {
    const epoch = await ticks.epoch();
    const tick = await ticks.invalidate(target, mode);
    const reached = await readersOf(target, deps);
    const all = [{ target, tick }];
    for (const reader of reached) all.push({ target: reader, tick: await ticks.invalidate(reader, mode) });
    if (mode === 'soft') return { tick, reached };
    const durable = all.map((mark) => ({
      target: mark.target,
      hard: mark.tick,
      purge: mode === 'purge' ? mark.tick : 0,
    }));
    for (const mark of durable) await marks.raiseMark(mark);
    await ticks.restoreMarks(epoch, durable);
    return { tick, reached };
  });
}

async function readersOf(target: MarkTarget, { parts }: InvalidateDeps): Promise<readonly MarkTarget[]> {
  const [, source, table] = /^table:([^/]+)\/(.+)$/.exec(target) ?? [];
  if (source === undefined || table === undefined) return [];
  const readers = await parts.readers(`${source}/${table}`);
  if (readers.includes(TOO_MANY_READERS)) return [`source:${source}`];
  return readers.toSorted().map((name) => `table:${name}`);
}
