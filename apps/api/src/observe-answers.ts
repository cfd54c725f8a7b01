/**
 * Every HTTP answer is counted, and, where traces are on, is a span: the caller's trace goes on here, or one begins. A span
 * has the route and never the URL, whose query holds values.
 */
import { readTraceParent, type Span } from '@parqueue/core';
import type { FastifyInstance } from 'fastify';
import type { ApiContext } from './context.ts';

declare module 'fastify' {
  interface FastifyRequest {
    /** Of the request; null where nobody traces. */
    span: Span | null;
  }
}

export function observeAnswers(
  app: FastifyInstance,
  { metrics, tracer }: Pick<ApiContext, 'metrics' | 'tracer'>,
): void {
  app.decorateRequest('span', null);
  if (tracer !== null) {
    app.addHook('onRequest', (request, _reply, done) => {
      const route = request.routeOptions.url ?? 'unknown';
      request.span = tracer.start({
        name: `${request.method} ${route}`,
        kind: 'server',
        parent: readTraceParent(request.headers['traceparent']),
        attributes: {
          'http.request.method': request.method,
          'http.route': route,
          'parqueue.request.id': request.id,
        },
      });
      done();
    });
  }
  app.addHook('onResponse', (request, reply, done) => {
    const { statusCode } = reply;
    metrics.httpAnswers.labels(request.routeOptions.config.operation?.id ?? 'none', String(statusCode)).inc();
    const { span } = request;
    if (span !== null) {
      span.set({ 'http.response.status_code': statusCode });
      span.end(statusCode >= 500 ? String(statusCode) : null);
    }
    done();
  });
}
