/** What the columns of an entry hold: ranges, means, the most frequent values, histograms. */
import type { FastifyInstance } from 'fastify';
import { ParqueueError } from '@parqueue/core';
import { reportDamage, wholeManifest } from '../asking.ts';
import { sharerOf } from '../auth.ts';
import type { ApiContext } from '../context.ts';
import { lookAtEntry } from '../entry-access.ts';
import { judge } from '../http/conditional.ts';
import { PartLost } from '../http/send-part.ts';
import { empty, json } from '../openapi/answers.ts';
import { ENTRY_ERRORS, SENDING_ERRORS } from '../openapi/errors.ts';
import { statisticsTag, StatisticsShelf } from '../part-statistics.ts';
import { KEY_TEXT } from '../views/entry-schema.ts';
import { STATISTICS } from '../views/statistics-schema.ts';

const KNOWN = ['Cache-Control', 'ETag', 'Vary'] as const;

export function statisticsRoutes(app: FastifyInstance, context: ApiContext): void {
  const shelf = new StatisticsShelf();

  app.get<{ Params: { key: string } }>('/v1/entries/:key/statistics', {
    config: {
      access: 'read',
      operation: {
        id: 'getStatistics',
        tag: 'entries',
        summary: 'What its columns hold: ranges, means, frequent values, histograms',
        description:
          'Of the generation that is current, without asking the source. From all rows where there are at most 500,000 of them and '
          + '4,000,000 values, otherwise from a sample of so many; `basis` says of what.',
        answers: {
          200: json(STATISTICS, 'Gathered once for each generation.', KNOWN),
          304: empty('The caller has them already.', KNOWN),
        },
        errors: [...ENTRY_ERRORS, 'PQ_GONE', ...SENDING_ERRORS],
        requestHeaders: ['If-None-Match'],
      },
    },
    schema: { params: { type: 'object', properties: { key: KEY_TEXT } } },
    handler: async (request, reply) => {
      const { key } = request.params;
      const { head } = await lookAtEntry(context, request.principal, key, null);
      const live = context.link.current();
      const ref = { key, fence: head.fence };
      const manifest = await wholeManifest(context, live, ref);
      if (manifest === null) throw gone();
      const etag = statisticsTag(manifest);
      // Whoever may see them may keep them, and asks each time whether there is another generation.
      reply.headers({ etag, 'cache-control': 'private, no-cache', vary: 'Authorization, X-API-Key' });
      const { 'if-none-match': noneMatch } = request.headers;
      if (judge({ 'if-none-match': noneMatch }, { etag, lastModifiedMs: 0 }) === 'not-modified')
        return await reply.code(304).send();
      try {
        const statistics = await shelf.of(context, live, { ...ref, manifest }, sharerOf(request.principal));
        const { rows, rowGroups, basis, columns } = statistics;
        return { key, generation: head.fence, rows, bytes: manifest.part.bytes, rowGroups, basis, columns };
      } catch (error) {
        if (!(error instanceof PartLost)) throw error;
        if (error.how === 'unreadable') await reportDamage(context, live, ref, error.message);
        throw gone();
      }
    },
  });
}

function gone(): ParqueueError {
  return new ParqueueError('PQ_GONE', 'this generation was removed; ask for its dataset again');
}
