/** Sources: what is configured, what waits for them; pausing and resuming them. */
import type { FastifyInstance } from 'fastify';
import { requireAllDatasets } from '../auth.ts';
import type { ApiContext } from '../context.ts';
import { json } from '../openapi/answers.ts';
import { PAUSE_BODY, SOURCES, SOURCE_STATE } from '../views/source-schema.ts';
import { pauseView, sourceView } from '../views/source-view.ts';

const SOURCE_PARAM = {
  type: 'object',
  properties: { source: { type: 'string', description: 'Name of the source', examples: ['lake'] } },
} as const;

const SOURCE_ERRORS = ['PQ_UNKNOWN_SOURCE', 'PQ_COORDINATION_DOWN'] as const;

export function sourceRoutes(app: FastifyInstance, context: ApiContext): void {
  app.get('/v1/sources', {
    config: {
      access: 'read',
      operation: {
        id: 'listSources',
        tag: 'sources',
        summary: 'Sources: limits, queues, health, and which are paused or cooling down',
        answers: { 200: json(SOURCES, 'All sources.') },
        errors: ['PQ_COORDINATION_DOWN'],
      },
    },
    handler: async () => {
      const counts = await context.link.current().coordination.jobBrowser.counts();
      const sources = context.catalog.sources().map(async (source) => {
        const { name } = source;
        const { jobs, cooling, sourceHealth } = context.link.current().coordination;
        const [pause, cools, health] = await Promise.all([
          jobs.pauseOf(name),
          cooling.read(name),
          sourceHealth.read(name),
        ]);
        return sourceView(source, { counts, pause, cooling: cools, health });
      });
      return { sources: await Promise.all(sources) };
    },
  });

  app.post<{ Params: { source: string }; Body: { readonly reason?: string } | null }>('/v1/sources/:source/pause', {
    config: {
      access: 'admin',
      auditNames: ['reason'],
      operation: {
        id: 'pauseSource',
        tag: 'sources',
        summary: 'Ask this source nothing more; stale-if-error applies',
        description:
          'What runs goes on; what waits is held, and whoever waits for it hears PQ_SOURCE_PAUSED or gets what the dataset allows to be stale.',
        answers: { 200: json(SOURCE_STATE, 'Paused.') },
        errors: SOURCE_ERRORS,
      },
    },
    schema: { params: SOURCE_PARAM, body: PAUSE_BODY },
    handler: async (request) => {
      requireAllDatasets(request.principal);
      const { name } = context.catalog.source(request.params.source);
      const { jobs } = context.link.current().coordination;
      await jobs.pause(name, { reason: request.body?.reason ?? null, by: request.principal.name });
      return { source: name, paused: true, pause: pauseView(await jobs.pauseOf(name)) };
    },
  });

  app.post<{ Params: { source: string } }>('/v1/sources/:source/resume', {
    config: {
      access: 'admin',
      operation: {
        id: 'resumeSource',
        tag: 'sources',
        summary: 'Ask this source again',
        answers: { 200: json(SOURCE_STATE, 'Resumed.') },
        errors: SOURCE_ERRORS,
      },
    },
    schema: { params: SOURCE_PARAM },
    handler: async (request) => {
      requireAllDatasets(request.principal);
      const { name } = context.catalog.source(request.params.source);
      await context.link.current().coordination.jobs.resume(name);
      return { source: name, paused: false, pause: null };
    },
  });
}
