/**
 * The catalog turns what callers say into resolved requests (I1): typed values in canonical form, the one path they
 * name, the source's identity, and from all that the cache key. API and workers each build it from their own
 * configuration; a worker checks that it means the same by a request (verifyForWorker).
 */
import { assertKeyMatches, cacheKey } from '../model/cache-key.ts';
import { ParqueueError } from '../model/errors.ts';
import type { FreshnessPolicy } from '../model/freshness.ts';
import {
  DEFAULT_PARQUET,
  KEY_FORMAT,
  type CanonicalRequest,
  type CsvOptions,
  type FileFormat,
  type ResolvedRequest,
} from '../model/request.ts';
import type { Config, DatasetConfig, SourceConfig } from './config.ts';
import { buildFormat } from './datasets.ts';
import { didYouMean } from './did-you-mean.ts';
import { narrowPolicy, type FreshnessWish } from './narrow-policy.ts';
import { checkRelativePath, fillPathTemplate } from './path-template.ts';
import {
  invalid,
  quoted,
  readColumns,
  readCsv,
  readParams,
  refuse,
  type RawParams,
  type RequestProblem,
} from './request-parts.ts';

export interface ResolveOptions {
  /** Wanted columns in the wanted order. */
  readonly columns?: readonly string[] | undefined;
  readonly freshness?: FreshnessWish | undefined;
}

export interface AdhocQuestion extends ResolveOptions {
  readonly source: string;
  readonly path: string;
  readonly format?: FileFormat | undefined;
  readonly csv?: Partial<CsvOptions> | undefined;
}

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

  constructor(config: Config) {
    this.#config = config;
    this.#datasets = new Map(Object.entries(config.datasets));
    this.#sources = new Map(Object.entries(config.sources));
  }

  /** In the order of the configuration. */
  datasets(): readonly DatasetConfig[] {
    return [...this.#datasets.values()];
  }

  sources(): readonly SourceConfig[] {
    return [...this.#sources.values()];
  }

  /** @throws ParqueueError PQ_UNKNOWN_DATASET */
  dataset(name: string): DatasetConfig {
    const dataset = this.#datasets.get(name);
    if (dataset !== undefined) return dataset;
    throw new ParqueueError(
      'PQ_UNKNOWN_DATASET',
      `there is no dataset ${quoted(name)}${didYouMean(name, this.#datasets.keys())}; GET /v1/datasets lists them`,
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

  /** @throws ParqueueError PQ_UNKNOWN_DATASET, PQ_INVALID_REQUEST with `details.problems: RequestProblem[]`, all of them. */
  resolveDataset(name: string, rawParams: RawParams, options: ResolveOptions = {}): Resolved {
    const dataset = this.dataset(name);
    const problems: RequestProblem[] = [];
    const values = readParams(dataset, rawParams, problems);
    const columns = readColumns(options.columns, dataset.select, problems);
    refuse(problems, `dataset "${name}" cannot be asked like this`);
    const source = this.source(dataset.source);
    if (dataset.kind === 'sql') throw notYet(source);
    const path = fillPathTemplate(dataset.path, values);
    if (!path.ok)
      throw invalid([{ name: 'path', message: path.problem }], `dataset "${name}" cannot be asked like this`);
    const request = this.#request(
      source,
      dataset.name,
      {
        question: { kind: 'file', path: path.value, format: dataset.format, csv: dataset.csv },
        columns,
        columnTypes: dataset.columnTypes,
        parquet: dataset.parquet,
      },
      dataset.freshness,
    );
    return { request, policy: narrowPolicy(dataset.freshness, options.freshness ?? {}), declared: dataset.freshness };
  }

  /** @throws ParqueueError PQ_UNKNOWN_SOURCE, PQ_FORBIDDEN where the source does not allow it, PQ_INVALID_REQUEST as above. */
  resolveAdhoc(question: AdhocQuestion): Resolved {
    const source = this.source(question.source);
    if (source.adhoc === null) {
      throw new ParqueueError(
        'PQ_FORBIDDEN',
        `source "${source.name}" answers declared datasets only; to allow other questions set sources.${source.name}.adhoc `
          + '(true, or { maxAge: 5m })',
      );
    }
    if (source.kind !== 'file') throw notYet(source);
    const problems: RequestProblem[] = [];
    const path = checkRelativePath(question.path.replace(/^(?:\.\/+)+/, ''));
    if (!path.ok) problems.push({ name: 'path', message: path.problem });
    const wish = { path: question.path, format: question.format, csv: readCsv(question.csv, problems) };
    const { format, csv } = buildFormat(wish, ([name = 'path'], message) => {
      problems.push({ name: String(name), message });
    });
    const columns = readColumns(question.columns, null, problems);
    if (problems.length > 0 || !path.ok) throw invalid(problems, 'the question cannot be asked like this');
    const request = this.#request(
      source,
      null,
      {
        question: { kind: 'file', path: path.value, format, csv },
        columns,
        columnTypes: {},
        parquet: DEFAULT_PARQUET,
      },
      source.adhoc,
    );
    return { request, policy: narrowPolicy(source.adhoc, question.freshness ?? {}), declared: source.adhoc };
  }

  /**
   * A worker's check of a job: it computes the same key, knows the source, and means the same system by it.
   * @throws ParqueueError PQ_INVALID_REQUEST, PQ_UNKNOWN_SOURCE
   */
  verifyForWorker(request: ResolvedRequest): void {
    assertKeyMatches(request);
    const source = this.source(request.source);
    const own = identityOf(source);
    if (source.kind === request.canonical.sourceKind && own === request.canonical.sourceIdentity) return;
    throw new ParqueueError(
      'PQ_INVALID_REQUEST',
      `source "${source.name}" is ${request.canonical.sourceIdentity} to the API and ${own} to this worker: `
        + 'give both the same configuration and mounts, then ask again',
      { retryable: true },
    );
  }

  #request(
    source: SourceConfig,
    dataset: string | null,
    wanted: Pick<CanonicalRequest, 'question' | 'columns' | 'columnTypes' | 'parquet'>,
    { version }: FreshnessPolicy,
  ): ResolvedRequest {
    const canonical: CanonicalRequest = {
      keyFormat: KEY_FORMAT,
      sourceKind: source.kind,
      sourceIdentity: identityOf(source),
      ...wanted,
    };
    const path = canonical.question.kind === 'file' ? canonical.question.path : '';
    return {
      key: cacheKey(canonical),
      canonical,
      source: source.name,
      dataset,
      scopes: dataset === null ? [`source:${source.name}`] : [`dataset:${dataset}`, `source:${source.name}`],
      probeTargets: [`${source.name}/${path}`],
      versionKind: version,
      limits: this.#config.limits.fill,
    };
  }
}

function identityOf(source: SourceConfig): string {
  if (source.kind === 'file') return `file:${source.root}`;
  return `oracle:${source.identity}/${source.user.toUpperCase()}/${source.schema}`;
}

function notYet({ kind }: SourceConfig): ParqueueError {
  return new ParqueueError('PQ_INVALID_REQUEST', `sources of kind ${kind} cannot be asked yet`);
}
