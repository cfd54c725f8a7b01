/** Entries by their keys: listing, looking, explaining, removing; and the immutable URLs of their generations. */
import type { FastifyInstance } from 'fastify';
import { epochOf, invalidate, ParqueueError, satisfies, STRICT, type Head, type Look, type Pin } from '@parqueue/core';
import { isForWantOfRedis, wholeManifest } from '../asking.ts';
import { mayUseAll, type Principal } from '../auth.ts';
import type { ApiContext } from '../context.ts';
import { continuedRead, noteReadBegun } from '../continued-read.ts';
import { answerContinued, answerWith } from '../data-answer.ts';
import type { DataCall, Sendable } from '../data-call.ts';
import { gone, lostDegraded, storedGeneration } from '../degraded-answer.ts';
import { invalidateDeps } from '../invalidating.ts';
import { isPurged, lookAtEntry, noEntry, requireKey, scopesOf, seenHead } from '../entry-access.ts';
import { explainEntry } from '../explain.ts';
import {
  FORMAT_QUERY_PROPERTY,
  FORM_QUERY_PROPERTIES,
  readForm,
  requireColumns,
  wishesOf,
  type FormQuery,
} from '../http/data-form.ts';
import { DATA_FORMATS } from '../http/formats.ts';
import { Sight } from '../ownership.ts';
import { PartLost } from '../http/send-part.ts';
import { keepPinned, releasePin, TRANSFER_PIN_TTL_MS } from '../pin-keeper.ts';
import { json, rowsIn } from '../openapi/answers.ts';
import { ENTRY_ERRORS, SENDING_ERRORS, STORED_ERRORS } from '../openapi/errors.ts';
import { DATA_REQUEST_HEADERS, RANGE_HEADERS } from '../openapi/headers.ts';
import { ENTRY_PAGE, ENTRY_STATE, KEY_TEXT, PURGED_ENTRY } from '../views/entry-schema.ts';
import { EXPLANATION } from '../views/explanation-schema.ts';
import { entryView } from '../views/entry-view.ts';

interface KeyRoute {
  Params: { key: string };
}

const KEY_PARAM = { type: 'object', properties: { key: KEY_TEXT } } as const;
const FORM_QUERY = {
  type: 'object',
  properties: {
    ...FORM_QUERY_PROPERTIES,
    columns: {
      type: 'string',
      description: 'Columns of the entry to send, separated by commas, in this order; all without it. Not for Parquet',
    },
    ...FORMAT_QUERY_PROPERTY,
  },
  additionalProperties: false,
} as const;

export function entryRoutes(app: FastifyInstance, context: ApiContext): void {
  listRoute(app, context);
  dataRoutes(app, context);

  app.get<KeyRoute>('/v1/entries/:key', {
    config: {
      access: 'read',
      operation: {
        id: 'getEntry',
        tag: 'entries',
        summary: 'One entry',
        answers: { 200: json(ENTRY_STATE, 'What is known.') },
        errors: ENTRY_ERRORS,
      },
    },
    schema: { params: KEY_PARAM },
    handler: async (request) => {
      const { key } = request.params;
      const { look, head } = await lookAtEntry(context, request.principal, key, null);
      return {
        ...entryView({ key, head, lastReadAtMs: null }),
        latestFence: look.latestFence,
        lease: look.lease,
        reconciled: look.reconciled,
      };
    },
  });

  app.delete<KeyRoute>('/v1/entries/:key', {
    config: {
      access: 'admin',
      operation: {
        id: 'purgeEntry',
        tag: 'entries',
        summary: 'Purge the entry: no new pins, then removed',
        answers: { 200: json(PURGED_ENTRY, 'Purged.') },
        errors: ENTRY_ERRORS,
      },
    },
    schema: { params: KEY_PARAM },
    handler: async (request) => {
      const { key } = request.params;
      await lookAtEntry(context, request.principal, key, null);
      const { tick, fills } = await invalidate(`key:${key}`, 'purge', invalidateDeps(context));
      return { key, mode: 'purge', tick, fills };
    },
  });

  app.get<KeyRoute>('/v1/entries/:key/explain', {
    config: {
      access: 'read',
      operation: {
        id: 'explainEntry',
        tag: 'entries',
        summary: 'Why an answer is as it is: versions, ages, ticks, lease, queue',
        answers: { 200: json(EXPLANATION, 'All that decides.') },
        errors: ENTRY_ERRORS,
      },
    },
    schema: { params: KEY_PARAM },
    handler: (request) => explainEntry(context, request.principal, request.params.key),
  });
}

function listRoute(app: FastifyInstance, context: ApiContext): void {
  app.get<{ Querystring: { prefix?: string; dataset?: string; limit?: number; after?: string } }>('/v1/entries', {
    config: {
      access: 'read',
      operation: {
        id: 'listEntries',
        tag: 'entries',
        summary: 'Entries in key order',
        answers: { 200: json(ENTRY_PAGE, 'One page.') },
        errors: ['PQ_INVALID_REQUEST', 'PQ_COORDINATION_DOWN'],
      },
    },
    schema: {
      querystring: {
        type: 'object',
        additionalProperties: false,
        properties: {
          prefix: { type: 'string', maxLength: 128, description: 'Only keys that begin with it' },
          dataset: { type: 'string', maxLength: 128, description: 'Only entries of this dataset' },
          limit: { type: 'integer', minimum: 1, maximum: 1000, default: 100, description: 'At most so many' },
          after: { type: 'string', maxLength: 128, description: '`next` of the page before' },
        },
      },
    },
    handler: async (request) => {
      const { prefix = '', dataset = null, limit = 100, after = null } = request.query;
      const sight = new Sight(context, request.principal, dataset);
      const seenAs = (owner: string | null) => sight.of({ dataset: owner, canonical: null });
      const isFor = (owner: string | null): boolean => seenAs(owner) !== null;
      const alike = dataset === null ? [] : context.catalog.askers.alike(dataset);
      const { entries, next } = await context.link.run(({ coordination }) =>
        coordination.entries.list({ prefix, dataset, alike, limit, after, isFor }),
      );
      return { entries: entries.map((entry) => ({ ...entryView(entry), ...seenAs(entry.head.dataset) })), next };
    },
  });
}

function dataRoutes(app: FastifyInstance, context: ApiContext): void {
  app.route<KeyRoute & { Querystring: FormQuery }>({
    method: ['GET', 'HEAD'],
    url: '/v1/entries/:key/data',
    config: {
      access: 'read',
      operation: {
        id: 'getEntryData',
        tag: 'entries',
        summary: 'The rows the cache holds now, without asking the source',
        answers: rowsIn(DATA_FORMATS),
        errors: STORED_ERRORS,
        bodyErrors: SENDING_ERRORS,
        refusals: [406, 412, 416],
        requestHeaders: ['Accept', ...DATA_REQUEST_HEADERS, ...RANGE_HEADERS],
      },
    },
    schema: { params: KEY_PARAM, querystring: FORM_QUERY },
    handler: async (request, reply) => {
      const { key } = request.params;
      const form = readForm(request.query, { ...wishesOf(request), projects: true });
      const { look, head } = await lookAtEntry(context, request.principal, key, {
        id: context.randomId(),
        ttlMs: TRANSFER_PIN_TTL_MS,
      });
      const { seen } = look;
      const fresh = satisfies(head, { after: Math.max(seen.soft, seen.hard), hardAfter: seen.hard });
      return await sendPinned({ context, request, reply, form }, look.pin, head.committedAtMs, {
        kind: 'current',
        head,
        nowMs: look.nowMs,
        policy: STRICT,
        cache: { cache: fresh ? 'hit' : 'stale', collapsed: false, staleReason: fresh ? null : 'invalidated' },
      });
    },
  });

  app.route<{ Params: { key: string; fence: number }; Querystring: FormQuery }>({
    method: ['GET', 'HEAD'],
    url: '/v1/entries/:key/generations/:fence/data',
    config: {
      access: 'read',
      operation: {
        id: 'getGenerationData',
        tag: 'entries',
        summary: 'The bytes of one generation: never change, cacheable for ever, 410 once removed',
        answers: rowsIn(DATA_FORMATS, { immutable: true }),
        errors: STORED_ERRORS,
        bodyErrors: SENDING_ERRORS,
        refusals: [406, 412, 416],
        requestHeaders: ['Accept', ...DATA_REQUEST_HEADERS, ...RANGE_HEADERS],
      },
    },
    schema: {
      params: {
        type: 'object',
        properties: {
          key: KEY_TEXT,
          fence: {
            type: 'integer',
            minimum: 0,
            maximum: Number.MAX_SAFE_INTEGER,
            description: 'Number of the generation',
          },
        },
      },
      querystring: FORM_QUERY,
    },
    handler: async (request, reply) => {
      const { key, fence } = request.params;
      const form = readForm(request.query, { ...wishesOf(request), projects: true });
      requireKey(key);
      const call = { context, request, reply, form };
      try {
        return await sendGeneration(call, { key, fence });
      } catch (error) {
        if (!isForWantOfRedis(error) || reply.sent) throw error;
        return await sendStored(call, { key, fence });
      }
    },
  });
}

async function sendGeneration(call: DataCall, ref: { readonly key: string; readonly fence: number }) {
  const { context, request } = call;
  const wish = { id: context.randomId(), ttlMs: TRANSFER_PIN_TTL_MS };
  const pin = await context.link.run(({ coordination }) => coordination.pins.pinGeneration(ref, wish));
  if (pin === null) throw await whyGone(context, request.principal, ref);
  return await sendPinned(call, pin, null, { kind: 'immutable' });
}

/** Without Redis. */
async function sendStored(call: DataCall, ref: { readonly key: string; readonly fence: number }) {
  try {
    const sendable = await storedGeneration(call, ref);
    requireColumns(call.form, sendable.facts.manifest);
    return await answerWith(call, sendable);
  } catch (error) {
    throw lostDegraded(error);
  }
}

/** Sends a generation that was pinned by name, or says that it is gone. */
async function sendPinned(call: DataCall, pin: Pin | null, committedAtMs: number | null, age: Sendable['age']) {
  const { context, request } = call;
  if (pin === null) throw gone();
  const live = context.link.current();
  const { key, fence } = pin;
  try {
    const manifest = await wholeManifest(context, live, { key, fence });
    if (manifest === null) throw await whyGone(context, request.principal, { key, fence });
    const seen = new Sight(context, request.principal).of({
      dataset: manifest.dataset,
      canonical: () => manifest.request,
    });
    if (seen === null) throw noEntry(key);
    if (age.kind === 'immutable' && (await isPurged(context, pin, scopesOf(manifest)))) throw gone();
    requireColumns(call.form, manifest);
    const target = { key, ...seen, scopes: scopesOf(manifest), policy: STRICT };
    const continued = age.kind === 'immutable' ? null : await continuedRead(call, target);
    if (continued !== null) return await answerContinued(call, continued);
    const facts = { key, ...seen, fence, manifest, committedAtMs: committedAtMs ?? manifest.sealedAtMs };
    const sendable = { live, hold: async () => keepPinned(live, pin, context), facts, age };
    await noteReadBegun(call, sendable, target);
    return await answerWith(call, sendable);
  } catch (error) {
    if (error instanceof PartLost) throw gone();
    throw error;
  } finally {
    await releasePin(live, pin, context);
  }
}

/** Only whoever may see the entry learns that it was there. */
async function whyGone(
  context: ApiContext,
  principal: Principal,
  { key, fence }: { readonly key: string; readonly fence: number },
): Promise<ParqueueError> {
  const look = await context.link.run(({ coordination }) =>
    coordination.heads.look({ key, scopes: [], probeTargets: [] }, null),
  );
  if (!look.reconciled) {
    return new ParqueueError(
      'PQ_COORDINATION_DOWN',
      'Redis forgot, and this entry was not compared with the store yet: ask again shortly',
      { details: { retryAfterMs: 5_000 } },
    );
  }
  if (!(await maySeeWhatWas(context, principal, { key, head: look.head }))) return noEntry(key);
  if (wasGranted(look, fence)) return gone();
  return new ParqueueError('PQ_NOT_FOUND', 'there never was such a generation');
}

/** Redis knows of no fence that it granted before it forgot, so those of earlier epochs are taken at their word. */
function wasGranted({ seen, latestFence }: Look, fence: number): boolean {
  return fence <= latestFence || (fence > 0 && epochOf(fence) < seen.epoch);
}

async function maySeeWhatWas(
  context: ApiContext,
  principal: Principal,
  { key, head }: { readonly key: string; readonly head: Head | null },
): Promise<boolean> {
  if (head !== null) return (await seenHead(context, principal, { key, head })) !== null;
  const evicted = await context.link.run(({ coordination }) => coordination.entries.evicted(key));
  if (evicted === null) return mayUseAll(principal);
  return new Sight(context, principal).of({ dataset: evicted.dataset, canonical: null }) !== null;
}
