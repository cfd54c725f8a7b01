/** POST /v1/resolve: the entry behind a question, for readers that open the file themselves. */
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { PIN_MAX_MS, type Pin } from '@parqueue/core';
import { ask, type Found } from '../asking.ts';
import { askCallOf, directivesOf } from '../caller.ts';
import type { ApiContext } from '../context.ts';
import { cacheStatus } from '../http/cache-status.ts';
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
          200: json(RESOLUTION, 'The entry.', ['Cache-Control', 'Cache-Status', 'Preference-Applied']),
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
      if (pinTtlMs === null) await asked.release();
      const { answer } = asked;
      const ageMs = Math.max(0, answer.look.nowMs - answer.head.verifiedAtMs);
      reply
        .header('cache-control', 'no-store')
        .header(
          'cache-status',
          cacheStatus({ ...answer, key: answer.key, ageMs, maxAgeMs: resolved.declared.maxAgeMs }),
        );
      const { dataset } = resolved.request;
      return resolutionView({ context, request, dataset }, asked, pinTtlMs === null ? null : answer.pin);
    },
  });
}

export function readPinTtl(name: string, value: string | number): number {
  const ms = durationMs(name, value);
  if (ms < 1_000 || ms > PIN_MAX_MS)
    throw invalid(`${name} must be from 1s to ${PIN_MAX_MS / 60_000}m; renew a pin that is needed longer`);
  return ms;
}

interface Told {
  readonly context: ApiContext;
  readonly request: FastifyRequest;
  /** As it was asked for, whichever had it loaded. */
  readonly dataset: string | null;
}

function resolutionView({ context: { store }, request, dataset }: Told, { answer, manifest }: Found, pin: Pin | null) {
  const { key, head, look, cache, collapsed, staleReason } = answer;
  const { relative, absolute } = store.reader.partPath(key, head.fence);
  return {
    key,
    dataset,
    source: manifest.source,
    generation: head.fence,
    version: head.version,
    etag: `"${manifest.part.sha256}"`,
    rows: manifest.part.rows,
    columns: manifest.columns.length,
    bytes: manifest.part.bytes,
    sha256: manifest.part.sha256,
    schema: manifest.columns,
    storeId: store.storeId,
    file: { relative, path: absolute, url: `${request.protocol}://${request.host}${generationUrl(key, head.fence)}` },
    verifiedAt: isoTime(head.verifiedAtMs),
    ageSeconds: Math.max(0, look.nowMs - head.verifiedAtMs) / 1000,
    consistency: head.consistency,
    cache: { outcome: cache, collapsed, detail: staleReason },
    pin: pin === null ? null : pinView(pin),
  };
}
