/**
 * Every HTTP answer is counted, and, where traces are on, is a span: the caller's trace goes on here, or one begins. A span
 * has the route and never the URL, whose query holds values. Who leaves before the whole answer was sent is counted as 499,
 * and the span that all work was done for is told all the same.
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

/** As proxies call it. */
const CALLER_LEFT = 499;

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
  app.addHook('onRequest', (request, { raw }, done) => {
    // Fastify tells of answers that were sent, and of nobody who left.
    raw.once('close', () => {
      const status = raw.writableFinished ? raw.statusCode : CALLER_LEFT;
      const operation = request.routeOptions.config.operation?.id ?? 'none';
      metrics.httpAnswers.inc({ operation, status: String(status) });
      const { span } = request;
      if (span === null) return;
      if (status === CALLER_LEFT) span.event('caller-left', {});
      else span.set({ 'http.response.status_code': status });
      span.end(status >= 500 ? String(status) : null);
    });
    done();
  });
}
