/**
 * /docs: the document as a page to read and try. Everything it loads comes from this server, and its policy allows
 * nothing else, so that it works where there is no way out.
 */
import swagger from '@fastify/swagger';
import swaggerUi from '@fastify/swagger-ui';
import type { FastifyInstance } from 'fastify';
import type { OpenApiDocument } from './document.ts';

/** Swagger UI writes styles into its page and draws with data: images; scripts are files. */
const POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self' 'unsafe-inline'",
  "img-src 'self' data:",
  "font-src 'self' data:",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

export async function referencePage(app: FastifyInstance, describe: () => OpenApiDocument): Promise<void> {
  // The page takes the document from this plugin, which is told ours instead of making one: it would drop what stands
  // beside a reference, and it knows no shared headers.
  await app.register(swagger, {
    openapi: { openapi: '3.1.0' },
    transform: ({ url }) => ({ url, schema: { hide: true } }),
    transformObject: () => describe(),
  });
  await app.register(swaggerUi, {
    routePrefix: '/docs',
    staticCSP: POLICY,
    theme: { title: 'Parqueue: HTTP interface' },
    uiConfig: {
      // Without the bar on top, which asks for the address of another document.
      layout: 'BaseLayout',
      docExpansion: 'list',
      deepLinking: true,
      defaultModelsExpandDepth: 0,
      displayRequestDuration: true,
      filter: true,
      // Otherwise a badge is asked of another host.
      validatorUrl: null,
    },
  });
}
