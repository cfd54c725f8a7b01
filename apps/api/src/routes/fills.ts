/** Fills and probes under way and lately done: looking, cancelling. Following them is in events.ts. */
import type { FastifyInstance } from 'fastify';
import { ParqueueError } from '@parqueue/core';
import { BROWSER_STATES, type BrowserState } from '@parqueue/core/redis';
import type { Principal } from '../auth.ts';
import type { ApiContext } from '../context.ts';
import { lookUpFill, type FillSeen, type FoundFill } from '../events/fill-lookup.ts';
import { json } from '../openapi/answers.ts';
import { Sight } from '../ownership.ts';
import { ENTRY_ERRORS } from '../openapi/errors.ts';
import { FILL, FILL_PAGE } from '../views/fill-schema.ts';
import { fillView } from '../views/fill-view.ts';

export interface IdRoute {
  Params: { id: string };
}

export const ID_PARAM = {
  type: 'object',
  properties: { id: { type: 'string', description: 'As in Location of a 202', examples: ['lake.fill.5f0c1a2b'] } },
} as const;
export function fillRoutes(app: FastifyInstance, context: ApiContext): void {
  app.get<{ Querystring: { state?: BrowserState; limit?: number } }>('/v1/fills', {
    config: {
      access: 'read',
      operation: {
        id: 'listFills',
        tag: 'fills',
        summary: 'Fills and probes, newest first',
        answers: { 200: json(FILL_PAGE, 'Under way and lately done.') },
        errors: ['PQ_INVALID_REQUEST', 'PQ_COORDINATION_DOWN'],
      },
    },
    schema: {
      querystring: {
        type: 'object',
        additionalProperties: false,
        properties: {
          state: { type: 'string', enum: [...BROWSER_STATES], description: 'Only those; default: all' },
          limit: { type: 'integer', minimum: 1, maximum: 500, default: 100, description: 'At most so many' },
        },
      },
    },
    handler: async (request) => {
      const { state, limit = 100 } = request.query;
      const states = state === undefined ? BROWSER_STATES : [state];
      const jobs = await context.link
        .current()
        .coordination.jobBrowser.list({ states, kinds: ['fill', 'probe'], limit });
      const sight = new Sight(context, request.principal);
      return {
        fills: jobs.flatMap((job) => {
          const seen = sight.of(job);
          return seen === null ? [] : [{ ...fillView(job), ...seen }];
        }),
      };
    },
  });

  app.get<IdRoute>('/v1/fills/:id', {
    config: {
      access: 'read',
      operation: {
        id: 'getFill',
        tag: 'fills',
        summary: 'One fill or probe: state, progress, outcome',
        description: 'Known until about ten minutes after its end.',
        answers: { 200: json(FILL, 'What is known.', ['Cache-Control', 'Retry-After']) },
        errors: ENTRY_ERRORS,
      },
    },
    schema: { params: ID_PARAM },
    handler: async (request, reply) => {
      const view = await findFill(context, request.principal, request.params.id);
      reply.header('cache-control', 'no-store');
      if (view.state !== 'finished') reply.header('retry-after', '1');
      return view;
    },
  });

  app.delete<IdRoute>('/v1/fills/:id', {
    config: {
      access: 'fill',
      audit: true,
      operation: {
        id: 'cancelFill',
        tag: 'fills',
        summary: 'Cancel: a waiting one is removed, a running one is told to stop; of a probe, the fill it began',
        answers: { 202: json(FILL, 'Told; what is known of it now.') },
        errors: ENTRY_ERRORS,
      },
    },
    schema: { params: ID_PARAM },
    handler: async (request, reply) => {
      const { id: asked } = request.params;
      const { outcome } = await findFill(context, request.principal, asked);
      // A caller who was told to come back has the address of the probe; the work to give up may be the fill by now.
      const id = outcome !== null && 'fillJobId' in outcome ? outcome.fillJobId : asked;
      await context.link.current().coordination.jobs.cancel(id);
      return await reply.code(202).send(await findFill(context, request.principal, id));
    },
  });
}

/** @throws ParqueueError PQ_NOT_FOUND */
export async function findFill(context: ApiContext, principal: Principal, id: string): Promise<FillSeen> {
  const found = await lookUpFill(context, id);
  const view = found === null ? null : fillSeen(new Sight(context, principal), found);
  if (view === null) throw new ParqueueError('PQ_NOT_FOUND', 'there is no such fill, or it ended over ten minutes ago');
  return view;
}

/** @returns null where the caller may not know of it */
export function fillSeen(sight: Sight, { view, job }: FoundFill): FillSeen | null {
  if (job === null) return view;
  const seen = sight.of(job);
  return seen === null ? null : { ...view, ...seen };
}
