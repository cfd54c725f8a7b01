/**
 * A function of the application whose results are kept in the store. Every call asks like a request to a server does, by
 * the policy the function was wrapped with; the function itself runs only where that wants it, once for all processes.
 */
import type { WrappedCall, WrappedFunction } from '@parqueue/core/in-process';
import { runInLoad } from './current-load.ts';
import type { Local, Opened } from './local.ts';
import { plainCopy } from './plain-copy.ts';
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
      version: versionKindOf(version),
      columnTypes: columns,
      limits: {
        rowsMax: options.rowsMax ?? ROWS_MAX,
        bytesMax: options.bytesMax ?? BYTES_MAX,
        timeoutMs: (options.timeoutSeconds ?? TIMEOUT_SECONDS) * 1000,
      },
    };
  }

  async ask(self: unknown, args: readonly unknown[], options: WrapCallOptions): Promise<unknown> {
    const asked = this.#askedOf(self, args);
    const opened = await this.#open();
    const signal = options.signal ?? new AbortController().signal;
    signal.throwIfAborted();
    const ask = {
      request: opened.core.requestOf(this.#declared, this.#identityOf(asked, opened)),
      policy: this.#policy(options, opened),
      cachedOnly: options.freshness?.onlyIfCached === true,
      continues: null,
    };
    let found;
    try {
      found = await opened.inProcess.ask(ask, this.#callOf(asked), signal);
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
    const asked = this.#askedOf(self, args);
    const opened = await this.#open();
    const { key } = opened.core.requestOf(this.#declared, this.#identityOf(asked, opened));
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

  /** The call as it is now: nothing is waited for before this. */
  #askedOf(self: unknown, args: readonly unknown[]): AskedCall {
    const { key } = this.#options;
    if (typeof key === 'string') return { self, args: args.map((arg) => plainCopy(arg)), of: null };
    return { self, args, of: plainCopy(Reflect.apply(key.of, self, args)) };
  }

  /** What of the arguments makes two calls the same question, in canonical form. */
  #identityOf({ args, of }: AskedCall, { core }: Opened): ReturnType<Opened['core']['canonicalValue']> {
    const { name } = this.#declared;
    if (typeof this.#options.key === 'string') return core.canonicalArguments(args, name);
    return { of: core.canonicalValue(of, `what key.of of wrapped function ${name} gave`) };
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

  /** Each run has arguments of its own: a function may sort or empty what it was given, and be run again. */
  #callOf({ self, args }: AskedCall): WrappedCall {
    const { key, version } = this.#options;
    const run = (fn: AnyFunction): unknown =>
      Reflect.apply(fn, self, typeof key === 'string' ? args.map((arg) => plainCopy(arg)) : args);
    return {
      name: this.#declared.name,
      load: () => run(this.#fn),
      version: typeof version === 'function' ? () => run(version) : null,
      inside: runInLoad,
    };
  }
}

/** @throws TypeError where the types were not heeded: a misspelt word would load again at each call */
function versionKindOf(version: WrapOptions<readonly unknown[]>['version']): WrappedFunction['version'] {
  if (typeof version === 'function') return 'token';
  if (version === 'manual') return 'manual';
  const { ttl } = (version ?? {}) as { readonly ttl?: unknown };
  if (typeof ttl === 'number' && ttl >= 0) return 'ttl';
  throw new TypeError("`version` of a wrapped function is a function, { ttl: seconds } or 'manual'");
}

/** One call, apart from its options. */
interface AskedCall {
  readonly self: unknown;
  readonly args: readonly unknown[];
  /** What `key.of` gave, where the function has one. */
  readonly of: unknown;
}
