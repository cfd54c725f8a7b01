/** Local time: for waiting and for measuring durations. Ages and expiries use Redis's clock, ticks the logical one. */
export interface Clock {
  /** Milliseconds since the Unix epoch, by this host. */
  now(): number;
  /** Resolves after `ms`; rejects with the signal's reason when it aborts first. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
}

/** Random names: 128 bits, lower-case hex. Injected so that a seed reproduces a run. */
export type RandomId = () => string;

/**
 * Of one fill among those of its key: 96 bits of a random name, which is plenty there. Redis keeps it twice for each entry, and a name as long
 * as the others would take the record of a key to the allocator's next size (docs/redis-keyspace.md).
 */
export function newFillId(randomId: RandomId): string {
  return randomId().slice(0, 24);
}
