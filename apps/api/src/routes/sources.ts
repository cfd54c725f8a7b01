/** Sources: what is configured, what waits for them; pausing and resuming them. */
import type { FastifyInstance } from 'fastify';
import { requireAllDatasets } from '../auth.ts';
import type { ApiContext } from '../context.ts';
import { json } from '../openapi/answers.ts';
import { SOURCES, SOURCE_STATE } from '../views/source-schema.ts';
import { sourceView } from '../views/source-view.ts';

const SOURCE_PARAM = {
  type: 'object',
  properties: { source: { type: 'string', description: 'Name of the source', examples: ['lake'] } },
} as const;

export function sourceRoutes(app: FastifyInstance, context: ApiContext): void {
  app.get('/v1/sources', {
    config: {
      access: 'read',
      operation: {
        id: 'listSources',
        tag: 'sources',
        summary: 'Sources, their limits and queues, and which are paused or cooling down',
        answers: { 200: json(SOURCES, 'All sources.') },
        errors: ['PQ_COORDINATION_DOWN'],
      },
    },
    handler: async () => {
      const counts = await context.link.current().coordination.jobBrowser.counts();
      const sources = context.catalog.sources().map(async (source) => {
        const { name } = source;
        const paused = await context.link.current().coordination.jobs.isPaused(name);
        const cooling = await context.link.run(({ coordination }) => coordination.cooling.read(name));
        return sourceView(source, { counts, paused, cooling });
      });
      return { sources: await Promise.all(sources) };
    },
  });

  for (const action of ['pause', 'resume'] as const) {
    app.post<{ Params: { source: string } }>(`/v1/sources/:source/${action}`, {
      config: {
        access: 'admin',
        operation: {
          id: `${action}Source`,
          tag: 'sources',
          summary:
            action === 'pause' ? 'Ask this source nothing more; stale-if-error applies' : 'Ask this source again',
          answers: { 200: json(SOURCE_STATE, 'Done.') },
          errors: ['PQ_UNKNOWN_SOURCE', 'PQ_COORDINATION_DOWN'],
        },
      },
      schema: { params: SOURCE_PARAM },
      handler: async (request) => {
        requireAllDatasets(request.principal);
        const { name } = context.catalog.source(request.params.source);
        await context.link.current().coordination.jobs[action](name);
        return { source: name, paused: action === 'pause' };
      },
    });
  }
}
