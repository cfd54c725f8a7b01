/** Telling a caller to come back: 202 with the fill's URL, or 503 on the routes that never say 202. */
import type { FastifyReply } from 'fastify';
import { ParqueueError } from '@parqueue/core';
import type { AskCall } from './caller.ts';
import { forgetAnswer } from './http/forget-answer.ts';

/** Most fills of files end within it; a caller who waits instead (`Prefer: wait`) is told at once. */
const RETRY_AFTER_SECONDS = 2;

export async function sendPending(
  reply: FastifyReply,
  fillId: string,
  { asking, neverPending }: { readonly asking: AskCall; readonly neverPending: boolean },
): Promise<FastifyReply> {
  const url = fillUrl(fillId);
  if (neverPending) {
    throw new ParqueueError(
      'PQ_SOURCE_UNAVAILABLE',
      `not ready after ${Math.round(asking.waitMs / 1000)} s; the work goes on, ask again`,
      {
        details: { fill: { id: fillId, url } },
      },
    );
  }
  // Of a generation that was found first, and lost behind its headers.
  forgetAnswer(reply, 'preference-applied');
  return await reply
    .code(202)
    .header('location', url)
    .header('retry-after', String(RETRY_AFTER_SECONDS))
    .header('cache-control', 'no-store')
    .header('parqueue-fill', fillId)
    .send({ fill: { id: fillId, url } });
}

export function fillUrl(fillId: string): string {
  return `/v1/fills/${fillId}`;
}
