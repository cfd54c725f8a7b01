/**
 * The catalog turns what callers say into resolved requests (I1): typed values in canonical form, the one path
 * or statement they name, the source's identity, and from all that the cache key. API and workers each build it from their own
 * configuration; a worker checks that it means the same by a request (verifyForWorker).
 */
import { assertKeyMatches, cacheKey } from '../model/cache-key.ts';
import { isParqueueError, ParqueueError } from '../model/errors.ts';
import { STRICT, type FreshnessPolicy } from '../model/freshness.ts';
import { canonicalJson } from '../model/canonical-json.ts';
import { KEY_FORMAT, type CanonicalRequest, type ResolvedRequest } from '../model/request.ts';
import type { Statement } from '../sql/statement.ts';
import { Askers } from './askers.ts';
import type { Config, DatasetConfig, SourceConfig } from './config.ts';
import { didYouMean } from './did-you-mean.ts';
import { askFile, askFileDataset, type AdhocFile } from './file-questions.ts';
import { narrowPolicy, type FreshnessWish } from './narrow-policy.ts';
import {
  invalid,
  quoted,
  readColumns,
  readParams,
  refuse,
  type RawParams,
  type RequestProblem,
  type Wanted,
} from './request-parts.ts';
import { RememberedRequests } from './remembered-requests.ts';
import { paramsOf } from './request-again.ts';
import { identityOf } from './source-identity.ts';
import { askSql, askSqlDataset, type AdhocSql } from './sql-questions.ts';
import { tablesOf, targetsOf } from './targets.ts';

export interface ResolveOptions {
  /** Wanted columns in the wanted order. */
  readonly columns?: readonly string[] | undefined;
  readonly freshness?: FreshnessWish | undefined;
}

/** A path of a file source, or a statement for a database. */
export type AdhocQuestion = { readonly source: string; readonly freshness?: FreshnessWish | undefined } & (
  | AdhocFile
  | AdhocSql
);

export interface Resolved {
  readonly request: ResolvedRequest;
  /** What this one ask wants: the declared policy as its caller narrowed or widened it. */
  readonly policy: FreshnessPolicy;
  /** What the dataset or source allows, whoever asks: what caches on the way may be told. */
  readonly declared: FreshnessPolicy;
}

export class Catalog {
  readonly #config: Config;
  readonly #datasets: ReadonlyMap<string, DatasetConfig>;
  readonly #sources: ReadonlyMap<string, SourceConfig>;
  readonly #requests = new RememberedRequests();
  #askers: Askers | null = null;

  constructor(config: Config) {
    this.#config = config;
    this.#datasets = new Map(Object.entries(config.datasets));
    this.#sources = new Map(Object.entries(config.sources));
  }

  /** Whose a question is, whoever had it loaded. */
  get askers(): Askers {
    this.#askers ??= new Askers(this);
    return this.#askers;
  }

  /** In the order of the configuration. */
  datasets(): readonly DatasetConfig[] {
    return [...this.#datasets.values()];
  }

  sources(): readonly SourceConfig[] {
    return [...this.#sources.values()];
  }

  /**
   * @param isFor which datasets there are for whoever asks: the others are as if nobody had declared them
   * @throws ParqueueError PQ_UNKNOWN_DATASET
   */
  dataset(name: string, isFor: (name: string) => boolean = () => true): DatasetConfig {
    const dataset = isFor(name) ? this.#datasets.get(name) : undefined;
    if (dataset !== undefined) return dataset;
    const known = [...this.#datasets.keys()].filter(isFor);
    throw new ParqueueError(
      'PQ_UNKNOWN_DATASET',
      `there is no dataset ${quoted(name)}${didYouMean(name, known)}; GET /v1/datasets lists them`,
    );
  }

  /** @throws ParqueueError PQ_UNKNOWN_SOURCE */
  source(name: string): SourceConfig {
    const source = this.#sources.get(name);
    if (source !== undefined) return source;
    throw new ParqueueError(
      'PQ_UNKNOWN_SOURCE',
      `there is no source ${quoted(name)}${didYouMean(name, this.#sources.keys())}; GET /v1/sources lists them`,
    );
  }

  /** The tables, views and synonyms that the dataset's statement names, as `SCHEMA.NAME`; none for a file. */
  tablesOf(dataset: DatasetConfig): readonly string[] {
    const source = this.source(dataset.source);
    return dataset.kind === 'file' || source.kind === 'file' ? [] : tablesOf(dataset.statement.reads, source);
  }

  /** @throws ParqueueError PQ_UNKNOWN_DATASET, PQ_INVALID_REQUEST with `details.problems: RequestProblem[]`, all of them. */
  resolveDataset(name: string, rawParams: RawParams, options: ResolveOptions = {}): Resolved {
    const dataset = this.dataset(name);
    const { columns, freshness } = options;
    const asked = { dataset: name, params: rawParams, columns };
    const request = this.#requests.of(asked, () => this.#requestOf(dataset, rawParams, columns));
    return resolvedBy(request, dataset.freshness, freshness);
  }

  #requestOf(dataset: DatasetConfig, rawParams: RawParams, wished: readonly string[] | undefined): ResolvedRequest {
    const { name } = dataset;
    const problems: RequestProblem[] = [];
    const values = readParams(dataset, rawParams, problems);
    const columns = readColumns(wished, dataset.select, problems);
    refuse(problems, `dataset "${name}" cannot be asked like this`);
    const source = this.source(dataset.source);
    const base = { source, dataset: name, declared: dataset.freshness };
    if (dataset.kind === 'file')
      return this.#resolved({ ...base, wanted: askFileDataset(dataset, values, columns) }).request;
    if (source.kind === 'file') throw new TypeError(`dataset ${name} is a statement, but its source is made of files`);
    const wanted = askSqlDataset(dataset, source, { values, columns });
    return this.#resolved({ ...base, wanted, statement: dataset.statement }).request;
  }

  /** What is loaded of the dataset although nobody asked for it. */
  refreshedAlways({ name, refresh }: DatasetConfig): readonly ResolvedRequest[] {
    return (refresh?.params ?? []).map((params) => this.resolveDataset(name, params).request);
  }

  /** The request of an entry that is there, made again; null where this configuration would not make it of that dataset. */
  requestAgain(dataset: DatasetConfig, canonical: CanonicalRequest): ResolvedRequest | null {
    const params = paramsOf(dataset, canonical);
    if (params === null) return null;
    const { columns } = canonical;
    try {
      const { request } = this.resolveDataset(dataset.name, params, columns === null ? {} : { columns });
      return request.key === cacheKey(canonical) ? request : null;
    } catch (error) {
      if (isParqueueError(error) && error.code === 'PQ_INVALID_REQUEST') return null;
      throw error;
    }
  }

  /**
   * The dataset's request with each parameter at its default or left out, to try whether its version can be asked: that
   * depends on tables and rights, not on values. @returns null for a path that is not known without a value.
   */
  resolveForProbe(name: string): ResolvedRequest | null {
    const dataset = this.dataset(name);
    const source = this.source(dataset.source);
    const values = new Map(
      Object.values(dataset.params).flatMap((param) => (param.default === null ? [] : [[param.name, param.default]])),
    );
    const base = { source, dataset: name, declared: dataset.freshness };
    if (dataset.kind === 'file') {
      if (Object.keys(dataset.params).some((param) => !values.has(param))) return null;
      return this.#resolved({ ...base, wanted: askFileDataset(dataset, values, null) }).request;
    }
    if (source.kind === 'file') throw new TypeError(`dataset ${name} is a statement, but its source is made of files`);
    const { statement } = dataset;
    return this.#resolved({ ...base, wanted: askSqlDataset(dataset, source, { values, columns: null }), statement })
      .request;
  }

  /** A question that only shows whether the source can be reached and let in; never a dataset's, and never kept. */
  resolveConnection(name: string): ResolvedRequest {
    const source = this.source(name);
    const freshness = { ...STRICT, version: source.kind === 'file' ? ('checksum' as const) : ('refresh-key' as const) };
    if (source.kind === 'file') {
      return this.#resolved({ source, dataset: null, wanted: askFile({ path: PROBED_FILE }), declared: freshness })
        .request;
    }
    const sql = source.kind === 'oracle' ? 'select 1 from dual' : 'select 1';
    const policy = { freshness, version: { kind: 'refresh-key', statement: sql }, numbers: 'double' } as const;
    const { wanted, statement } = askSql({ sql }, { source, policy, sqlBytesMax: sql.length });
    return this.#resolved({ source, dataset: null, wanted, statement, declared: freshness }).request;
  }

  /**
   * @throws ParqueueError PQ_UNKNOWN_SOURCE, PQ_FORBIDDEN where the source does not allow it, PQ_INVALID_REQUEST as above;
   * of statements also PQ_LIMIT_EXCEEDED and PQ_UNTRACKABLE.
   */
  resolveAdhoc(question: AdhocQuestion): Resolved {
    const source = this.source(question.source);
    if (source.adhoc === null) {
      throw new ParqueueError(
        'PQ_FORBIDDEN',
        `source "${source.name}" answers declared datasets only; to allow other questions set sources.${source.name}.adhoc `
          + '(true, or { maxAge: 5m })',
      );
    }
    const { freshness } = question;
    if (source.kind === 'file') {
      if ('sql' in question) throw wrongKind(source, 'sql', 'path');
      const wanted = askFile(question);
      return this.#resolved({ source, dataset: null, wanted, declared: source.adhoc }, freshness);
    }
    if (!('sql' in question)) throw wrongKind(source, 'path', 'sql');
    const { sqlBytesMax } = this.#config.limits;
    const { wanted, statement } = askSql(question, { source, policy: source.adhoc, sqlBytesMax });
    return this.#resolved({ source, dataset: null, wanted, statement, declared: source.adhoc.freshness }, freshness);
  }

  /**
   * A worker's check of a job: it computes the same key, knows the source, and means the same system by it.
   * @throws ParqueueError PQ_INVALID_REQUEST, PQ_UNKNOWN_SOURCE
   */
  verifyForWorker(request: ResolvedRequest): void {
    assertKeyMatches(request);
    const source = this.source(request.source);
    const own = identityOf(source);
    if (source.kind === request.canonical.sourceKind && own === request.canonical.sourceIdentity) {
      requireSameSession(source, request.canonical);
      return;
    }
    throw new ParqueueError(
      'PQ_INVALID_REQUEST',
      `source "${source.name}" is ${request.canonical.sourceIdentity} to the API and ${own} to this worker: `
        + 'give both the same configuration and mounts, then ask again',
      { retryable: true },
    );
  }

  #resolved({ source, dataset, wanted, statement, declared }: Asked, wish: FreshnessWish = {}): Resolved {
    const canonical: CanonicalRequest = {
      keyFormat: KEY_FORMAT,
      sourceKind: source.kind,
      sourceIdentity: identityOf(source),
      ...wanted,
    };
    const { scopes, probeTargets } = targetsOf(canonical, { source: source.name, dataset }, statement);
    const request: ResolvedRequest = {
      key: cacheKey(canonical),
      canonical,
      source: source.name,
      dataset,
      scopes,
      probeTargets,
      versionKind: declared.version,
      limits: this.#config.limits.fill,
    };
    return resolvedBy(request, declared, wish);
  }
}

function resolvedBy(request: ResolvedRequest, declared: FreshnessPolicy, wish: FreshnessWish = {}): Resolved {
  return { request, policy: narrowPolicy(declared, wish), declared };
}

/** No such file is there: a source that says so was reached. */
const PROBED_FILE = 'parqueue-doctor-looks-for-nothing.csv';

interface Asked {
  readonly source: SourceConfig;
  readonly dataset: string | null;
  readonly wanted: Wanted;
  readonly statement?: Statement;
  readonly declared: FreshnessPolicy;
}

function wrongKind({ name, kind }: SourceConfig, given: string, wanted: string): ParqueueError {
  return invalid(
    [{ name: given, message: `is not for source ${quoted(name)}, which is of kind ${kind}: ask it by ${wanted}` }],
    'the question cannot be asked like this',
  );
}

/** Sessions are opened with the worker's settings; rows read under others would be filed under this key. */
function requireSameSession(source: SourceConfig, { question }: CanonicalRequest): void {
  if (source.kind === 'file' || question.kind !== 'sql') return;
  if (canonicalJson(source.session) === canonicalJson(question.session)) return;
  throw new ParqueueError(
    'PQ_INVALID_REQUEST',
    `source "${source.name}" has other session settings here than at the API: give both the same configuration, then ask again`,
    { retryable: true },
  );
}
