/**
 * One data answer, from the generation found to the last byte: preconditions, range, headers, body. The pin taken by
 * the ask is held until the last byte went out, and given back whatever happens.
 */
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { FreshnessPolicy, Pin } from '@parqueue/core';
import { ask, reportDamage, type Found } from './asking.ts';
import type { AskCall } from './caller.ts';
import type { ApiContext } from './context.ts';
import type { Live } from './coordination-link.ts';
import { judge, rangeApplies } from './http/conditional.ts';
import type { DataForm } from './http/data-form.ts';
import { dataHeaders, representationOf, type DataAge, type DataFacts } from './http/data-headers.ts';
import { HttpRefusal } from './http/problem.ts';
import { readRange, type RangeReading } from './http/range.ts';
import { PartLost } from './http/send-part.ts';
import { sendPending } from './pending.ts';
import { sendBytes } from './part-answer.ts';
import { sendRows } from './rows-answer.ts';

export interface DataCall {
  readonly context: ApiContext;
  readonly request: FastifyRequest;
  readonly reply: FastifyReply;
  readonly form: DataForm;
}

/** A pinned generation, found whole, about to be sent. */
export interface Sendable {
  readonly live: Live;
  readonly pin: Pin;
  readonly facts: DataFacts;
  readonly age: DataAge;
}

/** Asks and answers; a generation that turns out to be lost before anything was sent is asked for once more. */
export async function answerAsk(
  call: DataCall,
  asking: AskCall,
  options: { readonly neverPending: boolean },
): Promise<FastifyReply> {
  for (let attempt = 1; ; attempt += 1) {
    const asked = await ask(call.context, asking);
    if (asked.kind === 'pending') return sendPending(call.reply, asked.fillId, { asking, ...options });
    try {
      return await answerWith(call, sendableOf(asked, asking.resolved.declared));
    } catch (error) {
      if (!(error instanceof PartLost) || attempt === 2) throw error;
      await reportDamage(
        call.context,
        asked.live,
        { key: asked.answer.pin.key, fence: asked.answer.head.fence },
        error.message,
      );
    } finally {
      await asked.release();
    }
  }
}

/** `policy` is the declared one: what this caller tolerates says nothing to the next, and a cache between them must not learn it. */
function sendableOf({ answer, manifest, live }: Found, policy: FreshnessPolicy): Sendable {
  const { head, look, pin } = answer;
  return {
    live,
    pin,
    facts: { key: pin.key, fence: head.fence, manifest, committedAtMs: head.committedAtMs },
    age: { kind: 'current', head, nowMs: look.nowMs, policy, cache: answer },
  };
}

/** @throws PartLost before anything was sent; HttpRefusal 412, 416 */
export async function answerWith(call: DataCall, sendable: Sendable): Promise<FastifyReply> {
  const { context, request, reply, form } = call;
  const { facts } = sendable;
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
      const { 'content-type': _type, 'repr-digest': _digest, ...rest } = headers;
      return await reply.code(304).headers(rest).send();
    }
    case 'proceed':
      break;
  }
  reply.headers(headers);
  if (form.format !== 'parquet') return await sendRows(call, sendable, form);
  const range: RangeReading = rangeApplies(oneHeader(request.headers['if-range']), representation)
    ? readRange(request.headers.range, facts.manifest.part.bytes)
    : { kind: 'whole' };
  return await sendBytes(call, sendable, range);
}

function oneHeader(value: string | string[] | undefined): string | undefined {
  return Array.isArray(value) ? value[0] : value;
}
