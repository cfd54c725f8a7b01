/** What `fetch` takes and gives: one kind of result for each `as`. Types only, so that everybody may import them. */
import type { RecordBatch, Table } from 'apache-arrow';
import type { AskOptions, FillStatus, Format, Question } from '../types.ts';

/** A dataset by name, or any question. */
export type QuestionLike = string | Question;

/** How the rows are wanted: an Arrow table, plain objects, the bytes of a format, a file of your own, or the store's. */
export type As = 'table' | 'rows' | 'bytes' | 'file' | 'path';

/**
 * - `default`: what is at hand is used once it was verified, or unverified within `maxAge`.
 * - `reload`: transferred anew and proved right now (`no-cache`), and kept.
 * - `no-store`: as if there were no cache of this client: neither looked into nor filled.
 */
export type CacheMode = 'default' | 'reload' | 'no-store';

/** How far it is. `load`: the server's work on the source. `transfer`: bytes that arrived here. */
export type Progress =
  | {
      readonly kind: 'load';
      /** The fill's id. */
      readonly fill: string;
      readonly phase: string;
      readonly rows: number;
      readonly bytes: number;
      readonly bytesTotal: number | null;
    }
  | {
      readonly kind: 'transfer';
      readonly bytes: number;
      /** Null where the server converts while it sends, and cannot know. */
      readonly bytesTotal: number | null;
    };

/** What is known of an answer beside its rows. */
export interface AnswerInfo {
  readonly key: string;
  readonly generation: number;
  readonly version: string;
  /** Of the form that was transferred; that of Parquet is the SHA-256 of the file. */
  readonly etag: string;
  /** RFC 9211, of the last answer by the server; null where none was asked. */
  readonly cacheStatus: string | null;
  /** Seconds since the work began that last proved the rows right. */
  readonly ageSeconds: number;
  /** Where the bytes came from: this client's memory or disk, or the server. */
  readonly from: 'memory' | 'disk' | 'server';
  /** The server was asked now, and did not say otherwise. False within `maxAge`. */
  readonly verified: boolean;
}

export interface FetchBase extends AskOptions {
  /** The wanted columns in the wanted order: part of the question, so not where the question has its own. */
  readonly columns?: readonly string[];
  /** Seconds since the rows were last proved right within which this client answers by itself. Default 0. */
  readonly maxAge?: number;
  readonly cache?: CacheMode;
  readonly onProgress?: (progress: Progress) => void;
  readonly onAnswer?: (info: AnswerInfo) => void;
}

export interface WindowOptions {
  /** Rows at most; all of them by default. Not of Parquet, which comes as it is stored. */
  readonly limit?: number;
  /** Rows to pass over first. */
  readonly offset?: number;
}

export interface FormOptions extends WindowOptions {
  /** Default parquet. */
  readonly format?: Format;
  /** JSON and NDJSON: `string` writes every 64-bit integer and decimal as text. Default: where a double would lose digits. */
  readonly numbers?: 'exact' | 'string';
}

export interface TableOptions extends FetchBase, WindowOptions {
  readonly as?: 'table';
}

export interface RowsOptions extends FetchBase, WindowOptions {
  readonly as: 'rows';
}

export interface BytesOptions extends FetchBase, FormOptions {
  readonly as: 'bytes';
}

export interface FileOptions extends FetchBase, FormOptions {
  readonly as: 'file';
  /** Where the file shall be. It is replaced in one step, when all bytes are there and checked. */
  readonly path: string;
}

export interface PathOptions extends Omit<FetchBase, 'maxAge' | 'cache'> {
  readonly as: 'path';
  /** Seconds for which the file stays if this process dies; renewed while it lives. Default 60, at least 5. */
  readonly pinSeconds?: number;
}

export type FetchOptions = TableOptions | RowsOptions | BytesOptions | FileOptions | PathOptions;

/**
 * A value of a row; which of these is a matter of the column's type, never of the value. Whole numbers of 64 bits are
 * bigint, smaller ones and floats number; decimals, dates, times and timestamps text; binary Uint8Array; lists arrays;
 * structs objects; maps arrays of `[key, value]`.
 */
export type RowValue =
  | null
  | boolean
  | number
  | bigint
  | string
  | Uint8Array
  | readonly RowValue[]
  | { readonly [name: string]: RowValue };

export type Row = Readonly<Record<string, RowValue>>;

export interface FetchedFile {
  readonly path: string;
  readonly bytes: number;
  /** Hexadecimal, of the bytes in the file. */
  readonly sha256: string;
  readonly info: AnswerInfo;
}

/** A file of the store itself, kept there until it is released. Read only. */
export interface PinnedFile extends AsyncDisposable {
  readonly path: string;
  readonly bytes: number;
  readonly rows: number;
  readonly sha256: string;
  readonly info: AnswerInfo;
  /** Aborts when the pin was lost, by a purge or because the server could not be reached in time: stop reading then. */
  readonly signal: AbortSignal;
  /** Gives the pin back. Also by `await using`. */
  release(): Promise<void>;
}

/** One signature for each `as`. */
export interface Fetch {
  (question: QuestionLike, options?: TableOptions): Promise<Table>;
  (question: QuestionLike, options: RowsOptions): Promise<readonly Row[]>;
  (question: QuestionLike, options: BytesOptions): Promise<Uint8Array>;
  (question: QuestionLike, options: FileOptions): Promise<FetchedFile>;
  (question: QuestionLike, options: PathOptions): Promise<PinnedFile>;
}

export interface BatchesOptions extends Omit<FetchBase, 'maxAge' | 'cache'>, WindowOptions {
  /** Default table: one RecordBatch at a time. */
  readonly as?: 'table' | 'rows';
}

export interface FetchBatches {
  (question: QuestionLike, options?: BatchesOptions & { readonly as?: 'table' }): AsyncGenerator<RecordBatch, void>;
  (question: QuestionLike, options: BatchesOptions & { readonly as: 'rows' }): AsyncGenerator<readonly Row[], void>;
}

/** @returns what `onProgress` is told of a load. */
export function loadProgress({ id, state, progress }: FillStatus): Progress {
  const { phase, rows, bytes, bytesTotal } = progress ?? { phase: state, rows: 0, bytes: 0, bytesTotal: null };
  return { kind: 'load', fill: id, phase, rows, bytes, bytesTotal };
}
