/**
 * The Fastify application: limits, request ids, who may ask, problems, and the routes. Built without listening, so
 * that it can be looked at and asked in-process.
 */
import fastify, {
  LogController,
  type FastifyBaseLogger,
  type FastifyError,
  type FastifyInstance,
  type FastifyRequest,
} from 'fastify';
import { requireScope, type Principal } from './auth.ts';
import { CallerLeft } from './caller.ts';
import type { ApiContext } from './context.ts';
import { HttpRefusal, problemOf, PROBLEM_TYPE } from './http/problem.ts';
import { refuseOtherMethods } from './other-methods.ts';
import { describeRoutes } from './openapi/document.ts';
import { referencePage } from './openapi/reference-page.ts';
import { isLoopback } from '@parqueue/core/config';
import { datasetRoutes } from './routes/datasets.ts';
import { entryRoutes } from './routes/entries.ts';
import { explorerRoutes } from './routes/explorer.ts';
import { fillRoutes } from './routes/fills.ts';
import { invalidateRoutes } from './routes/invalidate.ts';
import { operationRoutes } from './routes/operations.ts';
import { pinRoutes } from './routes/pins.ts';
import { queryRoutes } from './routes/query.ts';
import { resolveRoutes } from './routes/resolve.ts';
import { sourceRoutes } from './routes/sources.ts';

declare module 'fastify' {
  interface FastifyRequest {
    principal: Principal;
  }
}

const NOBODY: Principal = { name: 'nobody', scopes: new Set(), datasets: [] };

const BODY_BYTES_MAX = 1024 * 1024;
const URL_CHARS_MAX = 8 * 1024;
const HEADER_BYTES_MAX = 32 * 1024;
/** For a request to arrive whole; answers may take as long as a fill. */
const RECEIVE_TIMEOUT_MS = 30_000;
const IDLE_CONNECTION_MS = 72_000;

const SECURITY_HEADERS = {
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'x-frame-options': 'DENY',
} as const;

/** Of every answer, whatever becomes of it. */
const HEADERS_KEPT: ReadonlySet<string> = new Set(['x-request-id', ...Object.keys(SECURITY_HEADERS)]);

export async function buildApp(context: ApiContext): Promise<FastifyInstance> {
  const log: FastifyBaseLogger = context.log;
  const app: FastifyInstance = fastify({
    loggerInstance: log,
    // A line per request costs a third of the throughput; failures and slow steps are logged where they happen.
    logController: new LogController({ disableRequestLogging: true }),
    genReqId: (request) => requestIdOf(request.headers['x-request-id']) ?? context.randomId(),
    bodyLimit: BODY_BYTES_MAX,
    requestTimeout: RECEIVE_TIMEOUT_MS,
    keepAliveTimeout: IDLE_CONNECTION_MS,
    forceCloseConnections: 'idle',
    trustProxy: false,
    http: { maxHeaderSize: HEADER_BYTES_MAX },
    routerOptions: { maxParamLength: 256, ignoreTrailingSlash: false, caseSensitive: true },
    ajv: {
      customOptions: {
        removeAdditional: false,
        coerceTypes: true,
        useDefaults: false,
        allErrors: true,
        allowUnionTypes: true,
      },
    },
    // What the router itself refuses (a broken escape, a name of over 256 characters) passes no hook and no error handler.
    frameworkErrors(error, request, reply) {
      const { status, headers, body } = problemOf(error, request.url.split('?', 1)[0] ?? '', request.id);
      reply.raw.writeHead(status, {
        'x-request-id': request.id,
        ...SECURITY_HEADERS,
        'cache-control': 'no-store',
        ...headers,
        'content-type': PROBLEM_TYPE,
      });
      reply.raw.end(JSON.stringify(body));
    },
    clientErrorHandler(error, socket) {
      refuseUnreadable(error, socket);
    },
  });
  // JSON is the only body there is; anything else is 415.
  app.removeContentTypeParser('text/plain');
  // Answers' schemas are documentation; filtering an answer through them would hide what they forgot.
  app.setSerializerCompiler(() => (data) => JSON.stringify(data));
  // Fastify refuses an object shared by all requests; the hook below gives each its own.
  app.decorateRequest('principal', null as unknown as Principal);
  app.addHook('onRequest', async (request, reply) => {
    request.principal = NOBODY;
    reply.header('x-request-id', request.id).headers(SECURITY_HEADERS);
    if (request.url.length > URL_CHARS_MAX)
      throw new HttpRefusal(
        414,
        'PQ_LIMIT_EXCEEDED',
        `the URL is over ${URL_CHARS_MAX} characters: POST the question to /v1/query`,
      );
    authorize(context, request);
  });
  answerProblems(app, context);
  const describe = describeRoutes(app, context.version);
  await referencePage(app, describe);
  const methods = refuseOtherMethods(app);
  for (const routes of [
    datasetRoutes,
    resolveRoutes,
    queryRoutes,
    entryRoutes,
    pinRoutes,
    invalidateRoutes,
    fillRoutes,
    sourceRoutes,
  ])
    routes(app, context);
  operationRoutes(app, context, describe);
  explorerRoutes(app, context);
  methods.close();
  return app;
}

function authorize({ gatekeeper }: ApiContext, request: FastifyRequest): void {
  const access = request.routeOptions.config.access ?? 'open';
  if (access === 'open') return;
  const remote = request.socket.remoteAddress ?? '';
  if (access === 'operator' && isLoopback(remote.replace(/^::ffff:/, ''))) {
    request.principal = { name: `address:${remote}`, scopes: new Set(['read']), datasets: ['*'] };
    return;
  }
  request.principal = gatekeeper.identify(request.headers, remote);
  requireScope(request.principal, access === 'operator' ? 'read' : access);
}

/** A caller's own id is kept when it is harmless in a log line. */
function requestIdOf(header: string | string[] | undefined): string | null {
  return typeof header === 'string' && /^[A-Za-z0-9._-]{1,128}$/.test(header) ? header : null;
}

function answerProblems(app: FastifyInstance, { log }: ApiContext): void {
  app.setErrorHandler(async (error: FastifyError, request, reply) => {
    if (error instanceof CallerLeft) return reply.hijack();
    const { status, headers, body } = problemOf(readable(error), request.url.split('?', 1)[0] ?? '', request.id);
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
    // Headers set for the answer that did not come to be would describe the problem's bytes wrongly.
    for (const name of Object.keys(reply.getHeaders())) if (!HEADERS_KEPT.has(name)) reply.removeHeader(name);
    return await reply
      .code(status)
      .header('cache-control', 'no-store')
      .headers(headers)
      .type(PROBLEM_TYPE)
      .serializer((data: unknown) => JSON.stringify(data))
      .send(body);
  });
  app.setNotFoundHandler(() => {
    throw new HttpRefusal(404, 'PQ_NOT_FOUND', 'there is no such resource; /openapi.json lists what there is');
  });
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

/** What cannot be parsed as HTTP never reaches a route. */
function refuseUnreadable(
  error: NodeJS.ErrnoException,
  socket: NodeJS.WritableStream & { readonly destroyed?: boolean; destroy?: () => void },
): void {
  if (error.code === 'ECONNRESET' || socket.destroyed === true || !socket.writable) return;
  const [status, reason] =
    error.code === 'HPE_HEADER_OVERFLOW'
      ? [431, 'Request Header Fields Too Large']
      : error.code === 'ERR_HTTP_REQUEST_TIMEOUT'
        ? [408, 'Request Timeout']
        : [400, 'Bad Request'];
  const body = JSON.stringify({
    type: 'urn:parqueue:error:PQ_INVALID_REQUEST',
    title: 'invalid request',
    status,
    detail: `this is not a request that can be read: ${reason}`,
    code: 'PQ_INVALID_REQUEST',
    instance: '',
  });
  socket.end(
    `HTTP/1.1 ${status} ${reason}\r\nconnection: close\r\ncontent-type: ${PROBLEM_TYPE}\r\ncontent-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
  );
}
