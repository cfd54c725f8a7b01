/**
 * Collections and admission as one process of the simulation runs them: the real use cases, with a quota that the world may
 * lift when it heals.
 */
import {
  BOUNDLESS_ROOM,
  collectGarbage,
  collectKey,
  gcGate,
  StoreRoom,
  type Clock,
  type Epochs,
  type GcDeps,
  type OnStep,
  type RandomId,
  type Room,
  type StoreRules,
} from '@parqueue/core';
import type { MemoryCoordination } from '@parqueue/core/testing';
import { neverAborted, type Actor } from './scheduler.ts';

/** Keys are forgotten while callers still ask for them and fills of before still run. */
const EVICTED_TOLD_MS = 100;

export interface SimGc {
  /** One key, as a collection does. @returns whether its gate was open */
  readonly collect: (key: string) => Promise<boolean>;
  /** All keys, within a quota: whatever is over it goes, the heads that nobody read for longest last of all. */
  readonly makeRoom: (quotaBytes: number) => Promise<boolean>;
}

/** Collections at work, and whether each was ever alone: those of two processes do not see what the other makes free. */
export class Collections {
  readonly #running = new Set<{ readonly actor: Actor; alone: boolean }>();

  async during<T>(actor: Actor, work: () => Promise<T>): Promise<T> {
    const others = this.#alive();
    for (const other of others) other.alone = false;
    const own = { actor, alone: others.length === 0 };
    this.#running.add(own);
    try {
      return await work();
    } finally {
      this.#running.delete(own);
    }
  }

  /** Of the collections under way each was the only one since it began. */
  areAlone(): boolean {
    return this.#alive().every(({ alone }) => alone);
  }

  /** Who crashed never comes back from its collection. */
  #alive(): { readonly actor: Actor; alone: boolean }[] {
    return [...this.#running].filter(({ actor }) => !actor.dead);
  }
}

export interface SimGcParts extends Pick<GcDeps, 'directories' | 'marks' | 'space'> {
  readonly coordination: MemoryCoordination;
  readonly epochs: Epochs;
  readonly clock: Clock;
  readonly randomId: RandomId;
  readonly onStep: OnStep;
  readonly pinMaxMs: number;
  /** Whose collections these are, and those of all processes. */
  readonly actor: Actor;
  readonly collections: Collections;
  /** Of all processes; its quota may change. */
  readonly rules: StoreRules;
  /** null: fills are admitted without asking. */
  readonly lookEveryMs: number | null;
}

export function simGc(parts: SimGcParts): SimGc & { readonly room: Room } {
  const { coordination, epochs, clock, randomId, onStep, rules, pinMaxMs, lookEveryMs } = parts;
  const { heads, leases, retirement, eviction, usage } = coordination;
  const { directories, marks, space, actor, collections } = parts;
  const deps: GcDeps = { heads, leases, retirement, eviction, usage, directories, marks, space, randomId, onStep };
  const common = { pinMaxMs, dryRun: false, evictedToldMs: EVICTED_TOLD_MS, signal: neverAborted() };
  return {
    room:
      lookEveryMs === null
        ? BOUNDLESS_ROOM
        : new StoreRoom({
            usage,
            space,
            clock,
            rules,
            makeRoom: (wanted) => collections.during(actor, () => collectGarbage(deps, { ...common, rules, wanted })),
            onStep,
            lookEveryMs,
          }),
    collect: (key) =>
      epochs.run(async () => {
        const { epoch, waitingFor } = await gcGate(deps, { rules, pinMaxMs });
        if (waitingFor !== null) return false;
        const options = { rules, epoch, dryRun: false, evictedToldMs: EVICTED_TOLD_MS, onItem: () => undefined };
        await collections.during(actor, () => collectKey(key, deps, options));
        return true;
      }),
    makeRoom: (quotaBytes) =>
      epochs.run(async () => {
        const within = { ...common, rules: { ...rules, quotaBytes } };
        const { waitingFor } = await collections.during(actor, () => collectGarbage(deps, within));
        return waitingFor === null;
      }),
  };
}
