/** Invalidations as one process of the simulation asks for them: the real use case over what Redis and the store remember. */
import {
  invalidate,
  invalidatePrefix,
  type Epochs,
  type InvalidateDeps,
  type InvalidateMode,
  type GenerationReader,
  type KeyDirectories,
  type PrefixInvalidation,
  type ResolvedRequest,
  type StoreMarks,
} from '@parqueue/core';
import type { MemoryCoordination, MemoryRedis } from '@parqueue/core/testing';

export interface SimInvalidation {
  /** @returns the tick of the mark */
  readonly invalidate: (target: string, mode: InvalidateMode) => Promise<number>;
  readonly invalidatePrefix: (prefix: string, mode: InvalidateMode) => Promise<PrefixInvalidation>;
}

export interface SimInvalidationParts {
  readonly coordination: MemoryCoordination;
  readonly redis: MemoryRedis;
  readonly directories: KeyDirectories;
  readonly reader: GenerationReader;
  readonly marks: StoreMarks;
  readonly epochs: Epochs;
  readonly requests: readonly ResolvedRequest[];
  readonly gate: (label: string) => Promise<void>;
}

export function simInvalidation(parts: SimInvalidationParts): SimInvalidation {
  const { coordination, redis, directories, reader, marks, epochs, requests, gate } = parts;
  const { ticks, parts: sharedParts, heads, leases, retirement } = coordination;
  const deps: InvalidateDeps = {
    ticks,
    parts: sharedParts,
    heads,
    leases,
    retirement,
    directories,
    reader,
    marks,
    epochs,
    entries: {
      list: async ({ prefix, dataset }) => {
        await gate('entries');
        const entries = [...redis.state.keys].flatMap(([key, { head }]) =>
          head !== null && key.startsWith(prefix) && (dataset === null || head.dataset === dataset)
            ? [{ key, head, lastReadAtMs: null }]
            : [],
        );
        return { entries, next: null };
      },
    },
    scopesOf: async ({ key }) => requests.find((request) => request.key === key)?.scopes ?? [],
  };
  return {
    invalidate: async (target, mode) => (await invalidate(target, mode, deps)).tick,
    invalidatePrefix: (prefix, mode) => invalidatePrefix(prefix, mode, { ...deps, concerns: () => true }),
  };
}
