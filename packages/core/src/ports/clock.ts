/** Local time: for waiting and for measuring durations. Ages and expiries use Redis's clock, ticks the logical one. */
export interface Clock {
  /** Milliseconds since the Unix epoch, by this host. */
  now(): number;
  /** Resolves after `ms`; rejects with the signal's reason when it aborts first. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
}

/** Random names: 128 bits, lower-case hex. Injected so that a seed reproduces a run. */
export type RandomId = () => string;
