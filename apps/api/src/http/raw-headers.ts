/** The headers set on a reply so far, for answers that are written past the framework. */
import type { FastifyReply } from 'fastify';

export function rawHeaders(reply: FastifyReply): Record<string, string> {
  return Object.fromEntries(
    Object.entries(reply.getHeaders()).flatMap(([name, value]) => (value === undefined ? [] : [[name, String(value)]])),
  );
}
