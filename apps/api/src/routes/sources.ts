/** Sources: what is configured, what waits for them; pausing and resuming them. */
import type { FastifyInstance } from 'fastify';
import type { SourceConfig } from '@parqueue/core/config';
import type { QueueCounts } from '@parqueue/core/redis';
import { requireAllDatasets } from '../auth.ts';
import type { ApiContext } from '../context.ts';
import { answers, ANY_OBJECT } from '../schemas.ts';

const SOURCE_PARAM = { type: 'object', properties: { source: { type: 'string' } } } as const;

export function sourceRoutes(app: FastifyInstance, context: ApiContext): void {
  app.get('/v1/sources', {
    config: { access: 'read' },
    schema: { tags: ['sources'], summary: 'Sources, their limits and queues', response: answers({ 200: ANY_OBJECT }) },
    handler: async () => {
      const counts = await context.link.current().coordination.jobBrowser.counts();
      return { sources: context.catalog.sources().map((source) => sourceView(source, counts)) };
    },
  });

  for (const action of ['pause', 'resume'] as const) {
    app.post<{ Params: { source: string } }>(`/v1/sources/:source/${action}`, {
      config: { access: 'admin' },
      schema: {
        tags: ['sources'],
        summary: action === 'pause' ? 'Ask this source nothing more; stale-if-error applies' : 'Ask this source again',
        params: SOURCE_PARAM,
        response: answers({ 200: ANY_OBJECT }),
      },
      handler: async (request) => {
        requireAllDatasets(request.principal);
        const { name } = context.catalog.source(request.params.source);
        await context.link.current().coordination.jobs[action](name);
        return { source: name, paused: action === 'pause' };
      },
    });
  }
}

function sourceView(
  { name, kind, maxConcurrentFills, maxConcurrentProbes, adhoc }: SourceConfig,
  counts: readonly QueueCounts[],
) {
  const own = counts.filter(({ source }) => source === name);
  return {
    name,
    kind,
    adhoc: adhoc !== null,
    limits: { maxConcurrentFills, maxConcurrentProbes },
    queues: own.map(({ queue, kind: jobs, counts: states }) => ({ queue, kind: jobs, ...states })),
  };
}
