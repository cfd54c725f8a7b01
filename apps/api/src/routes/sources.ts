/** Sources: what is configured, what waits for them; pausing and resuming them. */
import type { FastifyInstance } from 'fastify';
import { requireAllDatasets } from '../auth.ts';
import type { ApiContext } from '../context.ts';
import { answers, ANY_OBJECT } from '../schemas.ts';
import { sourceView } from '../views/source-view.ts';

const SOURCE_PARAM = { type: 'object', properties: { source: { type: 'string' } } } as const;

export function sourceRoutes(app: FastifyInstance, context: ApiContext): void {
  app.get('/v1/sources', {
    config: { access: 'read' },
    schema: {
      tags: ['sources'],
      summary: 'Sources, their limits and queues, and which are paused or cooling down',
      response: answers({ 200: ANY_OBJECT }),
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
