/** GET /v1/whoami: what the key may do, told to whoever has it; pages show only what will not be refused. */
import type { FastifyInstance } from 'fastify';
import type { ApiContext } from '../context.ts';
import { json } from '../openapi/answers.ts';
import { isoTime } from '../views/entry-view.ts';
import { WHOAMI } from '../views/whoami-schema.ts';

export function whoamiRoutes(app: FastifyInstance, { gatekeeper }: ApiContext): void {
  app.get('/v1/whoami', {
    config: {
      access: 'key',
      operation: {
        id: 'whoAmI',
        tag: 'operations',
        summary: 'What the key of this request may do',
        answers: { 200: json(WHOAMI, 'It is known.') },
      },
    },
    handler: async ({ principal }) => {
      const { name, scopes, datasets, limits, expiresAtMs } = principal;
      return {
        name,
        open: gatekeeper.open,
        scopes: [...scopes],
        datasets,
        expiresAt: expiresAtMs === null ? null : isoTime(expiresAtMs),
        limits,
      };
    },
  });
}
