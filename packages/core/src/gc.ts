/**
 * Garbage collection (I6). Removes generations that are retired, unpinned and past their grace, orphans that no fill
 * can commit any more, and staging directories whose fills are over. Nothing at all is removed until the epoch's
 * reconciliation is complete and one maximal pin and one grace have passed: before that, Redis may have forgotten
 * pins that readers still rely on.
 *
 * Order for one generation: leave in Redis (epoch, head, pins, grace and latest fence checked in one step; from then on
 * it cannot be pinned) → rename into trash → forget. A collector that dies in between is continued by the next one.
 */
import { writeHeadFile } from './head-file.ts';
import { SHARDS } from './model/cache-key.ts';
import { epochOf, type Tick } from './model/ticks.ts';
import type { RandomId } from './ports/clock.ts';
import type { Heads, Leases, Look, Retirement } from './ports/coordination.ts';
import type { OnStep } from './ports/steps.ts';
import type { KeyDirectories, KeyListing, StagingRef, StoreMarks } from './ports/store.ts';

export interface GcDeps {
  readonly heads: Heads;
  readonly leases: Leases;
  readonly retirement: Retirement;
  readonly directories: KeyDirectories;
  readonly marks: StoreMarks;
  readonly randomId: RandomId;
  readonly onStep: OnStep;
}

export interface GcOptions {
  readonly graceMs: number;
  /** Replaced generations kept beyond their grace, newest first; without it none is. */
  readonly keep?: Keep;
  /** The longest pin anybody can hold. */
  readonly pinMaxMs: number;
  /** Reports what would go, touches nothing. */
  readonly dryRun: boolean;
  readonly signal: AbortSignal;
}

export interface Keep {
  /** Generations of one entry, the head included. */
  readonly generations: number;
  /** Replaced longer ago than this, a generation goes although it is among them. */
  readonly maxAgeMs: number;
}

export interface GcReport {
  /** Why nothing was collected, or null. */
  readonly waitingFor: 'reconciliation' | 'pins-of-the-last-epoch' | null;
  readonly keys: number;
  readonly generations: number;
  readonly staging: number;
  readonly trash: number;
}

/** Long enough to move one staging directory; the lease is released right after. */
const SWEEP_LEASE_MS = 10_000;

export async function collectGarbage(deps: GcDeps, options: GcOptions): Promise<GcReport> {
  const report = { waitingFor: null, keys: 0, generations: 0, staging: 0, trash: 0 };
  const { epoch, waitingFor } = await gate(deps, options);
  if (waitingFor !== null) return { ...report, waitingFor };
  for (const shard of SHARDS) {
    for (const key of await deps.directories.keys(shard)) {
      options.signal.throwIfAborted();
      const collected = await collectKey(key, deps, { ...options, epoch });
      report.keys += 1;
      report.generations += collected.generations;
      report.staging += collected.staging;
    }
  }
  if (!options.dryRun) report.trash = await deps.directories.emptyTrash();
  return report;
}

async function gate(
  { retirement }: GcDeps,
  { graceMs, pinMaxMs }: GcOptions,
): Promise<{ readonly epoch: number; readonly waitingFor: GcReport['waitingFor'] }> {
  const { epoch, reconciledAtMs, nowMs } = await retirement.gate();
  if (reconciledAtMs === null) return { epoch, waitingFor: 'reconciliation' };
  return { epoch, waitingFor: nowMs < reconciledAtMs + pinMaxMs + graceMs ? 'pins-of-the-last-epoch' : null };
}

/** The epoch whose gate was found open. Another one may open while gc goes over the store; then nothing more goes. */
export type KeyGcOptions = GcOptions & { readonly epoch: number };

/** Exported for simulations, which collect one key at a time between other steps. */
export async function collectKey(
  key: string,
  deps: GcDeps,
  options: KeyGcOptions,
): Promise<{ readonly generations: number; readonly staging: number }> {
  const listing = await deps.directories.list(key);
  const look = await deps.heads.look({ key, scopes: [], probeTargets: [] }, null);
  const generations = await collectGenerations(key, { listing, look }, { deps, options });
  const staging = await sweepStaging(key, { listing, look }, { deps, options });
  return { generations, staging };
}

interface Seen {
  readonly listing: KeyListing;
  readonly look: Look;
}

interface Collector {
  readonly deps: GcDeps;
  readonly options: KeyGcOptions;
}

async function collectGenerations(key: string, { listing, look }: Seen, { deps, options }: Collector): Promise<number> {
  const { retirement, directories, marks, onStep } = deps;
  const others = listing.generations.filter((fence) => fence !== look.head?.fence).toSorted((a, b) => b - a);
  if (others.length === 0) return 0;
  if (options.dryRun) return others.filter((fence) => isSettled(fence, look)).length;
  await retirement.noteOrphans(key, others);
  const named = (await marks.readHead(key))?.fence;
  let removed = 0;
  for (const fence of others) {
    if (fence === named) {
      // Path readers may just have read this name: point them elsewhere first, and give them the grace again.
      // Where a purge left no head there is nowhere to point them.
      if ((await writeHeadFile({ key, scopes: [], probeTargets: [] }, deps)) !== null) {
        await retirement.restartGrace({ key, fence });
        continue;
      }
    }
    const graceMs = fence <= look.seen.purge ? options.graceMs : graceOf(others.indexOf(fence), options);
    if ((await retirement.retire({ key, fence }, { epoch: options.epoch, graceMs })) === 'refused') continue;
    await directories.moveToTrash({ key, fence });
    await retirement.removed({ key, fence });
    await onStep('generation-retired', { key, fence });
    removed += 1;
  }
  return removed;
}

/** How long a generation stays after it was replaced, by its place among those replaced (0: the latest). */
function graceOf(place: number, { graceMs, keep }: GcOptions): number {
  return keep !== undefined && place < keep.generations - 1 ? Math.max(graceMs, keep.maxAgeMs) : graceMs;
}

/** No fill with this fence can commit any more: a later one was granted, or its epoch is over. */
function isSettled(fence: Tick, look: Look): boolean {
  return fence < look.latestFence || epochOf(fence) < look.seen.epoch;
}

async function sweepStaging(key: string, { listing, look }: Seen, { deps, options }: Collector): Promise<number> {
  const over = listing.staging.filter((ref) => isSettled(ref.fence, look));
  const latest = listing.staging.find((ref) => !isSettled(ref.fence, look));
  if (options.dryRun) return over.length;
  for (const ref of over) await sweep(ref, deps);
  if (latest === undefined || look.lease !== null) return over.length;
  return over.length + (await fenceOutAndSweep(latest, deps));
}

async function sweep(ref: StagingRef, { directories, onStep }: GcDeps): Promise<void> {
  await directories.moveToTrash(ref);
  await onStep('staging-swept', { key: ref.key, fence: ref.fence, fillId: ref.fillId });
}

/**
 * The lease of the latest fill has expired, but its holder may only be slow and could still commit. Taking the lease
 * ourselves grants a later fence, which ends that possibility; then its staging directory can go.
 */
async function fenceOutAndSweep(ref: StagingRef, deps: GcDeps): Promise<number> {
  const claim = { key: ref.key, fillId: `gc-${deps.randomId()}`, holder: 'gc', ttlMs: SWEEP_LEASE_MS };
  const grant = await deps.leases.acquire(claim);
  if (grant.kind !== 'granted') return 0;
  try {
    await sweep(ref, deps);
  } finally {
    await deps.leases.release(claim, grant.fence);
  }
  return 1;
}
