/** A known path asked with a method it does not have is 405 with Allow, not 404. */
import type { FastifyInstance, HTTPMethods } from 'fastify';
import { HttpRefusal } from './http/problem.ts';

const METHODS = [
  'GET',
  'HEAD',
  'POST',
  'PUT',
  'PATCH',
  'DELETE',
  'OPTIONS',
  'TRACE',
] as const satisfies readonly HTTPMethods[];

/** Watches the routes being added; `close` adds a refusal for all their other methods. */
export function refuseOtherMethods(app: FastifyInstance): { close(): void } {
  const known = new Map<string, Set<string>>();
  let open = true;
  app.addHook('onRoute', ({ url, method }) => {
    if (!open) return;
    const methods = known.get(url) ?? new Set<string>();
    for (const one of [method].flat()) methods.add(one);
    known.set(url, methods);
  });
  return {
    close() {
      open = false;
      for (const [url, methods] of known) {
        const allow = [...methods].toSorted().join(', ');
        const others = METHODS.filter((method) => !methods.has(method));
        app.route({
          method: others,
          url,
          config: { access: 'open' },
          schema: { hide: true },
          handler: (request) => {
            throw new HttpRefusal(
              405,
              'PQ_INVALID_REQUEST',
              `${request.method} is not for this resource; it has ${allow}`,
              { headers: { allow } },
            );
          },
        });
      }
    },
  };
}
