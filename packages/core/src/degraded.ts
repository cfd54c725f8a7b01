/**
 * Answers while Redis cannot be used, from the store alone (I11, I12, I13). Redis away is an error like a source away, so
 * the same window decides: a dataset without `staleIfError` is not answered, nor is a caller who wants proof.
 *
 *   policy allows age ─▶ which generation: head.json, or a later one this process was told of by Redis ─▶ its files whole
 *       ─▶ marks on the store, listed after the caller asked ─▶ age by the clock of Redis ─▶ answer, marked stale
 *
 * Why `maxAge` alone is not enough. A soft mark lives in Redis only:
 *   1. an operator marks the dataset softly through another process, which still reaches Redis; it is acknowledged
 *   2. this process, cut off, is asked; the head it knows was verified a second ago, and maxAge is an hour
 * Whoever declared only `maxAge` was promised that a marked head is verified before it is used; `staleIfError` tolerates it.
 *
 * Hard and purge marks are durable on the store before they are acknowledged. So a listing that begins after the caller
 * asked has all that the caller can know of, whoever made them in whichever epoch; and ticks only grow, so that the
 * epoch in which a fence or a mark was issued does not matter. The marks of a view come from its tables too, as the manifest
 * tells them: what a view takes over from its tables when it becomes known is in Redis only.
 *
 * Nothing is pinned. What head.json names is safe from gc for a grace from now on: gc, which may go on elsewhere, rewrites
 * head.json first and starts the grace again. What is gone all the same is refused, or breaks off visibly.
 */
import type { FreshnessPolicy } from './model/freshness.ts';
import type { Manifest } from './model/manifest.ts';
import { readsOf } from './model/parts.ts';
import type { ResolvedRequest } from './model/request.ts';
import type { Tick } from './model/ticks.ts';
import type { GenerationReader, Inspection, StoreMarks } from './ports/store.ts';

/** A head as Redis last told it to this process. */
export interface ToldHead {
  readonly fence: Tick;
  readonly verifiedAtMs: number;
  readonly committedAtMs: number;
}

export interface DegradedDeps {
  readonly marks: Pick<StoreMarks, 'readHead' | 'readMarks'>;
  readonly reader: Pick<GenerationReader, 'inspect'>;
}

/** As declared, and as this caller narrowed it. */
export interface DegradedPolicy {
  readonly declared: FreshnessPolicy;
  readonly policy: FreshnessPolicy;
}

/** The newest generation that the store and this process know of, and what the store has against it. */
export interface StoreLook {
  readonly found: Inspection;
  /** As Redis told of that generation; null where it never did. */
  readonly told: ToldHead | null;
  /** Latest marks of the key, its scopes and the tables behind its views. */
  readonly hard: Tick;
  readonly purge: Tick;
}

export interface DegradedAnswer {
  readonly kind: 'answer';
  readonly manifest: Manifest;
  readonly verifiedAtMs: number;
  readonly committedAtMs: number;
  readonly ageMs: number;
}

/** Why there is no answer. forbidden: a hard or purge mark. */
export type DegradedRefusal = 'policy' | 'nothing' | 'damaged' | 'forbidden' | 'too-old';

export type Degraded = DegradedAnswer | { readonly kind: 'refused'; readonly why: DegradedRefusal };

/**
 * How old an answer may be for this caller while Redis is away; 0: there is none, and the store need not be looked at. A policy
 * may be looser than the declared one: for ranges, and for who tolerates what staleWhileRevalidate allows.
 */
export function degradedAgeMaxMs({ declared, policy }: DegradedPolicy): number {
  if (declared.staleIfErrorMs === 0) return 0;
  return Math.min(policy.maxAgeMs + policy.staleIfErrorMs, declared.maxAgeMs + declared.staleIfErrorMs);
}

/** @throws ParqueueError PQ_STORE_IO */
export async function lookOnStore(
  { key, scopes }: Pick<ResolvedRequest, 'key' | 'scopes'>,
  told: ToldHead | null,
  deps: DegradedDeps,
): Promise<StoreLook> {
  const found = await newestOnStore(key, told, deps);
  if (found.kind !== 'whole') return { found, told: null, hard: 0, purge: 0 };
  const marks = await marksAgainst({ key, scopes, manifest: found.manifest }, deps);
  return { found, told: told?.fence === found.manifest.fence ? told : null, ...marks };
}

/** @param redisNowMs by the clock of Redis, as this process reckons it: rather ahead than behind */
export function decideDegraded(look: StoreLook, wanted: DegradedPolicy, redisNowMs: number): Degraded {
  const ageMaxMs = degradedAgeMaxMs(wanted);
  if (ageMaxMs === 0) return refused('policy');
  const { found, told, hard } = look;
  if (found.kind !== 'whole') return refused(found.kind === 'absent' ? 'nothing' : 'damaged');
  const { manifest } = found;
  if (manifest.fence <= hard) return refused('forbidden');
  // head.json is a hint without a digest: when the load began, the manifest tells.
  const verifiedAtMs = told?.verifiedAtMs ?? manifest.startedAtMs;
  const ageMs = Math.max(0, redisNowMs - verifiedAtMs);
  if (ageMs > ageMaxMs) return refused('too-old');
  // As a comparison with the store tells Redis. Not sealedAtMs, which is by the clock of the host that wrote it.
  const committedAtMs = told?.committedAtMs ?? manifest.startedAtMs;
  return { kind: 'answer', manifest, verifiedAtMs, committedAtMs, ageMs };
}

/** The latest marks that concern the generation, as the store has them now. */
export async function marksAgainst(
  { key, scopes, manifest }: { readonly key: string; readonly scopes: readonly string[]; readonly manifest: Manifest },
  { marks }: Pick<DegradedDeps, 'marks'>,
): Promise<{ readonly hard: Tick; readonly purge: Tick }> {
  const behind = Object.values(readsOf(manifest)).flat();
  const found = await marks.readMarks([
    ...new Set([`key:${key}`, ...scopes, ...behind.map((table) => `table:${table}`)]),
  ]);
  return {
    hard: Math.max(0, ...found.map(({ hard }) => hard)),
    purge: Math.max(0, ...found.map(({ purge }) => purge)),
  };
}

/**
 * head.json may lag behind Redis, whose commit came just before it went away, and what this process was told may lag behind
 * head.json: the later one, so that nobody is shown less than before. What is gone by now was replaced; what is damaged
 * cannot be loaded again, and nothing older takes its place.
 */
async function newestOnStore(key: string, told: ToldHead | null, { marks, reader }: DegradedDeps): Promise<Inspection> {
  const named = await marks.readHead(key);
  const fences = [...new Set([named?.fence, told?.fence])].filter((fence) => fence !== undefined);
  for (const fence of fences.toSorted((a, b) => b - a)) {
    const inspection = await reader.inspect(key, fence);
    if (inspection.kind !== 'absent') return inspection;
  }
  return { kind: 'absent' };
}

function refused(why: DegradedRefusal): Degraded {
  return { kind: 'refused', why };
}
