/** What was said of an answer that did not come to be: it would describe another one wrongly, bytes and generation. */
import type { FastifyReply } from 'fastify';
import { SECURITY_HEADERS } from './security-headers.ts';

/** Of every answer, whatever becomes of it. */
const HEADERS_KEPT: ReadonlySet<string> = new Set([
  'x-request-id',
  'ratelimit',
  'ratelimit-policy',
  ...Object.keys(SECURITY_HEADERS),
]);

export function forgetAnswer(reply: FastifyReply, ...kept: readonly string[]): void {
  for (const name of Object.keys(reply.getHeaders()))
    if (!HEADERS_KEPT.has(name) && !kept.includes(name)) reply.removeHeader(name);
}
