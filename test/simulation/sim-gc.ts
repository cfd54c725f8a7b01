/**
 * Collections and admission as one process of the simulation runs them: the real use cases, with a quota that the world may
 * lift when it heals.
 */
import {
  BOUNDLESS_ROOM,
  collectGarbage,
  collectKey,
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

/** Keys are forgotten while callers still ask for them and fills of before still run. */
const EVICTED_TOLD_MS = 100;

export interface SimGc {
  /** One key, as a collection does. */
  readonly collect: (key: string) => Promise<void>;
  /** All keys, within a quota: whatever is over it goes, the heads that nobody read for longest last of all. */
  readonly makeRoom: (quotaBytes: number) => Promise<void>;
}

export interface SimGcParts extends Pick<GcDeps, 'directories' | 'marks' | 'space'> {
  readonly coordination: MemoryCoordination;
  readonly epochs: Epochs;
  readonly clock: Clock;
  readonly randomId: RandomId;
  readonly onStep: OnStep;
  readonly pinMaxMs: number;
  /** Of all processes; its quota may change. */
  readonly rules: StoreRules;
  /** null: fills are admitted without asking. */
  readonly lookEveryMs: number | null;
}

export function simGc(parts: SimGcParts): SimGc & { readonly room: Room } {
  const { coordination, epochs, clock, randomId, onStep, rules, pinMaxMs, lookEveryMs } = parts;
  const { heads, leases, retirement, eviction, usage } = coordination;
  const { directories, marks, space } = parts;
  const deps: GcDeps = { heads, leases, retirement, eviction, usage, directories, marks, space, randomId, onStep };
  const common = { pinMaxMs, dryRun: false, evictedToldMs: EVICTED_TOLD_MS, signal: AbortSignal.any([]) };
  return {
    room:
      lookEveryMs === null
        ? BOUNDLESS_ROOM
        : new StoreRoom({
            usage,
            space,
            clock,
            rules,
            makeRoom: (wanted) => collectGarbage(deps, { ...common, rules, wanted }),
            onStep,
            lookEveryMs,
          }),
    collect: (key) =>
      epochs.run(async () => {
        const { epoch, reconciledAtMs, nowMs } = await retirement.gate();
        if (reconciledAtMs === null || nowMs < reconciledAtMs + pinMaxMs + rules.graceMs) return;
        await collectKey(key, deps, {
          rules,
          epoch,
          dryRun: false,
          evictedToldMs: EVICTED_TOLD_MS,
          onItem: () => undefined,
        });
      }),
    makeRoom: (quotaBytes) =>
      epochs.run(async () => {
        await collectGarbage(deps, { ...common, rules: { ...rules, quotaBytes } });
      }),
  };
}
