/** The types of `cached.sql`, `cached.file` and `cached.dataset`: arguments from declared binds, results from `as`. */
import type { Table } from 'apache-arrow';
import type { FetchedFile, FetchOptions, PinnedFile, Row } from '../fetch/options.ts';
import type { BindValue, ParamValue } from '../types.ts';

export type Fetched<Options extends FetchOptions> = Options extends { readonly as: 'rows' }
  ? readonly Row[]
  : Options extends { readonly as: 'bytes' }
    ? Uint8Array
    : Options extends { readonly as: 'file' }
      ? FetchedFile
      : Options extends { readonly as: 'path' }
        ? PinnedFile
        : Table;

/** A question that takes arguments. Calling it is `parqueue.fetch` with them. */
export interface CachedCall<Args extends readonly unknown[], Result> {
  /** As decorator of a field: the field holds this. */
  <This>(value: undefined, context: ClassFieldDecoratorContext<This, this>): (initial: this) => this;
  (...args: Args): Promise<Result>;
  /** The same question with other options than it was made with, for one call or many. */
  with<const Options extends FetchOptions>(options: Options): CachedCall<Args, Fetched<Options>>;
}

/** No binds: it is called without arguments. */
export type NoBinds = Readonly<Record<never, never>>;
export type Binds = Readonly<Record<string, BindValue>>;
export type Params = Readonly<Record<string, ParamValue>>;

export type CachedQuery<Given = NoBinds, Result = Table> = CachedCall<
  keyof Given extends never ? readonly [] : readonly [binds: Given],
  Result
>;

export interface CachedDataset<Given = Params, Result = Table> extends CachedCall<
  {} extends Given ? readonly [params?: Given] : readonly [params: Given],
  Result
> {
  /** soft (default): verify before the next use. hard: load again before it. purge: hard, and remove what is there. */
  invalidate(mode?: 'soft' | 'hard' | 'purge'): Promise<unknown>;
}

/** Types of binds, as the server knows them. */
export type BindType = 'string' | 'integer' | 'number' | 'boolean' | 'date' | 'timestamp';
export type BindTypes = Readonly<Record<string, BindType>>;

/** Whole numbers beyond 2⁵³ are given as text; dates and timestamps always, as ISO 8601. */
export type BindsOf<Types extends BindTypes> = {
  readonly [Name in keyof Types]:
    | null
    | (Types[Name] extends 'integer'
        ? number | bigint | string
        : Types[Name] extends 'number'
          ? number
          : Types[Name] extends 'boolean'
            ? boolean
            : string);
};

export interface SqlQuestionParts {
  readonly source: string;
  /** With named placeholders, `:since`. */
  readonly sql: string;
}

export interface FileQuestionParts<Args extends readonly unknown[]> {
  readonly source: string;
  /** Relative to the source's root; or made of the arguments. */
  readonly path: string | ((...args: Args) => string);
}
