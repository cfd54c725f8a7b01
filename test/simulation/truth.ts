/**
 * The judge: every answer against the source's true history, every head and every pin against the store, after each
 * step. Whoever lies is told by an exception that names the invariant.
 */
import {
  epochOf,
  keptFromGuesses,
  type Answer,
  type DegradedAnswer,
  type FreshnessPolicy,
  type InvalidateMode,
  type Outcome,
  type Pin,
  type ResolvedRequest,
} from '@parqueue/core';
import type { MemoryDirectory } from '@parqueue/core/testing';
import { entryOf, versionOf } from './sim-requests.ts';
import { heldTogetherSince, type SimRows } from './sim-source.ts';
import type { Process, World } from './world.ts';

type KeyState = World['redis']['state']['keys'] extends Map<string, infer Known> ? Known : never;

/** An invalidation that was acknowledged, and when. */
export interface Mark {
  /** Keys whose rows it is about. */
  readonly keys: ReadonlySet<string>;
  readonly mode: InvalidateMode;
  readonly sentStep: number;
  readonly ackedStep: number;
  readonly tick: number;
}

/** The files of a head when it was first seen. */
interface Published {
  readonly manifestText: string | null;
  readonly content: unknown;
}

export class Truth {
  readonly marks: Mark[] = [];
  /** Bytes were made to rot: heads may go back, and rows may be none. */
  damaged = false;
  readonly #world: World;
  readonly #highest = new Map<string, number>();
  /** Staging directories that were there when an epoch was opened. */
  readonly #stagedBefore = new Map<number, readonly MemoryDirectory[]>();
  /** By key, then by fence. */
  readonly #published = new Map<string, Map<number, Published>>();
  readonly #shown = new Map<string, { readonly fence: number; readonly openedStep: number }>();
  readonly #heads = new Map<string, number | null>();
  readonly #kept = new Map<string, { readonly known: KeyState; readonly fence: number | null }>();
  #left: { readonly key: string; readonly fence: number; readonly untilMs: number }[] = [];
  /** When heads were looked at last. */
  #lookedMs = 0;
  #readings: { readonly api: Process; readonly pin: Pin }[] = [];

  constructor(world: World) {
    this.#world = world;
  }

  /** The answer against the true history: right entry, whole, not staler than the policy, above the marks it knew. */
  answered(
    answer: Answer,
    caller: {
      readonly request: ResolvedRequest;
      readonly policy: FreshnessPolicy;
      readonly asked: { readonly step: number; readonly ms: number };
    },
  ): void {
    const world = this.#world;
    const { head, look } = answer;
    const { key, canonical } = caller.request;
    const rows = world.store.readPart(key, head.fence) as SimRows | null;
    if (rows === null) {
      // Without a pin a caller may come too late: it is gone because it is the head no more, and is looked at again.
      if (answer.pin === null && world.redis.state.keys.get(key)?.head?.fence !== head.fence) return;
      throw new Error(`I6: g${head.fence} was answered but is not on the store`);
    }
    if (typeof rows.contents !== 'object') {
      if (head.damaged === null) return; // damage that no reader has seen yet; the API inspects before it sends
      throw new Error('damaged rows were answered');
    }
    if (rows.entry !== entryOf(canonical)) throw new Error('I1: rows of another entry were answered');
    if (head.version !== versionOf(canonical, rows.contents))
      throw new Error('I2: the version is not that of the rows');
    const acked = this.marks.filter(({ ackedStep, keys }) => ackedStep <= caller.asked.step && keys.has(key));
    const marked = Math.max(0, ...acked.map(({ sentStep }) => sentStep));
    const { policy } = caller;
    const staleMs =
      answer.staleReason === null
        ? 0
        : answer.staleReason === 'staleIfError'
          ? policy.staleIfErrorMs
          : policy.staleWhileRevalidateMs;
    const allowedMs = policy.maxAgeMs + staleMs;
    const fresh = heldTogetherSince(world.things, rows.contents, { step: caller.asked.step, ms: 0 });
    const aged =
      allowedMs > 0
      && heldTogetherSince(world.things, rows.contents, {
        step: answer.staleReason === null ? marked : 0,
        ms: look.nowMs - allowedMs,
      });
    if (!fresh && !aged)
      throw new Error(
        `I13: content ${JSON.stringify(rows.contents)} was not current since the ask (${answer.cache}, ${JSON.stringify(policy)})`,
      );
    for (const { mode, tick } of acked) {
      if (mode !== 'soft' && head.fence <= tick)
        throw new Error(`I11: g${head.fence} was answered below the ${mode} mark ${tick}`);
    }
  }

  /** What was read without Redis: whole, not older than the policy, and above every mark that was acknowledged before. */
  readDegraded(
    { manifest }: DegradedAnswer,
    {
      request,
      policy,
      asked,
    }: {
      readonly request: ResolvedRequest;
      readonly policy: FreshnessPolicy;
      readonly asked: { readonly step: number };
    },
  ): void {
    const { store, things, scheduler } = this.#world;
    const { key, canonical } = request;
    const { fence } = manifest;
    const rows = store.readPart(key, fence) as SimRows | null;
    // Nothing is pinned: it may be gone by now, or rot that only a full check finds.
    if (rows === null || typeof rows.contents !== 'object') return;
    if (rows.entry !== entryOf(canonical)) throw new Error('I1: rows of another entry were read without Redis');
    if (manifest.version !== versionOf(canonical, rows.contents))
      throw new Error('I2: without Redis, the version is not that of the rows');
    const ms = scheduler.nowMs - policy.maxAgeMs - policy.staleIfErrorMs;
    if (!heldTogetherSince(things, rows.contents, { step: 0, ms }))
      throw new Error(`I13: g${fence} was read without Redis and is older than its policy`);
    for (const { mode, tick, keys, ackedStep } of this.marks) {
      if (mode !== 'soft' && keys.has(key) && ackedStep <= asked.step && fence <= tick)
        throw new Error(`I11: g${fence} was read without Redis below the ${mode} mark ${tick}`);
    }
  }

  /** A pinned generation stays readable until its pin ends (I6, I7): a purge forbids new pins only. */
  reading(api: Process, { pin }: Answer): void {
    if (pin !== null) this.#readings.push({ api, pin });
  }

  checkReadings(): void {
    const { store, scheduler } = this.#world;
    if (this.#readings.length === 0) return;
    this.#readings = this.#readings.filter(({ api, pin }) => !api.dead && scheduler.nowMs < pin.expiresAtMs);
    for (const { pin } of this.#readings)
      if (store.readPart(pin.key, pin.fence) === null) throw new Error(`I6: pinned g${pin.fence} was removed`);
  }

  /** What a job says of its work was so: callers, and whoever reads of the job, rely on it (I3). */
  told(key: string, outcome: Outcome): void {
    if (outcome.kind !== 'committed' && outcome.kind !== 'verified' && outcome.kind !== 'satisfied') return;
    const { marker } = this.#world.redis.state;
    // A Redis that forgot may have done so before anybody looked.
    const isOfThisEpoch = marker !== null && epochOf(outcome.fence) === marker.epoch;
    if (isOfThisEpoch && this.#published.get(key)?.has(outcome.fence) !== true)
      throw new Error(`I3: a job was told to be ${outcome.kind} by g${outcome.fence}, which never was the head`);
  }

  epochOpened(epoch: number): void {
    this.#stagedBefore.set(epoch, this.#world.store.allStaging());
  }

  /** What fills of before had staged when the epoch began is gone when their key has been compared with the store. */
  reconciled(key: string, epoch: number): void {
    const staged = new Set(this.#world.store.allStaging());
    const left = this.#stagedBefore.get(epoch)?.find((directory) => directory.key === key && staged.has(directory));
    if (left !== undefined) throw new Error(`staging of g${left.fence} outlived its epoch`);
  }

  committed(key: string, fence: number): void {
    this.#highest.set(key, Math.max(this.#highest.get(key) ?? 0, fence));
  }

  /** After every step: what Redis calls head is published, whole and never older than what was acknowledged (I3, I4, I11). */
  checkHeads(): void {
    const { state } = this.#world.redis;
    const hardOfScopes = latestHard(state.scopes.values());
    for (const [key, known] of state.keys) {
      const { head } = known;
      this.#checkKept(key, known);
      this.#noteLeft(known, key);
      if (head === null) continue;
      const current =
        state.marker !== null && state.marker.runId === state.runId && known.reconciled === state.marker.epoch;
      const files = this.#world.store.generation(key, head.fence);
      if (files === null) {
        // A memory of long ago names what was collected since. Nobody uses such a head before it was compared with the store.
        if (!current) continue;
        throw new Error(`I6: head g${head.fence} is not on the store`);
      }
      if (!files.sealed || files.manifestText === null)
        throw new Error(`I4: head g${head.fence} was committed before it was durable`);
      this.#checkUnchanged(files);
      if (files.fillId !== head.fillId) throw new Error(`I3: head g${head.fence} is of another fill than its files`);
      // A head at or below a hard mark is never answered, so it may be any.
      const hard = Math.max(known.hard, hardOfScopes);
      if (current && head.fence > hard) this.#checkOrder(key, head.fence, files.part?.content as SimRows);
      if (current && head.fence > hard && !this.damaged && head.fence < (this.#highest.get(key) ?? 0))
        throw new Error(`I3/I11: the head went back to g${head.fence}`);
      if (head.verified > state.clock) throw new Error('the head is verified by a tick that was never issued');
      if (epochOf(head.fence) > (state.marker?.epoch ?? Infinity)) throw new Error('a head of a future epoch');
    }
    this.#lookedMs = this.#world.scheduler.nowMs;
  }

  /** A head gives way to another one and to its eviction, which a purge is too, and is damaged where bytes are: no failure costs it (I12). */
  #checkKept(key: string, known: KeyState): void {
    const { head } = known;
    if (head !== null && head.damaged !== null && !this.damaged)
      throw new Error(`I12: g${head.fence} is called damaged, and nobody damaged it: ${head.damaged}`);
    const before = this.#kept.get(key);
    this.#kept.set(key, { known, fence: head?.fence ?? null });
    // Redis that forgot, or was put back, knows the key afresh.
    if (head !== null || before === undefined || before.known !== known || before.fence === null) return;
    if (known.evicted?.fence !== before.fence)
      throw new Error(`I12: g${before.fence} is the head no more, and nothing took its place`);
  }

  /** What is published stays as it was when it was first seen as a head (I5). */
  #checkUnchanged({ key, fence, manifestText, part }: MemoryDirectory): void {
    let published = this.#published.get(key);
    if (published === undefined) this.#published.set(key, (published = new Map<number, Published>()));
    const seen = published.get(fence);
    const content = part?.content;
    if (seen === undefined) published.set(fence, { manifestText, content });
    else if (!this.damaged && (seen.manifestText !== manifestText || seen.content !== content))
      throw new Error(`I5: the files of g${fence} were changed after they were published`);
  }

  /** What is no longer the head stays for a grace: who was told its name may be on the way to it (I6). */
  checkGraces(): void {
    const { store, scheduler } = this.#world;
    if (this.#left.length === 0) return;
    this.#left = this.#left.filter(({ untilMs }) => scheduler.nowMs < untilMs);
    for (const { key, fence } of this.#left)
      if (store.generation(key, fence) === null) throw new Error(`I6: g${fence} was removed in its grace`);
  }

  /**
   * It left at the time that Redis wrote down, where that is since the look before: what a step begins may end behind the look that
   * follows it, and the nemesis may let a lull pass before the next one.
   */
  #noteLeft({ head, retired }: KeyState, key: string): void {
    const fence = head?.fence ?? null;
    const before = this.#heads.get(key) ?? null;
    if (before === fence) return;
    this.#heads.set(key, fence);
    const { scheduler, rules } = this.#world;
    const toldMs = before === null ? undefined : retired.get(before)?.retiredAtMs;
    const leftMs = toldMs === undefined || toldMs < this.#lookedMs ? scheduler.nowMs : toldMs;
    const untilMs = leftMs + rules.graceMs;
    // What was gone before was a memory of Redis, put back.
    if (before !== null && this.#world.store.generation(key, before) !== null)
      this.#left.push({ key, fence: before, untilMs });
  }

  /** What is on the store stays within the quota, however many loads end at once (I9). */
  checkQuota(): void {
    const { store, rules } = this.#world;
    if (rules.quotaBytes === null) return;
    const bytes = store.allGenerations().reduce((sum, { part }) => sum + (part?.bytes ?? 0), 0);
    if (bytes > rules.quotaBytes) throw new Error(`I9: ${bytes} bytes are there under a quota of ${rules.quotaBytes}`);
  }

  /** Of loads whose size nobody knows heads go only as long as most of the quota is left to others (I9). */
  checkSpared(evictedBytes: number): void {
    const { redis, rules, collections } = this.#world;
    if (rules.quotaBytes === null || !collections.areAlone()) return;
    const heads = [...redis.state.keys.values()].reduce((sum, { head }) => sum + (head?.bytes ?? 0), 0);
    if (heads + evictedBytes <= keptFromGuesses(rules.quotaBytes))
      throw new Error(`I9: a head went although ${heads + evictedBytes} bytes of heads were left`);
  }

  /** Readers of one entry never see an older snapshot after a newer one, but for damage and purges. */
  #checkOrder(key: string, fence: number, rows: SimRows): void {
    const before = this.#shown.get(key);
    if (before?.fence === fence || typeof rows.openedStep !== 'number') return;
    this.#shown.set(key, { fence, openedStep: rows.openedStep });
    if (before === undefined || this.damaged || this.marks.some(({ mode }) => mode === 'purge')) return;
    if (rows.openedStep < before.openedStep)
      throw new Error(`I3: the head moved from a newer snapshot (g${before.fence}) to an older one (g${fence})`);
  }
}

function latestHard(marks: Iterable<{ readonly hard: number }>): number {
  let latest = 0;
  for (const { hard } of marks) latest = Math.max(latest, hard);
  return latest;
}
