/** What a wrapped function may ask about the load that it runs for, without a parameter for it. */
import type { AsyncLocalStorage } from 'node:async_hooks';

export interface CurrentLoad {
  /** Of the entry that is being filled. */
  readonly key: string;
  /** What the version function gave before this load began; null where there is none. Read the rows of this version or a later one. */
  readonly version: unknown;
  /** Aborts when the load shall stop: its lease was lost, its time is over, or the client closes. Pass it on. */
  readonly signal: AbortSignal;
}

/** Made before the first load: importing the client loads nothing, and not every runtime has this module. */
let loads: AsyncLocalStorage<CurrentLoad> | null = null;

export async function prepareLoads(): Promise<void> {
  const hooks = await import('node:async_hooks');
  loads ??= new hooks.AsyncLocalStorage<CurrentLoad>();
}

/** The load that the running code is part of; null outside of wrapped functions. */
export function currentLoad(): CurrentLoad | null {
  return loads?.getStore() ?? null;
}

export function runInLoad<T>(load: CurrentLoad, work: () => T): T {
  return loads === null ? work() : loads.run(load, work);
}
