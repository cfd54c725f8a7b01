/** Pins for readers that open files by path: taken, renewed, given back. */
import type { FastifyInstance } from 'fastify';
import { ParqueueError } from '@parqueue/core';
import type { ApiContext } from '../context.ts';
import { isPurged, lookAtEntry, scopesOfHead, seenHead } from '../entry-access.ts';
import { empty, json } from '../openapi/answers.ts';
import { ENTRY_ERRORS } from '../openapi/errors.ts';
import { named, type Schema } from '../openapi/schema.ts';
import { noPin, ownPin, pinOwner } from '../pin-owner.ts';
import { KEY_TEXT } from '../views/entry-schema.ts';
import { NEW_PIN, PIN } from '../views/pin-schema.ts';
import { pinView } from '../views/pin-view.ts';
import { readPinTtl } from './resolve.ts';

const TTL = {
  type: ['string', 'number'],
  description: 'A duration, or seconds; from 1s to an hour.',
  default: '60s',
  examples: ['60s', '10m', 90],
} as const;
const KEY_PARAM = { type: 'object', properties: { key: KEY_TEXT } } as const;
const PIN_PARAM = { type: 'object', properties: { id: { type: 'string', description: 'Id of the pin' } } } as const;
const bodyOf = (name: string, properties: Readonly<Record<string, Schema>>): Schema =>
  named(name, { type: ['object', 'null'], additionalProperties: false, properties });
const PIN_BODY = bodyOf('PinWish', {
  ttl: TTL,
  generation: {
    type: 'integer',
    minimum: 0,
    maximum: Number.MAX_SAFE_INTEGER,
    description: 'Of the generation; default: the current one.',
  },
});
const RENEW_BODY = bodyOf('PinRenewal', { ttl: TTL });
const TTL_DEFAULT = '60s';

interface PinBody {
  readonly ttl?: string | number;
  readonly generation?: number;
}

export function pinRoutes(app: FastifyInstance, context: ApiContext): void {
  app.post<{ Params: { key: string }; Body: PinBody | null }>('/v1/entries/:key/pins', {
    config: {
      access: 'read',
      operation: {
        id: 'pinEntry',
        tag: 'pins',
        summary: 'Pin the current generation, or one by name: it is not removed while pinned',
        answers: { 201: json(NEW_PIN, 'Pinned.', ['Location']) },
        errors: [...ENTRY_ERRORS, 'PQ_INVALID_REQUEST', 'PQ_GONE', 'PQ_RATE_LIMITED'],
      },
    },
    schema: { params: KEY_PARAM, body: PIN_BODY },
    handler: async (request, reply) => {
      const { key } = request.params;
      const { ttl = TTL_DEFAULT, generation } = request.body ?? {};
      const wish = { id: `${pinOwner(request.principal)}${context.randomId()}`, ttlMs: readPinTtl('ttl', ttl) };
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
    config: {
      access: 'read',
      operation: {
        id: 'renewPin',
        tag: 'pins',
        summary: 'Renew a pin; 410 when it expired or a purge ended it',
        answers: { 200: json(PIN, 'Renewed.') },
        errors: [...ENTRY_ERRORS, 'PQ_INVALID_REQUEST', 'PQ_GONE'],
      },
    },
    schema: { params: PIN_PARAM, body: RENEW_BODY },
    handler: async (request) => {
      const { key, fence, pinId } = ownPin(request.principal, request.params.id);
      const ttlMs = readPinTtl('ttl', request.body?.ttl ?? TTL_DEFAULT);
      const { head } = await context.link.run(({ coordination }) =>
        coordination.heads.look({ key, scopes: [], probeTargets: [] }, null),
      );
      if (head !== null && (await seenHead(context, request.principal, { key, head })) === null) throw noPin();
      const pin =
        head !== null && (await isPurged(context, { key, fence }, await scopesOfHead(context, key, head)))
          ? null
          : await context.link.run(({ coordination }) => coordination.pins.renew(key, pinId, ttlMs));
      // A name that tells another generation than the pin's would have a purge of the pin's own go unnoticed.
      if (pin === null || pin.fence !== fence)
        throw new ParqueueError(
          'PQ_GONE',
          'this pin expired, was released, or a purge ended it; resolve its question again',
        );
      return pinView(pin);
    },
  });

  app.delete<{ Params: { id: string } }>('/v1/pins/:id', {
    config: {
      access: 'read',
      operation: {
        id: 'releasePin',
        tag: 'pins',
        summary: 'Give a pin back',
        answers: { 204: empty('Given back, or it had ended already.') },
        errors: ENTRY_ERRORS,
      },
    },
    schema: { params: PIN_PARAM },
    handler: async (request, reply) => {
      const { key, pinId } = ownPin(request.principal, request.params.id);
      await context.link.run(({ coordination }) => coordination.pins.release(key, pinId));
      return await reply.code(204).send();
    },
  });
}
