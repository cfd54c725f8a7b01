/** POST /v1/resolve: the entry behind a question, for readers that open the file themselves. */
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { PIN_MAX_MS, type Manifest, type Pin } from '@parqueue/core';
import { ask, type Found, type FoundDegraded } from '../asking.ts';
import { askCallOf, directivesOf } from '../caller.ts';
import type { ApiContext } from '../context.ts';
import { cacheStatus, COORDINATION_DOWN, type CacheOutcome } from '../http/cache-status.ts';
import { generationUrl } from '../http/data-headers.ts';
import { sendPending } from '../pending.ts';
import { durationMs, invalid, QUESTION_BODY_SCHEMA, resolveQuestion, type QuestionBody } from '../question.ts';
import { json, PENDING_ANSWER } from '../openapi/answers.ts';
import { ASK_HEADERS } from '../openapi/headers.ts';
import { ASK_ERRORS } from '../openapi/errors.ts';
import { RESOLUTION } from '../views/resolution-schema.ts';
import { isoTime } from '../views/entry-view.ts';
import { pinView } from '../views/pin-view.ts';

export function resolveRoutes(app: FastifyInstance, context: ApiContext): void {
  app.post<{ Body: QuestionBody }>('/v1/resolve', {
    config: {
      access: 'read',
      operation: {
        id: 'resolve',
        tag: 'data',
        summary: 'Resolve a question to its entry: generation, version, schema, where the file is; optionally pinned',
        description: 'What is not in the cache needs scope `fill`, what no dataset declares `adhoc`.',
        answers: {
          200: json(RESOLUTION, 'The entry.', [
            'Cache-Control',
            'Cache-Status',
            'Parqueue-Degraded',
            'Preference-Applied',
          ]),
          202: PENDING_ANSWER,
        },
        errors: ASK_ERRORS,
        requestHeaders: ASK_HEADERS,
      },
    },
    schema: { body: QUESTION_BODY_SCHEMA },
    handler: async (request, reply) => {
      const { body } = request;
      const pinTtlMs = body.pin === undefined ? null : readPinTtl('pin', body.pin);
      const resolved = resolveQuestion(context, request, body);
      const asking = askCallOf({ context, request, reply }, resolved, {
        patience: 'preferred',
        cachedOnly: body.freshness?.onlyIfCached ?? directivesOf(request).onlyIfCached,
        pinTtlMs,
      });
      const asked = await ask(context, asking);
      if (asked.kind === 'pending') return await sendPending(reply, asked.fillId, { asking, neverPending: false });
      const found = foundOf(asked);
      if (asked.kind === 'found' && pinTtlMs === null) await asked.release();
      const { cache, collapsed, staleReason, ageMs } = found;
      const { maxAgeMs } = resolved.declared;
      reply
        .header('cache-control', 'no-store')
        .header('cache-status', cacheStatus({ cache, collapsed, staleReason, ageMs, maxAgeMs, key: found.key }));
      if (cache === 'degraded') reply.header('parqueue-degraded', COORDINATION_DOWN);
      const { dataset } = resolved.request;
      return resolutionView({ context, request, dataset }, found, pinTtlMs === null ? null : found.pin);
    },
  });
}

export function readPinTtl(name: string, value: string | number): number {
  const ms = durationMs(name, value);
  if (ms < 1_000 || ms > PIN_MAX_MS)
    throw invalid(`${name} must be from 1s to ${PIN_MAX_MS / 60_000}m; renew a pin that is needed longer`);
  return ms;
}

/** What is told of a generation, however it was found. */
interface FoundEntry {
  readonly key: string;
  readonly manifest: Manifest;
  readonly verifiedAtMs: number;
  readonly ageMs: number;
  readonly cache: CacheOutcome['cache'];
  readonly collapsed: boolean;
  readonly staleReason: string | null;
  readonly pin: Pin | null;
}

function foundOf(asked: Found | FoundDegraded): FoundEntry {
  const { manifest } = asked;
  if (asked.kind === 'degraded')
    return { ...asked, cache: 'degraded', collapsed: false, staleReason: COORDINATION_DOWN, pin: null };
  const { key, head, look, cache, collapsed, staleReason, pin } = asked.answer;
  const { verifiedAtMs } = head;
  const ageMs = Math.max(0, look.nowMs - verifiedAtMs);
  return { key, manifest, verifiedAtMs, ageMs, cache, collapsed, staleReason, pin };
}

interface Told {
  readonly context: ApiContext;
  readonly request: FastifyRequest;
  /** As it was asked for, whichever had it loaded. */
  readonly dataset: string | null;
}

function resolutionView({ context: { store }, request, dataset }: Told, found: FoundEntry, pin: Pin | null) {
  const { key, manifest, cache, collapsed, staleReason } = found;
  const { relative, absolute } = store.reader.partPath(key, manifest.fence);
  return {
    key,
    dataset,
    source: manifest.source,
    generation: manifest.fence,
    version: manifest.version,
    etag: `"${manifest.part.sha256}"`,
    rows: manifest.part.rows,
    columns: manifest.columns.length,
    bytes: manifest.part.bytes,
    sha256: manifest.part.sha256,
    schema: manifest.columns,
    storeId: store.storeId,
    file: {
      relative,
      path: absolute,
      url: `${request.protocol}://${request.host}${generationUrl(key, manifest.fence)}`,
    },
    verifiedAt: isoTime(found.verifiedAtMs),
    ageSeconds: found.ageMs / 1000,
    consistency: manifest.consistency,
    cache: { outcome: cache === 'degraded' ? 'stale' : cache, collapsed, detail: staleReason },
    pin: pin === null ? null : pinView(pin),
  };
}
