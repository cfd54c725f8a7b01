/** Wires the core's use cases to the adapters of this worker: nothing here decides anything. */
import {
  Filler,
  PIN_MAX_MS,
  PartFlights,
  coolDown,
  observed,
  Prober,
  Refresher,
  StoreRoom,
  collectGarbage,
  reconcileKey,
  reconcilePass,
  type Clock,
  type CoolDownDeps,
  type Epochs,
  type GcItem,
  type GcOptions,
  type GcReport,
  type OnStep,
  type RandomId,
  type RebuildDeps,
  type SourceWork,
} from '@parqueue/core';
import { storeRules, type Config } from '@parqueue/core/config';
import type { Coordination } from '@parqueue/core/redis';
import type { FileStore } from '@parqueue/core/store';

export interface UseCaseParts {
  readonly config: Config;
  readonly store: FileStore;
  readonly coordination: Coordination;
  readonly epochs: Epochs;
  readonly fills: SourceWork;
  readonly probes: SourceWork;
  readonly clock: Clock;
  readonly randomId: RandomId;
  readonly holder: string;
  readonly onStep: OnStep;
  readonly onCooling: CoolDownDeps['onCooling'];
  /** Each thing that gc removed. */
  readonly onCollected: (item: GcItem) => void;
  /** Aborted when the worker closes: a collection ends between two keys. */
  readonly signal: AbortSignal;
}

export interface UseCases {
  readonly filler: (onStep: OnStep) => Filler;
  readonly prober: (onStep: OnStep) => Prober;
  readonly refresher: Refresher;
  readonly reconcileAll: (signal: AbortSignal) => Promise<void>;
  readonly collect: (signal: AbortSignal) => Promise<GcReport>;
}

/** A 202 asked again within this time finds the very generation its fill made (the record lives as long). */
const OUTCOME_PIN_MS = 600_000;

/** A part grows by some hundred megabytes in this time, which the reserve of the filesystem holds. */
const ROOM_LOOK_MS = 1000;

export function wireUseCases(parts: UseCaseParts): UseCases {
  const { config, store, coordination, epochs, clock, randomId, holder } = parts;
  const { heads, leases, ticks, parts: sharedParts, pins, retirement, reconciler, outcomes, jobs } = coordination;
  const flights = new PartFlights();
  const cooling = { cooling: coordination.cooling, onCooling: parts.onCooling };
  const watch = { health: coordination.sourceHealth, clock };
  const fills = coolDown(observed(parts.fills, watch), cooling);
  const probes = coolDown(observed(parts.probes, watch), cooling);
  const { directories, reader, marks, space } = store;
  const { eviction, usage } = coordination;
  const rules = storeRules(config);
  const collect = (options: Pick<GcOptions, 'signal' | 'wanted' | 'onItem'>): Promise<GcReport> =>
    collectGarbage(
      { heads, leases, retirement, eviction, usage, directories, marks, space, randomId, onStep: parts.onStep },
      { rules, pinMaxMs: PIN_MAX_MS, dryRun: false, ...options },
    );
  const room = new StoreRoom({
    usage,
    space,
    clock,
    rules,
    makeRoom: (wanted) => collect({ wanted, signal: parts.signal, onItem: parts.onCollected }),
    onStep: parts.onStep,
    lookEveryMs: ROOM_LOOK_MS,
  });
  const rebuild = (onStep: OnStep): RebuildDeps => ({
    reconciler,
    ticks,
    parts: sharedParts,
    directories,
    reader,
    onStep,
  });
  const reconcile =
    (onStep: OnStep) =>
    (key: string): Promise<void> =>
      reconcileKey(key, rebuild(onStep));
  return {
    filler: (onStep) =>
      new Filler({
        heads,
        leases,
        pins,
        parts: sharedParts,
        directories,
        marks,
        outcomes,
        room,
        epochs,
        clock,
        randomId,
        holder,
        onStep,
        work: fills,
        reconcile: reconcile(onStep),
        leaseTtlMs: config.worker.leaseTtlMs,
        outcomePinMs: OUTCOME_PIN_MS,
      }),
    prober: (onStep) =>
      new Prober({
        heads,
        ticks,
        parts: sharedParts,
        flights,
        jobs,
        outcomes,
        epochs,
        clock,
        onStep,
        work: probes,
        reconcile: reconcile(onStep),
      }),
    refresher: new Refresher({
      heads,
      jobs,
      notices: coordination.notices,
      clock,
      entries: coordination.entries,
      retirement,
      reader,
      cooling: coordination.cooling,
      epochs,
      onStep: parts.onStep,
    }),
    reconcileAll: (signal) => reconcilePass(rebuild(parts.onStep), { signal }),
    collect: (signal) => collect({ signal, onItem: parts.onCollected }),
  };
}
