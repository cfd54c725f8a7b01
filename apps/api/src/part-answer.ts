/** The stored Parquet bytes, whole or one range of them, past the framework. */
import type { FastifyReply } from 'fastify';
import type { DataCall, Sendable } from './data-call.ts';
import { HttpRefusal } from './http/problem.ts';
import { rawHeaders } from './http/raw-headers.ts';
import type { RangeReading } from './http/range.ts';
import { openPart, sendPart } from './http/send-part.ts';

export async function sendBytes(
  { context, request, reply }: DataCall,
  { facts, hold }: Sendable,
  range: RangeReading,
): Promise<FastifyReply> {
  const { bytes } = facts.manifest.part;
  if (range.kind === 'unsatisfiable') {
    throw new HttpRefusal(416, 'PQ_INVALID_REQUEST', `the range begins beyond the ${bytes} bytes there are`, {
      headers: { 'content-range': `bytes */${bytes}` },
    });
  }
  const start = range.kind === 'part' ? range.start : 0;
  const length = range.kind === 'part' ? range.end - range.start + 1 : bytes;
  reply.code(range.kind === 'part' ? 206 : 200).header('content-length', String(length));
  if (range.kind === 'part') reply.header('content-range', `bytes ${range.start}-${range.end}/${bytes}`);
  if (request.method === 'HEAD') return sendHead(reply);

  const from = { parts: context.store.parts, memory: context.sendMemory };
  await using part = await openPart(from, facts, { bytes, start, length });
  await using _held = part.isInMemory ? null : await hold();
  reply.hijack();
  reply.raw.writeHead(reply.statusCode, rawHeaders(reply));
  const sent = await sendPart(reply.raw, part);
  if (sent === 'part-lost')
    context.log.error(
      { key: facts.key, fence: facts.fence },
      'a part was lost while it was sent; the connection was torn down',
    );
  return await reply;
}

/** Past the framework, which would put the length of the missing body over that of the representation. */
export function sendHead(reply: FastifyReply): FastifyReply {
  reply.hijack();
  reply.raw.writeHead(reply.statusCode, rawHeaders(reply));
  reply.raw.end();
  return reply;
}
