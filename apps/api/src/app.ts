/**
 * The Fastify application: limits, request ids, who may ask, problems, and the routes. Built without listening, so
 * that it can be looked at and asked in-process.
 */
import { ParqueueError } from '@parqueue/core';
import fastify, {
  LogController,
  type FastifyBaseLogger,
  type FastifyInstance,
  type FastifyReply,
  type FastifyRequest,
} from 'fastify';
import { admit, NOBODY } from './access/admission.ts';
import { AuditLog } from './access/audit.ts';
import { asksTooFarAhead, boundConnections, boundStranger, knowsCaller } from './access/connections.ts';
import { KeyLimiter } from './access/key-limits.ts';
import type { Principal } from './auth.ts';
import type { ApiContext } from './context.ts';
import { readBodies } from './http/json-body.ts';
import { HttpRefusal } from './http/problem.ts';
import { SECURITY_HEADERS } from './http/security-headers.ts';
import { observeAnswers } from './observe-answers.ts';
import { refuseOtherMethods } from './other-methods.ts';
import { describeRoutes } from './openapi/document.ts';
import { referencePage } from './openapi/reference-page.ts';
import { answerFrameworkError, answerProblems } from './problem-answers.ts';
import { queueBoard } from './queues/board.ts';
import { datasetRoutes } from './routes/datasets.ts';
import { entryRoutes } from './routes/entries.ts';
import { eventRoutes } from './routes/events.ts';
import { explorerRoutes } from './routes/explorer.ts';
import { fillRoutes } from './routes/fills.ts';
import { invalidateRoutes } from './routes/invalidate.ts';
import { operationRoutes } from './routes/operations.ts';
import { pinRoutes } from './routes/pins.ts';
import { queryRoutes } from './routes/query.ts';
import { resolveRoutes } from './routes/resolve.ts';
import { sourceRoutes } from './routes/sources.ts';
import { statisticsRoutes } from './routes/statistics.ts';
import { whoamiRoutes } from './routes/whoami.ts';
import { refuseUnreadable, watchUnreadable } from './unreadable.ts';

const BODY_BYTES_MAX = 1024 * 1024;
const URL_CHARS_MAX = 8 * 1024;
const HEADER_BYTES_MAX = 32 * 1024;
/** For a request to arrive, its headers and all of it; answers may take as long as a fill. Who is slower is cut off. */
const HEADERS_TIMEOUT_MS = 10_000;
const RECEIVE_TIMEOUT_MS = 30_000;
const SLOWNESS_LOOK_MS = 2_000;
const IDLE_CONNECTION_MS = 72_000;

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
    http: {
      maxHeaderSize: HEADER_BYTES_MAX,
      headersTimeout: HEADERS_TIMEOUT_MS,
      connectionsCheckingInterval: SLOWNESS_LOOK_MS,
    },
    routerOptions: { maxParamLength: 256, ignoreTrailingSlash: false, caseSensitive: true },
    frameworkErrors: answerFrameworkError,
    clientErrorHandler(error, socket) {
      refuseUnreadable(error, socket);
    },
  });
  watchUnreadable(app.server);
  const connections = boundConnections(app.server, context.config.limits.connectionsMax, context);
  const audit = new AuditLog(context.log, context.clock);
  const door = { gatekeeper: context.gatekeeper, limiter: new KeyLimiter(context.clock) };
  readBodies(app);
  // Answers' schemas are documentation; filtering an answer through them would hide what they forgot.
  app.setSerializerCompiler(() => (data) => JSON.stringify(data));
  // Fastify refuses an object shared by all requests; the hook below gives each its own.
  app.decorateRequest('principal', null as unknown as Principal);
  observeAnswers(app, context);
  // Not async: nothing here waits, and every answer would pay for a promise.
  app.addHook('onRequest', (request, reply, done) => {
    request.principal = NOBODY;
    if (asksTooFarAhead(request.raw.socket, reply.raw)) return void reply.hijack();
    // Rows say themselves who may keep them; what is about the cache nobody keeps.
    reply.header('x-request-id', request.id).header('cache-control', 'no-store').headers(SECURITY_HEADERS);
    let isKnown = false;
    try {
      if (request.url.length > URL_CHARS_MAX)
        throw new HttpRefusal(
          414,
          'PQ_LIMIT_EXCEEDED',
          `the URL is over ${URL_CHARS_MAX} characters: POST the question to /v1/query`,
        );
      if (connections.isOverLimit(request.raw.socket)) refuseCrowd(request, reply);
      isKnown = admit(door, request, reply);
    } finally {
      if (isKnown) knowsCaller(reply.raw);
      else boundStranger(reply.raw);
    }
    done();
  });
  answerProblems(app, context, audit);
  audit.watch(app);
  const describe = describeRoutes(app, context.version);
  await referencePage(app, describe);
  const methods = refuseOtherMethods(app);
  for (const routes of [
    datasetRoutes,
    resolveRoutes,
    queryRoutes,
    entryRoutes,
    statisticsRoutes,
    pinRoutes,
    invalidateRoutes,
    fillRoutes,
    eventRoutes,
    sourceRoutes,
    whoamiRoutes,
  ])
    routes(app, context);
  operationRoutes(app, context, describe);
  explorerRoutes(app, context);
  await queueBoard(app, context);
  methods.close();
  return app;
}

/** Where all connections are taken: health, readiness and metrics answer, everything else costs as little as it can. */
function refuseCrowd(request: FastifyRequest, reply: FastifyReply): void {
  const { access = 'open', operation } = request.routeOptions.config;
  if (access === 'open' || operation?.id === 'getMetrics') return;
  reply.raw.shouldKeepAlive = false;
  throw new ParqueueError('PQ_QUEUE_FULL', 'this server has all the connections it may have (limits.connections)', {
    details: { retryAfterMs: 2_000 },
  });
}

/** A caller's own id is kept when it is harmless in a log line. */
function requestIdOf(header: string | string[] | undefined): string | null {
  return typeof header === 'string' && /^[A-Za-z0-9._-]{1,128}$/.test(header) ? header : null;
}
