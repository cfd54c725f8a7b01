/** Types of the HTTP interface, generated from apps/api/openapi.json: change the routes, not this file. */

/** Asks of one minute or hour. */
export interface AskBucket {
  /** Its beginning. */
  readonly at: string;
  /** Asks that the cache answered, whether or not the source was asked for its version first. */
  readonly hit: number;
  /** Asks answered with rows older than the policy asks for, within the windows it allows. */
  readonly stale: number;
  /** Asks that waited for a load of their own. */
  readonly miss: number;
  /** Asks that waited for somebody else's load. */
  readonly collapsed: number;
  /** Asks that ended in an error. */
  readonly error: number;
}

/** How the dataset was asked for a while. */
export interface AskPeriod {
  /** Beginning of the first minute or hour that is counted. */
  readonly since: string;
  /** Asks that the cache answered, whether or not the source was asked for its version first. */
  readonly hit: number;
  /** Asks answered with rows older than the policy asks for, within the windows it allows. */
  readonly stale: number;
  /** Asks that waited for a load of their own. */
  readonly miss: number;
  /** Asks that waited for somebody else's load. */
  readonly collapsed: number;
  /** Asks that ended in an error. */
  readonly error: number;
  /** All of them. */
  readonly total: number;
  /** Hits and stale ones among those that were answered, 0 to 1; null: none was. */
  readonly hitRatio: number | null;
}

/** Asks over all API processes, up to some seconds ago. */
export interface AskSeries {
  readonly lastHour: AskPeriod;
  readonly lastDay: AskPeriod;
  /** The last 24, oldest first; the last one is under way. */
  readonly hours: readonly AskBucket[];
  /** The last 60, oldest first; the last one is under way. */
  readonly minutes: readonly AskBucket[];
}

/** Asks over all API processes, up to some seconds ago: the last 60 minutes and 24 hours. */
export interface Asks {
  readonly lastHour: AskPeriod;
  readonly lastDay: AskPeriod;
  /** The last 24, oldest first; the last one is under way. */
  readonly hours: readonly AskBucket[];
}

/** Server-sent events with data as JSON. `fill`: a FillSummary, when it comes, at most once a second while it goes on, and when it ends. `head`: an entry has another generation (key, dataset, source, generation, version, rows, bytes, committedAt, url), with an id to come back with; one that moved several times between two looks is told once. `evicted`: an entry has none any more (key, dataset, generation, reason, evictedAt), with an id too. `missed`: more happened since `Last-Event-ID` than is remembered, look at everything anew. `bye` (code, message): why the server ends the stream; connect again. Comments keep a quiet stream open. */
export type CacheEvents = string;

/** The datasets that the caller may use. */
export interface Catalog {
  readonly datasets: readonly Dataset[];
}

/** One column of a generation. */
export interface Column {
  /** Its name. */
  readonly name: string;
  /** The Arrow type written. */
  readonly type: string;
  /** The type in the source's own words. */
  readonly sourceType: string;
  /** Whether it may hold nulls. */
  readonly nullable: boolean;
  /** What was done to fit the type. */
  readonly note?: string;
}

/** One column. Values are texts as in the CSV of the entry: every digit, times as ISO 8601. */
export interface ColumnStatistics {
  /** Its name. */
  readonly name: string;
  /** In the words of Arrow. */
  readonly type: string;
  /** A list, map or struct: only its NULLs and items are counted. */
  readonly nested: boolean;
  /** What it takes in the file, in bytes. */
  readonly bytes: number;
  /** Rows without a value, of those looked at. */
  readonly nulls: number;
  /** Rows with one, of those looked at. */
  readonly values: number;
  /** NaN and infinite values; they are in none of the other numbers. */
  readonly notFinite: number;
  /** Of what `min` and `max` are: of all rows, or of those looked at. null: there is no range. */
  readonly range: 'all' | 'looked-at' | null;
  /** The least value; of texts, by their bytes, at most its first 256. */
  readonly min: string | null;
  /** The greatest. */
  readonly max: string | null;
  /** Of numbers, dates, times and timestamps; rounded to six digits beyond theirs, or to the unit of their times. */
  readonly mean: string | null;
  /** Different values, exactly; null: more than are counted (1,000 numbers, 10,000 texts), or not counted. */
  readonly distinct: number | null;
  readonly top: readonly TopValue[] | null;
  /** Whether each count of `top` is exact; otherwise it is at least that. */
  readonly topExact: boolean;
  readonly lengths: Lengths | null;
  /** Of what has a mean; null: of nothing else, or of no values. */
  readonly histogram: Histogram | null;
}

/** Something that a statement reads and no table tells. */
export interface Construct {
  /** As the statement writes it. */
  readonly construct: string;
  /** Why it stands in the way of noticing changes. */
  readonly why: string;
}

/** A source that failed repeatedly is not asked for a while. */
export interface Cooling {
  /** Failures in a row. */
  readonly failures: number;
  /** Then one trial goes first. */
  readonly until: string;
  /** How long that is from now. */
  readonly seconds: number;
  /** The last one. */
  readonly failure: {
    readonly code: ErrorCode;
    /** What happened. */
    readonly message: string;
  } | null;
}

/** One dataset of the catalog. */
export interface Dataset {
  /** Its name. */
  readonly name: string;
  /** Of what its source is made. */
  readonly kind: 'file' | 'sql';
  /** What it is, as the configuration says. */
  readonly description: string | null;
  /** Name of the configured source. */
  readonly source: string;
  /** Of its file; null: it is a statement. */
  readonly format: 'parquet' | 'csv' | 'ndjson' | 'json' | 'arrow' | null;
  readonly params: readonly Parameter[];
  readonly columns: readonly string[] | null;
  /** Declared types, by column. */
  readonly columnTypes: Readonly<Record<string, string>>;
  readonly freshness: Freshness;
  /** Where its rows are. */
  readonly urls: {
    /** As Parquet. */
    readonly parquet: string;
    /** As an Arrow IPC stream. */
    readonly arrow: string;
    /** As CSV. */
    readonly csv: string;
    /** As JSON. */
    readonly json: string;
    /** As JSON, an object a line. */
    readonly ndjson: string;
    /** In the representation that `Accept` or `format` asks for. */
    readonly data: string;
  };
  /** How it was asked lately; null while Redis is away. */
  readonly asks: Asks | null;
  /** What the cache holds of it; null while Redis is away. */
  readonly stored: Stored | null;
  /** null: nothing is loaded before somebody asks. */
  readonly refresh: Refresh | null;
}

/** One dataset with what it is made of and its latest entries. */
export interface DatasetDetails {
  /** Its name. */
  readonly name: string;
  /** Of what its source is made. */
  readonly kind: 'file' | 'sql';
  /** What it is, as the configuration says. */
  readonly description: string | null;
  /** Name of the configured source. */
  readonly source: string;
  /** Of its file; null: it is a statement. */
  readonly format: 'parquet' | 'csv' | 'ndjson' | 'json' | 'arrow' | null;
  readonly params: readonly Parameter[];
  readonly columns: readonly string[] | null;
  /** Declared types, by column. */
  readonly columnTypes: Readonly<Record<string, string>>;
  readonly freshness: Freshness;
  /** Where its rows are. */
  readonly urls: {
    /** As Parquet. */
    readonly parquet: string;
    /** As an Arrow IPC stream. */
    readonly arrow: string;
    /** As CSV. */
    readonly csv: string;
    /** As JSON. */
    readonly json: string;
    /** As JSON, an object a line. */
    readonly ndjson: string;
    /** In the representation that `Accept` or `format` asks for. */
    readonly data: string;
  };
  /** Path of its file below the source, with its parameters. */
  readonly path?: string;
  /** Its statement, as the configuration has it. */
  readonly statement?: string;
  /** What its statement names. */
  readonly tables?: readonly string[];
  readonly constructs?: readonly Construct[];
  /** How decimal numbers without a declared size are kept. */
  readonly numbers?: 'double' | 'exact' | 'text';
  /** Read by several sessions at one point in time. */
  readonly split?: {
    /** Rows are spread by its hash. */
    readonly column: string;
    /** Sessions. */
    readonly into: number;
  } | null;
  /** How it was asked lately; null while Redis is away. */
  readonly asks: AskSeries | null;
  /** What the cache holds of it; null while Redis is away. */
  readonly stored: Stored | null;
  /** null: nothing is loaded before somebody asks. */
  readonly refresh: Refresh | null;
  readonly entries: readonly Entry[] | null;
}

/** What the cache keeps for one question: its key and the generation that is current. */
export interface Entry {
  /** Cache key of the entry: a name for people and a hash for identity. */
  readonly key: string;
  /** Dataset that had it loaded, or one that asks the same, of those the caller may use; null: asked ad hoc. */
  readonly dataset: string | null;
  /** Name of the configured source. */
  readonly source: string;
  /** Number of a generation: the tick at which its load began. */
  readonly generation: number;
  /** Which state of the source was read. Opaque: compare it, never take it apart. */
  readonly version: string;
  /** Entity tag of the Parquet bytes, with its quotes. */
  readonly etag: string;
  /** Rows of the generation. */
  readonly rows: number;
  /** Size of the Parquet file, in bytes. */
  readonly bytes: number;
  /** SHA-256 of the Parquet bytes. */
  readonly sha256: string;
  /** How closely rows and version belong together: `exact` (one snapshot), `statement` (the version first, then one statement), `best-effort`. */
  readonly consistency: 'exact' | 'statement' | 'best-effort';
  /** When the latest work began that proved the rows right. Ages count from here. */
  readonly verifiedAt: string;
  /** When the generation became the head. */
  readonly committedAt: string;
  /** Why readers rejected its files; null while they are whole. The next ask fills again. */
  readonly damaged: string | null;
  /** When it was last read, as far as the collector knows; null: not told here. */
  readonly lastReadAt: string | null;
  /** The immutable URL of these bytes. */
  readonly url: string;
}

/** Entries in key order. */
export interface EntryPage {
  readonly entries: readonly Entry[];
  /** Pass it as `after` for the next page; null at the end. */
  readonly next: string | null;
}

/** One entry with what is under way. */
export interface EntryState {
  /** Cache key of the entry: a name for people and a hash for identity. */
  readonly key: string;
  /** Dataset that had it loaded, or one that asks the same, of those the caller may use; null: asked ad hoc. */
  readonly dataset: string | null;
  /** Name of the configured source. */
  readonly source: string;
  /** Number of a generation: the tick at which its load began. */
  readonly generation: number;
  /** Which state of the source was read. Opaque: compare it, never take it apart. */
  readonly version: string;
  /** Entity tag of the Parquet bytes, with its quotes. */
  readonly etag: string;
  /** Rows of the generation. */
  readonly rows: number;
  /** Size of the Parquet file, in bytes. */
  readonly bytes: number;
  /** SHA-256 of the Parquet bytes. */
  readonly sha256: string;
  /** How closely rows and version belong together: `exact` (one snapshot), `statement` (the version first, then one statement), `best-effort`. */
  readonly consistency: 'exact' | 'statement' | 'best-effort';
  /** When the latest work began that proved the rows right. Ages count from here. */
  readonly verifiedAt: string;
  /** When the generation became the head. */
  readonly committedAt: string;
  /** Why readers rejected its files; null while they are whole. The next ask fills again. */
  readonly damaged: string | null;
  /** When it was last read, as far as the collector knows; null: not told here. */
  readonly lastReadAt: string | null;
  /** The immutable URL of these bytes. */
  readonly url: string;
  /** Number of the latest load that was begun. */
  readonly latestFence: number;
  /** Who loads the entry at the moment. */
  readonly lease: {
    /** Number of the generation being made. */
    readonly fence: number;
    /** Of the load. */
    readonly fillId: string;
    /** The worker that holds the lease. */
    readonly holder: string;
    /** When the lease runs out unless it is renewed, ms since 1970 by the clock of Redis. */
    readonly expiresAtMs: number;
    /** The same. */
    readonly expiresAt?: string;
  } | null;
  /** false: Redis forgot since, and the entry was not compared with the store yet. */
  readonly reconciled: boolean;
}

/** Stable: test the code, never the words. */
export type ErrorCode = 'PQ_INVALID_REQUEST' | 'PQ_UNAUTHENTICATED' | 'PQ_FORBIDDEN' | 'PQ_UNKNOWN_DATASET' | 'PQ_UNKNOWN_SOURCE' | 'PQ_NOT_FOUND' | 'PQ_NOT_CACHED' | 'PQ_SOURCE_UNSTABLE' | 'PQ_GONE' | 'PQ_GENERATION_CHANGED' | 'PQ_LIMIT_EXCEEDED' | 'PQ_UNTRACKABLE' | 'PQ_UNSUPPORTED_TYPE' | 'PQ_VALUE_OUT_OF_RANGE' | 'PQ_MALFORMED_SOURCE' | 'PQ_QUEUE_FULL' | 'PQ_RATE_LIMITED' | 'PQ_SOURCE_REJECTED' | 'PQ_SOURCE_UNAVAILABLE' | 'PQ_SOURCE_PAUSED' | 'PQ_STORE_IO' | 'PQ_STORE_FULL' | 'PQ_COORDINATION_DOWN' | 'PQ_FILL_TIMEOUT' | 'PQ_CANCELLED' | 'PQ_WORKER_CRASHED' | 'PQ_INTERNAL';

/** Why an entry answers as it does. */
export interface Explanation {
  /** Cache key of the entry: a name for people and a hash for identity. */
  readonly key: string;
  /** What the next ask will meet, in words. */
  readonly why: readonly string[];
  /** The current generation. */
  readonly head: {
    /** Dataset that had it loaded, or one that asks the same, of those the caller may use; null: asked ad hoc. */
    readonly dataset: string | null;
    /** Name of the configured source. */
    readonly source: string;
    /** Number of a generation: the tick at which its load began. */
    readonly generation: number;
    /** Which state of the source was read. Opaque: compare it, never take it apart. */
    readonly version: string;
    /** Entity tag of the Parquet bytes, with its quotes. */
    readonly etag: string;
    /** Rows of the generation. */
    readonly rows: number;
    /** Size of the Parquet file, in bytes. */
    readonly bytes: number;
    /** SHA-256 of the Parquet bytes. */
    readonly sha256: string;
    /** How closely rows and version belong together: `exact` (one snapshot), `statement` (the version first, then one statement), `best-effort`. */
    readonly consistency: 'exact' | 'statement' | 'best-effort';
    /** When the latest work began that proved the rows right. Ages count from here. */
    readonly verifiedAt: string;
    /** When the generation became the head. */
    readonly committedAt: string;
    /** Why readers rejected its files; null while they are whole. The next ask fills again. */
    readonly damaged: string | null;
  };
  /** Seconds since the latest work began that proved it right. */
  readonly ageSeconds: number;
  /** What a look at its files found. */
  readonly files: {
    /** What they are. */
    readonly state: 'whole' | 'absent' | 'damaged';
    /** Why they are damaged. */
    readonly reason?: string;
  };
  /** The logical times that decide; docs/glossary.md tells what each means. */
  readonly ticks: {
    /** Number of the epoch of Redis. */
    readonly epoch: number;
    /** Tick: the latest work on this entry or what it reads began. */
    readonly started: number;
    /** Tick: the latest work began that proved it right. */
    readonly verified: number;
    /** Tick: its load began. */
    readonly filled: number;
    /** Tick: the latest soft mark. */
    readonly soft: number;
    /** Tick: the latest hard mark. */
    readonly hard: number;
    /** Tick: the latest purge. */
    readonly purge: number;
    /** Tick: the latest load began. */
    readonly latestFence: number;
  };
  /** false: Redis forgot since, and the entry was not compared with the store yet. */
  readonly reconciled: boolean;
  /** Of the entry. */
  readonly source: {
    /** Name of the configured source. */
    readonly name: string;
    /** null while it may be asked. */
    readonly cooling: Cooling | null;
  };
  /** Which state of the database was read. */
  readonly snapshot?: {
    /** How closely rows and version belong together: `exact` (one snapshot), `statement` (the version first, then one statement), `best-effort`. */
    readonly consistency: 'exact' | 'statement' | 'best-effort';
    /** Oracle's system change number; null elsewhere. */
    readonly scn: unknown;
    /** Postgres' snapshot; null elsewhere. */
    readonly snapshot: unknown;
    /** By how many sessions, and why not by more. */
    readonly split: unknown;
    /** Decimal values that were rounded to doubles, by column. */
    readonly rounded: unknown;
  };
  /** Kind of the version. */
  readonly versionedBy?: string;
  readonly tables?: readonly string[] | null;
  readonly constructs?: readonly Construct[] | null;
  readonly parts?: readonly ({
    /** Its name. */
    readonly part: string;
    /** The version its rows were read at. */
    readonly headVersion: string | null;
    /** The latest that any probe found. */
    readonly latest: {
      /** The version. */
      readonly version: string;
      /** Tick: when the probe began. */
      readonly tick: number;
      /** The same, by the clock. */
      readonly probedAt: string;
      /** What the probe cost the source, in ms. */
      readonly costMs: number;
    } | null;
    /** Whether the two differ; null: not known. */
    readonly changed: boolean | null;
    /** Somebody is asking it. */
    readonly probing: boolean;
  })[] | null;
  /** Who loads the entry at the moment. */
  readonly lease: {
    /** Number of the generation being made. */
    readonly fence: number;
    /** Of the load. */
    readonly fillId: string;
    /** The worker that holds the lease. */
    readonly holder: string;
    /** When the lease runs out unless it is renewed, ms since 1970 by the clock of Redis. */
    readonly expiresAtMs: number;
    /** The same. */
    readonly expiresAt?: string;
  } | null;
  /** Generations that are not current any more and still there. */
  readonly retired: readonly ({
    /** Number of a generation: the tick at which its load began. */
    readonly generation: number;
    /** Since then. */
    readonly retiredAt: string;
  })[];
  /** Pins on its generations. */
  readonly pins: number;
  /** Its latest probes and fills, 10 at most. */
  readonly fills: readonly FillSummary[];
  /** What the store itself says. */
  readonly store: {
    /** The mark of the key in the store. */
    readonly mark: {
      /** What is marked. */
      readonly target?: string;
      /** Tick of the latest hard mark. */
      readonly hard?: number;
      /** Tick of the latest purge. */
      readonly purge?: number;
      /** Tick of the latest soft mark. */
      readonly soft?: number;
    } | null;
    /** What head.json in the store says, a hint for people and path readers. */
    readonly headFile: {
      /** Cache key of the entry: a name for people and a hash for identity. */
      readonly key: string;
      /** Number of a generation: the tick at which its load began. */
      readonly fence: number;
      /** Which state of the source was read. Opaque: compare it, never take it apart. */
      readonly version: string;
      /** SHA-256 of the Parquet bytes. */
      readonly sha256: string;
      /** Tick: when the latest work began that proved it right. */
      readonly verified: number;
      /** The same, ms since 1970. */
      readonly verifiedAtMs: number;
      /** When its load began, ms since 1970. */
      readonly startedAtMs?: number;
    } | null;
  };
  /** null where its files are not whole. */
  readonly manifest: Manifest | null;
}

/** Why work ended without an answer. */
export interface Failure {
  readonly code: ErrorCode;
  /** What happened and what to do, for people. */
  readonly message: string;
  /** The same may succeed later. */
  readonly retryable: boolean;
  /** What the code has to tell beside: places, constructs, retryAfterMs. */
  readonly details?: Readonly<Record<string, unknown>>;
}

/** A probe or fill. What only the queue knows is missing once its record is gone. */
export interface Fill {
  /** As in `Location` and `Parqueue-Fill` of a 202. */
  readonly id: string;
  /** Of the fill. */
  readonly url: string;
  /** Where it stands. */
  readonly state: 'queued' | 'running' | 'finished';
  /** null: nothing was told yet. */
  readonly progress: Progress | null;
  /** null until it is finished. */
  readonly outcome: Outcome | null;
  /** A probe asks the source for its version, a fill loads its rows. */
  readonly kind?: 'probe' | 'fill';
  /** Cache key of the entry: a name for people and a hash for identity. */
  readonly key?: string;
  /** Dataset it was asked for, or one that asks the same, of those the caller may use; null: ad hoc. */
  readonly dataset?: string | null;
  /** Name of the configured source. */
  readonly source?: string;
  /** When it was asked for. */
  readonly enqueuedAt?: string;
  /** When a worker took it. */
  readonly startedAt?: string | null;
  /** When it ended. */
  readonly finishedAt?: string | null;
  /** Of a finished load. */
  readonly rowsPerSecond?: number | null;
  /** The immutable bytes that it vouches for, once there are any. */
  readonly data?: string | null;
}

/** Server-sent events `progress` and `finished`; the data of each is a Fill as JSON. Comments keep a quiet stream open; it ends after `finished`, or with `bye` (code, message), which says why it cannot go on. */
export type FillEvents = string;

/** Newest first. */
export interface FillPage {
  readonly fills: readonly FillSummary[];
}

/** A probe or fill in a list. */
export interface FillSummary {
  /** As in `Location` and `Parqueue-Fill` of a 202. */
  readonly id: string;
  /** Of the fill. */
  readonly url: string;
  /** Where it stands. */
  readonly state: 'queued' | 'running' | 'finished';
  /** null: nothing was told yet. */
  readonly progress: Progress | null;
  /** null until it is finished. */
  readonly outcome: Outcome | null;
  /** A probe asks the source for its version, a fill loads its rows. */
  readonly kind: 'probe' | 'fill';
  /** Cache key of the entry: a name for people and a hash for identity. */
  readonly key: string;
  /** Dataset it was asked for, or one that asks the same, of those the caller may use; null: ad hoc. */
  readonly dataset: string | null;
  /** Name of the configured source. */
  readonly source: string;
  /** When it was asked for. */
  readonly enqueuedAt: string;
  /** When a worker took it. */
  readonly startedAt: string | null;
  /** When it ended. */
  readonly finishedAt: string | null;
  /** Of a finished load. */
  readonly rowsPerSecond: number | null;
}

/** The policy: what an answer may be without asking the source. */
export interface Freshness {
  /** How a change of the source is noticed. */
  readonly version: 'checksum' | 'rowscn' | 'row-version' | 'table-checksum' | 'refresh-key' | 'ttl' | 'manual';
  /** Age in seconds up to which an answer needs no check; 0: every ask checks. */
  readonly maxAgeSeconds: number;
  /** How many seconds beyond that an old answer serves while a load runs behind. */
  readonly staleWhileRevalidateSeconds: number;
  /** How many seconds beyond that an old answer serves while the source cannot be asked. */
  readonly staleIfErrorSeconds: number;
  /** The statement whose result is the version; null: the version is another kind. */
  readonly refreshKey?: string | null;
  /** How decimal numbers without a declared size are kept. */
  readonly numbers?: 'double' | 'exact' | 'text';
}

/** The process lives. */
export interface Health {
  /** Always. */
  readonly status: 'ok';
  /** Of this server. */
  readonly version: string;
}

/** How many values are where. Bars are equally wide, those of whole units up to one unit. */
export interface Histogram {
  /** One more than there are bars, ascending: bar i has the values from edge i up to, without, edge i + 1; the last has its upper edge too. */
  readonly edges: readonly string[];
  /** Of each bar. */
  readonly counts: readonly number[];
}

/** Name one of key, dataset, source, table and prefix, or a source and its table. */
export interface Invalidate {
  /** The entry of this key. */
  readonly key?: string;
  /** All entries of this dataset. */
  readonly dataset?: string;
  /** All entries of this source; with `table`, those that read it. */
  readonly source?: string;
  /** A table of the source, as SQL names it, or SOURCE/TABLE by itself. */
  readonly table?: string;
  /** All entries whose key begins with it. */
  readonly prefix?: string;
  /** soft: verify before the next use; hard: load again before it; purge: also end pins and remove. */
  readonly mode?: 'soft' | 'hard' | 'purge';
}

/** What was marked: the target as it was named, and what it came to. */
export interface Invalidated {
  /** The entry of this key. */
  readonly key?: string;
  /** All entries of this dataset. */
  readonly dataset?: string;
  /** All entries of this source; with `table`, those that read it. */
  readonly source?: string;
  /** A table of the source, as SQL names it, or SOURCE/TABLE by itself. */
  readonly table?: string;
  /** As it was given. */
  readonly prefix?: string;
  /** soft: verify before the next use; hard: load again before it; purge: also end pins and remove. */
  readonly mode: 'soft' | 'hard' | 'purge';
  /** How many entries it concerns: those that had rows. */
  readonly entries: number;
  /** How many loads under way it concerns, first ones included: they satisfy nobody who asks after it, and a purge ends them. */
  readonly fills: number;
  /** What was marked. */
  readonly target?: string;
  /** Of the mark: what was verified, or filled, up to it is no longer right. */
  readonly tick?: number;
  /** What was marked too, because it reads the target or asks the same. */
  readonly reached?: readonly string[];
}

/** How long the values are. */
export interface Lengths {
  /** Of texts and binary values bytes, of lists and maps items. */
  readonly unit: 'bytes' | 'items';
  /** The least. */
  readonly min: number;
  /** The greatest. */
  readonly max: number;
  /** Their mean. */
  readonly mean: number;
}

/** What stands beside the Parquet file in the store. Bind values are left out. */
export interface Manifest {
  /** Format of the manifest. */
  readonly manifestFormat: number;
  /** Of the store it was written to. */
  readonly storeId: string;
  /** Cache key of the entry: a name for people and a hash for identity. */
  readonly key: string;
  /** Number of a generation: the tick at which its load began. */
  readonly fence: number;
  /** Of the load. */
  readonly fillId: string;
  /** Which state of the source was read. Opaque: compare it, never take it apart. */
  readonly version: string;
  /** How closely rows and version belong together: `exact` (one snapshot), `statement` (the version first, then one statement), `best-effort`. */
  readonly consistency: 'exact' | 'statement' | 'best-effort';
  /** Dataset that had it loaded, or one that asks the same, of those the caller may use; null: asked ad hoc. */
  readonly dataset: string | null;
  /** Name of the configured source. */
  readonly source: string;
  /** The canonical request that the key is the hash of. */
  readonly request: Readonly<Record<string, unknown>>;
  /** The Parquet file. */
  readonly part: {
    /** Its name. */
    readonly name: string;
    /** Size of the Parquet file, in bytes. */
    readonly bytes: number;
    /** Rows of the generation. */
    readonly rows: number;
    /** SHA-256 of the Parquet bytes. */
    readonly sha256: string;
    /** Its modification time, ns since 1970, as decimal text. */
    readonly mtimeNs: string;
  };
  readonly columns: readonly Column[];
  /** What the source wants to remember of the load. */
  readonly sourceDetails: Readonly<Record<string, unknown>>;
  /** When the load was granted, ms since 1970. */
  readonly startedAtMs: number;
  /** When the file was whole, ms since 1970. */
  readonly sealedAtMs: number;
  /** Of the worker. */
  readonly host: string;
  /** The program that wrote the file. */
  readonly writer: string;
}

/** A pin, and the file that it keeps. */
export interface NewPin {
  /** Name it to renew the pin or to give it back. */
  readonly id: string;
  /** Cache key of the entry: a name for people and a hash for identity. */
  readonly key: string;
  /** Number of a generation: the tick at which its load began. */
  readonly generation: number;
  /** Until then the generation is not removed, unless it is purged. */
  readonly expiresAt: string;
  /** Of the pin. */
  readonly url: string;
  /** Tells whether a mounted folder is the store that was meant: it is in its parqueue.json. */
  readonly storeId: string;
  /** Where the Parquet file is, for readers that share the store. */
  readonly file: {
    /** Path below the root of the store. */
    readonly relative: string;
    /** The same, absolute, as the server's host has it. */
    readonly path: string;
  };
}

/** What became of a probe or fill. A probe that found a change names the fill to `follow`. */
export type Outcome = {
  /** Loaded. */
  readonly kind: 'committed';
  /** Number of a generation: the tick at which its load began. */
  readonly fence: number;
  /** Its rows. */
  readonly rows: number;
  /** Size of its Parquet file, in bytes. */
  readonly bytes: number;
} | {
  /** The source did not change. */
  readonly kind: 'verified';
  /** Number of a generation: the tick at which its load began. */
  readonly fence: number;
} | {
  /** Nothing was to do. */
  readonly kind: 'satisfied';
  /** Number of a generation: the tick at which its load began. */
  readonly fence: number;
} | {
  /** Loaded next. */
  readonly kind: 'changed';
  /** Which state of the source was read. Opaque: compare it, never take it apart. */
  readonly version: string;
  /** Of the fill that was begun. */
  readonly fillJobId: string;
  /** Its URL: /v1/fills/{id}. */
  readonly follow: string;
} | {
  /** Loaded next. */
  readonly kind: 'absent';
  /** Of the fill that was begun. */
  readonly fillJobId: string;
  /** Its URL: /v1/fills/{id}. */
  readonly follow: string;
} | {
  /** The entry is what it was before. */
  readonly kind: 'failed';
  readonly failure: Failure;
} | {
  /** The entry is what it was before. */
  readonly kind: 'cancelled';
};

/** One parameter of a dataset. It goes into the query of the data routes, or into `params` of a body. */
export interface Parameter {
  /** Its name. */
  readonly name: string;
  /** Its type. */
  readonly type: 'string' | 'integer' | 'number' | 'boolean' | 'date' | 'timestamp';
  /** Whether it must be given. */
  readonly required: boolean;
  /** What it means. */
  readonly description: string | null;
  /** Used where it is not given; null: none. */
  readonly default: string | null;
  readonly enum: readonly string[] | null;
  /** A regular expression for the whole value, without anchors. */
  readonly pattern: string | null;
  /** The least value. */
  readonly min: string | null;
  /** The greatest value. */
  readonly max: string | null;
  /** The longest value, in characters. */
  readonly maxLength: number;
}

/** An operator wants nothing to be asked of a source. */
export interface Pause {
  /** Why, in the words of whoever paused it; null: nothing was said. */
  readonly reason: string | null;
  /** The API key, or the address where there are no keys. */
  readonly by: string | null;
  /** When it was paused. */
  readonly since: string | null;
}

export type PauseWish = {
  /** Why; shown with the source. */
  readonly reason?: string;
} | null;

/** The rows are not ready: come back with `Parqueue-Fill`. */
export interface Pending {
  /** What to wait for. */
  readonly fill: {
    /** As in `Location` and `Parqueue-Fill` of a 202. */
    readonly id: string;
    /** Of the fill. */
    readonly url: string;
  };
}

/** Keeps one generation readable by path. */
export interface Pin {
  /** Name it to renew the pin or to give it back. */
  readonly id: string;
  /** Cache key of the entry: a name for people and a hash for identity. */
  readonly key: string;
  /** Number of a generation: the tick at which its load began. */
  readonly generation: number;
  /** Until then the generation is not removed, unless it is purged. */
  readonly expiresAt: string;
  /** Of the pin. */
  readonly url: string;
}

export type PinRenewal = {
  /** A duration, or seconds; from 1s to an hour. */
  readonly ttl?: string | number;
} | null;

export type PinWish = {
  /** A duration, or seconds; from 1s to an hour. */
  readonly ttl?: string | number;
  /** Of the generation; default: the current one. */
  readonly generation?: number;
} | null;

/** Who asks, as this server knows them. */
export interface Principal {
  /** In logs. `key:` and the name of the key; without keys `address:` and the address. */
  readonly name: string;
  /** No key is configured: whoever is at this host may do everything. */
  readonly open: boolean;
  /** What the key may do. */
  readonly scopes: readonly ('read' | 'fill' | 'adhoc' | 'admin')[];
  /** What it may use. */
  readonly datasets: readonly string[];
  /** From when on it is refused; null: never. */
  readonly expiresAt: string | null;
  /** Null: none. */
  readonly limits: {
    /** Requests it may begin per second; null: any number. */
    readonly requestsPerSecond: number | null;
    /** Requests it may begin at once after a pause. */
    readonly burst: number;
    /** Requests it may have under way. */
    readonly concurrent: number;
  } | null;
}

/** A refusal or failure (RFC 9457). Its code is stable, its words are not. Some codes tell more. */
export interface Problem {
  /** urn:parqueue:error: and the code. */
  readonly type: string;
  /** The code in words. */
  readonly title: string;
  /** The status of the answer. */
  readonly status: number;
  /** What happened and what to do, for people. Holds no secret and no value that was asked for. */
  readonly detail: string;
  readonly code: ErrorCode;
  /** The same request may succeed later; Retry-After tells when, where that is known. */
  readonly retryable: boolean;
  /** The path that was asked, without its query. */
  readonly instance: string;
  /** As in X-Request-Id; the log has it too. */
  readonly requestId: string;
  /** PQ_INVALID_REQUEST: everything that is wrong with the request. */
  readonly problems?: readonly ({
    /** Where. */
    readonly name: string;
    /** What belongs there. */
    readonly message: string;
  })[];
  /** PQ_UNTRACKABLE: what stands in the way of noticing changes. */
  readonly constructs?: readonly Construct[];
  /** 406: what may be asked for. */
  readonly offered?: readonly string[];
  /** PQ_SOURCE_UNAVAILABLE of a route that waits: the work that goes on. */
  readonly fill?: {
    /** Of the fill. */
    readonly id: string;
    /** Where it is followed. */
    readonly url: string;
  };
  /** When asking again may help, in ms. */
  readonly retryAfterMs?: number;
  /** PQ_SOURCE_UNAVAILABLE: until when nobody asks the source. */
  readonly coolingUntil?: string;
  /** The database's own code. */
  readonly database?: string;
  /** The column in question: its name, or its place in a line. */
  readonly column?: unknown;
  /** Columns that there are not. */
  readonly unknown?: readonly string[];
  /** Columns that there are. */
  readonly available?: readonly string[];
  /** PQ_LIMIT_EXCEEDED: which limit. */
  readonly limit?: string;
}

/** How far a load is. */
export interface Progress {
  /** What it does. */
  readonly phase: 'queued' | 'opening' | 'reading' | 'syncing' | 'publishing';
  /** Rows read. */
  readonly rows: number;
  /** Bytes read. */
  readonly bytes: number;
  /** Size of what is being read, in bytes; null: not known. */
  readonly bytesTotal: number | null;
}

/** The entry that was purged. */
export interface PurgedEntry {
  /** Cache key of the entry: a name for people and a hash for identity. */
  readonly key: string;
  readonly mode: 'purge';
  /** Of the mark: generations up to it are gone. */
  readonly tick: number;
  /** How many loads under way it ended. */
  readonly fills: number;
}

/** Either dataset and params, or source and path, or source and sql. */
export interface Question {
  /** Name of a declared dataset */
  readonly dataset?: string;
  /** Parameters of the dataset by name */
  readonly params?: Readonly<Record<string, unknown>>;
  /** Name of a source that may be asked ad hoc */
  readonly source?: string;
  /** Below the source's root */
  readonly path?: string;
  /** The file's format; default: by its extension */
  readonly format?: 'parquet' | 'csv' | 'ndjson' | 'json' | 'arrow';
  /** How a CSV is read; what is missing or null is detected */
  readonly csv?: {
    /** Whether the first line names the columns */
    readonly header?: boolean | null;
    /** One character */
    readonly delimiter?: string | null;
    /** One character; empty: none */
    readonly quote?: string | null;
    /** One character */
    readonly escape?: string | null;
    /** What stands for NULL */
    readonly nullText?: string | null;
  };
  /** One SELECT or WITH statement, for a source that is a database */
  readonly sql?: string;
  /** Values of the placeholders: by name, or in the order in which they first occur. A JSON value, or { type, value } with a type of parameters, such as { "type": "date", "value": "2026-01-31" } */
  readonly binds?: Readonly<Record<string, unknown>> | readonly unknown[];
  /** Wanted columns in the wanted order */
  readonly columns?: readonly string[];
  /** Narrows or widens freshness within the policy, as the Cache-Control header does */
  readonly freshness?: {
    /** Verify now */
    readonly noCache?: boolean;
    /** Nothing older. A duration such as 60s, or seconds */
    readonly maxAge?: string | number;
    /** So much older is good enough. A duration such as 60s, or seconds */
    readonly maxStale?: string | number;
    /** Never touch the source; 504 when nothing in the cache may answer */
    readonly onlyIfCached?: boolean;
  };
  /** Of /v1/resolve: keep the generation readable by path for so long; 1s to an hour */
  readonly pin?: string | number;
}

/** Whether requests can be answered. */
export interface Readiness {
  /** Whether they can. `degraded`: Redis cannot be used, and older answers are given from the store where policies allow it. */
  readonly status: 'ok' | 'degraded' | 'unready';
  /** `ok`, or what is wrong. */
  readonly checks: {
    /** Of Redis. */
    readonly redis: string;
    /** Of the store. */
    readonly store: string;
  };
}

/** When the entries of a dataset are proved right, or loaded, before anybody asks. */
export interface Refresh {
  /** The interval; null: it is a cron. */
  readonly everySeconds: number | null;
  /** Minute, hour, day, month and weekday; null: it is an interval. */
  readonly cron: string | null;
  /** Of the cron. */
  readonly timeZone: string | null;
  /** Over how many seconds the entries are spread. */
  readonly jitterSeconds: number;
  /** Entries that nobody read for so long are left out; null: none is. */
  readonly readWithinSeconds: number | null;
  /** Combinations of parameters that are loaded although nobody asked. */
  readonly params: number;
  /** When it is due; null: not known at the moment. */
  readonly next: string | null;
  /** The last one that ended, by the clocks of the workers. */
  readonly last: {
    /** When it was due. */
    readonly due: string;
    /** When it began. */
    readonly began: string;
    /** When it was over. */
    readonly ended: string;
    /** What became of the entries. */
    readonly entries: {
      /** Found right by a probe. */
      readonly verified: number;
      /** Loaded anew. */
      readonly loaded: number;
      /** Proved right by others since it was due. */
      readonly fresh: number;
      /** Being loaded when it was due. */
      readonly joined: number;
      /** Left out: nobody read them lately. */
      readonly unread: number;
      /** Left out: the present configuration would not make them. */
      readonly foreign: number;
      /** Not reached, or not done, before the next was due. */
      readonly late: number;
      /** Failed. */
      readonly failed: number;
    };
    /** The last thing that went wrong, also where trying again helped. */
    readonly lastFailure: {
      readonly code: ErrorCode;
      /** What happened. */
      readonly message: string;
    } | null;
  } | null;
}

/** The entry behind a question. */
export interface Resolution {
  /** Cache key of the entry: a name for people and a hash for identity. */
  readonly key: string;
  /** Dataset that had it loaded, or one that asks the same, of those the caller may use; null: asked ad hoc. */
  readonly dataset: string | null;
  /** Name of the configured source. */
  readonly source: string;
  /** Number of a generation: the tick at which its load began. */
  readonly generation: number;
  /** Which state of the source was read. Opaque: compare it, never take it apart. */
  readonly version: string;
  /** Entity tag of the Parquet bytes, with its quotes. */
  readonly etag: string;
  /** Rows of the generation. */
  readonly rows: number;
  /** Number of columns. */
  readonly columns: number;
  /** Size of the Parquet file, in bytes. */
  readonly bytes: number;
  /** SHA-256 of the Parquet bytes. */
  readonly sha256: string;
  /** Its columns, in order. */
  readonly schema: readonly Column[];
  /** Tells whether a mounted folder is the store that was meant: it is in its parqueue.json. */
  readonly storeId: string;
  /** Where the Parquet file is. */
  readonly file: {
    /** Path below the root of the store. */
    readonly relative: string;
    /** The same, absolute, as the server's host has it. */
    readonly path: string;
    /** The immutable URL of these bytes. */
    readonly url: string;
  };
  /** When the latest work began that proved the rows right. */
  readonly verifiedAt: string;
  /** Seconds since then, by the clock of Redis. */
  readonly ageSeconds: number;
  /** How closely rows and version belong together: `exact` (one snapshot), `statement` (the version first, then one statement), `best-effort`. */
  readonly consistency: 'exact' | 'statement' | 'best-effort';
  /** How the answer came about. */
  readonly cache: {
    /** `hit`; `revalidated`: the source was asked whether it still holds; `miss`: loaded for this ask; `stale`: older than wanted, as the policy allows. */
    readonly outcome: 'hit' | 'revalidated' | 'miss' | 'stale';
    /** It shared somebody else's load. */
    readonly collapsed: boolean;
    /** Why a stale answer was given. */
    readonly detail: string | null;
  };
  /** null: none was asked for. */
  readonly pin: Pin | null;
}

/** A system of record. Where it is and who asks it stays in the configuration. */
export interface Source {
  /** Its name. */
  readonly name: string;
  /** What it is. */
  readonly kind: 'file' | 'oracle' | 'postgres' | 'mysql';
  /** Whether it may be asked what no dataset declares. */
  readonly adhoc: boolean;
  /** How fresh such answers are; null: they are refused. */
  readonly adhocFreshness: Freshness | null;
  /** Across all workers. */
  readonly limits: {
    /** Loads at a time. */
    readonly maxConcurrentFills: number;
    /** Probes at a time. */
    readonly maxConcurrentProbes: number;
  };
  /** Of a database. */
  readonly pool: {
    /** Connections of each worker thread. */
    readonly maxPerThread: number;
  } | null;
  /** Somebody paused it: nothing is asked. */
  readonly paused: boolean;
  /** null while it is not paused. */
  readonly pause: Pause | null;
  /** null while it may be asked. */
  readonly cooling: Cooling | null;
  readonly health: SourceHealth;
  /** One for probes and one for fills, as soon as they were used. */
  readonly queues: readonly ({
    /** Its name. */
    readonly queue: string;
    /** Of its jobs. */
    readonly kind: 'probe' | 'fill';
    /** To be taken. */
    readonly waiting?: number;
    /** To be taken, in their order of priority. */
    readonly prioritized?: number;
    /** To be taken later. */
    readonly delayed?: number;
    /** Being worked on. */
    readonly active?: number;
    /** Ended well, as long as that is remembered. */
    readonly completed?: number;
    /** Ended badly, as long as that is remembered. */
    readonly failed?: number;
    /** Held back. */
    readonly paused?: number;
    /** Never used. */
    readonly 'waiting-children'?: number;
  })[];
}

/** How a source does, as far as work that touched it tells. Forgotten 30 days after the last. */
export interface SourceHealth {
  /** ok: it answered last. failing: it did not. cooling, paused: it is not asked. unknown: nobody asked yet. */
  readonly state: 'ok' | 'failing' | 'cooling' | 'paused' | 'unknown';
  /** Of a database: attempts since it answered last. */
  readonly failuresInARow: number;
  /** When it answered last, give or take a few seconds. */
  readonly lastAnswerAt: string | null;
  /** When it last failed, or refused a statement. */
  readonly lastFailureAt: string | null;
  /** How. */
  readonly lastFailure: {
    readonly code: ErrorCode;
    /** What happened. */
    readonly message: string;
  } | null;
}

/** What was done. */
export interface SourceState {
  /** Its name. */
  readonly source: string;
  /** Whether it is paused now. */
  readonly paused: boolean;
  /** null: it is not. */
  readonly pause: Pause | null;
}

/** All sources. */
export interface Sources {
  readonly sources: readonly Source[];
}

/** What the columns of the current generation hold. */
export interface Statistics {
  /** Cache key of the entry: a name for people and a hash for identity. */
  readonly key: string;
  /** Number of a generation: the tick at which its load began. */
  readonly generation: number;
  /** Rows of the generation. */
  readonly rows: number;
  /** Size of the Parquet file, in bytes. */
  readonly bytes: number;
  /** Its row groups. */
  readonly rowGroups: number;
  /** Of what the numbers are. */
  readonly basis: {
    /** Of all rows, or of some from eight places spread over the file. */
    readonly kind: 'all' | 'sample';
    /** Rows looked at. */
    readonly rows: number;
    /** From how many of the eight places; fewer where time or memory did not do for all. null: all rows. */
    readonly places: number | null;
    /** Why not all of them: there are too many; row groups take too much memory; it took too long. */
    readonly why: 'rows' | 'memory' | 'time' | null;
  };
  /** In the order of the file. */
  readonly columns: readonly ColumnStatistics[];
}

/** What the cache holds of the dataset. */
export interface Stored {
  /** Entries that have rows. */
  readonly entries: number;
  /** Rows of all of them. */
  readonly rows: number;
  /** Size of their Parquet files, in bytes. */
  readonly bytes: number;
  /** Entries whose files readers rejected; their next ask fills them again. */
  readonly damaged: number;
  /** When rows were loaded last; null: there is none. */
  readonly newestCommittedAt: string | null;
  /** When the one proved right latest was; null: there is none. */
  readonly newestVerifiedAt: string | null;
  /** When the one proved right longest ago was; null: there is none. */
  readonly oldestVerifiedAt: string | null;
  /** Age of that one. */
  readonly oldestAgeSeconds: number | null;
  /** False: there are so many entries that not all were looked at, and the numbers are of those. */
  readonly complete: boolean;
}

/** A value and how often it is there. */
export interface TopValue {
  /** The text; bytes as base64. */
  readonly value: string;
  /** Rows that have it. */
  readonly count: number;
  /** Only the beginning of a long value. */
  readonly cut: boolean;
}

export type NotReady = Pending;

export type Problem400 = Problem & {
  readonly status: 400;
  readonly code: 'PQ_INVALID_REQUEST';
};

export type Problem401 = Problem & {
  readonly status: 401;
  readonly code: 'PQ_UNAUTHENTICATED';
};

export type Problem403 = Problem & {
  readonly status: 403;
  readonly code: 'PQ_FORBIDDEN';
};

export type Problem404 = Problem & {
  readonly status: 404;
  readonly code: 'PQ_UNKNOWN_DATASET';
};

export type Problem404_2 = Problem & {
  readonly status: 404;
  readonly code: 'PQ_NOT_FOUND' | 'PQ_UNKNOWN_DATASET' | 'PQ_UNKNOWN_SOURCE';
};

export type Problem404_3 = Problem & {
  readonly status: 404;
  readonly code: 'PQ_NOT_FOUND';
};

export type Problem404_4 = Problem & {
  readonly status: 404;
  readonly code: 'PQ_UNKNOWN_SOURCE';
};

export type Problem406 = Problem & {
  readonly status: 406;
  readonly code: 'PQ_INVALID_REQUEST';
};

export type Problem409 = Problem & {
  readonly status: 409;
  readonly code: 'PQ_CANCELLED' | 'PQ_GENERATION_CHANGED' | 'PQ_SOURCE_UNSTABLE';
};

export type Problem409_2 = Problem & {
  readonly status: 409;
  readonly code: 'PQ_CANCELLED' | 'PQ_SOURCE_UNSTABLE';
};

export type Problem410 = Problem & {
  readonly status: 410;
  readonly code: 'PQ_GONE';
};

export type Problem412 = Problem & {
  readonly status: 412;
  readonly code: 'PQ_INVALID_REQUEST';
};

export type Problem413 = Problem & {
  readonly status: 413;
  readonly code: 'PQ_LIMIT_EXCEEDED';
};

export type Problem414 = Problem & {
  readonly status: 414;
  readonly code: 'PQ_LIMIT_EXCEEDED';
};

export type Problem415 = Problem & {
  readonly status: 415;
  readonly code: 'PQ_INVALID_REQUEST';
};

export type Problem416 = Problem & {
  readonly status: 416;
  readonly code: 'PQ_INVALID_REQUEST';
};

export type Problem422 = Problem & {
  readonly status: 422;
  readonly code: 'PQ_MALFORMED_SOURCE' | 'PQ_UNSUPPORTED_TYPE' | 'PQ_UNTRACKABLE' | 'PQ_VALUE_OUT_OF_RANGE';
};

export type Problem422_2 = Problem & {
  readonly status: 422;
  readonly code: 'PQ_UNSUPPORTED_TYPE';
};

export type Problem429 = Problem & {
  readonly status: 429;
  readonly code: 'PQ_RATE_LIMITED';
};

export type Problem429_2 = Problem & {
  readonly status: 429;
  readonly code: 'PQ_QUEUE_FULL' | 'PQ_RATE_LIMITED';
};

export type Problem502 = Problem & {
  readonly status: 502;
  readonly code: 'PQ_SOURCE_REJECTED';
};

export type Problem503 = Problem & {
  readonly status: 503;
  readonly code: 'PQ_COORDINATION_DOWN' | 'PQ_SOURCE_PAUSED' | 'PQ_SOURCE_UNAVAILABLE' | 'PQ_STORE_FULL' | 'PQ_STORE_IO' | 'PQ_WORKER_CRASHED';
};

export type Problem503_2 = Problem & {
  readonly status: 503;
  readonly code: 'PQ_COORDINATION_DOWN';
};

export type Problem503_3 = Problem & {
  readonly status: 503;
  readonly code: 'PQ_COORDINATION_DOWN' | 'PQ_STORE_IO';
};

export type Problem504 = Problem & {
  readonly status: 504;
  readonly code: 'PQ_FILL_TIMEOUT' | 'PQ_NOT_CACHED';
};

export type Rows_4 = readonly (Readonly<Record<string, unknown>>)[];

export type Rows_6 = readonly (Readonly<Record<string, unknown>>)[];

export type Rows_7 = readonly (Readonly<Record<string, unknown>>)[];

export type Rows_8 = readonly (Readonly<Record<string, unknown>>)[];

/** By operation: what is sent, and by status the JSON that comes back. */
export interface Operations {
  /** GET /v1/datasets: The catalog. */
  readonly listDatasets: {
    readonly path: Readonly<Record<string, never>>;
    readonly query: Readonly<Record<string, never>>;
    readonly body: null;
    readonly answers: {
      readonly 200: Catalog;
      readonly 401: Problem401;
      readonly 403: Problem403;
      readonly 414: Problem414;
      readonly 429: Problem429;
    };
  };
  /** GET /v1/datasets/{name}: One dataset: parameters, policy, its latest entries. */
  readonly getDataset: {
    readonly path: {
      /** Name of the dataset */
      readonly name: string;
    };
    readonly query: Readonly<Record<string, never>>;
    readonly body: null;
    readonly answers: {
      readonly 200: DatasetDetails;
      readonly 400: Problem400;
      readonly 401: Problem401;
      readonly 403: Problem403;
      readonly 404: Problem404;
      readonly 406: Problem406;
      readonly 414: Problem414;
      readonly 429: Problem429;
    };
  };
  /** GET /v1/datasets/{name}.parquet: The rows as application/vnd.apache.parquet. */
  readonly getDatasetParquet: {
    readonly path: {
      /** Name of the dataset */
      readonly name: string;
    };
    readonly query: {
      /** Wanted columns, separated by commas, in this order */
      readonly columns?: string;
      /** At most so many rows; without it all of them. Not for Parquet */
      readonly limit?: number;
      /** Rows to pass over. Not for Parquet */
      readonly offset?: number;
      /** string: every int64 and decimal as text. For JSON, NDJSON and CSV */
      readonly numbers?: 'exact' | 'string';
      readonly [param: string]: unknown;
    };
    readonly body: null;
    readonly answers: {
      readonly 200: null;
      readonly 206: null;
      readonly 304: null;
      readonly 400: Problem400;
      readonly 401: Problem401;
      readonly 403: Problem403;
      readonly 404: Problem404_2;
      readonly 406: Problem406;
      readonly 409: Problem409;
      readonly 412: Problem412;
      readonly 413: Problem413;
      readonly 414: Problem414;
      readonly 416: Problem416;
      readonly 422: Problem422;
      readonly 429: Problem429_2;
      readonly 502: Problem502;
      readonly 503: Problem503;
      readonly 504: Problem504;
    };
  };
  /** HEAD /v1/datasets/{name}.parquet: The rows as application/vnd.apache.parquet. */
  readonly headDatasetParquet: {
    readonly path: {
      /** Name of the dataset */
      readonly name: string;
    };
    readonly query: {
      /** Wanted columns, separated by commas, in this order */
      readonly columns?: string;
      /** At most so many rows; without it all of them. Not for Parquet */
      readonly limit?: number;
      /** Rows to pass over. Not for Parquet */
      readonly offset?: number;
      /** string: every int64 and decimal as text. For JSON, NDJSON and CSV */
      readonly numbers?: 'exact' | 'string';
      readonly [param: string]: unknown;
    };
    readonly body: null;
    readonly answers: {
      readonly 200: null;
      readonly 304: null;
      readonly 400: Problem400;
      readonly 401: Problem401;
      readonly 403: Problem403;
      readonly 404: Problem404_2;
      readonly 406: Problem406;
      readonly 409: Problem409;
      readonly 412: Problem412;
      readonly 413: Problem413;
      readonly 414: Problem414;
      readonly 422: Problem422;
      readonly 429: Problem429_2;
      readonly 502: Problem502;
      readonly 503: Problem503;
      readonly 504: Problem504;
    };
  };
  /** GET /v1/datasets/{name}.arrow: The rows as application/vnd.apache.arrow.stream. */
  readonly getDatasetArrow: {
    readonly path: {
      /** Name of the dataset */
      readonly name: string;
    };
    readonly query: {
      /** Wanted columns, separated by commas, in this order */
      readonly columns?: string;
      /** At most so many rows; without it all of them. Not for Parquet */
      readonly limit?: number;
      /** Rows to pass over. Not for Parquet */
      readonly offset?: number;
      /** string: every int64 and decimal as text. For JSON, NDJSON and CSV */
      readonly numbers?: 'exact' | 'string';
      readonly [param: string]: unknown;
    };
    readonly body: null;
    readonly answers: {
      readonly 200: null;
      readonly 304: null;
      readonly 400: Problem400;
      readonly 401: Problem401;
      readonly 403: Problem403;
      readonly 404: Problem404_2;
      readonly 406: Problem406;
      readonly 409: Problem409_2;
      readonly 412: Problem412;
      readonly 413: Problem413;
      readonly 414: Problem414;
      readonly 422: Problem422;
      readonly 429: Problem429_2;
      readonly 502: Problem502;
      readonly 503: Problem503;
      readonly 504: Problem504;
    };
  };
  /** HEAD /v1/datasets/{name}.arrow: The rows as application/vnd.apache.arrow.stream. */
  readonly headDatasetArrow: {
    readonly path: {
      /** Name of the dataset */
      readonly name: string;
    };
    readonly query: {
      /** Wanted columns, separated by commas, in this order */
      readonly columns?: string;
      /** At most so many rows; without it all of them. Not for Parquet */
      readonly limit?: number;
      /** Rows to pass over. Not for Parquet */
      readonly offset?: number;
      /** string: every int64 and decimal as text. For JSON, NDJSON and CSV */
      readonly numbers?: 'exact' | 'string';
      readonly [param: string]: unknown;
    };
    readonly body: null;
    readonly answers: {
      readonly 200: null;
      readonly 304: null;
      readonly 400: Problem400;
      readonly 401: Problem401;
      readonly 403: Problem403;
      readonly 404: Problem404_2;
      readonly 406: Problem406;
      readonly 409: Problem409_2;
      readonly 412: Problem412;
      readonly 413: Problem413;
      readonly 414: Problem414;
      readonly 422: Problem422;
      readonly 429: Problem429_2;
      readonly 502: Problem502;
      readonly 503: Problem503;
      readonly 504: Problem504;
    };
  };
  /** GET /v1/datasets/{name}.csv: The rows as text/csv. */
  readonly getDatasetCsv: {
    readonly path: {
      /** Name of the dataset */
      readonly name: string;
    };
    readonly query: {
      /** Wanted columns, separated by commas, in this order */
      readonly columns?: string;
      /** At most so many rows; without it all of them. Not for Parquet */
      readonly limit?: number;
      /** Rows to pass over. Not for Parquet */
      readonly offset?: number;
      /** string: every int64 and decimal as text. For JSON, NDJSON and CSV */
      readonly numbers?: 'exact' | 'string';
      readonly [param: string]: unknown;
    };
    readonly body: null;
    readonly answers: {
      readonly 200: null;
      readonly 304: null;
      readonly 400: Problem400;
      readonly 401: Problem401;
      readonly 403: Problem403;
      readonly 404: Problem404_2;
      readonly 406: Problem406;
      readonly 409: Problem409_2;
      readonly 412: Problem412;
      readonly 413: Problem413;
      readonly 414: Problem414;
      readonly 422: Problem422;
      readonly 429: Problem429_2;
      readonly 502: Problem502;
      readonly 503: Problem503;
      readonly 504: Problem504;
    };
  };
  /** HEAD /v1/datasets/{name}.csv: The rows as text/csv. */
  readonly headDatasetCsv: {
    readonly path: {
      /** Name of the dataset */
      readonly name: string;
    };
    readonly query: {
      /** Wanted columns, separated by commas, in this order */
      readonly columns?: string;
      /** At most so many rows; without it all of them. Not for Parquet */
      readonly limit?: number;
      /** Rows to pass over. Not for Parquet */
      readonly offset?: number;
      /** string: every int64 and decimal as text. For JSON, NDJSON and CSV */
      readonly numbers?: 'exact' | 'string';
      readonly [param: string]: unknown;
    };
    readonly body: null;
    readonly answers: {
      readonly 200: null;
      readonly 304: null;
      readonly 400: Problem400;
      readonly 401: Problem401;
      readonly 403: Problem403;
      readonly 404: Problem404_2;
      readonly 406: Problem406;
      readonly 409: Problem409_2;
      readonly 412: Problem412;
      readonly 413: Problem413;
      readonly 414: Problem414;
      readonly 422: Problem422;
      readonly 429: Problem429_2;
      readonly 502: Problem502;
      readonly 503: Problem503;
      readonly 504: Problem504;
    };
  };
  /** GET /v1/datasets/{name}.json: The rows as application/json. */
  readonly getDatasetJson: {
    readonly path: {
      /** Name of the dataset */
      readonly name: string;
    };
    readonly query: {
      /** Wanted columns, separated by commas, in this order */
      readonly columns?: string;
      /** At most so many rows; without it all of them. Not for Parquet */
      readonly limit?: number;
      /** Rows to pass over. Not for Parquet */
      readonly offset?: number;
      /** string: every int64 and decimal as text. For JSON, NDJSON and CSV */
      readonly numbers?: 'exact' | 'string';
      readonly [param: string]: unknown;
    };
    readonly body: null;
    readonly answers: {
      readonly 200: Rows_4;
      readonly 304: null;
      readonly 400: Problem400;
      readonly 401: Problem401;
      readonly 403: Problem403;
      readonly 404: Problem404_2;
      readonly 406: Problem406;
      readonly 409: Problem409_2;
      readonly 412: Problem412;
      readonly 413: Problem413;
      readonly 414: Problem414;
      readonly 422: Problem422;
      readonly 429: Problem429_2;
      readonly 502: Problem502;
      readonly 503: Problem503;
      readonly 504: Problem504;
    };
  };
  /** HEAD /v1/datasets/{name}.json: The rows as application/json. */
  readonly headDatasetJson: {
    readonly path: {
      /** Name of the dataset */
      readonly name: string;
    };
    readonly query: {
      /** Wanted columns, separated by commas, in this order */
      readonly columns?: string;
      /** At most so many rows; without it all of them. Not for Parquet */
      readonly limit?: number;
      /** Rows to pass over. Not for Parquet */
      readonly offset?: number;
      /** string: every int64 and decimal as text. For JSON, NDJSON and CSV */
      readonly numbers?: 'exact' | 'string';
      readonly [param: string]: unknown;
    };
    readonly body: null;
    readonly answers: {
      readonly 200: Rows_4;
      readonly 304: null;
      readonly 400: Problem400;
      readonly 401: Problem401;
      readonly 403: Problem403;
      readonly 404: Problem404_2;
      readonly 406: Problem406;
      readonly 409: Problem409_2;
      readonly 412: Problem412;
      readonly 413: Problem413;
      readonly 414: Problem414;
      readonly 422: Problem422;
      readonly 429: Problem429_2;
      readonly 502: Problem502;
      readonly 503: Problem503;
      readonly 504: Problem504;
    };
  };
  /** GET /v1/datasets/{name}.ndjson: The rows as application/x-ndjson. */
  readonly getDatasetNdjson: {
    readonly path: {
      /** Name of the dataset */
      readonly name: string;
    };
    readonly query: {
      /** Wanted columns, separated by commas, in this order */
      readonly columns?: string;
      /** At most so many rows; without it all of them. Not for Parquet */
      readonly limit?: number;
      /** Rows to pass over. Not for Parquet */
      readonly offset?: number;
      /** string: every int64 and decimal as text. For JSON, NDJSON and CSV */
      readonly numbers?: 'exact' | 'string';
      readonly [param: string]: unknown;
    };
    readonly body: null;
    readonly answers: {
      readonly 200: null;
      readonly 304: null;
      readonly 400: Problem400;
      readonly 401: Problem401;
      readonly 403: Problem403;
      readonly 404: Problem404_2;
      readonly 406: Problem406;
      readonly 409: Problem409_2;
      readonly 412: Problem412;
      readonly 413: Problem413;
      readonly 414: Problem414;
      readonly 422: Problem422;
      readonly 429: Problem429_2;
      readonly 502: Problem502;
      readonly 503: Problem503;
      readonly 504: Problem504;
    };
  };
  /** HEAD /v1/datasets/{name}.ndjson: The rows as application/x-ndjson. */
  readonly headDatasetNdjson: {
    readonly path: {
      /** Name of the dataset */
      readonly name: string;
    };
    readonly query: {
      /** Wanted columns, separated by commas, in this order */
      readonly columns?: string;
      /** At most so many rows; without it all of them. Not for Parquet */
      readonly limit?: number;
      /** Rows to pass over. Not for Parquet */
      readonly offset?: number;
      /** string: every int64 and decimal as text. For JSON, NDJSON and CSV */
      readonly numbers?: 'exact' | 'string';
      readonly [param: string]: unknown;
    };
    readonly body: null;
    readonly answers: {
      readonly 200: null;
      readonly 304: null;
      readonly 400: Problem400;
      readonly 401: Problem401;
      readonly 403: Problem403;
      readonly 404: Problem404_2;
      readonly 406: Problem406;
      readonly 409: Problem409_2;
      readonly 412: Problem412;
      readonly 413: Problem413;
      readonly 414: Problem414;
      readonly 422: Problem422;
      readonly 429: Problem429_2;
      readonly 502: Problem502;
      readonly 503: Problem503;
      readonly 504: Problem504;
    };
  };
  /** GET /v1/datasets/{name}/data: The rows, in the representation that Accept or format asks for. */
  readonly getDatasetData: {
    readonly path: {
      /** Name of the dataset */
      readonly name: string;
    };
    readonly query: {
      /** Wanted columns, separated by commas, in this order */
      readonly columns?: string;
      /** At most so many rows; without it all of them. Not for Parquet */
      readonly limit?: number;
      /** Rows to pass over. Not for Parquet */
      readonly offset?: number;
      /** string: every int64 and decimal as text. For JSON, NDJSON and CSV */
      readonly numbers?: 'exact' | 'string';
      /** parquet, arrow, csv, json or ndjson; wins over Accept */
      readonly format?: string;
      readonly [param: string]: unknown;
    };
    readonly body: null;
    readonly answers: {
      readonly 200: Rows_6;
      readonly 202: NotReady;
      readonly 206: null;
      readonly 304: null;
      readonly 400: Problem400;
      readonly 401: Problem401;
      readonly 403: Problem403;
      readonly 404: Problem404_2;
      readonly 406: Problem406;
      readonly 409: Problem409;
      readonly 412: Problem412;
      readonly 413: Problem413;
      readonly 414: Problem414;
      readonly 416: Problem416;
      readonly 422: Problem422;
      readonly 429: Problem429_2;
      readonly 502: Problem502;
      readonly 503: Problem503;
      readonly 504: Problem504;
    };
  };
  /** HEAD /v1/datasets/{name}/data: The rows, in the representation that Accept or format asks for. */
  readonly headDatasetData: {
    readonly path: {
      /** Name of the dataset */
      readonly name: string;
    };
    readonly query: {
      /** Wanted columns, separated by commas, in this order */
      readonly columns?: string;
      /** At most so many rows; without it all of them. Not for Parquet */
      readonly limit?: number;
      /** Rows to pass over. Not for Parquet */
      readonly offset?: number;
      /** string: every int64 and decimal as text. For JSON, NDJSON and CSV */
      readonly numbers?: 'exact' | 'string';
      /** parquet, arrow, csv, json or ndjson; wins over Accept */
      readonly format?: string;
      readonly [param: string]: unknown;
    };
    readonly body: null;
    readonly answers: {
      readonly 200: Rows_6;
      readonly 202: NotReady;
      readonly 304: null;
      readonly 400: Problem400;
      readonly 401: Problem401;
      readonly 403: Problem403;
      readonly 404: Problem404_2;
      readonly 406: Problem406;
      readonly 409: Problem409;
      readonly 412: Problem412;
      readonly 413: Problem413;
      readonly 414: Problem414;
      readonly 422: Problem422;
      readonly 429: Problem429_2;
      readonly 502: Problem502;
      readonly 503: Problem503;
      readonly 504: Problem504;
    };
  };
  /** POST /v1/resolve: Resolve a question to its entry: generation, version, schema, where the file is; optionally pinned. */
  readonly resolve: {
    readonly path: Readonly<Record<string, never>>;
    readonly query: Readonly<Record<string, never>>;
    readonly body: Question;
    readonly answers: {
      readonly 200: Resolution;
      readonly 202: NotReady;
      readonly 400: Problem400;
      readonly 401: Problem401;
      readonly 403: Problem403;
      readonly 404: Problem404_2;
      readonly 409: Problem409_2;
      readonly 413: Problem413;
      readonly 414: Problem414;
      readonly 415: Problem415;
      readonly 422: Problem422;
      readonly 429: Problem429_2;
      readonly 502: Problem502;
      readonly 503: Problem503;
      readonly 504: Problem504;
    };
  };
  /** POST /v1/query: Resolve a question and send its rows. */
  readonly query: {
    readonly path: Readonly<Record<string, never>>;
    readonly query: {
      /** At most so many rows; without it all of them. Not for Parquet */
      readonly limit?: number;
      /** Rows to pass over. Not for Parquet */
      readonly offset?: number;
      /** string: every int64 and decimal as text. For JSON, NDJSON and CSV */
      readonly numbers?: 'exact' | 'string';
      /** parquet, arrow, csv, json or ndjson; wins over Accept */
      readonly format?: string;
    };
    readonly body: Question;
    readonly answers: {
      readonly 200: Rows_6;
      readonly 202: NotReady;
      readonly 206: null;
      readonly 400: Problem400;
      readonly 401: Problem401;
      readonly 403: Problem403;
      readonly 404: Problem404_2;
      readonly 406: Problem406;
      readonly 409: Problem409_2;
      readonly 412: Problem412;
      readonly 413: Problem413;
      readonly 414: Problem414;
      readonly 415: Problem415;
      readonly 416: Problem416;
      readonly 422: Problem422;
      readonly 429: Problem429_2;
      readonly 502: Problem502;
      readonly 503: Problem503;
      readonly 504: Problem504;
    };
  };
  /** GET /v1/entries: Entries in key order. */
  readonly listEntries: {
    readonly path: Readonly<Record<string, never>>;
    readonly query: {
      /** Only keys that begin with it */
      readonly prefix?: string;
      /** Only entries of this dataset */
      readonly dataset?: string;
      /** At most so many */
      readonly limit?: number;
      /** `next` of the page before */
      readonly after?: string;
    };
    readonly body: null;
    readonly answers: {
      readonly 200: EntryPage;
      readonly 400: Problem400;
      readonly 401: Problem401;
      readonly 403: Problem403;
      readonly 414: Problem414;
      readonly 429: Problem429;
      readonly 503: Problem503_2;
    };
  };
  /** GET /v1/entries/{key}/data: The rows the cache holds now, without asking the source. */
  readonly getEntryData: {
    readonly path: {
      /** Cache key of the entry: a name for people and a hash for identity. */
      readonly key: string;
    };
    readonly query: {
      /** Columns of the entry to send, separated by commas, in this order; all without it. Not for Parquet */
      readonly columns?: string;
      /** At most so many rows; without it all of them. Not for Parquet */
      readonly limit?: number;
      /** Rows to pass over. Not for Parquet */
      readonly offset?: number;
      /** string: every int64 and decimal as text. For JSON, NDJSON and CSV */
      readonly numbers?: 'exact' | 'string';
      /** parquet, arrow, csv, json or ndjson; wins over Accept */
      readonly format?: string;
    };
    readonly body: null;
    readonly answers: {
      readonly 200: Rows_7;
      readonly 206: null;
      readonly 304: null;
      readonly 400: Problem400;
      readonly 401: Problem401;
      readonly 403: Problem403;
      readonly 404: Problem404_3;
      readonly 406: Problem406;
      readonly 410: Problem410;
      readonly 412: Problem412;
      readonly 413: Problem413;
      readonly 414: Problem414;
      readonly 416: Problem416;
      readonly 422: Problem422_2;
      readonly 429: Problem429;
      readonly 503: Problem503_3;
    };
  };
  /** HEAD /v1/entries/{key}/data: The rows the cache holds now, without asking the source. */
  readonly headEntryData: {
    readonly path: {
      /** Cache key of the entry: a name for people and a hash for identity. */
      readonly key: string;
    };
    readonly query: {
      /** Columns of the entry to send, separated by commas, in this order; all without it. Not for Parquet */
      readonly columns?: string;
      /** At most so many rows; without it all of them. Not for Parquet */
      readonly limit?: number;
      /** Rows to pass over. Not for Parquet */
      readonly offset?: number;
      /** string: every int64 and decimal as text. For JSON, NDJSON and CSV */
      readonly numbers?: 'exact' | 'string';
      /** parquet, arrow, csv, json or ndjson; wins over Accept */
      readonly format?: string;
    };
    readonly body: null;
    readonly answers: {
      readonly 200: Rows_7;
      readonly 304: null;
      readonly 400: Problem400;
      readonly 401: Problem401;
      readonly 403: Problem403;
      readonly 404: Problem404_3;
      readonly 406: Problem406;
      readonly 410: Problem410;
      readonly 412: Problem412;
      readonly 414: Problem414;
      readonly 429: Problem429;
      readonly 503: Problem503_2;
    };
  };
  /** GET /v1/entries/{key}/generations/{fence}/data: The bytes of one generation: never change, cacheable for ever, 410 once removed. */
  readonly getGenerationData: {
    readonly path: {
      /** Cache key of the entry: a name for people and a hash for identity. */
      readonly key: string;
      /** Number of the generation */
      readonly fence: number;
    };
    readonly query: {
      /** Columns of the entry to send, separated by commas, in this order; all without it. Not for Parquet */
      readonly columns?: string;
      /** At most so many rows; without it all of them. Not for Parquet */
      readonly limit?: number;
      /** Rows to pass over. Not for Parquet */
      readonly offset?: number;
      /** string: every int64 and decimal as text. For JSON, NDJSON and CSV */
      readonly numbers?: 'exact' | 'string';
      /** parquet, arrow, csv, json or ndjson; wins over Accept */
      readonly format?: string;
    };
    readonly body: null;
    readonly answers: {
      readonly 200: Rows_8;
      readonly 206: null;
      readonly 304: null;
      readonly 400: Problem400;
      readonly 401: Problem401;
      readonly 403: Problem403;
      readonly 404: Problem404_3;
      readonly 406: Problem406;
      readonly 410: Problem410;
      readonly 412: Problem412;
      readonly 413: Problem413;
      readonly 414: Problem414;
      readonly 416: Problem416;
      readonly 422: Problem422_2;
      readonly 429: Problem429;
      readonly 503: Problem503_3;
    };
  };
  /** HEAD /v1/entries/{key}/generations/{fence}/data: The bytes of one generation: never change, cacheable for ever, 410 once removed. */
  readonly headGenerationData: {
    readonly path: {
      /** Cache key of the entry: a name for people and a hash for identity. */
      readonly key: string;
      /** Number of the generation */
      readonly fence: number;
    };
    readonly query: {
      /** Columns of the entry to send, separated by commas, in this order; all without it. Not for Parquet */
      readonly columns?: string;
      /** At most so many rows; without it all of them. Not for Parquet */
      readonly limit?: number;
      /** Rows to pass over. Not for Parquet */
      readonly offset?: number;
      /** string: every int64 and decimal as text. For JSON, NDJSON and CSV */
      readonly numbers?: 'exact' | 'string';
      /** parquet, arrow, csv, json or ndjson; wins over Accept */
      readonly format?: string;
    };
    readonly body: null;
    readonly answers: {
      readonly 200: Rows_8;
      readonly 304: null;
      readonly 400: Problem400;
      readonly 401: Problem401;
      readonly 403: Problem403;
      readonly 404: Problem404_3;
      readonly 406: Problem406;
      readonly 410: Problem410;
      readonly 412: Problem412;
      readonly 414: Problem414;
      readonly 429: Problem429;
      readonly 503: Problem503_2;
    };
  };
  /** GET /v1/entries/{key}: One entry. */
  readonly getEntry: {
    readonly path: {
      /** Cache key of the entry: a name for people and a hash for identity. */
      readonly key: string;
    };
    readonly query: Readonly<Record<string, never>>;
    readonly body: null;
    readonly answers: {
      readonly 200: EntryState;
      readonly 400: Problem400;
      readonly 401: Problem401;
      readonly 403: Problem403;
      readonly 404: Problem404_3;
      readonly 414: Problem414;
      readonly 429: Problem429;
      readonly 503: Problem503_2;
    };
  };
  /** DELETE /v1/entries/{key}: Purge the entry: no new pins, then removed. */
  readonly purgeEntry: {
    readonly path: {
      /** Cache key of the entry: a name for people and a hash for identity. */
      readonly key: string;
    };
    readonly query: Readonly<Record<string, never>>;
    readonly body: null;
    readonly answers: {
      readonly 200: PurgedEntry;
      readonly 400: Problem400;
      readonly 401: Problem401;
      readonly 403: Problem403;
      readonly 404: Problem404_3;
      readonly 413: Problem413;
      readonly 414: Problem414;
      readonly 415: Problem415;
      readonly 429: Problem429;
      readonly 503: Problem503_2;
    };
  };
  /** GET /v1/entries/{key}/explain: Why an answer is as it is: versions, ages, ticks, lease, queue. */
  readonly explainEntry: {
    readonly path: {
      /** Cache key of the entry: a name for people and a hash for identity. */
      readonly key: string;
    };
    readonly query: Readonly<Record<string, never>>;
    readonly body: null;
    readonly answers: {
      readonly 200: Explanation;
      readonly 400: Problem400;
      readonly 401: Problem401;
      readonly 403: Problem403;
      readonly 404: Problem404_3;
      readonly 414: Problem414;
      readonly 429: Problem429;
      readonly 503: Problem503_2;
    };
  };
  /** GET /v1/entries/{key}/statistics: What its columns hold: ranges, means, frequent values, histograms. */
  readonly getStatistics: {
    readonly path: {
      /** Cache key of the entry: a name for people and a hash for identity. */
      readonly key: string;
    };
    readonly query: Readonly<Record<string, never>>;
    readonly body: null;
    readonly answers: {
      readonly 200: Statistics;
      readonly 304: null;
      readonly 400: Problem400;
      readonly 401: Problem401;
      readonly 403: Problem403;
      readonly 404: Problem404_3;
      readonly 410: Problem410;
      readonly 413: Problem413;
      readonly 414: Problem414;
      readonly 422: Problem422_2;
      readonly 429: Problem429;
      readonly 503: Problem503_3;
    };
  };
  /** POST /v1/entries/{key}/pins: Pin the current generation, or one by name: it is not removed while pinned. */
  readonly pinEntry: {
    readonly path: {
      /** Cache key of the entry: a name for people and a hash for identity. */
      readonly key: string;
    };
    readonly query: Readonly<Record<string, never>>;
    readonly body: PinWish | null;
    readonly answers: {
      readonly 201: NewPin;
      readonly 400: Problem400;
      readonly 401: Problem401;
      readonly 403: Problem403;
      readonly 404: Problem404_3;
      readonly 410: Problem410;
      readonly 413: Problem413;
      readonly 414: Problem414;
      readonly 415: Problem415;
      readonly 429: Problem429;
      readonly 503: Problem503_2;
    };
  };
  /** PUT /v1/pins/{id}: Renew a pin; 410 when it expired or a purge ended it. */
  readonly renewPin: {
    readonly path: {
      /** Id of the pin */
      readonly id: string;
    };
    readonly query: Readonly<Record<string, never>>;
    readonly body: PinRenewal | null;
    readonly answers: {
      readonly 200: Pin;
      readonly 400: Problem400;
      readonly 401: Problem401;
      readonly 403: Problem403;
      readonly 404: Problem404_3;
      readonly 410: Problem410;
      readonly 413: Problem413;
      readonly 414: Problem414;
      readonly 415: Problem415;
      readonly 429: Problem429;
      readonly 503: Problem503_2;
    };
  };
  /** DELETE /v1/pins/{id}: Give a pin back. */
  readonly releasePin: {
    readonly path: {
      /** Id of the pin */
      readonly id: string;
    };
    readonly query: Readonly<Record<string, never>>;
    readonly body: null;
    readonly answers: {
      readonly 204: null;
      readonly 400: Problem400;
      readonly 401: Problem401;
      readonly 403: Problem403;
      readonly 404: Problem404_3;
      readonly 413: Problem413;
      readonly 414: Problem414;
      readonly 415: Problem415;
      readonly 429: Problem429;
      readonly 503: Problem503_2;
    };
  };
  /** POST /v1/invalidate: soft: verify before next use; hard: refill before next use; purge: no new pins, then removed. */
  readonly invalidate: {
    readonly path: Readonly<Record<string, never>>;
    readonly query: Readonly<Record<string, never>>;
    readonly body: Invalidate;
    readonly answers: {
      readonly 200: Invalidated;
      readonly 400: Problem400;
      readonly 401: Problem401;
      readonly 403: Problem403;
      readonly 404: Problem404_2;
      readonly 413: Problem413;
      readonly 414: Problem414;
      readonly 415: Problem415;
      readonly 429: Problem429;
      readonly 503: Problem503_2;
    };
  };
  /** GET /v1/fills: Fills and probes, newest first. */
  readonly listFills: {
    readonly path: Readonly<Record<string, never>>;
    readonly query: {
      /** Only those; default: all */
      readonly state?: 'queued' | 'running' | 'finished';
      /** At most so many */
      readonly limit?: number;
    };
    readonly body: null;
    readonly answers: {
      readonly 200: FillPage;
      readonly 400: Problem400;
      readonly 401: Problem401;
      readonly 403: Problem403;
      readonly 414: Problem414;
      readonly 429: Problem429;
      readonly 503: Problem503_2;
    };
  };
  /** GET /v1/fills/{id}: One fill or probe: state, progress, outcome. */
  readonly getFill: {
    readonly path: {
      /** As in Location of a 202 */
      readonly id: string;
    };
    readonly query: Readonly<Record<string, never>>;
    readonly body: null;
    readonly answers: {
      readonly 200: Fill;
      readonly 400: Problem400;
      readonly 401: Problem401;
      readonly 403: Problem403;
      readonly 404: Problem404_3;
      readonly 414: Problem414;
      readonly 429: Problem429;
      readonly 503: Problem503_2;
    };
  };
  /** DELETE /v1/fills/{id}: Cancel: a waiting one is removed, a running one is told to stop; of a probe, the fill it began. */
  readonly cancelFill: {
    readonly path: {
      /** As in Location of a 202 */
      readonly id: string;
    };
    readonly query: Readonly<Record<string, never>>;
    readonly body: null;
    readonly answers: {
      readonly 202: Fill;
      readonly 400: Problem400;
      readonly 401: Problem401;
      readonly 403: Problem403;
      readonly 404: Problem404_3;
      readonly 413: Problem413;
      readonly 414: Problem414;
      readonly 415: Problem415;
      readonly 429: Problem429;
      readonly 503: Problem503_2;
    };
  };
  /** GET /v1/fills/{id}/events: Progress as server-sent events; ends with the outcome. */
  readonly followFill: {
    readonly path: {
      /** As in Location of a 202 */
      readonly id: string;
    };
    readonly query: Readonly<Record<string, never>>;
    readonly body: null;
    readonly answers: {
      readonly 200: null;
      readonly 400: Problem400;
      readonly 401: Problem401;
      readonly 403: Problem403;
      readonly 404: Problem404_3;
      readonly 414: Problem414;
      readonly 429: Problem429;
      readonly 503: Problem503_2;
    };
  };
  /** GET /v1/events: Fills and heads as they move, as server-sent events. */
  readonly followCache: {
    readonly path: Readonly<Record<string, never>>;
    readonly query: {
      /** Only of this dataset */
      readonly dataset?: string;
    };
    readonly body: null;
    readonly answers: {
      readonly 200: null;
      readonly 400: Problem400;
      readonly 401: Problem401;
      readonly 403: Problem403;
      readonly 404: Problem404;
      readonly 414: Problem414;
      readonly 429: Problem429;
      readonly 503: Problem503_2;
    };
  };
  /** GET /v1/sources: Sources: limits, queues, health, and which are paused or cooling down. */
  readonly listSources: {
    readonly path: Readonly<Record<string, never>>;
    readonly query: Readonly<Record<string, never>>;
    readonly body: null;
    readonly answers: {
      readonly 200: Sources;
      readonly 401: Problem401;
      readonly 403: Problem403;
      readonly 414: Problem414;
      readonly 429: Problem429;
      readonly 503: Problem503_2;
    };
  };
  /** POST /v1/sources/{source}/pause: Ask this source nothing more; stale-if-error applies. */
  readonly pauseSource: {
    readonly path: {
      /** Name of the source */
      readonly source: string;
    };
    readonly query: Readonly<Record<string, never>>;
    readonly body: PauseWish | null;
    readonly answers: {
      readonly 200: SourceState;
      readonly 400: Problem400;
      readonly 401: Problem401;
      readonly 403: Problem403;
      readonly 404: Problem404_4;
      readonly 413: Problem413;
      readonly 414: Problem414;
      readonly 415: Problem415;
      readonly 429: Problem429;
      readonly 503: Problem503_2;
    };
  };
  /** POST /v1/sources/{source}/resume: Ask this source again. */
  readonly resumeSource: {
    readonly path: {
      /** Name of the source */
      readonly source: string;
    };
    readonly query: Readonly<Record<string, never>>;
    readonly body: null;
    readonly answers: {
      readonly 200: SourceState;
      readonly 400: Problem400;
      readonly 401: Problem401;
      readonly 403: Problem403;
      readonly 404: Problem404_4;
      readonly 413: Problem413;
      readonly 414: Problem414;
      readonly 415: Problem415;
      readonly 429: Problem429;
      readonly 503: Problem503_2;
    };
  };
  /** GET /v1/whoami: What the key of this request may do. */
  readonly whoAmI: {
    readonly path: Readonly<Record<string, never>>;
    readonly query: Readonly<Record<string, never>>;
    readonly body: null;
    readonly answers: {
      readonly 200: Principal;
      readonly 401: Problem401;
      readonly 403: Problem403;
      readonly 414: Problem414;
      readonly 429: Problem429;
    };
  };
  /** GET /healthz: The process lives; looks at neither Redis nor the store. */
  readonly getHealth: {
    readonly path: Readonly<Record<string, never>>;
    readonly query: Readonly<Record<string, never>>;
    readonly body: null;
    readonly answers: {
      readonly 200: Health;
      readonly 414: Problem414;
    };
  };
  /** GET /readyz: Requests can be answered: Redis, epoch and store are there. */
  readonly getReadiness: {
    readonly path: Readonly<Record<string, never>>;
    readonly query: Readonly<Record<string, never>>;
    readonly body: null;
    readonly answers: {
      readonly 200: Readiness;
      readonly 414: Problem414;
      readonly 503: Readiness;
    };
  };
  /** GET /metrics: Metrics for Prometheus. */
  readonly getMetrics: {
    readonly path: Readonly<Record<string, never>>;
    readonly query: Readonly<Record<string, never>>;
    readonly body: null;
    readonly answers: {
      readonly 200: null;
      readonly 401: Problem401;
      readonly 403: Problem403;
      readonly 414: Problem414;
      readonly 429: Problem429;
    };
  };
  /** GET /openapi.json: This interface as OpenAPI 3.1. */
  readonly getOpenApi: {
    readonly path: Readonly<Record<string, never>>;
    readonly query: Readonly<Record<string, never>>;
    readonly body: null;
    readonly answers: {
      readonly 200: Readonly<Record<string, unknown>>;
      readonly 414: Problem414;
    };
  };
  /** GET /: The explorer, a page for people. Holds no data: what it shows it asks of /v1, with a key where one is needed. */
  readonly getHomePage: {
    readonly path: Readonly<Record<string, never>>;
    readonly query: Readonly<Record<string, never>>;
    readonly body: null;
    readonly answers: {
      readonly 200: null;
      readonly 414: Problem414;
    };
  };
}
