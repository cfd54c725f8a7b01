/**
 * Who asks a question. Keys name questions and not datasets (I1), so an entry belongs to every dataset that asks what it
 * answers, whichever of them had it loaded: to those that are declared alike, whatever the values; and to any that would
 * make the entry's very request of some values that it allows. Answers come from the configuration alone.
 */
import { canonicalJson } from '../model/canonical-json.ts';
import { cacheKey } from '../model/cache-key.ts';
import { isParqueueError } from '../model/errors.ts';
import type { CanonicalRequest, ResolvedRequest } from '../model/request.ts';
import type { DatasetConfig, ParamConfig, SourceConfig } from './config.ts';
import type { AdhocFile } from './file-questions.ts';
import { identityOf } from './source-identity.ts';
import { foldCase } from './sql-names.ts';
import type { AdhocSql } from './sql-questions.ts';

/** Requests whose askers are remembered: a fill under way is told to many streams, again and again. */
const REMEMBERED_MAX = 2_000;

type AdhocQuestion = { readonly source: string } & (AdhocFile | AdhocSql);

/** What is asked of the catalog. */
interface Requests {
  datasets(): readonly DatasetConfig[];
  sources(): readonly SourceConfig[];
  source(name: string): SourceConfig;
  requestAgain(dataset: DatasetConfig, canonical: CanonicalRequest): ResolvedRequest | null;
  resolveAdhoc(question: AdhocQuestion): { readonly request: ResolvedRequest };
}

interface AskersOfOne {
  readonly datasets: readonly string[];
  /** Null until somebody wants to know. */
  adhoc: boolean | null;
}

export class Askers {
  readonly #catalog: Requests;
  readonly #alike = new Map<string, readonly string[]>();
  readonly #bySystem = new Map<string, DatasetConfig[]>();
  readonly #remembered = new Map<string, AskersOfOne>();

  constructor(catalog: Requests) {
    this.#catalog = catalog;
    const byQuestions = new Map<string, string[]>();
    for (const dataset of catalog.datasets()) {
      const source = catalog.source(dataset.source);
      const names = valueOf(byQuestions, questionsOf(dataset, source));
      names.push(dataset.name);
      this.#alike.set(dataset.name, names);
      valueOf(this.#bySystem, systemOf(source.kind, identityOf(source))).push(dataset);
    }
  }

  /** The datasets that ask exactly what this one asks, whatever the values; itself always, the others as declared. */
  alike(dataset: string): readonly string[] {
    return this.#alike.get(dataset) ?? [dataset];
  }

  /** The datasets that make this request of values that they allow, as declared. */
  datasetsOf(canonical: CanonicalRequest): readonly string[] {
    return this.#of(canonical).datasets;
  }

  /** Whether the request may be made without any dataset. */
  isAskedAdhoc(canonical: CanonicalRequest): boolean {
    const found = this.#of(canonical);
    found.adhoc ??= this.#catalog.sources().some((source) => this.#makesAdhoc(source, canonical));
    return found.adhoc;
  }

  #of(canonical: CanonicalRequest): AskersOfOne {
    const key = cacheKey(canonical);
    const known = this.#remembered.get(key);
    if (known !== undefined) return known;
    const [oldest] = this.#remembered.keys();
    if (this.#remembered.size >= REMEMBERED_MAX && oldest !== undefined) this.#remembered.delete(oldest);
    const candidates = this.#bySystem.get(systemOf(canonical.sourceKind, canonical.sourceIdentity)) ?? [];
    const datasets = candidates
      .filter((dataset) => mayAsk(dataset, canonical) && this.#catalog.requestAgain(dataset, canonical) !== null)
      .map(({ name }) => name);
    const found = { datasets, adhoc: null };
    this.#remembered.set(key, found);
    return found;
  }

  #makesAdhoc(source: SourceConfig, canonical: CanonicalRequest): boolean {
    const { sourceKind, sourceIdentity } = canonical;
    if (source.adhoc === null || systemOf(source.kind, identityOf(source)) !== systemOf(sourceKind, sourceIdentity))
      return false;
    const question = adhocOf(source.name, canonical);
    if (question === null) return false;
    try {
      return this.#catalog.resolveAdhoc(question).request.key === cacheKey(canonical);
    } catch (error) {
      if (isParqueueError(error)) return false;
      throw error;
    }
  }
}

function valueOf<T>(map: Map<string, T[]>, name: string): T[] {
  const known = map.get(name);
  if (known !== undefined) return known;
  const fresh: T[] = [];
  map.set(name, fresh);
  return fresh;
}

function systemOf(kind: string, identity: string): string {
  return `${kind} ${identity}`;
}

/** What costs nothing to compare, before a request is made. */
function mayAsk(dataset: DatasetConfig, { question }: CanonicalRequest): boolean {
  if (dataset.kind === 'file') return question.kind === 'file' && question.format === dataset.format;
  return question.kind === 'sql' && question.statement === dataset.statement.text;
}

function adhocOf(source: string, { question, columns }: CanonicalRequest): AdhocQuestion | null {
  const wanted = columns === null ? {} : { columns };
  if (question.kind === 'sql') return { source, sql: question.statement, binds: question.binds, ...wanted };
  if (question.kind !== 'file') return null;
  const { path, format, csv } = question;
  return { source, path, format, ...(csv === null ? {} : { csv }), ...wanted };
}

/** All that the keys of a dataset's requests are made of, with what its parameters allow in place of values. */
function questionsOf(dataset: DatasetConfig, source: SourceConfig): string {
  const { params, select, columnTypes, parquet } = dataset;
  const shared = { system: systemOf(source.kind, identityOf(source)), select, columnTypes, parquet };
  if (dataset.kind === 'file') {
    const { path, format, csv } = dataset;
    // Parameters of a path may be called anything: which part of it each is says what it means.
    const parts = path.parts.map((part, index) => (index % 2 === 0 ? part : path.params.indexOf(part)));
    const allowed = path.params.map((name) => allowedBy(params[name]));
    return canonicalJson({ ...shared, parts, allowed, format, csv });
  }
  const { statement, version, numbers, split } = dataset;
  const session = source.kind === 'file' ? {} : source.session;
  const allowed = Object.fromEntries(Object.values(params).map((param) => [foldCase(param.name), allowedBy(param)]));
  return canonicalJson({ ...shared, statement: statement.text, session, version, numbers, split, allowed });
}

function allowedBy(param: ParamConfig | undefined) {
  if (param === undefined) return null;
  const { name: _name, description: _description, ...allowed } = param;
  return allowed;
}
