/** What goes over the wire, as the HTTP interface of Parqueue names it. */

export type Format = 'parquet' | 'arrow' | 'csv' | 'json' | 'ndjson';
export type ParamValue = string | number | boolean;

/** Narrows or widens freshness within the dataset's policy. Seconds, as in `Cache-Control`. */
export interface Freshness {
  readonly noCache?: boolean;
  readonly maxAge?: number;
  readonly maxStale?: number;
  /** Fail (504) rather than let the source be asked. */
  readonly onlyIfCached?: boolean;
}

/** A value for a placeholder. Dates, timestamps and 64-bit integers are text with their type. */
export type BindValue =
  | ParamValue
  | null
  | {
      /** string, integer, number, boolean, date or timestamp. */
      readonly type: string;
      readonly value: ParamValue | null;
    };

/** A declared question, or an undeclared one to a source that allows it. */
export type Question =
  | {
      readonly dataset: string;
      readonly params?: Readonly<Record<string, ParamValue>>;
      readonly columns?: readonly string[];
    }
  | { readonly source: string; readonly path: string; readonly columns?: readonly string[] }
  | {
      readonly source: string;
      readonly sql: string;
      /** By name, or in the order in which the placeholders first occur. */
      readonly binds?: Readonly<Record<string, BindValue>> | readonly BindValue[];
      readonly columns?: readonly string[];
    };

export interface AskOptions {
  readonly freshness?: Freshness;
  readonly signal?: AbortSignal;
  /** Called whenever a load that is waited for reports how far it is. */
  readonly onWait?: (fill: FillStatus) => void;
}

export interface EntryColumn {
  readonly name: string;
  readonly type: string;
  readonly nullable?: boolean;
}

export interface Pin {
  readonly id: string;
  readonly expiresAtMs?: number;
  readonly [more: string]: unknown;
}

/** One resolved entry. Servers of later releases may tell more. */
export interface Entry {
  readonly key: string;
  readonly generation: number;
  readonly version: string;
  readonly etag: string;
  readonly rows: number;
  readonly bytes: number;
  readonly sha256: string;
  readonly columns: unknown;
  readonly schema?: unknown;
  readonly storeId: string;
  readonly file: { readonly relative: string; readonly path: string; readonly url: string };
  readonly verifiedAt: string;
  readonly consistency: string;
  readonly pin?: Pin | null;
  readonly [more: string]: unknown;
}

export interface EntryPage {
  readonly entries: readonly Readonly<Record<string, unknown>>[];
  /** Pass as `after` for the next page; null at the end. */
  readonly next: string | null;
}

export interface FillStatus {
  readonly id: string;
  readonly state: string;
  readonly progress?: {
    readonly phase: string;
    readonly rows: number;
    readonly bytes: number;
    readonly bytesTotal?: number | null;
  } | null;
  readonly outcome?: FillOutcome | null;
  /** Where the immutable bytes are, once there are any. */
  readonly data?: string | null;
  readonly [more: string]: unknown;
}

export interface FillOutcome {
  readonly kind: string;
  readonly failure?: {
    readonly code: string;
    readonly message: string;
    readonly retryable?: boolean;
    readonly details?: Readonly<Record<string, unknown>>;
  };
  readonly [more: string]: unknown;
}

export interface FillEvent {
  /** `message` where the server named none. */
  readonly event: string;
  readonly id: string | null;
  /** Parsed JSON. */
  readonly data: unknown;
}

export type InvalidateTarget =
  | { readonly key: string }
  | { readonly dataset: string }
  | { readonly source: string; readonly table?: string }
  | { readonly prefix: string };

export type InvalidateMode = 'soft' | 'hard' | 'purge';
