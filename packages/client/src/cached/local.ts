/** The store and Redis of wrapped functions: `@parqueue/core`, loaded and opened by the first call that needs it. */
import type { InProcess } from '@parqueue/core/in-process';
import type { StoreOptions } from '../client-options.ts';
import { prepareLoads } from './current-load.ts';
import { clientError, isParqueueHttpError } from '../problem.ts';

export type Core = typeof import('@parqueue/core/in-process');

export interface Opened {
  readonly core: Core;
  readonly inProcess: InProcess;
}

export class Local {
  readonly #store: StoreOptions | undefined;
  readonly #load: () => Promise<Core>;
  #opening: Promise<Opened> | null = null;
  #closed = false;

  constructor(store: StoreOptions | undefined, load: () => Promise<Core> = () => import('@parqueue/core/in-process')) {
    this.#store = store;
    this.#load = load;
  }

  /** An opening that failed is tried again by the next call. @throws ParqueueHttpError, ParqueueError */
  async open(): Promise<Opened> {
    if (this.#closed) throw clientError('CLOSED', 'this Parqueue was closed');
    const opening = (this.#opening ??= this.#open());
    try {
      return await opening;
    } catch (error) {
      if (this.#opening === opening) this.#opening = null;
      throw error;
    }
  }

  /** Running loads may end until `patience` aborts; then they are stopped and their leases given back. */
  async close(patience: AbortSignal): Promise<void> {
    this.#closed = true;
    const opened = await this.#opening?.catch(() => null);
    await opened?.inProcess.close(patience);
  }

  async #open(): Promise<Opened> {
    const store = this.#store;
    if (store === undefined) {
      throw clientError(
        'NO_STORE',
        "cached.wrap keeps its results in a store: new Parqueue({ …, store: { root: '/srv/parqueue/store', redis: 'redis://…' } })",
      );
    }
    const core = await this.#core();
    await prepareLoads();
    const { root, redis, fileMode, leaseSeconds, loads } = store;
    const inProcess = await core.openInProcess({
      root,
      redis,
      ...(fileMode === undefined ? {} : { fileMode }),
      ...(leaseSeconds === undefined ? {} : { leaseTtlMs: leaseSeconds * 1000 }),
      ...(loads === undefined ? {} : { fillsMax: loads }),
    });
    return { core, inProcess };
  }

  async #core(): Promise<Core> {
    try {
      return await this.#load();
    } catch (cause) {
      if (isParqueueHttpError(cause)) throw cause;
      throw clientError(
        'MISSING_PACKAGE',
        'cached.wrap needs the package @parqueue/core, which cannot be loaded here: npm install @parqueue/core',
        { cause },
      );
    }
  }
}
