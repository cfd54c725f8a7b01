/**
 * Invalidation. A soft mark lives in Redis only: losing it is harmless, since a lost memory leaves everything
 * unverified. Hard and purge marks must outlive Redis (I11):
 *   1. Redis marks the target with the next tick: effective at once;
 *   2. the store keeps the mark, durably;
 *   3. Redis is told again, under the same epoch. If the epoch is still open now, whoever opens the next one lists
 *      the store after this moment and sees the mark. If it is not, the whole is done again in the new epoch.
 * Only then is it acknowledged.
 *
 * A dataset is marked together with those that ask the same: an entry of theirs may have been loaded by any of them.
 *
 * A table is marked together with every view and synonym known to read it, each with a tick of its own. They are read
 * after the table was marked: a reader that becomes known later takes over the mark it finds (ports/parts.ts).
 *
 * A purge of a scope purges its entries one by one as well: pins and removal know the marks of keys only. They are read
 * after the scope was marked, when no fill that began before can commit any more. Such fills end with their next renewal.
 * Keys are marked with the tick of their scope, not with one of their own: thousands of marks take minutes, and what began
 * to load after the purge of the scope goes on meanwhile.
 */
import { epochOf, type Tick } from './model/ticks.ts';
import type { Epochs } from './epoch.ts';
import {
  datasetOf,
  entriesUnder,
  fillsUnder,
  keysWith,
  unknownUnder,
  type Marked,
  type PrefixedKey,
  type ReachDeps,
} from './invalidation-reach.ts';
import type { InvalidateMode, MarkTarget, Ticks } from './ports/coordination.ts';
import { TOO_MANY_READERS, type Parts } from './ports/parts.ts';
import type { StoreMarks } from './ports/store.ts';

export interface InvalidateDeps extends ReachDeps {
  readonly ticks: Ticks;
  readonly parts: Pick<Parts, 'readers'>;
  readonly marks: StoreMarks;
  readonly epochs: Pick<Epochs, 'run'>;
  /** Datasets that ask the same as this one, itself included; without it none does. */
  readonly alike?: (dataset: string) => readonly string[];
}

/** How much an invalidation concerned. */
export interface InvalidationCounts {
  /** Entries that had a head. */
  readonly entries: number;
  /** Fills under way that began before it: they satisfy nobody who asks after it, and a purge ends them. */
  readonly fills: number;
}

export interface Invalidation extends InvalidationCounts {
  /** Of the target's mark: generations filled up to it are no longer fresh (soft), or not to be served. */
  readonly tick: Tick;
  /** What else was marked, because it reads the target or asks the same. */
  readonly reached: readonly MarkTarget[];
}

/** Marks on the store are a file each; so many are written at a time. */
const KEYS_AT_ONCE = 8;

export function invalidate(target: MarkTarget, mode: InvalidateMode, deps: InvalidateDeps): Promise<Invalidation> {
  return deps.epochs.run(async () => {
    // A purged head is not shown any more, so a key is looked at before it is marked.
    const own = target.startsWith('key:') ? await entriesUnder([target], deps) : null;
    const before = await deps.leases.list();
    const tick = await deps.ticks.invalidate(target, mode);
    const reached = await reachedBy(target, deps);
    const marks: Marked[] = [{ target, tick }];
    for (const reader of reached) marks.push({ target: reader, tick: await deps.ticks.invalidate(reader, mode) });
    // A purge ends loads while it is being kept, and others may begin and end.
    const fills = fillsUnder(marks, [...before, ...(await deps.leases.list())]);
    await keep(marks, mode, deps);
    const last = Math.max(...marks.map((mark) => mark.tick));
    const purgesKeys = mode === 'purge' && own === null;
    const unknown = purgesKeys ? await unknownUnder([target, ...reached], deps) : [];
    const found = own ?? (await entriesUnder([target, ...reached], deps));
    // Also where the head is newer by now: earlier generations are purged by the mark of their key.
    if (purgesKeys) await purgeKeys([...new Set([...unknown, ...found.map(({ key }) => key)])], last, deps);
    const entries = new Set([...unknown, ...found.filter(({ fence }) => fence <= last).map(({ key }) => key)]).size;
    return { tick, reached, entries, fills: fills.length };
  });
}

export interface PrefixInvalidation extends InvalidationCounts {
  readonly marks: readonly Marked[];
}

/**
 * Marks the keys that begin with the prefix, one by one, those that are being filled for the first time included. A key
 * that comes into being later was filled after the call began, so nothing is owed to it.
 */
export function invalidatePrefix(
  prefix: string,
  mode: InvalidateMode,
  deps: InvalidateDeps & { readonly concerns: (key: PrefixedKey) => boolean },
): Promise<PrefixInvalidation> {
  return deps.epochs.run(async () => {
    const keys = (await keysWith(prefix, deps)).filter(deps.concerns);
    const marks = await markKeys(
      keys.map(({ key }) => key),
      mode,
      deps,
    );
    return {
      marks,
      entries: keys.filter(({ entry }) => entry).length,
      fills: keys.filter(({ fill }) => fill).length,
    };
  });
}

async function markKeys(
  keys: readonly string[],
  mode: InvalidateMode,
  deps: InvalidateDeps,
): Promise<readonly Marked[]> {
  const marks: Marked[] = [];
  for (let at = 0; at < keys.length; at += KEYS_AT_ONCE) {
    const some = keys.slice(at, at + KEYS_AT_ONCE).map(async (key): Promise<Marked> => {
      const target = `key:${key}`;
      const mark = { target, tick: await deps.ticks.invalidate(target, mode) };
      await keep([mark], mode, deps);
      return mark;
    });
    marks.push(...(await Promise.all(some)));
  }
  return marks;
}

/** Raise-only, so a key with a later mark of its own keeps it. */
async function purgeKeys(keys: readonly string[], tick: Tick, { ticks, marks }: InvalidateDeps): Promise<void> {
  const durable = keys.map((key) => ({ target: `key:${key}`, hard: tick, purge: tick }));
  await ticks.restoreMarks(epochOf(tick), durable);
  for (let at = 0; at < durable.length; at += KEYS_AT_ONCE)
    await Promise.all(durable.slice(at, at + KEYS_AT_ONCE).map((mark) => marks.raiseMark(mark)));
  await ticks.restoreMarks(epochOf(tick), durable);
}

/** Steps 2 and 3 above, for marks that Redis has. */
async function keep(marks: readonly Marked[], mode: InvalidateMode, deps: InvalidateDeps): Promise<void> {
  const [first] = marks;
  if (mode === 'soft' || first === undefined) return;
  const durable = marks.map(({ target, tick }) => ({ target, hard: tick, purge: mode === 'purge' ? tick : 0 }));
  for (const mark of durable) await deps.marks.raiseMark(mark);
  await deps.ticks.restoreMarks(epochOf(first.tick), durable);
}

async function reachedBy(target: MarkTarget, { parts, alike }: InvalidateDeps): Promise<readonly MarkTarget[]> {
  const dataset = datasetOf(target);
  if (dataset !== null)
    return (alike?.(dataset) ?? []).filter((other) => other !== dataset).map((other) => `dataset:${other}`);
  const [, source, table] = /^table:([^/]+)\/(.+)$/.exec(target) ?? [];
  if (source === undefined || table === undefined) return [];
  const readers = await parts.readers(`${source}/${table}`);
  if (readers.includes(TOO_MANY_READERS)) return [`source:${source}`];
  return readers.toSorted().map((name) => `table:${name}`);
}
