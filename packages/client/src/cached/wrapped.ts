/**
 * A function of the application whose results are kept in the store. Every call asks like a request to a server does, by
 * the policy the function was wrapped with; the function itself runs only where that wants it, once for all processes.
 */
import type { WrappedCall, WrappedFunction } from '@parqueue/core/in-process';
import { runInLoad } from './current-load.ts';
import type { Local, Opened } from './local.ts';
import type { TableMemory } from './table-memory.ts';
import type { WrapCallOptions, WrapOptions } from './wrap-types.ts';

export interface WrappedTools {
  readonly local: Local;
  readonly memory: TableMemory;
}

/** Any function; `this` is that of a decorated method, and undefined otherwise. */
export type AnyFunction = (this: unknown, ...args: readonly unknown[]) => unknown;

type InvalidateMode = 'soft' | 'hard' | 'purge';

const TIMEOUT_SECONDS = 600;
const ROWS_MAX = 1e9;
const BYTES_MAX = 16 * 1024 ** 3;

export class WrappedAsks {
  readonly #fn: AnyFunction;
  readonly #options: WrapOptions<readonly unknown[]>;
  readonly #tools: WrappedTools;
  readonly #declared: WrappedFunction;

  constructor(fn: AnyFunction, options: WrapOptions<readonly unknown[]>, tools: WrappedTools) {
    const { key, version, revision = '', columns = {} } = options;
    this.#fn = fn;
    this.#options = options;
    this.#tools = tools;
    this.#declared = {
      name: typeof key === 'string' ? key : key.name,
      revision,
      version: typeof version === 'function' ? 'token' : version === 'manual' ? 'manual' : 'ttl',
      columnTypes: columns,
      limits: {
        rowsMax: options.rowsMax ?? ROWS_MAX,
        bytesMax: options.bytesMax ?? BYTES_MAX,
        timeoutMs: (options.timeoutSeconds ?? TIMEOUT_SECONDS) * 1000,
      },
    };
  }

  async ask(self: unknown, args: readonly unknown[], options: WrapCallOptions): Promise<unknown> {
    const opened = await this.#open();
    const signal = options.signal ?? new AbortController().signal;
    signal.throwIfAborted();
    const ask = {
      request: opened.core.requestOf(this.#declared, this.#identityOf(self, args, opened)),
      policy: this.#policy(options, opened),
      cachedOnly: options.freshness?.onlyIfCached === true,
      continues: null,
    };
    let found;
    try {
      found = await opened.inProcess.ask(ask, this.#callOf(self, args), signal);
    } catch (error) {
      // What the caller's own signal ended is told by its own reason.
      signal.throwIfAborted();
      throw error;
    }
    // Needs a file system: loaded where there is a store, not with the package.
    const { inForm } = await import('./local-answer.ts');
    return await inForm(found, options, { ...opened, memory: this.#tools.memory, signal });
  }

  async invalidate(self: unknown, args: readonly unknown[], mode: InvalidateMode): Promise<void> {
    const opened = await this.#open();
    const { key } = opened.core.requestOf(this.#declared, this.#identityOf(self, args, opened));
    await opened.inProcess.invalidate(`key:${key}`, mode);
  }

  async invalidateAll(mode: InvalidateMode): Promise<void> {
    const { core, inProcess } = await this.#open();
    await inProcess.invalidate(`source:${core.sourceOf(this.#declared)}`, mode);
  }

  async #open(): Promise<Opened> {
    const opened = await this.#tools.local.open();
    opened.core.checkFunction(this.#declared);
    return opened;
  }

  /** What of the arguments makes two calls the same question, in canonical form. */
  #identityOf(self: unknown, args: readonly unknown[], { core }: Opened): ReturnType<Opened['core']['canonicalValue']> {
    const { key } = this.#options;
    const { name } = this.#declared;
    if (typeof key === 'string') return core.canonicalArguments(args, name);
    const value: unknown = Reflect.apply(key.of, self, args);
    return { of: core.canonicalValue(value, `what key.of of wrapped function ${name} gave`) };
  }

  #policy({ freshness = {} }: WrapCallOptions, { core }: Opened): ReturnType<Opened['core']['narrowPolicy']> {
    const { version, maxAge = 0, staleWhileRevalidate = 0, staleIfError = 0 } = this.#options;
    const declared = {
      version: this.#declared.version,
      maxAgeMs: 1000 * (typeof version === 'object' ? version.ttl : maxAge),
      staleWhileRevalidateMs: staleWhileRevalidate * 1000,
      staleIfErrorMs: staleIfError * 1000,
    };
    const { noCache, maxAge: wishedAge, maxStale } = freshness;
    return core.narrowPolicy(declared, {
      noCache,
      maxAgeMs: wishedAge === undefined ? undefined : wishedAge * 1000,
      maxStaleMs: maxStale === undefined ? undefined : maxStale * 1000,
    });
  }

  #callOf(self: unknown, args: readonly unknown[]): WrappedCall {
    const { version } = this.#options;
    return {
      name: this.#declared.name,
      load: () => Reflect.apply(this.#fn, self, args) as unknown,
      version: typeof version === 'function' ? () => Reflect.apply(version, self, args) as unknown : null,
      inside: runInLoad,
    };
  }
}
