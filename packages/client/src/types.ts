/**
 * What goes over the wire. Answers are as the server's OpenAPI document says (generated/openapi.ts); questions are told
 * apart here by what they must have, which the document's one body does not do.
 */
import type { Fill, FillSummary, Question as WireQuestion } from './generated/openapi.ts';

export type {
  AskBucket,
  AskPeriod,
  Asks,
  AskSeries,
  Catalog,
  Column,
  ColumnStatistics,
  Dataset,
  DatasetDetails,
  Entry,
  EntryPage,
  EntryState,
  Explanation,
  Fill,
  FillPage,
  FillSummary,
  Invalidated,
  Outcome,
  Pin,
  Principal,
  Resolution,
  Source,
  Sources,
  Statistics,
  Stored,
} from './generated/openapi.ts';

/** How far a load is that is waited for. */
export type FillStatus = Fill;

export type Format = 'parquet' | 'arrow' | 'csv' | 'json' | 'ndjson';
export type ParamValue = string | number | boolean;

/** An entry has another generation. */
export interface HeadEvent {
  readonly key: string;
  /** Null: asked ad hoc. */
  readonly dataset: string | null;
  readonly source: string;
  readonly generation: number;
  readonly version: string;
  readonly rows: number;
  readonly bytes: number;
  readonly committedAt: string;
  readonly url: string;
}

/** An entry has no generation any more: over a quota, not read for long, or purged. */
export interface EvictedEvent {
  readonly key: string;
  readonly dataset: string | null;
  readonly generation: number;
  readonly reason: string;
  readonly evictedAt: string;
}

/** What happens in the cache. Later servers may tell more: pass over events that are not known. */
export type CacheEvent =
  /** When it comes, at most once a second while it goes on, and when it ends. */
  | { readonly event: 'fill'; readonly id: string | null; readonly data: FillSummary }
  /** Its id is what to come back with. */
  | { readonly event: 'head'; readonly id: string; readonly data: HeadEvent }
  /** As with a head. */
  | { readonly event: 'evicted'; readonly id: string; readonly data: EvictedEvent }
  /** More happened behind the id that was come back with than the server remembers: look at everything anew. */
  | { readonly event: 'missed'; readonly id: string | null; readonly data: { readonly after: string } }
  /** Why the stream ends: connect again. */
  | {
      readonly event: 'bye';
      readonly id: string | null;
      readonly data: { readonly code: string; readonly message: string };
    };

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
  | ({ readonly source: string; readonly path: string; readonly columns?: readonly string[] } & Pick<
      WireQuestion,
      'format' | 'csv'
    >)
  | {
      readonly source: string;
      readonly sql: string;
      /** By name, or in the order in which the placeholders first occur. */
      readonly binds?: Readonly<Record<string, BindValue>> | readonly BindValue[];
      readonly columns?: readonly string[];
    };

export interface AskOptions {
  readonly freshness?: Freshness | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Called whenever a load that is waited for reports how far it is. */
  readonly onWait?: (fill: FillStatus) => void;
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
