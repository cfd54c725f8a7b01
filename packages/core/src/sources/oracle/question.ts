/**
 * A request as this source sees it: the statement read once more, its binds in the driver's words, and the parts that
 * its version is made of.
 */
import oracledb, { type BindParameter } from 'oracledb';
import { ParqueueError } from '../../model/errors.ts';
import type { CanonicalRequest, SqlQuestion, TypedValue } from '../../model/request.ts';
import {
  labelOf,
  OBSTACLES_TOLD_MAX,
  readStatement,
  replacePlaceholders,
  tellObstacles,
  type Statement,
} from '../../sql/index.ts';
import type { PartName } from './dictionary.ts';

export interface OracleQuestion {
  readonly asked: SqlQuestion;
  /** As it was normalised. */
  readonly statement: Statement;
  /** The tables, views and synonyms that the statement names, each once, by label. */
  readonly parts: readonly PartName[];
  /** For messages: values that must not be shown. */
  readonly hidden: readonly (string | null)[];
}

/** @throws ParqueueError PQ_INVALID_REQUEST, PQ_UNTRACKABLE */
export function readQuestion(request: CanonicalRequest, schema: string): OracleQuestion {
  const { question } = request;
  if (request.sourceKind !== 'oracle' || question.kind !== 'sql') {
    throw new ParqueueError('PQ_INVALID_REQUEST', 'this source answers statements for Oracle and nothing else');
  }
  const statement = readStatement(question.statement, 'oracle');
  if (question.version.kind === 'rowscn' && statement.obstacles.length > 0) {
    throw new ParqueueError(
      'PQ_UNTRACKABLE',
      `the statement uses ${tellObstacles(statement.obstacles)}; set version: ttl with a maxAge, or a refresh-key`,
      { details: { constructs: statement.obstacles.slice(0, OBSTACLES_TOLD_MAX).map(({ construct }) => construct) } },
    );
  }
  return {
    asked: question,
    statement,
    parts: partsOf(statement, schema),
    hidden: Object.values(question.binds).map(({ value }) => value),
  };
}

function partsOf({ reads }: Statement, schema: string): readonly PartName[] {
  const parts = new Map<string, PartName>();
  for (const reference of reads) {
    const label = labelOf(reference, schema);
    const unqualified = reference.schema === null || (parts.get(label)?.unqualified ?? false);
    parts.set(label, { owner: reference.schema ?? schema, name: reference.name, label, unqualified });
  }
  return [...parts.values()].toSorted((a, b) => (a.label < b.label ? -1 : 1));
}

export interface Bound {
  readonly text: string;
  readonly binds: Record<string, BindParameter>;
}

/**
 * The statement with its binds. Dates and timestamps travel as text and are converted by the database, in a format
 * given with them: the driver would take them through JavaScript's Date, in the process's time zone and to the
 * millisecond.
 */
export function boundStatement(statement: string, values: Readonly<Record<string, TypedValue>>): Bound {
  const used = new Set<string>();
  const text = replacePlaceholders(statement, (name) => {
    used.add(name);
    return placeholder(name, values[name]);
  });
  const binds = Object.fromEntries([...used].map((name) => [name, bindOf(name, values[name])]));
  return { text, binds };
}

function placeholder(name: string, value: TypedValue | undefined): string {
  switch (value?.type) {
    case 'date':
      return `TO_DATE(:${name},'YYYY-MM-DD')`;
    case 'timestamp':
      return `TO_TIMESTAMP(:${name},'YYYY-MM-DD"T"HH24:MI:SS.FF6"Z"')`;
    default:
      return `:${name}`;
  }
}

function bindOf(name: string, typed: TypedValue | undefined): BindParameter {
  if (typed === undefined) {
    throw new ParqueueError('PQ_INVALID_REQUEST', `the placeholder :${name} has no value`, {
      details: { placeholder: name },
    });
  }
  const { type, value } = typed;
  switch (type) {
    case 'integer':
      // Beyond 2^53 a number would be another one.
      return { val: value === null ? null : BigInt(value), type: oracledb.DB_TYPE_NUMBER };
    case 'number':
      return { val: value === null ? null : Number(value), type: oracledb.DB_TYPE_NUMBER };
    case 'boolean':
      return { val: value === null ? null : value === 'true' ? 1 : 0, type: oracledb.DB_TYPE_NUMBER };
    case 'string':
    case 'date':
    case 'timestamp':
      return { val: value, type: oracledb.DB_TYPE_VARCHAR };
  }
}
