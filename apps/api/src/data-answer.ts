/**
 * One data answer, from the generation found to the last byte: preconditions, range, headers, body. What is in memory at
 * once needs no pin; whatever reads the part for longer holds it pinned until its last byte went out (I6).
 */
import type { FastifyReply } from 'fastify';
import { ParqueueError } from '@parqueue/core';
import type { Resolved } from '@parqueue/core/config';
import { ask, askAgainDegraded, isForWantOfRedis, reportDamage, type Found, type FoundDegraded } from './asking.ts';
import type { AskCall } from './caller.ts';
import type { ApiContext } from './context.ts';
import { continuedRead, noteReadBegun, readEnded } from './continued-read.ts';
import { sendConverted } from './converted-answer.ts';
import type { DataCall, LiveSendable, Sendable } from './data-call.ts';
import { degradedSendable, lostDegraded } from './degraded-answer.ts';
import { ifRangeOf, judge, rangeApplies } from './http/conditional.ts';
import { dataHeaders, representationOf } from './http/data-headers.ts';
import { forgetAnswer } from './http/forget-answer.ts';
import { HttpRefusal } from './http/problem.ts';
import { readRange, type RangeReading } from './http/range.ts';
import { PartLost } from './http/send-part.ts';
import { sendPending } from './pending.ts';
import { holdPinned, keepPinned, TRANSFER_PIN_TTL_MS } from './pin-keeper.ts';
import { sendBytes } from './part-answer.ts';

/** Asks and answers; from the store alone where Redis is away by now and the policy allows it. */
export async function answerAsk(
  call: DataCall,
  asking: AskCall,
  options: { readonly neverPending: boolean },
): Promise<FastifyReply> {
  try {
    return await answerLive(call, asking, options);
  } catch (error) {
    if (!isForWantOfRedis(error) || call.reply.sent) throw error;
    const found = await askAgainDegraded(call.context, asking, error);
    return await answerDegraded(call, found, asking.resolved);
  }
}

/**
 * A generation that turns out to be lost before anything was sent is asked for once more, pinned from the first look on;
 * whether its files are damaged is then for that look to say.
 */
async function answerLive(
  call: DataCall,
  asking: AskCall,
  options: { readonly neverPending: boolean },
): Promise<FastifyReply> {
  const { request, declared } = asking.resolved;
  const { key: asked, dataset, scopes } = request;
  const target = { key: asked, dataset, scopes, policy: declared };
  const continued = await continuedRead(call, target);
  if (continued !== null) return await answerContinued(call, continued);
  for (let attempt = 1; ; attempt += 1) {
    const asked = await ask(call.context, attempt === 1 ? asking : { ...asking, pinTtlMs: TRANSFER_PIN_TTL_MS });
    if (asked.kind === 'pending') return sendPending(call.reply, asked.fillId, { asking, ...options });
    if (asked.kind === 'degraded') return await answerDegraded(call, asked, asking.resolved);
    try {
      const sendable = sendableOf(call.context, asked, asking.resolved);
      await noteReadBegun(call, sendable, target);
      return await answerWith(call, sendable);
    } catch (error) {
      if (!(error instanceof PartLost)) throw error;
      const { key, head } = asked.answer;
      if (error.how === 'unreadable')
        await reportDamage(call.context, asked.live, { key, fence: head.fence }, error.message);
      if (attempt === 2)
        throw new ParqueueError('PQ_STORE_IO', `entry ${key} was found and lost twice; ask again`, { cause: error });
    } finally {
      await asked.release();
    }
  }
}

async function answerDegraded(call: DataCall, found: FoundDegraded, resolved: Resolved): Promise<FastifyReply> {
  try {
    return await answerWith(call, degradedSendable(call, found, resolved));
  } catch (error) {
    throw lostDegraded(error);
  }
}

/** A later range of a read: there is no other generation to fall back to. */
export async function answerContinued(call: DataCall, sendable: Sendable): Promise<FastifyReply> {
  try {
    return await answerWith(call, sendable);
  } catch (error) {
    throw error instanceof PartLost ? readEnded() : error;
  }
}

/** The policy is the declared one: what this caller tolerates says nothing to the next, and a cache between them must not learn it. */
function sendableOf(
  context: ApiContext,
  { answer, manifest, live }: Found,
  { request: { dataset }, declared: policy }: Resolved,
): LiveSendable {
  const { key, head, look, pin } = answer;
  return {
    live,
    hold: async () =>
      pin === null ? holdPinned(live, { key, fence: head.fence }, context) : keepPinned(live, pin, context),
    facts: { key, dataset, fence: head.fence, manifest, committedAtMs: head.committedAtMs },
    age: { kind: 'current', head, nowMs: look.nowMs, policy, cache: answer },
  };
}

/** @throws PartLost before anything was sent; HttpRefusal 412, 416 */
export async function answerWith(call: DataCall, sendable: Sendable): Promise<FastifyReply> {
  const { context, request, reply, form } = call;
  const { facts } = sendable;
  // Of an attempt that failed behind its headers.
  forgetAnswer(reply, 'preference-applied');
  const representation = representationOf(facts, form);
  const headers = dataHeaders(facts, form, sendable.age, context.gatekeeper.open ? 'public' : 'private');
  switch (judge(request.headers, representation)) {
    case 'failed':
      throw new HttpRefusal(
        412,
        'PQ_INVALID_REQUEST',
        'the precondition does not hold: the content is another one by now',
        { headers: { etag: representation.etag } },
      );
    case 'not-modified': {
      const { 'content-type': _type, 'content-encoding': _coding, 'repr-digest': _digest, ...rest } = headers;
      return await reply.code(304).headers(rest).send();
    }
    case 'proceed':
      break;
  }
  reply.headers(headers);
  if (form.format !== 'parquet') return await sendConverted(call, sendable, form);
  // RFC 9110 section 14.2: a range is nothing to a HEAD, which tells what a GET of the whole would.
  const range: RangeReading =
    request.method !== 'HEAD' && rangeApplies(ifRangeOf(request.headers), representation)
      ? readRange(request.headers.range, facts.manifest.part.bytes)
      : { kind: 'whole' };
  return await sendBytes(call, sendable, range);
}
