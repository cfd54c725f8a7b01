/**
 * Rebuilding heads from manifests when an epoch begins (I11). For each key, once per epoch, before anything is filled
 * under it:
 *   1. list the directory, and move staging directories of older epochs to trash: the next collection would, but none
 *      removes anything until the epoch's pause is over, and a store may be full of what was being loaded;
 *   2. take the newest whole generation of an older epoch above the not-before marks;
 *   3. learn which tables its views read, so that a mark of such a table is the view's before anything is served;
 *   4. apply it, raise-only, under the epoch in which it was listed.
 * Generations of the current epoch are left alone: only a commit settles them. What a fill of an older epoch publishes
 * after the listing is an orphan like any other (docs/adr/0042): its commit is refused, and gc takes it.
 */
import { describedBy } from './described-by.ts';
import { inTurns } from './in-turns.ts';
import { SHARDS } from './model/cache-key.ts';
import { epochOf, type Tick } from './model/ticks.ts';
import { readsOf } from './model/parts.ts';
import type { Manifest } from './model/manifest.ts';
import type { Mark, Reconciler, Retirement, Ticks } from './ports/coordination.ts';
import type { Parts } from './ports/parts.ts';
import type { OnStep } from './ports/steps.ts';
import type { GenerationReader, KeyDirectories } from './ports/store.ts';

export interface RebuildDeps {
  readonly reconciler: Reconciler;
  readonly ticks: Ticks;
  readonly parts: Pick<Parts, 'learn'>;
  readonly directories: KeyDirectories;
  readonly reader: GenerationReader;
  readonly onStep: OnStep;
}

/** @param told.wasSeen the key was listed a moment ago. @throws EpochLost when the epoch ended meanwhile: nothing was applied */
export async function reconcileKey(key: string, deps: RebuildDeps, { wasSeen = false } = {}): Promise<void> {
  const { reconciler, ticks, directories, onStep } = deps;
  const epoch = await ticks.epoch();
  const { staging, generations, mark } = await directories.listWithMark(key, { wasSeen });
  for (const ref of staging) {
    if (epochOf(ref.fence) < epoch) await directories.moveToTrash(ref);
  }
  const older = generations.filter((fence) => epochOf(fence) < epoch).toSorted((a, b) => b - a);
  const newest = await newestWhole(key, older, { mark, deps });
  const others = older.filter((fence) => fence !== newest?.fence);
  if (newest !== null) await learnReads(newest, deps);
  await reconciler.apply({ key, epoch, newest: newest === null ? null : describedBy(newest), others, mark });
  await onStep('key-reconciled', { key, epoch, fence: newest?.fence ?? null });
}

async function newestWhole(
  key: string,
  fences: readonly Tick[],
  { mark, deps }: { readonly mark: Mark | null; readonly deps: RebuildDeps },
): Promise<Manifest | null> {
  const notBefore = Math.max(mark?.hard ?? 0, mark?.purge ?? 0);
  for (const fence of fences) {
    if (fence <= notBefore) return null;
    const inspection = await deps.reader.inspect(key, fence);
    if (inspection.kind === 'whole') return inspection.manifest;
    if (inspection.kind === 'damaged')
      await deps.onStep('generation-damaged', { key, fence, reason: inspection.reason });
  }
  return null;
}

/** Called before the manifest's generation can become the head: in ports/parts.ts stands why. */
export async function learnReads(
  manifest: Pick<Manifest, 'source' | 'sourceDetails'>,
  { parts }: { readonly parts: Pick<Parts, 'learn'> },
): Promise<void> {
  for (const [name, tables] of Object.entries(readsOf(manifest))) await parts.learn(name, tables);
}

/** @returns how many shards are compared in this epoch, where that is not complete; null where it is */
export async function shardsOfUnfinishedPass({
  retirement,
  reconciler,
  ticks,
}: {
  readonly retirement: Pick<Retirement, 'gate'>;
  readonly reconciler: Pick<Reconciler, 'passPosition'>;
  readonly ticks: Pick<Ticks, 'epoch'>;
}): Promise<number | null> {
  if ((await retirement.gate()).reconciledAtMs !== null) return null;
  const position = await reconciler.passPosition(await ticks.epoch());
  return position === null ? 0 : SHARDS.indexOf(position) + 1;
}

/** Each is a dozen calls to the filesystem, one after the other: on NFS round trips. */
const KEYS_AT_ONCE = 8;

/**
 * The background pass over all keys of the store; resumable, since the last finished shard with keys is kept in Redis. When it
 * is complete, keys without a directory need no reconciliation, and gc may begin after its pause.
 */
export async function reconcilePass(
  deps: RebuildDeps,
  options: {
    readonly signal: AbortSignal;
    readonly keysAtOnce?: number;
    readonly onShard?: (done: number, total: number) => void;
  },
): Promise<void> {
  const { reconciler, ticks, directories, onStep } = deps;
  const epoch = await ticks.epoch();
  const position = await reconciler.passPosition(epoch);
  const shards = position === null ? SHARDS : SHARDS.slice(SHARDS.indexOf(position) + 1);
  for (const shard of shards) {
    const keys = await directories.keys(shard);
    await inTurns(keys, options.keysAtOnce ?? KEYS_AT_ONCE, async (key) => {
      options.signal.throwIfAborted();
      await reconcileKey(key, deps, { wasSeen: true });
    });
    // A shard without keys is listed again sooner than its end is told to Redis.
    if (keys.length > 0) await reconciler.savePassPosition(epoch, shard);
    options.onShard?.(SHARDS.indexOf(shard) + 1, SHARDS.length);
  }
  await reconciler.completePass(epoch);
  await onStep('reconciled', { epoch });
}
