/** What operators and browsers look at: health, readiness, metrics, the description of the interface. */
import type { FastifyInstance } from 'fastify';
import type { ApiContext } from '../context.ts';
import { ReadinessCheck } from '../readiness.ts';
import { json } from '../openapi/answers.ts';
import type { OpenApiDocument } from '../openapi/document.ts';
import { text } from '../openapi/schema.ts';
import { ALIVE, OPENAPI, READINESS } from '../views/operations-schema.ts';

export function operationRoutes(app: FastifyInstance, context: ApiContext, describe: () => OpenApiDocument): void {
  const readiness = new ReadinessCheck(context);
  let described: string | null = null;

  app.get('/healthz', {
    config: {
      access: 'open',
      operation: {
        id: 'getHealth',
        tag: 'operations',
        summary: 'The process lives; looks at neither Redis nor the store',
        answers: { 200: json(ALIVE, 'It lives.', ['Cache-Control']) },
      },
    },
    handler: (_request, reply) =>
      reply.header('cache-control', 'no-store').send({ status: 'ok', version: context.version }),
  });

  app.get('/readyz', {
    config: {
      access: 'open',
      operation: {
        id: 'getReadiness',
        tag: 'operations',
        summary: 'Requests can be answered: Redis, epoch and store are there',
        answers: {
          200: json(READINESS, 'They can; `degraded`: older answers alone, from the store.', ['Cache-Control']),
          503: json(READINESS, 'They can not; `checks` says why.', ['Cache-Control']),
        },
      },
    },
    handler: async (_request, reply) => {
      const state = await readiness.check();
      return await reply
        .code(state.status === 'unready' ? 503 : 200)
        .header('cache-control', 'no-store')
        .send(state);
    },
  });

  app.get('/metrics', {
    config: {
      access: 'operator',
      operation: {
        id: 'getMetrics',
        tag: 'operations',
        summary: 'Metrics for Prometheus',
        answers: {
          200: { description: 'All metrics.', headers: [], content: { 'text/plain': text('The text format 0.0.4.') } },
        },
      },
    },
    handler: async (_request, reply) => {
      const { registry } = context.metrics;
      return await reply.header('content-type', registry.contentType).send(await registry.metrics());
    },
  });

  app.get('/openapi.json', {
    config: {
      access: 'open',
      operation: {
        id: 'getOpenApi',
        tag: 'operations',
        summary: 'This interface as OpenAPI 3.1',
        answers: { 200: json(OPENAPI, 'This document.') },
      },
    },
    handler: (_request, reply) => {
      // Written once: it is long, and anybody may ask for it as often as they like.
      described ??= JSON.stringify(describe());
      return reply.type('application/json; charset=utf-8').send(described);
    },
  });
}
