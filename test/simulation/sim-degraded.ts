/**
 * Reading without Redis, as an API process does that is cut off while all others go on: over the same store, with what it
 * was told before. Its operations are points of the scheduler like everybody's.
 */
import {
  decideDegraded,
  lookOnStore,
  type Degraded,
  type FreshnessPolicy,
  type GenerationReader,
  type Head,
  type ResolvedRequest,
  type StoreMarks,
  type ToldHead,
} from '@parqueue/core';

export interface SimDegraded {
  /** What an answer told of its entry. */
  readonly remember: (key: string, head: Head) => void;
  readonly readDegraded: (request: ResolvedRequest, policy: FreshnessPolicy) => Promise<Degraded>;
}

export function simDegraded(deps: {
  readonly reader: GenerationReader;
  readonly marks: StoreMarks;
  readonly nowMs: () => number;
}): SimDegraded {
  const told = new Map<string, ToldHead>();
  return {
    remember: (key, head) => {
      if (head.fence >= (told.get(key)?.fence ?? 0)) told.set(key, head);
    },
    readDegraded: async (request, policy) => {
      const look = await lookOnStore(request, told.get(request.key) ?? null, deps);
      return decideDegraded(look, { declared: policy, policy }, deps.nowMs());
    },
  };
}
