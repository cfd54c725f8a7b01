/**
 * A CanonicalRequest is everything that decides which rows and columns a caller gets, in one normal form (I1). It is
 * what the CacheKey hashes, what a job carries to the worker and what the manifest keeps. It names no dataset: an
 * ad-hoc request for the same thing is the same entry.
 */
import type { Json } from './canonical-json.ts';
import type { Arrival, FreshnessPolicy } from './freshness.ts';
import type { VersionKind } from './version.ts';

export const KEY_FORMAT = 1;

/** A bind or parameter with its type. `value` is the type's canonical text; null is SQL NULL. */
export interface TypedValue {
  readonly type: ParamType;
  readonly value: string | null;
}

export const PARAM_TYPES = ['string', 'integer', 'number', 'boolean', 'date', 'timestamp'] as const;
export type ParamType = (typeof PARAM_TYPES)[number];

export const FILE_FORMATS = ['parquet', 'csv', 'ndjson', 'json', 'arrow'] as const;
export type FileFormat = (typeof FILE_FORMATS)[number];

/** How a CSV is read; null means "detect". Delimiter, quote and escape are one character; quote '' means none. */
export interface CsvOptions {
  readonly header: boolean | null;
  readonly delimiter: string | null;
  readonly quote: string | null;
  readonly escape: string | null;
  readonly nullText: string | null;
}

export interface FileQuestion {
  readonly kind: 'file';
  /** Relative to the source's root, '/' separated, without '.', '..' or empty segments. */
  readonly path: string;
  readonly format: FileFormat;
  readonly csv: CsvOptions | null;
}

/** What the version of a statement's result is made of; the refresh-key's statement is normalised like the other. */
export type SqlVersioning =
  | { readonly kind: 'rowscn' | 'row-version' | 'table-checksum' | 'ttl' | 'manual' }
  | { readonly kind: 'refresh-key'; readonly statement: string };

/**
 * Decimal numbers of no declared size (Oracle's NUMBER, Postgres' numeric): as float64, the rounded values counted; as
 * decimal128(38, 10), what does not fit refused; or as text, any size. A database without such a type ignores it.
 */
export const NUMBERS_AS = ['double', 'exact', 'text'] as const;
export type NumbersAs = (typeof NUMBERS_AS)[number];

/** One statement read by several sessions at one point in time: rows are spread by a hash of `column`. */
export interface Split {
  readonly column: string;
  readonly into: number;
}

export interface SqlQuestion {
  readonly kind: 'sql';
  /** Normalised: one spelling of white space and case outside literals, no comments; hints are kept. */
  readonly statement: string;
  /** By placeholder as the normalised statement spells it, without the colon: `SINCE`, `1`. */
  readonly binds: Readonly<Record<string, TypedValue>>;
  /** Session settings that change rows, named as their database does: `NLS_SORT`, `timezone`. */
  readonly session: Readonly<Record<string, string>>;
  /** Part of the identity: a version of one kind says nothing about one of another. */
  readonly version: SqlVersioning;
  readonly numbers: NumbersAs;
  readonly split: Split | null;
}

/** A call of a function of an application's own, which runs in that application (in-process/). */
export interface WrappedQuestion {
  readonly kind: 'wrapped';
  /** What the application calls the function; two applications that use one name mean one function. */
  readonly name: string;
  /** Whatever else of the function changes its rows, such as a release of its code. */
  readonly revision: string;
  /** The arguments of the call in canonical form (in-process/arguments.ts). */
  readonly arguments: Json;
  readonly version: { readonly kind: 'token' | 'ttl' | 'manual' };
}

export type Question = FileQuestion | SqlQuestion | WrappedQuestion;

export const COMPRESSIONS = ['zstd', 'snappy', 'none'] as const;
export type Compression = (typeof COMPRESSIONS)[number];

export interface ParquetOptions {
  readonly compression: Compression;
  readonly rowGroupRows: number;
}

export const DEFAULT_PARQUET: ParquetOptions = { compression: 'zstd', rowGroupRows: 1_000_000 };

export interface CanonicalRequest {
  readonly keyFormat: typeof KEY_FORMAT;
  readonly sourceKind: SourceKind | 'wrapped';
  /** Which system of record: resolved connect identity, user and schema, or the root folder. Never a secret. */
  readonly sourceIdentity: string;
  readonly question: Question;
  /** Wanted columns in the wanted order; null: all. */
  readonly columns: readonly string[] | null;
  /** Declared types by column, for example `decimal(18,2)`. */
  readonly columnTypes: Readonly<Record<string, string>>;
  readonly parquet: ParquetOptions;
}

/** Names of wrapped functions: what a person can read in a listing and a file system can hold. */
export const WRAPPED_NAME = /^[A-Za-z0-9][A-Za-z0-9_./-]{0,99}$/;
/** What the name of a source begins with where it is a wrapped function: no configured name has a colon. */
export const WRAPPED_SOURCE = 'wrapped:';

export function isWrappedSource(source: string): boolean {
  return source.startsWith(WRAPPED_SOURCE) && WRAPPED_NAME.test(source.slice(WRAPPED_SOURCE.length));
}

export const SOURCE_KINDS = ['file', 'oracle', 'postgres', 'mysql'] as const;
export type SourceKind = (typeof SOURCE_KINDS)[number];

/** Kinds of databases; `mysql` is MariaDB too. */
export type SqlSourceKind = Exclude<SourceKind, 'file'>;

/** Names of things an invalidation can mark: `dataset:NAME`, `source:NAME`, `table:SOURCE/NAME`. */
export type Scope = string;

/** A request after the catalog resolved it: what resolve, probe and fill work on. JSON-safe; it travels in jobs. */
export interface ResolvedRequest {
  readonly key: string;
  readonly canonical: CanonicalRequest;
  /** The configured source's name; workers look up its credentials by it. Of a wrapped function `wrapped:NAME`. */
  readonly source: string;
  readonly dataset: string | null;
  readonly scopes: readonly Scope[];
  /** What a probe asks: the file, or each table. Shared by the keys that read them; their `started` counts for all. */
  readonly probeTargets: readonly string[];
  readonly versionKind: VersionKind;
  readonly limits: FillLimits;
}

export interface FillLimits {
  readonly rowsMax: number;
  readonly bytesMax: number;
  readonly timeoutMs: number;
}

/** A resolved request together with how fresh this caller wants it. */
export interface Ask {
  readonly request: ResolvedRequest;
  readonly policy: FreshnessPolicy;
  /** Refuse to touch the source: answer from the cache or fail (only-if-cached). */
  readonly cachedOnly: boolean;
  /** Continues an earlier ask that was told to come back: its requirement is used instead of that of arrival. */
  readonly continues: Arrival | null;
}
