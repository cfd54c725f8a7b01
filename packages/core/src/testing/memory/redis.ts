/**
 * An in-memory Redis and its clients. The server holds one RedisState that may be restarted, flushed or rolled back;
 * a client carries the marker it adopted, as a process does. `beforeCall` is awaited before each script reaches the
 * server: a simulation schedules there, and may ask for the script to be executed twice, as a resend would.
 */
import { requireMarker, emptyState, isReconciled, readKey, type RedisState, type PassState } from './state.ts';
import type { ServerContext } from './head-steps.ts';
import * as heads from './head-steps.ts';
import * as cooling from './cooling-steps.ts';
import * as leases from './lease-steps.ts';
import * as parts from './part-steps.ts';
import * as noted from './noted-steps.ts';
import * as retire from './retire-steps.ts';
import * as eviction from './eviction-steps.ts';
import * as usage from './usage-steps.ts';
import type { Heads, Leases, Pins, Reconciler, Retirement, Ticks } from '../../ports/coordination.ts';
import type { Cooling } from '../../ports/cooling.ts';
import type { NotedReads } from '../../ports/noted-reads.ts';
import type { Parts } from '../../ports/parts.ts';
import type { Eviction, Usage } from '../../ports/retention.ts';
import { EpochLost } from '../../ports/coordination.ts';
import type { EpochRegister, Marker } from '../../ports/epochs.ts';
import { PINS_PER_KEY_MAX } from '../../model/pin.ts';
import { epochStart } from '../../model/ticks.ts';

export type ScriptDelivery = 'once' | 'twice';

export class MemoryRedis {
  state: RedisState;
  readonly pinsPerKeyMax: number;
  readonly #now: () => number;
  #named = 0;
  readonly #listeners = new Map<string, Set<() => void>>();
  /** Delivers a notice; a simulation replaces it to lose, delay or repeat. */
  deliver: (listener: () => void) => void = (listener) => {
    queueMicrotask(listener);
  };

  constructor(options: { readonly now: () => number; readonly runId?: string; readonly pinsPerKeyMax?: number }) {
    this.#now = options.now;
    this.pinsPerKeyMax = options.pinsPerKeyMax ?? PINS_PER_KEY_MAX;
    this.state = emptyState(options.runId ?? 'run-1');
  }

  get nowMs(): number {
    return this.#now();
  }

  /** A new process: with its data, or `state` as it was at some earlier moment, or empty. */
  restart(runId: string, state: RedisState = this.state): void {
    this.state = { ...state, runId };
  }

  /** Where there is no marker, the memory gets a name of its own, which it loses with its data. */
  readMarker(): { readonly marker: Marker | null; readonly runId: string; readonly incarnation: string } {
    const { state } = this;
    if (state.marker === null) state.unopened ??= `unopened-${(this.#named += 1)}`;
    return { marker: state.marker, runId: state.runId, incarnation: incarnationOf(state) };
  }

  publish(key: string): void {
    for (const listener of this.#listeners.get(key) ?? []) this.deliver(listener);
  }

  subscribe(key: string, listener: () => void): () => void {
    const listeners = this.#listeners.get(key) ?? new Set();
    this.#listeners.set(key, listeners.add(listener));
    return () => {
      listeners.delete(listener);
    };
  }
}

export interface MemoryClientOptions {
  readonly beforeCall?: (script: string) => Promise<ScriptDelivery>;
  readonly afterCall?: (script: string) => Promise<void>;
}

/** All coordination ports of one process, over one MemoryRedis. */
export class MemoryCoordination {
  readonly #server: MemoryRedis;
  readonly #options: MemoryClientOptions;
  readonly #lostListeners = new Set<() => void>();
  #marker: Marker | null = null;

  constructor(server: MemoryRedis, options: MemoryClientOptions = {}) {
    this.#server = server;
    this.#options = options;
  }

  readonly register: EpochRegister = {
    read: async () => {
      await this.#options.beforeCall?.('epoch-read');
      return this.#server.readMarker();
    },
    open: async (next, expected, marks) => {
      await this.#options.beforeCall?.('epoch-open');
      const { state } = this.#server;
      if (state.marker?.incarnation === next.incarnation) return true;
      if (state.runId !== expected.runId || incarnationOf(state) !== expected.incarnation) return false;
      if (state.marker !== null && state.marker.epoch >= next.epoch) return false;
      state.marker = next;
      state.clock = Math.max(state.clock, epochStart(next.epoch));
      state.pass = { epoch: next.epoch, position: null, completeAtMs: null };
      leases.raiseMarks({ state }, marks);
      return true;
    },
    adopt: (marker) => {
      this.#marker = marker;
    },
    onLost: (listener) => {
      this.#lostListeners.add(listener);
      return () => {
        this.#lostListeners.delete(listener);
      };
    },
  };

  readonly heads: Heads = {
    look: (target, wish) => this.#call('head-pin', (server) => heads.look(server, target, wish)),
    markVerified: async (key, proof) => {
      const applied = await this.#call('mark-verified', (server) => heads.markVerified(server, key, proof));
      if (applied) this.#server.publish(key);
      return applied;
    },
    commit: async (request) => {
      const result = await this.#call(
        'head-commit',
        (server) => heads.commit(server, request),
        () => this.#server.publish(request.key),
      );
      return result;
    },
    markDamaged: (key, fence, reason) =>
      this.#call('head-damage', (server) => heads.markDamaged(server, key, fence, reason)),
  };

  readonly leases: Leases = {
    acquire: (claim) => this.#call('lease-acquire', (server) => leases.acquire(server, claim)),
    renew: (claim, fence) => this.#call('lease-renew', (server) => leases.renew(server, claim, fence)),
    release: (claim, fence) => this.#call('lease-release', (server) => leases.release(server, claim, fence)),
    list: () => this.#call('lease-list', (server) => leases.listFills(server)),
  };

  readonly ticks: Ticks = {
    startProbe: (target, announcement) =>
      this.#call('probe-start', (server) => leases.startProbe(server, target, announcement)),
    invalidate: (target, mode) => this.#call('invalidate', (server) => leases.invalidate(server, target, mode)),
    restoreMarks: (epoch, marks) =>
      this.#call('marks-restore', (server) => {
        requireEpoch(server, epoch);
        leases.raiseMarks(server, marks);
      }),
    epoch: async () => {
      if (this.#marker === null) throw new EpochLost('no epoch was opened yet');
      return this.#marker.epoch;
    },
  };

  readonly parts: Parts = {
    read: (question) => this.#call('part-read', (server) => parts.readParts(server, question)),
    record: (question, found) => this.#call('part-record', (server) => parts.recordParts(server, question, found)),
    learn: (name, tables) => this.#call('part-learn', (server) => parts.learn(server, name, tables)),
    readers: (table) => this.#call('part-readers', ({ state }) => [...(state.readers.get(table) ?? [])]),
  };

  readonly cooling: Cooling = {
    admit: (source) => this.#call('cooling-admit', (server) => cooling.admit(server, source)),
    tell: (source, verdict, trial) =>
      this.#call('cooling-tell', (server) => cooling.tell(server, source, verdict, trial)),
    read: (source) => this.#call('cooling-read', (server) => cooling.read(server, source)),
  };

  readonly pins: Pins = {
    pinGeneration: (ref, wish) => this.#call('pin-generation', (server) => retire.pinGeneration(server, ref, wish)),
    renew: (key, pinId, ttlMs) => this.#call('pin-renew', (server) => retire.renewPin(server, key, pinId, ttlMs)),
    release: (key, pinId) => this.#call('pin-release', (server) => retire.releasePin(server, key, pinId)),
  };

  readonly notedReads: NotedReads = {
    recall: (asked, under) => this.#call('noted-recall', (server) => noted.recall(server, asked, under)),
    begin: (beginning) => this.#call('noted-begin', (server) => noted.begin(server, beginning)),
  };

  readonly retirement: Retirement = {
    noteOrphans: ({ key }, fences) =>
      this.#call('generation-orphans', (server) => retire.noteOrphans(server, key, fences)),
    retire: (ref, { epoch, ...leave }) =>
      this.#call('generation-retire', (server) => {
        requireEpoch(server, epoch);
        return retire.retire(server, ref, leave);
      }),
    restartGrace: (ref) => this.#call('generation-grace', (server) => retire.restartGrace(server, ref)),
    removed: (ref) => this.#call('generation-removed', (server) => retire.removed(server, ref)),
    gate: () =>
      this.#call('gc-gate', ({ state, epoch, nowMs }) => ({
        epoch,
        reconciledAtMs: state.pass?.epoch === epoch ? state.pass.completeAtMs : null,
        nowMs,
      })),
  };

  readonly eviction: Eviction = {
    survey: (keys) => this.#call('keys-survey', (server) => eviction.survey(server, keys)),
    evict: (head, { epoch, ...how }) =>
      this.#call('head-evict', (server) => {
        requireEpoch(server, epoch);
        return eviction.evict(server, head, how);
      }),
    forget: (key, { epoch, toldMs }) =>
      this.#call('key-forget', (server) => {
        requireEpoch(server, epoch);
        return eviction.forget(server, key, toldMs);
      }),
  };

  readonly usage: Usage = {
    read: () => this.#call('usage-read', (server) => usage.readUsage(server)),
    reserve: (wish) => this.#call('room-reserve', (server) => usage.reserve(server, wish)),
    outgrown: (key, bytes, forMs) => this.#call('room-outgrown', (server) => usage.outgrown(server, key, bytes, forMs)),
    release: (fillId) => this.#call('room-release', (server) => usage.release(server, fillId)),
    measure: (key, found) => this.#call('usage-measure', (server) => usage.measure(server, key, found)),
  };

  readonly reconciler: Reconciler = {
    apply: (reconciliation) =>
      this.#call('reconcile-apply', (server) => {
        requireEpoch(server, reconciliation.epoch);
        retire.applyReconciliation(server, reconciliation);
      }),
    completePass: (epoch) =>
      this.#call('pass-complete', (server) => {
        const pass = passOf(server, epoch);
        pass.completeAtMs ??= server.nowMs;
      }),
    passPosition: (epoch) => this.#call('pass-position', (server) => passOf(server, epoch).position),
    savePassPosition: (epoch, shard) =>
      this.#call('pass-save', (server) => {
        passOf(server, epoch).position = shard;
      }),
  };

  /** For assertions: whether the current epoch has reconciled the key. */
  isReconciled(key: string): boolean {
    const { state } = this.#server;
    return this.#marker !== null && isReconciled(state, this.#marker.epoch, readKey(state, key));
  }

  async #call<T>(script: string, run: (server: ServerContext) => T, onDone?: () => void): Promise<T> {
    const told = this.#marker;
    const delivery = (await this.#options.beforeCall?.(script)) ?? 'once';
    let result = this.#execute(told, run);
    if (delivery === 'twice') result = this.#execute(told, run);
    onDone?.();
    await this.#options.afterCall?.(script);
    return result;
  }

  #execute<T>(told: Marker | null, run: (server: ServerContext) => T): T {
    const { state, nowMs, pinsPerKeyMax } = this.#server;
    try {
      // The gate: a connection to another Redis process carries no command of this epoch.
      if (told !== null && told.runId !== state.runId) throw new EpochLost('Redis was restarted');
      const marker = requireMarker(state, told);
      return run({ state, epoch: marker.epoch, nowMs, pinsPerKeyMax });
    } catch (error) {
      if (error instanceof EpochLost) for (const listener of this.#lostListeners) listener();
      throw error;
    }
  }
}

function requireEpoch({ epoch }: ServerContext, named: number): void {
  if (epoch !== named) throw new EpochLost(`epoch ${named} is over`);
}

function passOf({ state, epoch }: ServerContext, named: number): PassState {
  if (epoch !== named || state.pass === null || state.pass.epoch !== named)
    throw new EpochLost(`epoch ${named} is over`);
  return state.pass;
}

function incarnationOf({ marker, unopened }: RedisState): string {
  return marker?.incarnation ?? unopened ?? '';
}
