/** A request as a SQL source sees it: the statement read once more, and the parts that its version is made of. */
import { ParqueueError } from '../../model/errors.ts';
import type { CanonicalRequest, SqlQuestion, SqlSourceKind } from '../../model/request.ts';
import { tracksTables } from '../../model/version.ts';
import { labelOf, OBSTACLES_TOLD_MAX, readStatement, tellObstacles, type Statement } from '../../sql/index.ts';

/** A table, view or synonym that a statement names. */
export interface PartName {
  readonly schema: string;
  readonly name: string;
  /** sql/label.ts */
  readonly label: string;
  /** Written without a schema. */
  readonly unqualified: boolean;
}

export interface SqlSourceQuestion {
  readonly asked: SqlQuestion;
  /** As it was normalised. */
  readonly statement: Statement;
  /** The tables, views and synonyms that the statement names, each once, by label. */
  readonly parts: readonly PartName[];
  /** For messages: values that must not be shown. */
  readonly hidden: readonly (string | null)[];
}

/** @throws ParqueueError PQ_INVALID_REQUEST, PQ_UNTRACKABLE */
export function readQuestion(request: CanonicalRequest, kind: SqlSourceKind, schema: string): SqlSourceQuestion {
  const { question } = request;
  if (request.sourceKind !== kind || question.kind !== 'sql') {
    throw new ParqueueError('PQ_INVALID_REQUEST', `this source answers statements for ${kind} and nothing else`);
  }
  const statement = readStatement(question.statement, kind);
  if (tracksTables(question.version.kind) && statement.obstacles.length > 0) {
    throw new ParqueueError(
      'PQ_UNTRACKABLE',
      `the statement uses ${tellObstacles(statement.obstacles)}; set version: ttl with a maxAge, or a refresh-key`,
      {
        details: {
          constructs: statement.obstacles
            .slice(0, OBSTACLES_TOLD_MAX)
            .map(({ construct, why }) => ({ construct, why })),
        },
      },
    );
  }
  return {
    asked: question,
    statement,
    parts: partsOf(statement, kind, schema),
    hidden: Object.values(question.binds).map(({ value }) => value),
  };
}

function partsOf({ reads }: Statement, kind: SqlSourceKind, schema: string): readonly PartName[] {
  const parts = new Map<string, PartName>();
  for (const reference of reads) {
    const label = labelOf(reference, schema, kind);
    const unqualified = reference.schema === null || (parts.get(label)?.unqualified ?? false);
    parts.set(label, { schema: reference.schema ?? schema, name: reference.name, label, unqualified });
  }
  return [...parts.values()].toSorted((a, b) => (a.label < b.label ? -1 : 1));
}
