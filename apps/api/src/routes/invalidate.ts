/** POST /v1/invalidate: what was right may no longer be. One target, one mode. */
import type { FastifyInstance } from 'fastify';
import {
  datasetOf,
  invalidate,
  invalidatePrefix,
  isWrappedSource,
  type InvalidateMode,
  type MarkTarget,
  type PrefixedKey,
} from '@parqueue/core';
import { tableLabel } from '@parqueue/core/config';
import { datasetFor, mayUseAll, mayUseDataset, requireAllDatasets, type Principal } from '../auth.ts';
import type { ApiContext } from '../context.ts';
import { requireKey } from '../entry-access.ts';
import { invalidateDeps, requireMarkable } from '../invalidating.ts';
import { Sight } from '../ownership.ts';
import { invalid } from '../question.ts';
import { json } from '../openapi/answers.ts';
import { INVALIDATE_BODY, INVALIDATED } from '../views/invalidation-schema.ts';

interface InvalidateBody {
  readonly key?: string;
  readonly dataset?: string;
  readonly source?: string;
  readonly table?: string;
  readonly prefix?: string;
  readonly mode?: InvalidateMode;
}

const TARGETS = ['key', 'dataset', 'source', 'table', 'prefix'] as const;
/** Two names of 128 characters, quoted, and the dot. */
const TABLE_CHARS_MAX = 261;

export function invalidateRoutes(app: FastifyInstance, context: ApiContext): void {
  app.post<{ Body: InvalidateBody }>('/v1/invalidate', {
    config: {
      access: 'admin',
      auditNames: ['key', 'dataset', 'source', 'table', 'prefix', 'mode'],
      operation: {
        id: 'invalidate',
        tag: 'entries',
        summary: 'soft: verify before next use; hard: refill before next use; purge: no new pins, then removed',
        answers: { 200: json(INVALIDATED, 'What was marked.') },
        errors: ['PQ_UNKNOWN_DATASET', 'PQ_UNKNOWN_SOURCE', 'PQ_NOT_FOUND', 'PQ_COORDINATION_DOWN'],
      },
    },
    schema: { body: INVALIDATE_BODY },
    handler: async (request) => {
      const { mode = 'soft', prefix, ...named } = request.body;
      const { principal } = request;
      const given = TARGETS.filter((name) => request.body[name] !== undefined);
      if (given.length !== 1 && given.join() !== 'source,table')
        throw invalid(`name exactly one of ${TARGETS.join(', ')} (or a source and its table)`);
      const deps = invalidateDeps(context);
      if (prefix !== undefined) {
        // Whose entries those are that Redis does not know yet cannot be told: they are for keys without bounds.
        const sight = new Sight(context, principal);
        const concerns = ({ dataset }: PrefixedKey): boolean =>
          dataset === undefined ? mayUseAll(principal) : sight.of({ dataset, canonical: null }) !== null;
        const { entries, fills } = await invalidatePrefix(prefix, mode, { ...deps, concerns });
        return { prefix, mode, entries, fills };
      }
      const target = await targetOf(context, principal, named);
      const { reached, ...invalidation } = await invalidate(target, mode, deps);
      return { ...named, mode, target, ...invalidation, reached: reached.filter((one) => mayHearOf(principal, one)) };
    },
  });
}

/** Which other datasets ask the same as one of its own is not for a bounded key. */
function mayHearOf(principal: Principal, target: MarkTarget): boolean {
  const dataset = datasetOf(target);
  return dataset === null || mayUseDataset(principal, dataset);
}

/** @throws ParqueueError PQ_UNKNOWN_DATASET, PQ_UNKNOWN_SOURCE, PQ_NOT_FOUND, PQ_INVALID_REQUEST, PQ_FORBIDDEN */
async function targetOf(
  context: ApiContext,
  principal: Principal,
  { key, dataset, source, table }: InvalidateBody,
): Promise<MarkTarget> {
  const { catalog } = context;
  if (key !== undefined) {
    requireKey(key);
    await requireMarkable(context, principal, key);
    return `key:${key}`;
  }
  if (dataset !== undefined) return `dataset:${datasetFor(principal, catalog, dataset).name}`;
  requireAllDatasets(principal);
  // No configuration names the functions of applications; what is marked of one that nobody wrapped harms nothing.
  if (table === undefined && source !== undefined && isWrappedSource(source)) return `source:${source}`;
  if (table === undefined) return `source:${catalog.source(source ?? '').name}`;
  const slash = table.indexOf('/');
  const [owner, name] =
    source === undefined ? [table.slice(0, Math.max(slash, 0)), table.slice(slash + 1)] : [source, table];
  if (owner === '' || name === '' || name.length > TABLE_CHARS_MAX)
    throw invalid('table is written SOURCE/TABLE, or named beside its source');
  const known = catalog.source(owner);
  if (known.kind === 'file')
    throw invalid(`source ${known.name} has files and no tables: name a dataset, a key, a prefix or the source`);
  const label = tableLabel(known, name);
  if (label === null)
    throw invalid(
      'table is no name of a table; write NAME or SCHEMA.NAME, a part that needs quotes in those of its database',
    );
  return `table:${known.name}/${label}`;
}
