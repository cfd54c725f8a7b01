/**
 * An answer converted from the stored Parquet while it is sent: the window, the way to the next one, and a body that
 * ends when it is whole, or breaks its connection. The generation stays pinned until the thread let go of its file.
 */
import type { FastifyReply } from 'fastify';
import { isParqueueError, toFailure } from '@parqueue/core';
import { callerSignal, CallerLeft } from './caller.ts';
import { sharerOf } from './auth.ts';
import type { ConvertedBody } from './conversions/converted-body.ts';
import type { DataCall, Sendable } from './data-call.ts';
import type { ConvertedForm } from './http/data-form.ts';
import { codingOf } from './http/data-headers.ts';
import { HttpRefusal } from './http/problem.ts';
import { rawHeaders } from './http/raw-headers.ts';
import { sendChunks, TAKES_NOTHING_MS, type ChunksSent } from './http/send-chunks.ts';
import { PartLost, type HowLost } from './http/send-part.ts';
import type { ConversionOutcome } from './metrics.ts';
import { sendHead } from './part-answer.ts';

/** By number, for Node 20 has no name for a stale handle. Others are troubles of this host, not of the file. */
const LOST_BY_ERRNO: ReadonlyMap<unknown, HowLost> = new Map([
  [-2, 'gone'], // ENOENT
  [-116, 'gone'], // ESTALE
  [-5, 'unreadable'], // EIO
  [-21, 'unreadable'], // EISDIR
]);

/** @throws PartLost before anything was sent; ParqueueError; CallerLeft */
export async function sendConverted(call: DataCall, sendable: Sendable, form: ConvertedForm): Promise<FastifyReply> {
  const { request, reply } = call;
  linkToNext(call, sendable, form);
  if (request.method === 'HEAD') return sendHead(reply);
  const sent = await convertAndSend(call, sendable, form);
  tellTrouble(call, sendable, sent);
  return await reply;
}

/** What the conversion holds, the pin included, is given back when it ended, not when the last byte is acknowledged. */
async function convertAndSend(call: DataCall, sendable: Sendable, form: ConvertedForm): Promise<ChunksSent> {
  const { context, reply } = call;
  const { metrics } = context;
  const count = (outcome: ConversionOutcome): void => metrics.conversions.labels(form.format, outcome).inc();
  await using _held = await sendable.hold();
  let opened: ConvertedBody;
  try {
    opened = await open(call, sendable, form);
  } catch (error) {
    count(error instanceof CallerLeft ? 'caller-left' : 'refused');
    throw lostOr(error);
  }
  await using body = opened;
  if (body.length !== null) reply.header('content-length', String(body.length));
  else if (!reply.raw.useChunkedEncodingByDefault) {
    count('refused');
    throw endUntold();
  }
  reply.hijack();
  reply.raw.writeHead(reply.statusCode, rawHeaders(reply));
  const taken = metrics.conversionBytes.labels(form.format, codingOf(sendable.facts, form));
  const sent = await sendChunks(reply.raw, body.chunks(), {
    takesNothingMs: TAKES_NOTHING_MS,
    onTaken: (bytes) => taken.inc(bytes),
  });
  count(sent.kind);
  return sent;
}

function open({ context, request, reply }: DataCall, { facts }: Sendable, form: ConvertedForm): Promise<ConvertedBody> {
  const { format, columns, offset, limit, numbers } = form;
  const { absolute } = context.store.reader.partPath(facts.key, facts.fence);
  return context.conversions.open(
    { path: absolute, bytes: facts.manifest.part.bytes, format, columns, offset, limit, numbers },
    codingOf(facts, form),
    { signal: callerSignal(context, reply), sharer: sharerOf(request.principal) },
  );
}

/** To HTTP/1.0 the end of a body without a length is that of its connection: one that breaks off would pass for whole. */
function endUntold(): HttpRefusal {
  return new HttpRefusal(
    400,
    'PQ_INVALID_REQUEST',
    'HTTP/1.0 cannot tell the end of these rows from a broken connection: ask by HTTP/1.1 '
      + '(nginx: proxy_http_version 1.1), or for Parquet, which has its length',
  );
}

/** Only who asked for a window is led on: without a limit everything comes at once. */
function linkToNext({ request, reply }: DataCall, { facts }: Sendable, { offset, limit }: ConvertedForm): void {
  if (limit === null || limit === 0 || offset + limit >= facts.manifest.part.rows) return;
  const url = new URL(request.url, 'http://localhost');
  url.searchParams.set('offset', String(offset + limit));
  reply.header('link', `<${url.pathname}${url.search}>; rel="next"`);
}

/** What the thread met at the file instead of its bytes; nothing was sent, so the generation can be looked at again. */
export function lostOr(error: unknown): unknown {
  if (!isParqueueError(error) || error.code !== 'PQ_STORE_IO') return error;
  const { errno } = error.details;
  if (errno === undefined) return new PartLost('different', error.message, { cause: error });
  const how = LOST_BY_ERRNO.get(errno);
  return how === undefined ? error : new PartLost(how, error.message, { cause: error });
}

function tellTrouble({ context, request }: DataCall, { facts }: Sendable, sent: ChunksSent): void {
  const where = { requestId: request.id, key: facts.key, fence: facts.fence };
  if (sent.kind === 'broken')
    context.log.error(
      { ...where, reason: toFailure(sent.error).message },
      'a conversion failed while it was sent; the connection was torn down',
    );
  if (sent.kind === 'cut-off')
    context.log.warn(where, 'a caller took no byte of a converted answer for minutes; the connection was torn down');
}
