/**
 * What goes over the wire. Answers are as the server's OpenAPI document says (generated/openapi.ts); questions are told
 * apart here by what they must have, which the document's one body does not do.
 */
import type { Fill, Question as WireQuestion } from './generated/openapi.ts';

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
