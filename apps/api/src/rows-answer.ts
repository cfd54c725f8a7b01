/** Rows converted from the stored Parquet: the window, the way to the next one, and the text. */
import type { FastifyReply } from 'fastify';
import type { DataCall, Sendable } from './data-answer.ts';
import type { DataForm } from './http/data-form.ts';
import { sendHead } from './part-answer.ts';

export async function sendRows(
  { context, request, reply }: DataCall,
  { facts, hold }: Sendable,
  form: Exclude<DataForm, { format: 'parquet' }>,
): Promise<FastifyReply> {
  const { format, offset, limit, numbers } = form;
  const next = offset + limit;
  if (limit > 0 && next < facts.manifest.part.rows) {
    const url = new URL(request.url, 'http://localhost');
    url.searchParams.set('offset', String(next));
    reply.header('link', `<${url.pathname}${url.search}>; rel="next"`);
  }
  if (request.method === 'HEAD') return sendHead(reply);
  await using _held = await hold();
  const { absolute } = context.store.reader.partPath(facts.key, facts.fence);
  const reading = await context.rows.read(
    { path: absolute, bytes: facts.manifest.part.bytes, format, offset, limit, numbers },
    context.stopping,
  );
  return await reply.send(Buffer.from(reading.text.buffer, reading.text.byteOffset, reading.text.byteLength));
}
