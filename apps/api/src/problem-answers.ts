/**
 * Problems on their way out: what a route threw becomes one answer (http/problem.ts), is logged where it is this server's
 * fault, audited where it is a refusal; and what cannot be read as a route is answered the same way.
 */
import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { afterRefusal } from './access/admission.ts';
import type { AuditLog } from './access/audit.ts';
import { RateLimited } from './access/key-limits.ts';
import { CallerLeft } from './caller.ts';
import type { ApiContext } from './context.ts';
import { forgetAnswer } from './http/forget-answer.ts';
import { HttpRefusal, problemOf, PROBLEM_TYPE } from './http/problem.ts';
import { SECURITY_HEADERS } from './http/security-headers.ts';

export function answerProblems(app: FastifyInstance, { log, metrics }: ApiContext, audit: AuditLog): void {
  app.setErrorHandler(async (error: FastifyError, request, reply) => {
    if (error instanceof CallerLeft) return reply.hijack();
    const { status, headers, body } = problemOf(readable(error), request.url.split('?', 1)[0] ?? '', request.id);
    metrics.problems.labels(body.code).inc();
    if (error instanceof RateLimited) metrics.rateLimited.labels(String(error.details['limit'])).inc();
    if (status >= 500) {
      const level = body.code === 'PQ_INTERNAL' ? 'error' : 'warn';
      log[level](
        {
          requestId: request.id,
          method: request.method,
          route: request.routeOptions.url,
          code: body.code,
          err: body.code === 'PQ_INTERNAL' ? error : undefined,
        },
        body.detail,
      );
    }
    forgetAnswer(reply);
    return await reply
      .code(status)
      .header('cache-control', 'no-store')
      .headers({ ...headers, ...afterRefusal(audit, error, request) })
      .type(PROBLEM_TYPE)
      .serializer((data: unknown) => JSON.stringify(data))
      .send(body);
  });
  app.setNotFoundHandler(() => {
    throw new HttpRefusal(404, 'PQ_NOT_FOUND', 'there is no such resource; /openapi.json lists what there is');
  });
}

/** What the router itself refuses (a broken escape, a name of over 256 characters) passes no hook and no error handler. */
export function answerFrameworkError(error: Error, request: FastifyRequest, reply: FastifyReply): void {
  const { status, headers, body } = problemOf(error, request.url.split('?', 1)[0] ?? '', request.id);
  reply.raw.writeHead(status, {
    'x-request-id': request.id,
    ...SECURITY_HEADERS,
    'cache-control': 'no-store',
    ...headers,
    'content-type': PROBLEM_TYPE,
  });
  reply.raw.end(JSON.stringify(body));
}

/** Schema violations name the place and what belongs there; the value is not repeated. */
function readable(error: FastifyError): unknown {
  if (error.validation === undefined) return error;
  const problems = error.validation.map(({ instancePath, message = 'is wrong', params }) => {
    const extra = typeof params['additionalProperty'] === 'string' ? params['additionalProperty'] : '';
    const name = [...instancePath.split('/').filter((part) => part !== ''), ...(extra === '' ? [] : [extra])].join('.');
    const allowed = Array.isArray(params['allowedValues']) ? ` (${params['allowedValues'].join(', ')})` : '';
    return {
      name: name === '' ? (error.validationContext ?? 'request') : name,
      message: extra === '' ? `${message}${allowed}` : 'is not known here',
    };
  });
  return new HttpRefusal(
    400,
    'PQ_INVALID_REQUEST',
    problems.map(({ name, message }) => `${name} ${message}`).join('; '),
    { details: { problems } },
  );
}
