/** What happens in the cache, as it happens: fills as they come, go on and end, and heads as they move. */
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { SharedLook, type HeadChange, type HeadGone } from '@parqueue/core';
import type { JobSummary } from '@parqueue/core/redis';
import { datasetFor } from '../auth.ts';
import type { ApiContext } from '../context.ts';
import type { EventStream } from '../events/event-stream.ts';
import { EventStreams, type Teller } from '../events/event-streams.ts';
import type { FillSeen } from '../events/fill-lookup.ts';
import { FillsTold } from '../events/fills-told.ts';
import { ENTRY_ERRORS } from '../openapi/errors.ts';
import { Sight } from '../ownership.ts';
import { changeEvent, ownerOf } from '../views/event-view.ts';
import { CACHE_EVENTS } from '../views/event-schema.ts';
import { FILL_EVENTS } from '../views/fill-schema.ts';
import { fillView } from '../views/fill-view.ts';
import { fillSeen, findFill, ID_PARAM, type IdRoute } from './fills.ts';

/** How long a client of the standard waits before it connects again. */
const RETRY = 'retry: 2000';
/** Fills under way that are told at the beginning; others are told when something happens to them. */
const UNDER_WAY_MAX = 200;
/** Ids of changes, as Redis makes them. */
const CHANGE_ID = /^[0-9]{1,16}-[0-9]{1,16}$/;

export function eventRoutes(app: FastifyInstance, context: ApiContext): void {
  const streams = new EventStreams(context);
  const underWay = new SharedLook(async () => {
    const filter = { states: ['queued', 'running'], kinds: ['fill', 'probe'], limit: UNDER_WAY_MAX } as const;
    return await context.link.current().coordination.jobBrowser.list(filter);
  });
  app.addHook('preClose', async () => streams.endAll());
  fillEvents(app, context, streams);

  app.get<{ Querystring: { dataset?: string } }>('/v1/events', {
    config: {
      access: 'read',
      operation: {
        id: 'followCache',
        tag: 'operations',
        summary: 'Fills and heads as they move, as server-sent events',
        description:
          'Begins with the fills under way. With `Last-Event-ID`, of an event `head` or `evicted`, the heads that moved or went since come first. Of everything '
          + 'that the caller may see.',
        answers: {
          200: {
            description: 'Events until the caller leaves, or the server says goodbye.',
            headers: ['Cache-Control', 'X-Accel-Buffering'],
            content: { 'text/event-stream': CACHE_EVENTS },
          },
        },
        errors: ['PQ_INVALID_REQUEST', 'PQ_UNKNOWN_DATASET', 'PQ_RATE_LIMITED', 'PQ_COORDINATION_DOWN'],
        requestHeaders: ['Last-Event-ID'],
      },
    },
    schema: {
      querystring: {
        type: 'object',
        additionalProperties: false,
        properties: { dataset: { type: 'string', maxLength: 128, description: 'Only of this dataset' } },
      },
    },
    handler: async (request, reply) => {
      const { dataset } = request.query;
      if (dataset !== undefined) datasetFor(request.principal, context.catalog, dataset);
      const sight = new Sight(context, request.principal, dataset ?? null);
      return await streams.tell({ request, reply }, tellerOfAll({ context, underWay }, lastIdOf(request), sight));
    },
  });
}

function fillEvents(app: FastifyInstance, context: ApiContext, streams: EventStreams): void {
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
      return await streams.tell({ request, reply }, tellerOfOne(context, request, id));
    },
  });
}

/** An id that is none of ours is older than everything. */
function lastIdOf({ headers }: FastifyRequest): string | null {
  const [id] = [headers['last-event-id']].flat();
  if (id === undefined || id === '') return null;
  return CHANGE_ID.test(id) ? id : '0-0';
}

/** Ends with the job; where nothing is known of it any more, without a word: the caller asks again and hears why. */
function tellerOfOne(context: ApiContext, { principal }: FastifyRequest, id: string): Teller {
  const sight = new Sight(context, principal);
  let told = '';
  const tell = (stream: EventStream, view: FillSeen): void => {
    const isFinished = view.state === 'finished';
    const text = JSON.stringify(view);
    if (text !== told && (isFinished || !stream.isBehind))
      stream.send({ event: isFinished ? 'finished' : 'progress', data: view });
    told = text;
    if (isFinished) stream.end();
  };
  return {
    follows: id,
    begin: async (stream) => tell(stream, await findFill(context, principal, id)),
    onFill: (stream, _id, found) => {
      const view = found === null ? null : fillSeen(sight, found);
      if (view === null) stream.end();
      else tell(stream, view);
    },
    onHead: () => undefined,
  };
}

/** What happens before the beginning was told is held back until then, so that the last that is told is the latest. */
function tellerOfAll(
  { context, underWay }: { readonly context: ApiContext; readonly underWay: SharedLook<readonly JobSummary[]> },
  lastId: string | null,
  sight: Sight,
): Teller {
  let held: (() => void)[] | null = [];
  const inOrder = (tell: () => void): void => void (held === null ? tell() : held.push(tell));
  const told = new Set<string>();
  const sendHead = (stream: EventStream, change: HeadChange | HeadGone): void => {
    const seen = sight.of({ dataset: ownerOf(change), canonical: null });
    if (seen === null || (held !== null && told.has(change.id))) return;
    stream.send(changeEvent(change, seen));
    if (held !== null) told.add(change.id);
  };
  const fills = new FillsTold();
  const tellFill = (stream: EventStream, job: JobSummary): void => {
    const seen = sight.of(job);
    if (seen !== null) fills.tell(stream, { ...fillView(job), ...seen });
  };
  return {
    follows: null,
    async begin(stream) {
      const { activity } = context.link.current().coordination;
      const missed = lastId === null ? null : await activity.changesAfter(lastId);
      const jobs = await underWay.take();
      stream.comment(`connected\n${RETRY}`);
      if (missed?.complete === false) stream.send({ event: 'missed', data: { after: lastId } });
      for (const change of missed?.changes ?? []) sendHead(stream, change);
      for (const job of jobs.toReversed()) tellFill(stream, job);
      for (const tell of held ?? []) tell();
      held = null;
    },
    onFill: (stream, id, found) =>
      inOrder(() => (found?.job ? tellFill(stream, found.job) : fills.end(stream, id, found?.view.outcome ?? null))),
    onHead: (stream, change) => inOrder(() => sendHead(stream, change)),
  };
}
