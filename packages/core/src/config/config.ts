/**
 * The configuration after it was read and checked: every unit resolved, every default filled in, every path absolute.
 * JSON-safe, so that it can be handed to threads. It holds secrets; show it only through redactConfig.
 */
import type { FreshnessPolicy } from '../model/freshness.ts';
import type {
  CsvOptions,
  FileFormat,
  FillLimits,
  NumbersAs,
  ParamType,
  ParquetOptions,
  Split,
  SqlVersioning,
} from '../model/request.ts';
import type { Statement } from '../sql/statement.ts';
import type { PathTemplate } from './path-template.ts';

export interface Config {
  readonly listen: { readonly host: string; readonly port: number };
  readonly store: StoreConfig;
  readonly redis: RedisConfig;
  readonly auth: { readonly apiKeys: readonly ApiKey[] };
  readonly limits: LimitsConfig;
  readonly worker: WorkerConfig;
  readonly log: { readonly level: LogLevel };
  readonly telemetry: { readonly traces: TracesConfig | null };
  readonly sources: Readonly<Record<string, SourceConfig>>;
  readonly datasets: Readonly<Record<string, DatasetConfig>>;
}

export interface StoreConfig {
  readonly root: string;
  /** null: no quota. */
  readonly quotaBytes: number | null;
  /** Free bytes of the filesystem that are left alone; null: by its size. */
  readonly reserveBytes: number | null;
  readonly retention: {
    readonly generations: number;
    readonly maxAgeMs: number;
    readonly graceMs: number;
    /** null: entries that nobody reads stay. */
    readonly unreadMs: number | null;
  };
  /** Permission bits of published files. */
  readonly fileMode: number;
}

export interface RedisConfig {
  /** null: an embedded Redis. May hold a password. */
  readonly url: string | null;
  readonly durable: boolean;
}

export const API_SCOPES = ['read', 'fill', 'adhoc', 'admin'] as const;
export type ApiScope = (typeof API_SCOPES)[number];

export interface ApiKey {
  readonly name: string;
  /** SHA-256 of the key's text, lower-case hex. */
  readonly sha256: string;
  readonly scopes: readonly ApiScope[];
  /** Dataset names the key may use; `*` stands for any run of characters. */
  readonly datasets: readonly string[];
  /** From then on it is refused; null: never. */
  readonly expiresAtMs: number | null;
  readonly limits: KeyLimits;
}

/** Of one key, in one API process. */
export interface KeyLimits {
  /** Requests begun, on average; null: no limit. */
  readonly requestsPerSecond: number | null;
  /** Requests begun at once after a pause. */
  readonly burst: number;
  /** Requests under way, waiting ones and event streams included. */
  readonly concurrent: number;
}

export interface LimitsConfig {
  /** Of one fill: rows, bytes of the part, duration. */
  readonly fill: FillLimits;
  readonly sqlBytesMax: number;
  readonly queuePerSource: number;
  readonly waitersMax: number;
  /** Open at one time in one API process. */
  readonly connectionsMax: number;
}

export interface WorkerConfig {
  readonly listen: { readonly host: string; readonly port: number };
  readonly threads: number;
  readonly threadMemoryBytes: number;
  readonly leaseTtlMs: number;
  readonly drainFinishMs: number;
  /** Folder for private copies of files while they are loaded; null: the system's temporary folder. */
  readonly scratch: string | null;
}

export const LOG_LEVELS = ['debug', 'info', 'warn', 'error', 'silent'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

export interface TracesConfig {
  /** Where a collector takes OTLP over HTTP, path included. */
  readonly url: string;
  /** Of the traces that begin here, from 0 to 1. */
  readonly ratio: number;
  /** Secret. */
  readonly headers: Readonly<Record<string, string>>;
}

export interface FileSourceConfig {
  readonly name: string;
  readonly kind: 'file';
  /** Absolute and normalised; nothing outside it is ever read. */
  readonly root: string;
  readonly maxConcurrentFills: number;
  readonly maxConcurrentProbes: number;
  /** How fresh ad-hoc answers are; null: ad-hoc requests are refused. */
  readonly adhoc: FreshnessPolicy | null;
}

/** What the configuration of every database has. */
interface SqlSourceBase {
  readonly name: string;
  readonly user: string;
  /** Secret. */
  readonly password: string;
  /** What tells this database from others in cache keys: declared, or the normal form of how it is reached. */
  readonly identity: string;
  /** Unqualified names mean this schema's (of MySQL: this database's), in the catalogue's spelling. */
  readonly schema: string;
  /** Set at the start of every session; all settings that change rows are in it. Names in the database's spelling. */
  readonly session: Readonly<Record<string, string>>;
  /** Connections per worker thread. */
  readonly pool: { readonly max: number };
  readonly connectTimeoutMs: number;
  readonly maxConcurrentFills: number;
  readonly maxConcurrentProbes: number;
  /** How fresh ad-hoc answers are and by which version; null: ad-hoc requests are refused. */
  readonly adhoc: AdhocSqlPolicy | null;
}

/** Of an Oracle Database, reached by node-oracledb in Thin mode. */
export interface OracleSourceConfig extends SqlSourceBase {
  readonly kind: 'oracle';
  /** EZConnect (`host:1521/service`), a connect descriptor, or an alias of `configDir`'s tnsnames.ora. */
  readonly connectString: string;
  readonly configDir: string | null;
  readonly walletLocation: string | null;
  /** Secret. */
  readonly walletPassword: string | null;
}

export const TLS_MODES = ['off', 'require', 'verify'] as const;

/** require: encrypted, whoever answers. verify: by a certificate of `ca` for that host, or of those that Node.js brings. */
export interface TlsConfig {
  readonly mode: (typeof TLS_MODES)[number];
  /** Absolute path of a file with certificates (PEM); null: those of Node.js and NODE_EXTRA_CA_CERTS. */
  readonly ca: string | null;
}

/** Of a PostgreSQL 14 or newer. Session settings in lower case: `timezone`. */
export interface PostgresSourceConfig extends SqlSourceBase {
  readonly kind: 'postgres';
  readonly host: string;
  readonly port: number;
  readonly database: string;
  readonly tls: TlsConfig;
}

/** Of a MySQL 8 or a MariaDB 10.6, or newer. `schema` is the database. Session settings in lower case: `sql_mode`. */
export interface MysqlSourceConfig extends SqlSourceBase {
  readonly kind: 'mysql';
  readonly host: string;
  readonly port: number;
  readonly tls: TlsConfig;
}

export type SqlSourceConfig = OracleSourceConfig | PostgresSourceConfig | MysqlSourceConfig;

export interface AdhocSqlPolicy {
  readonly freshness: FreshnessPolicy;
  readonly version: SqlVersioning;
  readonly numbers: NumbersAs;
}

export type SourceConfig = FileSourceConfig | SqlSourceConfig;

export interface ParamConfig {
  readonly name: string;
  readonly type: ParamType;
  readonly required: boolean;
  readonly description: string | null;
  /** Canonical text, as are the values of `enum`, `min` and `max`. */
  readonly default: string | null;
  readonly enum: readonly string[] | null;
  /** A regular expression for the whole value, without anchors. */
  readonly pattern: string | null;
  readonly min: string | null;
  readonly max: string | null;
  /** In characters. */
  readonly maxLength: number;
}

export type RefreshSchedule =
  | { readonly kind: 'every'; readonly everyMs: number }
  /** Five fields, in the time of `timeZone`. */
  | { readonly kind: 'cron'; readonly pattern: string; readonly timeZone: string };

/** When the entries of a dataset are refreshed by themselves, and which of them. */
export interface RefreshConfig {
  readonly schedule: RefreshSchedule;
  /** Time over which the entries of one refresh are spread. */
  readonly jitterMs: number;
  /** Entries that nobody read for so long are left out; null: none is. */
  readonly readWithinMs: number | null;
  /** Combinations of parameters that are loaded although nobody asked. */
  readonly params: readonly Readonly<Record<string, string | number | boolean>>[];
}

interface DatasetBase {
  readonly name: string;
  readonly description: string | null;
  readonly source: string;
  readonly params: Readonly<Record<string, ParamConfig>>;
  /** Wanted columns, null for all. */
  readonly select: readonly string[] | null;
  readonly columnTypes: Readonly<Record<string, string>>;
  readonly freshness: FreshnessPolicy;
  readonly parquet: ParquetOptions;
  /** null: nothing is loaded before somebody asks. */
  readonly refresh: RefreshConfig | null;
  /** Its share of the store; null in a member: as the store says. */
  readonly store: {
    readonly quotaBytes: number | null;
    readonly generations: number | null;
    readonly maxAgeMs: number | null;
  } | null;
}

export interface FileDatasetConfig extends DatasetBase {
  readonly kind: 'file';
  readonly path: PathTemplate;
  readonly format: FileFormat;
  readonly csv: CsvOptions | null;
}

export interface SqlDatasetConfig extends DatasetBase {
  readonly kind: 'sql';
  /** Analysed when the configuration was read; its placeholders are the declared parameters. */
  readonly statement: Statement;
  readonly version: SqlVersioning;
  readonly numbers: NumbersAs;
  readonly split: Split | null;
}

export type DatasetConfig = FileDatasetConfig | SqlDatasetConfig;
