/**
 * Carries out what gc-plan.ts says of one key (I6). Order for one generation: leave in Redis (epoch, head, pins and grace
 * checked in one step; from then on it cannot be pinned) → rename into trash → forget. A collector that dies
 * in between is continued by the next one: what has its leave is in `removing`, and is due.
 *
 * Between the leave and the rename a collector may stall, hence one schedule more:
 *   1. gc has its leave for g5, which was evicted, and stalls before the rename;
 *   2. Redis forgets; the next epoch finds g5 on disk, the newest whole generation, and makes it the head again;
 *   3. a reader pins g5; gc wakes up and renames it away.
 * The same comes of a g5 that was replaced where the head that hides it is damaged. So before the first leave is asked for,
 * what is to go is marked on the store as purged: what a later epoch finds on disk is then no head, and nobody pins it. The
 * leave itself is bound to the epoch in which the mark was written. What would be refused, being pinned, is not marked.
 */
import { writeHeadFile } from './head-file.ts';
import { planKey, type KeyPlan, type Removal } from './gc-plan.ts';
import type { EvictionReason, GcReason, StoreRules } from './model/retention.ts';
import type { Tick } from './model/ticks.ts';
import type { RandomId } from './ports/clock.ts';
import type { Heads, Leases, Retirement } from './ports/coordination.ts';
import type { Eviction, HeadToEvict, KeySurvey, Size, Usage } from './ports/retention.ts';
import type { OnStep } from './ports/steps.ts';
import type { KeyDirectories, StagingRef, StoreMarks, StoreSpace } from './ports/store.ts';

export interface GcDeps {
  readonly heads: Heads;
  readonly leases: Leases;
  readonly retirement: Retirement;
  readonly eviction: Eviction;
  readonly usage: Usage;
  readonly directories: KeyDirectories;
  readonly marks: StoreMarks;
  readonly space: StoreSpace;
  readonly randomId: RandomId;
  readonly onStep: OnStep;
}

/** One thing that goes, or in a dry run would go: a head is retired now, its files and all else are removed. */
export interface GcItem {
  readonly what: 'head' | 'generation' | 'staging';
  readonly key: string;
  readonly fence: Tick;
  readonly reason: GcReason;
  readonly bytes: number;
  readonly dataset: string | null;
}

export interface KeyGcOptions {
  readonly rules: StoreRules;
  /** The epoch whose gate was found open. Another one may open while gc goes over the store; then nothing more goes. */
  readonly epoch: number;
  /** Asks what would go, touches nothing. */
  readonly dryRun: boolean;
  /** For so long a key whose head was evicted is remembered as that; then nothing of it stays. */
  readonly evictedToldMs: number;
  readonly onItem: (item: GcItem) => void;
}

const NOWHERE = { scopes: [], probeTargets: [] } as const;

/** Long enough to move one staging directory; the lease is released right after. */
const SWEEP_LEASE_MS = 10_000;

/**
 * One key, seen afresh. Public for simulations, which collect one key at a time between other steps.
 * @returns what was due and has a grace once more, or null
 */
export async function collectKey(key: string, deps: GcDeps, options: KeyGcOptions): Promise<Tick | null> {
  const listing = await deps.directories.list(key);
  const { seen, plan } = await surveyKey(key, deps, { options, listing });
  if (!options.dryRun) await settle(seen, plan, deps);
  const { named } = await removeGenerations(seen, plan.due, { deps, options });
  for (const ref of plan.deadStaging) await sweep(ref, deps, options);
  if (plan.staleStaging !== null) await fenceOutAndSweep(plan.staleStaging, deps, options);
  if (plan.empty && !options.dryRun) await forget(key, deps, options);
  return named;
}

/**
 * A question whose first load fails leaves a record and a directory, as an entry does that went: whoever has many questions
 * could fill both. The record first: what was granted under it commits no more, so nothing that began before can come.
 */
async function forget(key: string, { eviction, directories }: GcDeps, options: KeyGcOptions): Promise<void> {
  const { epoch, evictedToldMs } = options;
  if ((await eviction.forget(key, { epoch, toldMs: evictedToldMs })) === 'forgotten')
    await directories.removeEmpty(key);
}

async function surveyKey(
  key: string,
  { eviction }: GcDeps,
  { options, listing }: { readonly options: KeyGcOptions; readonly listing: Parameters<typeof planKey>[1] },
): Promise<{ readonly seen: KeySurvey; readonly plan: KeyPlan }> {
  const { nowMs, keys } = await eviction.survey([key]);
  const [seen] = keys;
  if (seen === undefined) throw new Error('a survey tells of each key it was asked for');
  return { seen, plan: planKey(seen, listing, { ...options, nowMs }) };
}

/** What Redis does not know yet: orphans, a head that a purge ended, sizes. */
async function settle(seen: KeySurvey, plan: KeyPlan, deps: GcDeps): Promise<void> {
  const { retirement, usage, space } = deps;
  const { key, head } = seen;
  if (plan.orphans.length > 0 || plan.headPurged)
    await retirement.noteOrphans({ key, dataset: head?.dataset ?? null }, plan.orphans);
  if (plan.headPurged && head !== null) await pointElsewhere(key, head.fence, deps);
  if (!plan.uncounted && plan.orphans.length === 0) return;
  const found = new Map<Tick, Size>();
  const known = [...plan.orphans, ...seen.retired.map(({ fence }) => fence), ...seen.removing];
  for (const fence of seen.head === null ? known : [...known, seen.head.fence]) {
    // Whose it was, only its manifest tells; nearly always the dataset that fills the key now.
    if (!seen.sizes.has(fence))
      found.set(fence, { bytes: await space.generationBytes({ key, fence }), dataset: seen.head?.dataset ?? null });
  }
  await usage.measure(key, found);
}

/** @returns bytes of what went; what head.json named, which has its grace again */
export async function removeGenerations(
  seen: KeySurvey,
  removals: readonly Removal[],
  { deps, options }: { readonly deps: GcDeps; readonly options: KeyGcOptions },
): Promise<{ readonly bytes: number; readonly named: Tick | null }> {
  const { key } = seen;
  const { retirement, directories, onStep } = deps;
  const { epoch, dryRun } = options;
  if (removals.length === 0) return { bytes: 0, named: null };
  const named = await nameElsewhere(seen, removals, { deps, options });
  const leaving: Removal[] = [];
  for (const removal of removals) {
    const { fence, graceMs } = removal;
    if (fence === named) continue;
    if ((await retirement.retire({ key, fence }, { epoch, graceMs, dryRun: true })) === 'removable')
      leaving.push(removal);
  }
  if (!dryRun) await forbid(seen, leaving, deps);
  let bytes = 0;
  for (const { fence, reason, graceMs } of leaving) {
    const leave = dryRun ? 'removable' : await retirement.retire({ key, fence }, { epoch, graceMs, dryRun });
    if (leave === 'refused') continue;
    const size = seen.sizes.get(fence) ?? { bytes: 0, dataset: seen.head?.dataset ?? null };
    bytes += size.bytes;
    options.onItem({ what: 'generation', key, fence, reason, ...size });
    if (dryRun) continue;
    await directories.moveToTrash({ key, fence });
    await retirement.removed({ key, fence });
    await onStep('generation-retired', { key, fence, reason, bytes: size.bytes });
  }
  return { bytes, named };
}

/**
 * Path readers may just have read that head.json names what is to go: it is rewritten first, and what it named gets its
 * grace again. @returns that fence, or null
 */
async function nameElsewhere(
  { key, removing }: KeySurvey,
  removals: readonly Removal[],
  { deps, options }: { readonly deps: GcDeps; readonly options: KeyGcOptions },
): Promise<Tick | null> {
  const named = (await deps.marks.readHead(key))?.fence ?? null;
  // What has its leave can be pinned no more, and its files may be gone already: no grace would bring it back.
  if (named === null || removing.includes(named) || !removals.some(({ fence }) => fence === named)) return null;
  if (options.dryRun) return named;
  await pointElsewhere(key, named, deps);
  await deps.retirement.restartGrace({ key, fence: named });
  return named;
}

/**
 * head.json names the head, or nothing. Removing the name of what is no longer the head may meet a commit that has just
 * written its own; so Redis is looked at afterwards, and whoever is the head then is named.
 */
async function pointElsewhere(key: string, fence: Tick, deps: GcDeps): Promise<void> {
  if ((await writeHeadFile({ key, ...NOWHERE }, deps)) !== null) return;
  await deps.marks.clearHead(key, fence);
  await writeHeadFile({ key, ...NOWHERE }, deps);
}

/** Above: what goes is never found again by a later epoch. The head is, whatever else goes. */
async function forbid({ key, head }: KeySurvey, leaving: readonly Removal[], { marks }: GcDeps): Promise<void> {
  const below = head?.fence ?? Number.POSITIVE_INFINITY;
  const newest = Math.max(0, ...leaving.map(({ fence }) => fence).filter((fence) => fence < below));
  if (newest === 0 || ((await marks.readMark(key))?.purge ?? 0) >= newest) return;
  await marks.raiseMark({ target: `key:${key}`, hard: newest, purge: newest });
}

/** @returns whether it went: its grace has begun */
export async function evictHead(
  head: HeadToEvict & { readonly bytes: number },
  reason: EvictionReason,
  { deps, options }: { readonly deps: GcDeps; readonly options: KeyGcOptions },
): Promise<boolean> {
  const { key, fence, dataset, bytes } = head;
  const { epoch, dryRun } = options;
  if ((await deps.eviction.evict(head, { epoch, reason, dryRun })) === 'refused') return false;
  options.onItem({ what: 'head', key, fence, reason, bytes, dataset });
  if (dryRun) return true;
  await pointElsewhere(key, fence, deps);
  await deps.onStep('head-evicted', { key, fence, reason, bytes });
  return true;
}

async function sweep(ref: StagingRef, { directories, onStep }: GcDeps, options: KeyGcOptions): Promise<void> {
  const { key, fence, fillId } = ref;
  options.onItem({ what: 'staging', key, fence, reason: 'staging', bytes: 0, dataset: null });
  if (options.dryRun) return;
  await directories.moveToTrash(ref);
  await onStep('staging-swept', { key, fence, fillId });
}

/**
 * The lease of the latest fill has expired, but its holder may only be slow and could still commit. Taking the lease
 * ourselves grants a later fence, which ends that possibility; then its staging directory can go.
 */
async function fenceOutAndSweep(ref: StagingRef, deps: GcDeps, options: KeyGcOptions): Promise<void> {
  if (options.dryRun) return await sweep(ref, deps, options);
  const claim = { key: ref.key, fillId: `gc-${deps.randomId()}`, holder: 'gc', ttlMs: SWEEP_LEASE_MS, scopes: [] };
  const grant = await deps.leases.acquire(claim);
  if (grant.kind !== 'granted') return;
  try {
    await sweep(ref, deps, options);
  } finally {
    await deps.leases.release(claim, grant.fence);
  }
}
