/** Fills and probes under way and lately done: looking, following, cancelling. */
import type { FastifyInstance, FastifyReply } from 'fastify';
import { isParqueueError, ParqueueError } from '@parqueue/core';
import { BROWSER_STATES, type BrowserState, type JobSummary } from '@parqueue/core/redis';
import { maySeeEntry, type Principal } from '../auth.ts';
import type { ApiContext } from '../context.ts';
import { generationUrl } from '../http/data-headers.ts';
import { rawHeaders } from '../http/raw-headers.ts';
import { json } from '../openapi/answers.ts';
import { ENTRY_ERRORS } from '../openapi/errors.ts';
import { FILL, FILL_EVENTS, FILL_PAGE } from '../views/fill-schema.ts';
import { fillView, statusView } from '../views/fill-view.ts';

interface IdRoute {
  Params: { id: string };
}

const ID_PARAM = {
  type: 'object',
  properties: { id: { type: 'string', description: 'As in Location of a 202', examples: ['lake.fill.5f0c1a2b'] } },
} as const;
const EVENT_EVERY_MS = 1_000;
/** A comment line this often keeps proxies from closing a quiet stream. */
const KEEP_ALIVE_EVENTS = 15;

const STREAM_HEADERS = {
  'content-type': 'text/event-stream',
  'cache-control': 'no-store',
  'x-accel-buffering': 'no',
} as const;

/** Each stream reads the job once a second. */
const LISTENERS_MAX = 500;

export function fillRoutes(app: FastifyInstance, context: ApiContext): void {
  let listeners = 0;
  app.get<{ Querystring: { state?: BrowserState; limit?: number } }>('/v1/fills', {
    config: {
      access: 'read',
      operation: {
        id: 'listFills',
        tag: 'fills',
        summary: 'Fills and probes, newest first',
        answers: { 200: json(FILL_PAGE, 'Under way and lately done.') },
        errors: ['PQ_INVALID_REQUEST', 'PQ_COORDINATION_DOWN'],
      },
    },
    schema: {
      querystring: {
        type: 'object',
        additionalProperties: false,
        properties: {
          state: { type: 'string', enum: [...BROWSER_STATES], description: 'Only those; default: all' },
          limit: { type: 'integer', minimum: 1, maximum: 500, default: 100, description: 'At most so many' },
        },
      },
    },
    handler: async (request) => {
      const { state, limit = 100 } = request.query;
      const states = state === undefined ? BROWSER_STATES : [state];
      const jobs = await context.link
        .current()
        .coordination.jobBrowser.list({ states, kinds: ['fill', 'probe'], limit });
      return { fills: jobs.filter((job) => maySee(request.principal, job)).map(fillView) };
    },
  });

  app.get<IdRoute>('/v1/fills/:id', {
    config: {
      access: 'read',
      operation: {
        id: 'getFill',
        tag: 'fills',
        summary: 'One fill or probe: state, progress, outcome',
        description: 'Known until about ten minutes after its end.',
        answers: { 200: json(FILL, 'What is known.', ['Cache-Control', 'Retry-After']) },
        errors: ENTRY_ERRORS,
      },
    },
    schema: { params: ID_PARAM },
    handler: async (request, reply) => {
      const view = await findFill(context, request.principal, request.params.id);
      reply.header('cache-control', 'no-store');
      if (view.state !== 'finished') reply.header('retry-after', '1');
      return view;
    },
  });

  app.delete<IdRoute>('/v1/fills/:id', {
    config: {
      access: 'fill',
      audit: true,
      operation: {
        id: 'cancelFill',
        tag: 'fills',
        summary: 'Cancel: a waiting one is removed, a running one is told to stop; of a probe, the fill it began',
        answers: { 202: json(FILL, 'Told; what is known of it now.') },
        errors: ENTRY_ERRORS,
      },
    },
    schema: { params: ID_PARAM },
    handler: async (request, reply) => {
      const { id: asked } = request.params;
      const { outcome } = await findFill(context, request.principal, asked);
      // A caller who was told to come back has the address of the probe; the work to give up may be the fill by now.
      const id = outcome !== null && 'fillJobId' in outcome ? outcome.fillJobId : asked;
      await context.link.current().coordination.jobs.cancel(id);
      return await reply.code(202).send(await findFill(context, request.principal, id));
    },
  });

  app.get<IdRoute>('/v1/fills/:id/events', {
    config: {
      access: 'read',
      operation: {
        id: 'followFill',
        tag: 'fills',
        summary: 'Progress as server-sent events; ends with the outcome',
        answers: {
          200: {
            description: 'Events until it is finished.',
            headers: ['Cache-Control', 'X-Accel-Buffering'],
            content: { 'text/event-stream': FILL_EVENTS },
          },
        },
        errors: [...ENTRY_ERRORS, 'PQ_RATE_LIMITED'],
      },
    },
    schema: { params: ID_PARAM },
    handler: async (request, reply) => {
      const { id } = request.params;
      await findFill(context, request.principal, id);
      // A HEAD that waited for the end of a stream without a body would wait for nothing.
      if (request.method === 'HEAD') return await reply.headers(STREAM_HEADERS).send();
      if (listeners >= LISTENERS_MAX)
        throw new ParqueueError(
          'PQ_RATE_LIMITED',
          `${LISTENERS_MAX} event streams are open already; poll /v1/fills/{id} instead`,
        );
      listeners += 1;
      try {
        return await streamEvents(context, request.principal, id, reply);
      } finally {
        listeners -= 1;
      }
    },
  });
}

function maySee(principal: Principal, { dataset }: JobSummary): boolean {
  return maySeeEntry(principal, dataset);
}

/** @throws ParqueueError PQ_NOT_FOUND */
async function findFill({ link }: ApiContext, principal: Principal, id: string) {
  const { jobBrowser, jobs } = link.current().coordination;
  const job = await jobBrowser.get(id);
  if (job !== null && !maySee(principal, job)) throw noFill();
  // The outcome record is written before the job ends and outlives it; the queue's record tells more while it lasts.
  const view = statusView(id, await jobs.status(id));
  if (view === null) throw noFill();
  return job === null ? view : { ...fillView(job), ...view, data: dataUrl(job.key, view.outcome) };
}

/** The immutable bytes that a finished job vouches for. */
function dataUrl(key: string, outcome: { readonly kind: string; readonly fence?: number } | null): string | null {
  return outcome?.fence === undefined ? null : generationUrl(key, outcome.fence);
}

function noFill(): ParqueueError {
  return new ParqueueError('PQ_NOT_FOUND', 'there is no such fill, or it ended over ten minutes ago');
}

async function streamEvents(
  context: ApiContext,
  principal: Principal,
  id: string,
  reply: FastifyReply,
): Promise<FastifyReply> {
  const left = new AbortController();
  const onStop = (): void => left.abort();
  context.stopping.addEventListener('abort', onStop, { once: true });
  reply.raw.once('close', () => {
    context.stopping.removeEventListener('abort', onStop);
    left.abort();
  });
  reply.hijack();
  reply.raw.writeHead(200, {
    ...rawHeaders(reply),
    ...STREAM_HEADERS,
  });
  try {
    await tellUntilFinished(context, {
      principal,
      id,
      signal: left.signal,
      write: (text) => void reply.raw.write(text),
    });
  } finally {
    reply.raw.end();
  }
  return reply;
}

interface Listener {
  readonly principal: Principal;
  readonly id: string;
  readonly signal: AbortSignal;
  readonly write: (text: string) => void;
}

async function tellUntilFinished(context: ApiContext, { principal, id, signal, write }: Listener): Promise<void> {
  let told = '';
  for (let beat = 1; !signal.aborted; beat += 1) {
    const view = await findOrNull(context, principal, id);
    if (view === null) return;
    const text = JSON.stringify(view);
    if (text !== told) write(`event: ${view.state === 'finished' ? 'finished' : 'progress'}\ndata: ${text}\n\n`);
    else if (beat % KEEP_ALIVE_EVENTS === 0) write(': still there\n\n');
    told = text;
    if (view.state === 'finished') return;
    await context.clock.sleep(EVENT_EVERY_MS, signal).catch(() => undefined);
  }
}

/** Whatever ends the knowledge of a job ends the stream; the client asks again and hears why. */
async function findOrNull(context: ApiContext, principal: Principal, id: string) {
  try {
    return await findFill(context, principal, id);
  } catch (error) {
    if (isParqueueError(error)) return null;
    throw error;
  }
}
