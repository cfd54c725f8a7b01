/**
 * /queues: bull-board, which is told the queues anew for each request by what its reader may see and do. The page is this
 * file's own, since that of bull-board loads a font from another host and styles itself inline; everything else it loads
 * is served from its package. Its rules of access are those of every route (access/admission.ts).
 */
import { createRequire } from 'node:module';
import { dirname } from 'node:path';
import { createBullBoard } from '@bull-board/api';
import type {
  AppControllerRoute,
  AppViewRoute,
  BullBoardQueues,
  IServerAdapter,
  UIConfig,
} from '@bull-board/api/typings/app';
import fastifyStatic from '@fastify/static';
import { ParqueueError, type JobKind } from '@parqueue/core';
import { OWN_QUEUES } from '@parqueue/core/redis';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { mayUseAll, type Principal } from '../auth.ts';
import type { ApiContext } from '../context.ts';
import { BOARD_POLICY } from '../http/security-headers.ts';
import { boardPage, readAssets } from './page.ts';
import { notOffered } from './board-queue.ts';
import { OwnQueueAdapter } from './own-queue.ts';
import { QueueAdapter, type QueueActs } from './queue-adapter.ts';

const PATH = '/queues';
const KINDS = ['fill', 'probe'] as const satisfies readonly JobKind[];

/** What an administrator may do here, by the routes of bull-board. */
const ACTS: ReadonlySet<string> = new Set([
  '/api/queues/:queueName/pause',
  '/api/queues/:queueName/resume',
  '/api/queues/:queueName/:jobId/clean',
]);
/** What is asked of BullMQ's own connection, or of flows, which there are none of. */
const LEFT_OUT: ReadonlySet<string> = new Set(['/api/redis/stats', '/api/queues/:queueName/:jobId/flow']);

const UI: UIConfig = {
  boardTitle: 'Parqueue: queues',
  favIcon: { default: 'static/images/logo.svg', alternative: 'static/favicon-32x32.png' },
  hideDocsLink: true,
  hideRedisDetails: true,
  showMetrics: false,
  miscLinks: [{ text: 'Parqueue', url: '/' }],
};

export async function queueBoard(app: FastifyInstance, context: ApiContext): Promise<void> {
  const uiFolder = dirname(createRequire(import.meta.url).resolve('@bull-board/ui/package.json'));
  const told = new BoardRoutes();
  createBullBoard({ queues: [], serverAdapter: told, options: { uiBasePath: uiFolder, uiConfig: UI } });
  const page = boardPage({ base: `${PATH}/`, config: told.uiConfig, assets: readAssets(told.viewsFolder) });
  await app.register(fastifyStatic, {
    root: told.staticFolder,
    prefix: `${PATH}/static/`,
    decorateReply: false,
    index: false,
    // Their names hold a hash of what they are, but for languages and pictures.
    maxAge: '1h',
  });
  app.get(PATH, { schema: { hide: true }, handler: (_request, reply) => reply.redirect(`${PATH}/`) });
  for (const url of told.pages) {
    app.get(`${PATH}${url}`, {
      config: { access: 'operator', login: true },
      schema: { hide: true },
      handler: async ({ principal }, reply) => {
        requireAll(principal);
        return await reply.type('text/html; charset=utf-8').header('content-security-policy', BOARD_POLICY).send(page);
      },
    });
  }
  for (const one of told.routes) {
    const { method } = one;
    const reads = method === 'get';
    for (const path of [one.route].flat().filter((url) => !LEFT_OUT.has(url))) {
      app.route({
        method: [method].flat().map((name) => name.toUpperCase() as Uppercase<typeof name>),
        url: `${PATH}${path}`,
        config: { access: reads ? 'operator' : 'admin', login: true },
        schema: { hide: true },
        handler: async (request, reply) => {
          requireAll(request.principal);
          if (!reads && !ACTS.has(path)) return notOffered();
          const { status = 200, body } = await one.handler({
            ...partsOf(request),
            queues: queuesFor(context, request.principal),
            uiConfig: UI,
          });
          return await reply.code(status).send(body);
        },
      });
    }
  }
}

/**
 * Counts, ids and progress are of everybody's jobs; a board of some would be another for each key.
 * @throws ParqueueError PQ_FORBIDDEN
 */
function requireAll(principal: Principal): void {
  if (mayUseAll(principal)) return;
  throw new ParqueueError(
    'PQ_FORBIDDEN',
    'the queues hold the jobs of all datasets, and this API key is bounded to some; GET /v1/fills lists those of its own',
  );
}

function partsOf({ query, params, body }: FastifyRequest) {
  return {
    query: query as Record<string, unknown>,
    params: params as Record<string, unknown>,
    body: (body ?? {}) as Record<string, unknown>,
    headers: {},
  };
}

function queuesFor(context: ApiContext, principal: Principal): BullBoardQueues {
  const { queueBoard: board, jobs } = context.link.current().coordination;
  const acts = principal.scopes.has('admin') ? actsOf(jobs, principal) : null;
  const ofSources = context.catalog
    .sources()
    .flatMap(({ name }) =>
      KINDS.map((kind) => new QueueAdapter({ name: { kind, source: name }, acts, board, principal })),
    );
  const adapters = [...ofSources, ...OWN_QUEUES.map((name) => new OwnQueueAdapter(name, board))];
  return new Map(adapters.map((adapter) => [adapter.getName(), adapter]));
}

function actsOf(jobs: QueueActs, { name: by }: Principal): QueueActs {
  return {
    pause: async (source) => jobs.pause(source, { reason: null, by }),
    resume: async (source) => jobs.resume(source),
    cancel: async (id) => jobs.cancel(id),
  };
}

/** What bull-board tells a server to serve. */
class BoardRoutes implements IServerAdapter {
  routes: readonly AppControllerRoute[] = [];
  pages: readonly string[] = [];
  viewsFolder = '';
  staticFolder = '';
  uiConfig: UIConfig = {};

  setApiRoutes(routes: AppControllerRoute[]): this {
    this.routes = routes;
    return this;
  }

  setEntryRoute({ route }: AppViewRoute): this {
    this.pages = [route].flat();
    return this;
  }

  setViewsPath(folder: string): this {
    this.viewsFolder = folder;
    return this;
  }

  setStaticPath(_route: string, folder: string): this {
    this.staticFolder = folder;
    return this;
  }

  setUIConfig(config: UIConfig): this {
    this.uiConfig = config;
    return this;
  }

  /** Queues are made for each request. */
  setQueues(): this {
    return this;
  }

  /** Errors are problems, as everywhere. */
  setErrorHandler(): this {
    return this;
  }
}
