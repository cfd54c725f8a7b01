/**
 * What a request touches at its source: what a probe asks, and the names by which an invalidation reaches it. Made from
 * the request alone, without asking anybody, so that API and workers come to the same.
 */
import type { CanonicalRequest, Scope, SourceKind, SqlSourceKind } from '../model/request.ts';
import { labelOf, readStatement, refreshKeyLabel } from '../sql/index.ts';
import type { Obstacle, Statement, TableReference } from '../sql/statement.ts';
import type { SourceConfig } from './config.ts';
import { schemaOf } from './source-identity.ts';
import { readTableName } from './sql-names.ts';

export interface RequestTargets {
  /** `SCHEMA.NAME` of each table, view or synonym that the statement names; empty for a file. */
  readonly tables: readonly string[];
  /** The parts of its version: the tables, or the refresh key; of a file, its path. */
  readonly parts: readonly string[];
  /** The parts, with the source's name before them. */
  readonly probeTargets: readonly string[];
  readonly scopes: readonly Scope[];
  /** What its statement reads that no table tells: why its tables alone cannot prove it. */
  readonly obstacles: readonly Obstacle[];
}

export interface TargetsOwner {
  readonly source: string;
  readonly dataset: string | null;
}

/**
 * @param known the statement, where it was read already
 * @throws ParqueueError PQ_INVALID_REQUEST where another release wrote a statement that this one cannot read
 */
export function targetsOf(
  { question, sourceKind, sourceIdentity }: CanonicalRequest,
  { source, dataset }: TargetsOwner,
  known?: Pick<Statement, 'reads' | 'obstacles'>,
): RequestTargets {
  const owners = dataset === null ? [`source:${source}`] : [`dataset:${dataset}`, `source:${source}`];
  if (question.kind === 'file') {
    const probeTargets = [`${source}/${question.path}`];
    return { tables: [], parts: [question.path], probeTargets, scopes: owners, obstacles: [] };
  }
  if (question.kind === 'wrapped') return { tables: [], parts: [], probeTargets: [], scopes: owners, obstacles: [] };
  const dialect = databaseKind(sourceKind);
  const { reads, obstacles } = known ?? readStatement(question.statement, dialect);
  const tables = tablesOf(reads, { schema: schemaOf(sourceIdentity), kind: dialect });
  const { version } = question;
  const parts = version.kind === 'refresh-key' ? [refreshKeyLabel(version.statement)] : tables;
  return {
    tables,
    parts,
    probeTargets: parts.map((part) => `${source}/${part}`),
    scopes: [...owners, ...tables.map((table) => `table:${source}/${table}`)],
    obstacles,
  };
}

/** Each table once, in one order, however often and in whatever order the statement names them. */
export function tablesOf(
  reads: readonly TableReference[],
  { schema, kind }: { readonly schema: string; readonly kind: SqlSourceKind },
): readonly string[] {
  return [...new Set(reads.map((reference) => labelOf(reference, schema, kind)))].toSorted();
}

function databaseKind(kind: SourceKind | 'wrapped'): SqlSourceKind {
  if (kind === 'file' || kind === 'wrapped') throw new TypeError('a statement was asked of no database');
  return kind;
}

/** A table as a person names it, in the spelling that scopes have; null where it is no name of one, as for any file. */
export function tableLabel(source: SourceConfig, text: string): string | null {
  if (source.kind === 'file') return null;
  const name = readTableName(text, source.kind);
  return name === null ? null : labelOf(name, source.schema, source.kind);
}
