/**
 * What a request touches at its source: what a probe asks, and the names by which an invalidation reaches it. Made from
 * the request alone, without asking anybody, so that API and workers come to the same.
 */
import { createHash } from 'node:crypto';
import type { CanonicalRequest, Scope } from '../model/request.ts';
import { labelOf, readStatement } from '../sql/index.ts';
import type { TableReference } from '../sql/statement.ts';
import { schemaOf } from './source-identity.ts';

export interface RequestTargets {
  /** `OWNER.NAME` of each table, view or synonym that the statement names; empty for a file. */
  readonly tables: readonly string[];
  /** The parts of its version: the tables, or the refresh key; of a file, its path. */
  readonly parts: readonly string[];
  /** The parts, with the source's name before them. */
  readonly probeTargets: readonly string[];
  readonly scopes: readonly Scope[];
}

export interface TargetsOwner {
  readonly source: string;
  readonly dataset: string | null;
}

/**
 * @param reads the tables of the statement, where it was read already
 * @throws ParqueueError PQ_INVALID_REQUEST where another release wrote a statement that this one cannot read
 */
export function targetsOf(
  { question, sourceIdentity }: CanonicalRequest,
  { source, dataset }: TargetsOwner,
  reads?: readonly TableReference[],
): RequestTargets {
  const owners = dataset === null ? [`source:${source}`] : [`dataset:${dataset}`, `source:${source}`];
  if (question.kind === 'file')
    return { tables: [], parts: [question.path], probeTargets: [`${source}/${question.path}`], scopes: owners };
  const schema = schemaOf(sourceIdentity);
  const labels = (reads ?? readStatement(question.statement, 'oracle').reads).map((reference) =>
    labelOf(reference, schema),
  );
  const tables = [...new Set(labels)].toSorted();
  const { version } = question;
  const parts = version.kind === 'refresh-key' ? [refreshKeyPart(version.statement)] : tables;
  return {
    tables,
    parts,
    probeTargets: parts.map((part) => `${source}/${part}`),
    scopes: [...owners, ...tables.map((table) => `table:${source}/${table}`)],
  };
}

/** The part that a refresh key is in the version of all requests that have it. */
export function refreshKeyPart(statement: string): string {
  return `refresh-key:${createHash('sha256').update(statement).digest('hex').slice(0, 12)}`;
}
