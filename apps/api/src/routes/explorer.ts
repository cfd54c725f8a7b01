/**
 * The explorer: a page and its hashed files, the same for everybody. They hold no data, so they need no key; what the
 * page shows it asks of /v1 with the key that was typed into it (docs/adr/0037-the-explorer-is-a-client.md).
 */
import { SITE_FOLDER } from '@parqueue/explorer';
import { ParqueueError } from '@parqueue/core';
import type { FastifyInstance } from 'fastify';
import type { ApiContext } from '../context.ts';
import { readExplorerSite } from '../explorer-site.ts';
import { readPreferences } from '../http/qualities.ts';
import { text } from '../openapi/schema.ts';

/** Scripts, styles and answers of this server and nothing else; nothing written into the page itself runs. */
const PAGE_POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data:",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

/** The page names its files, which are named by their content: it is looked up each time, and they never. */
const ALWAYS_LOOK = 'no-cache';
const FOR_EVER = 'public, max-age=31536000, immutable';

export function explorerRoutes(app: FastifyInstance, { log }: Pick<ApiContext, 'log'>): void {
  const site = readExplorerSite(SITE_FOLDER);
  if (site === null) log.warn('the explorer is not built, so / answers 404: npm run build');

  app.get('/', {
    config: {
      access: 'open',
      operation: {
        id: 'getHomePage',
        tag: 'operations',
        summary:
          'The explorer, a page for people. Holds no data: what it shows it asks of /v1, with a key where one is needed',
        answers: {
          200: {
            description: 'The page.',
            headers: ['Cache-Control', 'Content-Security-Policy'],
            content: { 'text/html': text('HTML.') },
          },
        },
      },
    },
    handler: (_request, reply) => {
      if (site === null) throw notThere('the explorer is not built: npm run build');
      return reply
        .headers({ 'cache-control': ALWAYS_LOOK, 'content-security-policy': PAGE_POLICY })
        .type(site.page.type)
        .send(site.page.body);
    },
  });

  app.get<{ Params: { name: string } }>('/assets/:name', {
    config: { access: 'open' },
    schema: { hide: true },
    handler: (request, reply) => {
      const file = site?.assets.get(request.params.name);
      // Of another release, asked for by a page that is open since: a reload finds the new names.
      if (file === undefined) throw notThere('there is no such file of the explorer: reload the page');
      const gzip = takesGzip(request.headers['accept-encoding']);
      if (gzip) reply.header('content-encoding', 'gzip');
      return reply
        .headers({ 'cache-control': FOR_EVER, vary: 'Accept-Encoding' })
        .type(file.type)
        .send(gzip ? file.gzipped : file.body);
    },
  });
}

function takesGzip(header: string | string[] | undefined): boolean {
  if (typeof header !== 'string') return false;
  const wanted = readPreferences(header);
  const gzip = wanted.find(({ name }) => name === 'gzip') ?? wanted.find(({ name }) => name === '*');
  return (gzip?.quality ?? 0) > 0;
}

function notThere(message: string): ParqueueError {
  return new ParqueueError('PQ_NOT_FOUND', message);
}
