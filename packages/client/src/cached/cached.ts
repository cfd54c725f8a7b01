/**
 * `parqueue.cached`: questions as functions (`sql`, `file`, `dataset`), answered by a server, and functions of the
 * application's own (`wrap`), which load into the same store from this process.
 */
import type { Table } from 'apache-arrow';
import type { StoreOptions } from '../client-options.ts';
import type { Fetch, FetchOptions, TableOptions } from '../fetch/options.ts';
import type { InvalidateMode, InvalidateTarget } from '../types.ts';
import { Local } from './local.ts';
import {
  anyFetch,
  cachedCall,
  datasetQuestion,
  fileQuestion,
  sqlQuestion,
  withInvalidate,
  type AnyFetch,
} from './queries.ts';
import type {
  Binds,
  BindsOf,
  BindTypes,
  CachedCall,
  CachedDataset,
  CachedQuery,
  Fetched,
  FileQuestionParts,
  NoBinds,
  Params,
  SqlQuestionParts,
} from './query-types.ts';
import { TableMemory } from './table-memory.ts';
import type { RowOf, Rows, WrapCallOptions, WrapDecorator, WrapOptions, Wrapped } from './wrap-types.ts';
import { WrappedAsks, type AnyFunction } from './wrapped.ts';

export interface CachedOptions {
  readonly fetch: Fetch;
  readonly invalidate: (target: InvalidateTarget, mode: InvalidateMode) => Promise<unknown>;
  readonly store: StoreOptions | undefined;
}

const TABLE_BYTES = 64 * 1024 * 1024;
/** Time for running loads to end when the client closes. */
const CLOSE_MS = 5_000;

export class Cached {
  readonly #fetch: AnyFetch;
  readonly #invalidate: CachedOptions['invalidate'];
  readonly #local: Local;
  readonly #memory = new TableMemory(TABLE_BYTES);

  constructor({ fetch, invalidate, store }: CachedOptions) {
    this.#fetch = anyFetch(fetch);
    this.#invalidate = invalidate;
    this.#local = new Local(store);
  }

  /**
   * A statement for a source that allows undeclared ones. With `binds` (types by name) its arguments are typed and are
   * sent with their types.
   */
  sql<const Types extends BindTypes, const Options extends FetchOptions = TableOptions>(
    question: SqlQuestionParts & { readonly binds: Types },
    options?: Options,
  ): CachedQuery<BindsOf<Types>, Fetched<Options>>;
  sql<Given extends Binds = NoBinds>(question: SqlQuestionParts): CachedQuery<Given, Table>;
  sql<const Options extends FetchOptions>(
    question: SqlQuestionParts,
    options: Options,
  ): CachedQuery<NoBinds, Fetched<Options>>;
  sql(question: SqlQuestionParts & { readonly binds?: BindTypes }, options: FetchOptions = {}): unknown {
    return cachedCall(sqlQuestion(question, question.binds), { fetch: this.#fetch, options });
  }

  /** A file of a source that allows undeclared ones; its path may be made of arguments. */
  file<Args extends readonly unknown[] = readonly [], const Options extends FetchOptions = TableOptions>(
    question: FileQuestionParts<Args>,
    options?: Options,
  ): CachedCall<Args, Fetched<Options>> {
    return cachedCall(fileQuestion(question), { fetch: this.#fetch, options: options ?? {} });
  }

  /** A declared dataset. `Given` are its parameters: `cached.dataset<{ market: string }>('prices')`. */
  dataset<Given extends Params = Params>(name: string): CachedDataset<Given, Table>;
  dataset<const Options extends FetchOptions>(name: string, options: Options): CachedDataset<Params, Fetched<Options>>;
  dataset(name: string, options: FetchOptions = {}): unknown {
    const call = cachedCall(datasetQuestion(name), { fetch: this.#fetch, options });
    return withInvalidate(call, (mode) => this.#invalidate({ dataset: name }, mode));
  }

  /**
   * A function of this application: its rows are kept in the store under a key of name and arguments, loaded once for
   * all processes that have it. As decorator, without the function, for methods that return a promise of rows.
   */
  wrap<Args extends readonly unknown[], Given extends Rows>(
    fn: (...args: Args) => Given | Promise<Given>,
    options: WrapOptions<Args>,
  ): Wrapped<Args, RowOf<Given>>;
  wrap<Args extends readonly unknown[] = readonly never[]>(options: WrapOptions<Args>): WrapDecorator<Args>;
  wrap(
    ...given: readonly [AnyFunction, WrapOptions<readonly unknown[]>] | readonly [WrapOptions<readonly unknown[]>]
  ): unknown {
    if (given.length === 2) return this.#wrapped(...given);
    const [options] = given;
    return (method: AnyFunction, context: { readonly kind?: unknown } | undefined): AnyFunction => {
      if (typeof method !== 'function' || context?.kind !== 'method') {
        throw new TypeError(
          '@cached.wrap is a standard decorator of methods: turn `experimentalDecorators` off, or give wrap the function',
        );
      }
      const asks = new WrappedAsks(method, options, { local: this.#local, memory: this.#memory });
      return function asked(this: unknown, ...args: readonly unknown[]): unknown {
        return asks.ask(this, args, {});
      };
    };
  }

  /** Running loads may end within five seconds; then they are stopped, and other processes may begin them. */
  async close(): Promise<void> {
    const patience = new AbortController();
    const timer = setTimeout(() => patience.abort(), CLOSE_MS);
    try {
      await this.#local.close(patience.signal);
    } finally {
      clearTimeout(timer);
    }
  }

  #wrapped(fn: AnyFunction, options: WrapOptions<readonly unknown[]>): unknown {
    const asks = new WrappedAsks(fn, options, { local: this.#local, memory: this.#memory });
    const form = (of: WrapCallOptions): unknown =>
      Object.assign((...args: readonly unknown[]) => asks.ask(undefined, args, of), {
        with: (more: WrapCallOptions) => form({ ...of, ...more } as WrapCallOptions),
        invalidate: async (args: readonly unknown[], mode: InvalidateMode = 'soft') =>
          await asks.invalidate(undefined, args, mode),
        invalidateAll: async (mode: InvalidateMode = 'soft') => await asks.invalidateAll(mode),
      });
    return form({});
  }
}
