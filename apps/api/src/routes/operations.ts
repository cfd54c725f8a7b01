/** What operators and browsers look at: health, readiness, metrics, the description of the interface, a plain page. */
import type { FastifyInstance } from 'fastify';
import { mayUseDataset } from '../auth.ts';
import type { ApiContext } from '../context.ts';
import { homePage } from '../home-page.ts';
import { ReadinessCheck } from '../readiness.ts';
import { answers, ANY_OBJECT } from '../schemas.ts';

export function operationRoutes(app: FastifyInstance, context: ApiContext): void {
  const readiness = new ReadinessCheck(context);

  app.get('/healthz', {
    config: { access: 'open' },
    schema: {
      tags: ['operations'],
      summary: 'The process lives; looks at neither Redis nor the store',
      response: answers({ 200: ANY_OBJECT }),
    },
    handler: (_request, reply) =>
      reply.header('cache-control', 'no-store').send({ status: 'ok', version: context.version }),
  });

  app.get('/readyz', {
    config: { access: 'open' },
    schema: {
      tags: ['operations'],
      summary: 'Requests can be answered: Redis, epoch and store are there',
      response: answers({ 200: ANY_OBJECT, 503: ANY_OBJECT }),
    },
    handler: async (_request, reply) => {
      const state = await readiness.check();
      return await reply
        .code(state.status === 'ok' ? 200 : 503)
        .header('cache-control', 'no-store')
        .send(state);
    },
  });

  app.get('/metrics', {
    config: { access: 'operator' },
    schema: { tags: ['operations'], summary: 'Prometheus metrics', response: answers({ 200: 'text/plain' }) },
    handler: async (_request, reply) => {
      const { registry } = context.metrics;
      return await reply.header('content-type', registry.contentType).send(await registry.metrics());
    },
  });

  app.get('/openapi.json', {
    config: { access: 'open' },
    schema: { tags: ['operations'], summary: 'This interface as OpenAPI 3', response: answers({ 200: ANY_OBJECT }) },
    handler: (_request, reply) => reply.send(app.swagger()),
  });

  app.get('/', {
    config: { access: 'operator' },
    schema: { tags: ['operations'], summary: 'A page for people', response: answers({ 200: 'text/html' }) },
    handler: async (request, reply) => {
      const datasets = context.catalog.datasets().filter(({ name }) => mayUseDataset(request.principal, name));
      return await reply
        .header('content-type', 'text/html; charset=utf-8')
        .header('content-security-policy', "default-src 'none'; style-src 'unsafe-inline'")
        .send(homePage({ version: context.version, origin: `${request.protocol}://${request.host}`, datasets }));
    },
  });
}
