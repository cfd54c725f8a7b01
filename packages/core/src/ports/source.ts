/**
 * A Source is a configured system of record as the worker's threads see it. The contract suite (testing) judges every
 * implementation; I2 is the heart of it: a version is never newer than the rows delivered with it.
 */
import type { Consistency } from '../model/generation.ts';
import type { ManifestColumn } from '../model/manifest.ts';
import type { CanonicalRequest, FillLimits, SqlSourceKind } from '../model/request.ts';
import type { Version } from '../model/version.ts';
import type { Progress } from '../model/job.ts';

/** Remembers small facts between loads, such as the hash of a file by its stat. Losing it costs work, never truth. */
export interface Memo {
  get(name: string): Promise<string | null>;
  put(name: string, value: string): Promise<void>;
}

export interface SourceContext {
  readonly signal: AbortSignal;
  readonly memo: Memo;
  readonly limits: FillLimits;
  /** Called as work goes on, any number of times; the receiver thins it out. */
  readonly onProgress: (progress: Progress) => void;
  /**
   * Versions of parts (tables, refresh keys) that were found by probes young enough for this one, by part name: they
   * need not be asked again. Empty where there are none; a source without parts ignores it.
   */
  readonly known: Readonly<Record<string, string>>;
  /** Called once when the first rows arrived. */
  readonly onFirstBatch: () => void | Promise<void>;
  /** Called after each question to a database; absent where nobody wants to know, and then nothing is measured. */
  readonly onStatement?: (statement: SourceStatement) => void;
}

/**
 * One question to a database, after it ended. It says what kind of question and of what, in words of our own and names of
 * tables: never the statement's text, its literals or its binds.
 */
export interface SourceStatement {
  readonly system: SqlSourceKind;
  readonly operation: 'BEGIN' | 'VERSION' | 'DESCRIBE' | 'SELECT';
  /** The operation and the tables it reads: `SELECT APP.SALES APP.REGIONS`. */
  readonly summary: string;
  readonly beganAtMs: number;
  readonly endedAtMs: number;
  /** Of a SELECT that ended well. */
  readonly rows: number | null;
  /** The code of what went wrong; null where nothing did. */
  readonly failure: string | null;
}

/** Where the part goes, and nothing else about the store. */
export interface PartTarget {
  readonly path: string;
}

export interface Extract {
  /** The state of the source that the rows show, or an older one. */
  readonly version: Version;
  readonly consistency: Consistency;
  /** Rows in the file, compared with its footer before this returns. */
  readonly rows: number;
  /** SHA-256 of the bytes written, lower-case hex. */
  readonly sha256: string;
  readonly columns: readonly ManifestColumn[];
  /** JSON-safe; kept in the manifest. */
  readonly details: Readonly<Record<string, unknown>>;
}

/** One part of a version, asked on its own: a table, view or refresh key that the statement names. */
export interface ProbedPart {
  readonly version: string;
  /** What asking cost the source, ms. */
  readonly costMs: number;
}

export interface Probed {
  readonly version: Version;
  /** The parts that were asked now, by part name; those in `known` are not among them. Empty: the source has no parts. */
  readonly parts: Readonly<Record<string, ProbedPart>>;
  /** Base tables (`SCHEMA.NAME`) behind each part that is a view or synonym; for invalidations by table. */
  readonly reads: Readonly<Record<string, readonly string[]>>;
}

export interface Snapshot extends AsyncDisposable {
  /** The version of this snapshot, without reading its rows into Parquet. */
  version(): Promise<Version>;
  /** Reads all rows and writes one complete Parquet file. The caller fsyncs it. */
  extract(target: PartTarget): Promise<Extract>;
}

export interface SourceConnections {
  readonly busy: number;
  readonly idle: number;
}

/**
 * Errors: PQ_SOURCE_UNAVAILABLE (cannot be reached), PQ_SOURCE_REJECTED (refuses the question), PQ_NOT_FOUND (the file
 * is not there), PQ_UNTRACKABLE (what the answer depends on cannot be known), PQ_SOURCE_UNSTABLE (changed while read, repeatedly), PQ_MALFORMED_SOURCE, PQ_UNSUPPORTED_TYPE,
 * PQ_LIMIT_EXCEEDED, PQ_STORE_FULL and PQ_STORE_IO for the target, PQ_CANCELLED when the signal aborts.
 */
export interface Source extends AsyncDisposable {
  /** Connections it holds now, where it holds any: at work, and kept for the next question. */
  connections?(): SourceConnections;
  /**
   * The current version: the cheapest question that can prove a head right. For a source with parts it is
   * composeVersion of all parts, those of `context.known` included.
   */
  probe(request: CanonicalRequest, context: SourceContext): Promise<Probed>;
  open(request: CanonicalRequest, context: SourceContext): Promise<Snapshot>;
}
