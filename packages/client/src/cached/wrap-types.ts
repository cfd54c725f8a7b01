/** The types of `cached.wrap`. */
import type { RecordBatch, Table } from 'apache-arrow';
import type { Row } from '../fetch/options.ts';
import type { Freshness } from '../types.ts';

/** What a wrapped function may give: rows as objects, Arrow data, or an iterable of either; or a promise of it. */
export type Rows = readonly object[] | Table | RecordBatch | Iterable<object> | AsyncIterable<object>;

/** Rows as the function gave them: Arrow data comes back as plain objects. */
export type RowOf<Given> = Given extends Table | RecordBatch
  ? Row
  : Given extends AsyncIterable<infer Item> | Iterable<infer Item>
    ? Item extends Table | RecordBatch
      ? Row
      : Item
    : never;

export interface WrapOptions<Args extends readonly unknown[]> {
  /**
   * The name of the function, for all processes that share the store, and what of its arguments makes two calls the same
   * question: all of them, unless `of` gives a plain value instead.
   */
  readonly key: string | { readonly name: string; readonly of: (...args: Args) => unknown };
  /**
   * What tells that the rows changed: a function that gives a text or any plain value (asked before each use that is not
   * within `maxAge`, so it should be cheap), a time in seconds for which an answer is right, or nothing but `invalidate`.
   */
  readonly version: ((...args: Args) => unknown) | { readonly ttl: number } | 'manual';
  /** Part of the key: another one, such as after a change of the function's code, begins anew. */
  readonly revision?: string;
  /** Types of columns by name, such as `decimal(18,2)`; the others follow from the values (docs/wrapping.md). */
  readonly columns?: Readonly<Record<string, string>>;
  /** Seconds since the last verification began for which nothing is asked. Default 0. */
  readonly maxAge?: number;
  /** Seconds beyond it for which a changed answer may still be given while the function runs behind. Default 0. */
  readonly staleWhileRevalidate?: number;
  /** Seconds beyond it for which an older answer is given when the function fails. Default 0. */
  readonly staleIfError?: number;
  /** Default 10 minutes; the version function and the load have as much each. */
  readonly timeoutSeconds?: number;
  /** Default 1e9. */
  readonly rowsMax?: number;
  /** Of the Parquet file. Default 16 GiB. */
  readonly bytesMax?: number;
}

export interface WrapCallBase {
  /** Ends the waiting; the load goes on, for others and for the cache. */
  readonly signal?: AbortSignal;
  /** Narrows or widens freshness for this call within what the function was wrapped with. */
  readonly freshness?: Freshness;
  readonly onAnswer?: (info: WrappedInfo) => void;
}

export type WrapCallOptions = WrapCallBase
  & (
    | { readonly as?: 'rows' }
    | { readonly as: 'table' }
    /** The Parquet file. */
    | { readonly as: 'bytes' }
    /** A file of your own, replaced in one step. */
    | { readonly as: 'file'; readonly path: string }
    /** The file in the store, pinned until it is released. */
    | { readonly as: 'path' }
  );

export interface WrappedInfo {
  readonly key: string;
  readonly generation: number;
  readonly version: string;
  readonly rows: number;
  readonly bytes: number;
  /** Of the Parquet file. */
  readonly sha256: string;
  readonly cache: 'hit' | 'revalidated' | 'miss' | 'stale';
  /** Seconds since the work began that last proved the rows right. */
  readonly ageSeconds: number;
}

export interface WrappedFile {
  readonly path: string;
  readonly info: WrappedInfo;
}

export interface PinnedWrappedFile extends WrappedFile, AsyncDisposable {
  /** Aborts when the pin was lost: stop reading then. */
  readonly signal: AbortSignal;
  release(): Promise<void>;
}

export type Wrapping<Options extends WrapCallOptions, RowType> = Options extends { readonly as: 'table' }
  ? Table
  : Options extends { readonly as: 'bytes' }
    ? Uint8Array
    : Options extends { readonly as: 'file' }
      ? WrappedFile
      : Options extends { readonly as: 'path' }
        ? PinnedWrappedFile
        : RowType[];

/** A function whose results are kept in the store. `RowType` is of its rows, `Result` of what this form of it gives. */
export interface Wrapped<Args extends readonly unknown[], RowType, Result = RowType[]> {
  (...args: Args): Promise<Result>;
  with<const Options extends WrapCallOptions>(options: Options): Wrapped<Args, RowType, Wrapping<Options, RowType>>;
  /** soft (default): verify before the next use. hard: load again before it. purge: hard, and remove what is there. */
  invalidate(args: Args, mode?: 'soft' | 'hard' | 'purge'): Promise<void>;
  /** All calls of it, whatever their arguments and revisions. */
  invalidateAll(mode?: 'soft' | 'hard' | 'purge'): Promise<void>;
}

/** A decorator of methods that return a promise of an array of rows. */
export type WrapDecorator<Args extends readonly unknown[]> = <This, Given extends Args, RowType extends object>(
  method: (this: This, ...args: Given) => Promise<RowType[]>,
  context: ClassMethodDecoratorContext<This, (this: This, ...args: Given) => Promise<RowType[]>>,
) => (this: This, ...args: Given) => Promise<RowType[]>;
