/** Pins for readers that open files by path: taken, renewed, given back. */
import type { FastifyInstance } from 'fastify';
import { ParqueueError } from '@parqueue/core';
import type { ApiContext } from '../context.ts';
import { isPurged, lookAtEntry, scopesOfHead } from '../entry-access.ts';
import { answers, ANY_OBJECT } from '../schemas.ts';
import { pinView, readPinName } from '../views/pin-view.ts';
import { readPinTtl } from './resolve.ts';

const TTL = { type: ['string', 'number'], description: 'A duration such as 60s, or seconds; at most an hour' } as const;
const TTL_DEFAULT = '60s';

interface PinBody {
  readonly ttl?: string | number;
  readonly generation?: number;
}

export function pinRoutes(app: FastifyInstance, context: ApiContext): void {
  app.post<{ Params: { key: string }; Body: PinBody | null }>('/v1/entries/:key/pins', {
    config: { access: 'read' },
    schema: {
      tags: ['pins'],
      summary: 'Pin the current generation, or one by name: it is not removed while pinned',
      params: { type: 'object', properties: { key: { type: 'string' } } },
      body: {
        type: ['object', 'null'],
        additionalProperties: false,
        properties: { ttl: TTL, generation: { type: 'integer', minimum: 0, maximum: Number.MAX_SAFE_INTEGER } },
      },
      response: answers({ 201: ANY_OBJECT }),
    },
    handler: async (request, reply) => {
      const { key } = request.params;
      const { ttl = TTL_DEFAULT, generation } = request.body ?? {};
      const wish = { id: context.randomId(), ttlMs: readPinTtl('ttl', ttl) };
      const { look } = await lookAtEntry(context, request.principal, key, generation === undefined ? wish : null);
      const pin =
        generation === undefined
          ? look.pin
          : await context.link.run(({ coordination }) =>
              coordination.pins.pinGeneration({ key, fence: generation }, wish),
            );
      if (pin === null || pin.fence <= look.seen.purge)
        throw new ParqueueError('PQ_GONE', 'this generation was removed or purged; resolve its question again');
      const view = pinView(pin);
      const { relative, absolute } = context.store.reader.partPath(key, pin.fence);
      return await reply
        .code(201)
        .header('location', view.url)
        .send({ ...view, storeId: context.store.storeId, file: { relative, path: absolute } });
    },
  });

  app.put<{ Params: { id: string }; Body: { readonly ttl?: string | number } | null }>('/v1/pins/:id', {
    config: { access: 'read' },
    schema: {
      tags: ['pins'],
      summary: 'Renew a pin; 410 when it expired or a purge ended it',
      params: { type: 'object', properties: { id: { type: 'string' } } },
      body: { type: ['object', 'null'], additionalProperties: false, properties: { ttl: TTL } },
      response: answers({ 200: ANY_OBJECT }),
    },
    handler: async (request) => {
      const { key, fence, pinId } = readPinName(request.params.id);
      const ttlMs = readPinTtl('ttl', request.body?.ttl ?? TTL_DEFAULT);
      const { head } = await context.link.run(({ coordination }) =>
        coordination.heads.look({ key, scopes: [], probeTargets: [] }, null),
      );
      const pin =
        head !== null && (await isPurged(context, { key, fence }, await scopesOfHead(context, key, head)))
          ? null
          : await context.link.run(({ coordination }) => coordination.pins.renew(key, pinId, ttlMs));
      if (pin === null)
        throw new ParqueueError(
          'PQ_GONE',
          'this pin expired, was released, or a purge ended it; resolve its question again',
        );
      return pinView(pin);
    },
  });

  app.delete<{ Params: { id: string } }>('/v1/pins/:id', {
    config: { access: 'read' },
    schema: {
      tags: ['pins'],
      summary: 'Give a pin back',
      params: { type: 'object', properties: { id: { type: 'string' } } },
      response: answers({ 204: 'Given back' }),
    },
    handler: async (request, reply) => {
      const { key, pinId } = readPinName(request.params.id);
      await context.link.run(({ coordination }) => coordination.pins.release(key, pinId));
      return await reply.code(204).send();
    },
  });
}
