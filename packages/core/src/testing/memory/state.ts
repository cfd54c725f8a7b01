/**
 * What Redis remembers, as plain data, and nothing else: the reference for the Lua scripts. Plain maps, sets and records,
 * so that `copyOf` is a snapshot and a simulation can lose Redis's last second by putting one back.
 */
import type { Head } from '../../model/generation.ts';
import type { Failure } from '../../model/errors.ts';
import type { EvictionReason } from '../../model/retention.ts';
import type { PartRecord, RunningProbe } from '../../ports/parts.ts';
import { EpochLost } from '../../ports/coordination.ts';
import type { Marker } from '../../ports/epochs.ts';
import type { Size } from '../../ports/retention.ts';
import { epochStart, type Tick } from '../../model/ticks.ts';
import type { Outcome } from '../../model/job.ts';

export interface Marks {
  soft: Tick;
  hard: Tick;
  purge: Tick;
  /** See part-learn. */
  learned?: Tick;
}

export interface LeaseState {
  readonly fence: Tick;
  readonly fillId: string;
  readonly holder: string;
  readonly scopes: readonly string[];
  readonly grantedAtMs: number;
  expiresAtMs: number;
}

export interface KeyState extends Marks {
  started: Tick;
  /** Latest fence granted and the fill it was granted to. */
  fence: Tick;
  fillId: string;
  /** Epoch in which the key was compared with the store, 0 for never. */
  reconciled: number;
  head: Head | null;
  lease: LeaseState | null;
  readonly pins: Map<string, { readonly fence: Tick; expiresAtMs: number }>;
  readonly retired: Map<Tick, { readonly fillId: string; retiredAtMs: number }>;
  readonly removing: Set<Tick>;
  /** Of head, retired and removing. */
  readonly sizes: Map<Tick, Size>;
  /** When the head was rebuilt from its manifest; null where it was committed. */
  restoredAtMs: number | null;
  evicted: {
    readonly fence: Tick;
    readonly atMs: number;
    readonly reason: EvictionReason;
    readonly dataset: string | null;
  } | null;
}

export interface PassState {
  readonly epoch: number;
  position: string | null;
  completeAtMs: number | null;
}

export interface PartState {
  record: PartRecord | null;
  running: RunningProbe | null;
}

export interface CoolingRecord {
  readonly failures: number;
  readonly failure: Failure;
  /** How often in a row it cooled. */
  readonly coolings: number;
  untilMs: number;
  trialUntilMs: number;
}

export interface NotedState {
  readonly fence: Tick;
  begunAtMs: number;
  usedAtMs: number;
  verifiedAtMs: number;
  committedAtMs: number;
  first: string;
  readonly asked: Map<string, number>;
}

export interface RedisState {
  /** Changes when the process restarts, whether or not it kept its data. */
  runId: string;
  marker: Marker | null;
  /** The name of a memory that has no marker yet, given by whoever first reads it. */
  unopened: string | null;
  clock: Tick;
  pass: PassState | null;
  readonly keys: Map<string, KeyState>;
  /** By key, the last look that was taken to use its head. */
  readonly reads: Map<string, number>;
  /** By fillId. */
  readonly reserved: Map<
    string,
    { readonly bytes: number; readonly dataset: string | null; readonly expiresAtMs: number }
  >;
  /** By key, what a fill had when it was stopped for want of room. */
  readonly outgrown: Map<string, { readonly bytes: number; readonly untilMs: number }>;
  readonly scopes: Map<string, Marks>;
  readonly targets: Map<string, Tick>;
  readonly parts: Map<string, PartState>;
  readonly readers: Map<string, Set<string>>;
  readonly cooling: Map<string, CoolingRecord>;
  /** By bucket, then by name. */
  readonly noted: Map<string, Map<string, NotedState[]>>;
  readonly outcomes: Map<string, Outcome>;
}

export function emptyState(runId: string): RedisState {
  return {
    runId,
    marker: null,
    unopened: null,
    clock: 0,
    pass: null,
    keys: new Map(),
    reads: new Map(),
    reserved: new Map(),
    outgrown: new Map(),
    scopes: new Map(),
    targets: new Map(),
    parts: new Map(),
    readers: new Map(),
    cooling: new Map(),
    noted: new Map(),
    outcomes: new Map(),
  };
}

/** As structuredClone copies them, at a tenth of its price. */
export function copyOf<T>(value: T): T {
  return copied(value) as T;
}

function copied(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map(copied);
  if (value instanceof Map) {
    const copy = new Map<unknown, unknown>();
    for (const [key, member] of value) copy.set(key, copied(member));
    return copy;
  }
  if (value instanceof Set) return new Set(value);
  const copy: Record<string, unknown> = {};
  for (const [name, member] of Object.entries(value)) copy[name] = copied(member);
  return copy;
}

/** First line of every script: the caller's marker is the one this memory was opened with. */
export function requireMarker(state: RedisState, told: Marker | null): Marker {
  const { marker } = state;
  if (marker === null || told === null || marker.epoch !== told.epoch || marker.incarnation !== told.incarnation) {
    throw new EpochLost('Redis does not carry the marker of the epoch in use');
  }
  return marker;
}

export function nextTick(state: RedisState): Tick {
  state.clock += 1;
  return state.clock;
}

/** What reading a key sees: absent keys read as zeros and are not created by it. */
export function readKey(state: RedisState, key: string): KeyState {
  return state.keys.get(key) ?? newKey();
}

export function touchKey(state: RedisState, key: string): KeyState {
  const known = state.keys.get(key);
  if (known !== undefined) return known;
  const created = newKey();
  state.keys.set(key, created);
  return created;
}

function newKey(): KeyState {
  return {
    started: 0,
    fence: 0,
    fillId: '',
    soft: 0,
    hard: 0,
    purge: 0,
    reconciled: 0,
    head: null,
    lease: null,
    pins: new Map(),
    retired: new Map(),
    removing: new Set(),
    sizes: new Map(),
    restoredAtMs: null,
    evicted: null,
  };
}

/** Maxima of the marks of a key and its scopes. */
export function marksOver(state: RedisState, key: string, scopes: readonly string[]): Required<Marks> {
  let { soft, hard, purge, learned = 0 } = readKey(state, key);
  for (const scope of scopes) {
    const marks = state.scopes.get(scope);
    if (marks === undefined) continue;
    soft = Math.max(soft, marks.soft);
    hard = Math.max(hard, marks.hard);
    purge = Math.max(purge, marks.purge);
    learned = Math.max(learned, marks.learned ?? 0);
  }
  return { soft, hard, purge, learned };
}

/** `key:KEY` marks a key, anything else is a scope. */
export function marksOf(state: RedisState, target: string): Marks {
  if (target.startsWith('key:')) return touchKey(state, target.slice('key:'.length));
  const known = state.scopes.get(target);
  if (known !== undefined) return known;
  const created = { soft: 0, hard: 0, purge: 0 };
  state.scopes.set(target, created);
  return created;
}

export function isReconciled(state: RedisState, epoch: number, key: KeyState): boolean {
  return key.reconciled === epoch || (state.pass?.epoch === epoch && state.pass.completeAtMs !== null);
}

/**
 * Fences below this can never be committed any more: a later one was granted, or a later epoch opened. (I6)
 */
export function settledBelow(key: KeyState, epoch: number): Tick {
  return Math.max(key.fence, epochStart(epoch));
}

/** Counts what a generation takes. What is counted stays as it was counted first. */
export function count(known: KeyState, fence: number, { bytes, dataset }: Size): void {
  if (!known.sizes.has(fence)) known.sizes.set(fence, { bytes, dataset });
}
