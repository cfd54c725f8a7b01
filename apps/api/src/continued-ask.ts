/**
 * Asks that continue earlier ones.
 *
 * Asking again must end (I8). A caller told 202 has kept a pair of ticks; if its next ask took a new pair, a strict
 * caller who never waits would chase the clock for ever:
 *   ask → probe job (pair 1) → 202; ask → the head was verified at pair 1, but the new pair is 2 → 202; …
 * So the pair is remembered under the fill's id, and under (caller, key) for a caller who does not wait; the next ask
 * of the same continues with it. An ask that waits and names no fill is a new one, and so is a poller's after a hard
 * mark: who names no fill may be somebody else behind the same key, who must not get rows that were called wrong before
 * it came.
 */
import { createHash } from 'node:crypto';
import { ParqueueError, epochStart, isParqueueError, targetOf } from '@parqueue/core';
import type { Answer, Ask, AskRecord, Failure, Span, WaitOptions } from '@parqueue/core';
import type { AskCall } from './caller.ts';
import type { Live } from './coordination-link.ts';
import { pinOwner } from './pin-owner.ts';

/** How long an ask may be continued: as long as the outcome of its job is kept. */
const ASK_TTL_MS = 600_000;

export type Settled = Answer | { readonly kind: 'pending'; readonly fillId: string };

/** `beforeWork` may refuse what the cache cannot answer. */
export async function resolveContinued(
  live: Live,
  call: AskCall,
  beforeWork: NonNullable<WaitOptions['beforeWork']>,
): Promise<Settled> {
  const { asks } = live.coordination;
  const { request, policy } = call.resolved;
  const poller = call.waitMs === 0 ? pollerName(call) : null;
  const earlier = await recallAsk(live, call, poller);
  if (earlier !== null) {
    const state = await followJob(live, earlier.fillId);
    if (state.kind === 'failed') return await heldOrFailure(live, call, earlier, { poller, failure: state.failure });
    if (state.kind === 'active' && call.waitMs === 0)
      return await comeBack(live, { ...earlier, fillId: state.fillId }, poller);
  }
  const question: Ask = { request, policy, cachedOnly: call.cachedOnly, continues: earlier?.requirement ?? null };
  const resolution = await live.resolver.resolve(question, waitOf(call, beforeWork));
  if (resolution.kind === 'answer') {
    if (poller !== null) await asks.forget(poller);
    return resolution;
  }
  return await comeBack(
    live,
    { fillId: resolution.job.id, key: request.key, requirement: resolution.requirement },
    poller,
  );
}

/** Every id that a caller is told to come back with leads to the pair it arrived with. */
async function comeBack(live: Live, record: AskRecord, poller: string | null): Promise<Settled> {
  await live.coordination.asks.keep(
    [fillName(record.fillId), ...(poller === null ? [] : [poller])],
    record,
    ASK_TTL_MS,
  );
  return { kind: 'pending', fillId: record.fillId };
}

function waitOf(call: AskCall, beforeWork?: NonNullable<WaitOptions['beforeWork']>): WaitOptions {
  const wait = new Waiting(call);
  if (call.pinTtlMs !== null) wait.pinOwner = pinOwner(call.principal);
  if (call.span !== null) wait.span = call.span;
  if (beforeWork !== undefined) wait.beforeWork = beforeWork;
  return wait;
}

/** A class for its getter: an object made with one of its own costs ten times as much. */
class Waiting implements WaitOptions {
  readonly waitMs: number;
  readonly pinTtlMs: number | null;
  readonly requestId: string;
  declare pinOwner?: string;
  declare span?: Span;
  declare beforeWork?: NonNullable<WaitOptions['beforeWork']>;
  readonly #signal: () => AbortSignal;

  constructor({ waitMs, pinTtlMs, requestId, signal }: AskCall) {
    this.waitMs = waitMs;
    this.pinTtlMs = pinTtlMs;
    this.requestId = requestId;
    this.#signal = signal;
  }

  get signal(): AbortSignal {
    return this.#signal();
  }
}

/** The earlier ask that this one continues, if it was for the same key and in the epoch that is still open. */
async function recallAsk(live: Live, call: AskCall, poller: string | null): Promise<AskRecord | null> {
  const name = call.continuesFill === null ? poller : fillName(call.continuesFill);
  if (name === null) return null;
  const record = await live.coordination.asks.recall(name);
  if (record === null || record.key !== call.resolved.request.key) return null;
  // What an older epoch asked for, an older epoch's verification would satisfy; nothing of that counts any more (I11).
  const epoch = await live.epochs.run(() => live.coordination.ticks.epoch());
  if (record.requirement.after < epochStart(epoch)) return null;
  if (call.continuesFill !== null) return record;
  const { seen } = await live.epochs.run(() => live.coordination.heads.look(targetOf(call.resolved.request), null));
  return seen.hard > record.requirement.arrived ? null : record;
}

type Followed =
  | { readonly kind: 'active'; readonly fillId: string }
  | { readonly kind: 'failed'; readonly failure: Failure }
  /** Done, or forgotten: the head tells. */
  | { readonly kind: 'over' };

/** A probe that found a change names the fill it started. */
async function followJob(live: Live, first: string): Promise<Followed> {
  let fillId = first;
  for (;;) {
    const status = await live.coordination.jobs.status(fillId);
    if (status.state === 'queued' || status.state === 'running') return { kind: 'active', fillId };
    // What is held is asked for anew, and refused or answered stale: nobody knows when its source is resumed.
    if (status.state === 'vanished' || status.state === 'held') return { kind: 'over' };
    const { outcome } = status;
    switch (outcome.kind) {
      case 'changed':
      case 'absent':
        fillId = outcome.fillJobId;
        continue;
      case 'failed':
        return { kind: 'failed', failure: outcome.failure };
      case 'cancelled':
        return {
          kind: 'failed',
          failure: {
            code: 'PQ_CANCELLED',
            message: 'the load was cancelled; ask again to start another',
            retryable: true,
          },
        };
      case 'committed':
      case 'verified':
      case 'satisfied':
        return { kind: 'over' };
    }
  }
}

/**
 * The work this ask waited for failed. That is its answer; the poller's next ask is a new one. The record under the
 * fill's id stays: others who were told that id are owed the same answer.
 */
async function heldOrFailure(
  live: Live,
  call: AskCall,
  earlier: AskRecord,
  { poller, failure }: { readonly poller: string | null; readonly failure: Failure },
): Promise<Settled> {
  if (poller !== null) await live.coordination.asks.forget(poller);
  // Others may have succeeded meanwhile. An older answer is for failures that may pass only.
  const { request, policy } = call.resolved;
  const allowed = failure.retryable ? policy : { ...policy, staleWhileRevalidateMs: 0, staleIfErrorMs: 0 };
  const held = await orNull(
    live.resolver.resolve({ request, policy: allowed, cachedOnly: true, continues: earlier.requirement }, waitOf(call)),
    'PQ_NOT_CACHED',
  );
  if (held?.kind === 'answer') return held;
  throw ParqueueError.from(failure);
}

async function orNull<T>(work: Promise<T>, code: string): Promise<T | null> {
  try {
    return await work;
  } catch (error) {
    if (isParqueueError(error) && error.code === code) return null;
    throw error;
  }
}

function fillName(fillId: string): string {
  return `fill:${fillId}`;
}

function pollerName({ principal, resolved }: AskCall): string {
  return `poller:${createHash('sha256').update(`${principal.name}\n${resolved.request.key}`).digest('hex').slice(0, 32)}`;
}
