/**
 * From a resolved request to a generation whose files were found whole, pinned for this caller (I7, I12).
 *
 * Asking again must end (I8). A caller told 202 has kept a pair of ticks; if its next ask took a new pair, a strict
 * caller who never waits would chase the clock for ever:
 *   ask → probe job (pair 1) → 202; ask → the head was verified at pair 1, but the new pair is 2 → 202; …
 * So the pair is remembered under the fill's id, and under (caller, key) for a caller who does not wait; the next ask
 * of the same continues with it. An ask that waits and names no fill is a new one.
 */
import { createHash } from 'node:crypto';
import { ParqueueError, epochStart, isParqueueError, toFailure } from '@parqueue/core';
import type { Answer, Ask, AskRecord, Failure, Manifest } from '@parqueue/core';
import type { Resolved } from '@parqueue/core/config';
import type { Principal } from './auth.ts';
import type { ApiContext } from './context.ts';
import type { Live } from './coordination-link.ts';
import { damageReason, type RequestOutcome } from './metrics.ts';

export interface AskCall {
  readonly resolved: Resolved;
  readonly cachedOnly: boolean;
  readonly waitMs: number;
  /** The fill named by `Parqueue-Fill`. */
  readonly continuesFill: string | null;
  readonly principal: Principal;
  readonly pinTtlMs: number;
  readonly requestId: string;
  readonly signal: AbortSignal;
}

export interface Found {
  readonly kind: 'found';
  readonly answer: Answer;
  readonly manifest: Manifest;
  readonly live: Live;
  /** Gives the pin back; never throws. */
  release(): Promise<void>;
}

export type Asked = Found | { readonly kind: 'pending'; readonly fillId: string };

/** How long an ask may be continued: as long as the outcome of its job is kept. */
export const ASK_TTL_MS = 600_000;

/** A damaged generation is found, replaced, and found whole; damaged twice, the store is at fault. */
const FILES_ATTEMPTS = 2;

export async function ask(context: ApiContext, call: AskCall): Promise<Asked> {
  const began = context.clock.now();
  const dataset = call.resolved.request.dataset ?? 'adhoc';
  let outcome: RequestOutcome | null = 'error';
  try {
    const asked = await askWhole(context, call);
    outcome = asked.kind === 'pending' ? null : outcomeOf(asked.answer);
    if (asked.kind === 'found') {
      const { look, head } = asked.answer;
      context.metrics.datasetAgeSeconds.labels(dataset).set(Math.max(0, look.nowMs - head.verifiedAtMs) / 1000);
    }
    return asked;
  } finally {
    if (outcome !== null) context.metrics.requests.labels(dataset, outcome).inc();
    context.metrics.resolveSeconds.observe((context.clock.now() - began) / 1000);
  }
}

function outcomeOf({ cache, collapsed }: Answer): RequestOutcome {
  if (cache === 'stale') return 'stale';
  if (cache === 'miss') return collapsed ? 'collapsed' : 'miss';
  return 'hit';
}

async function askWhole(context: ApiContext, call: AskCall): Promise<Asked> {
  const live = context.link.current();
  await refuseMissWithoutFill(context, call);
  for (let attempt = 1; ; attempt += 1) {
    const resolution = await resolveOnce(context, live, call);
    if (resolution.kind === 'pending') return resolution;
    const { head, pin } = resolution;
    const release = (): Promise<void> => releasePin(context, live, pin);
    let manifest: Manifest | null = null;
    try {
      manifest = await wholeManifest(context, live, { key: pin.key, fence: head.fence });
    } finally {
      if (manifest === null) await release();
    }
    if (manifest !== null) return { kind: 'found', answer: resolution, manifest, live, release };
    if (attempt === FILES_ATTEMPTS) {
      throw new ParqueueError(
        'PQ_STORE_IO',
        `the files of entry ${pin.key} were damaged again right after they were replaced: look at the store's filesystem`,
      );
    }
  }
}

/**
 * Inspects before a byte is sent. A generation that is not whole is reported, so that it becomes a miss for everybody.
 * @returns null when it is not whole
 */
export async function wholeManifest(
  context: ApiContext,
  live: Live,
  ref: { readonly key: string; readonly fence: number },
): Promise<Manifest | null> {
  const inspection = await context.store.reader.inspect(ref.key, ref.fence);
  if (inspection.kind === 'whole') return inspection.manifest;
  const reason = inspection.kind === 'absent' ? 'the generation is absent from the store' : inspection.reason;
  await reportDamage(context, live, ref, reason);
  return null;
}

export async function reportDamage(
  context: ApiContext,
  live: Live,
  ref: { readonly key: string; readonly fence: number },
  reason: string,
): Promise<void> {
  context.metrics.verifyFailures.labels(damageReason(reason)).inc();
  context.log.error({ key: ref.key, fence: ref.fence, reason }, 'a generation is damaged; it will be filled again');
  await live.epochs.run(() => live.coordination.heads.markDamaged(ref.key, ref.fence, reason));
}

/** Never throws: a pin that cannot be given back expires. */
export async function releasePin(
  context: ApiContext,
  live: Live,
  pin: { readonly key: string; readonly id: string },
): Promise<void> {
  try {
    await live.epochs.run(() => live.coordination.pins.release(pin.key, pin.id));
  } catch (error) {
    context.log.warn({ key: pin.key, reason: toFailure(error).message }, 'a pin could not be released and will expire');
  }
}

/**
 * A key without `fill` may use what is there, its verification included; it may not make an entry come into being.
 * While the key is unreconciled Redis cannot say whether there is one; the store's own pointer then tells.
 */
async function refuseMissWithoutFill(
  { link, store }: ApiContext,
  { principal, resolved: { request } }: AskCall,
): Promise<void> {
  if (principal.scopes.has('fill')) return;
  const { key, scopes, probeTargets } = request;
  const look = await link.run(({ coordination }) => coordination.heads.look({ key, scopes, probeTargets }, null));
  if (look.head !== null && look.head.damaged === null) return;
  if (!look.reconciled && (await store.marks.readHead(key)) !== null) return;
  throw new ParqueueError(
    'PQ_FORBIDDEN',
    'this is not in the cache, and this API key may not start loads (scope fill)',
  );
}

type Resolved1 = Answer | { readonly kind: 'pending'; readonly fillId: string };

async function resolveOnce(context: ApiContext, live: Live, call: AskCall): Promise<Resolved1> {
  const { asks } = live.coordination;
  const { request, policy } = call.resolved;
  const poller = call.waitMs === 0 ? pollerName(call) : null;
  const earlier = await recallAsk(live, call, poller);
  if (earlier !== null) {
    const state = await followJob(live, earlier.fillId);
    if (state.kind === 'failed') return await staleOrFailure(live, call, earlier, { poller, failure: state.failure });
    if (state.kind === 'active' && call.waitMs === 0) return { kind: 'pending', fillId: state.fillId };
  }
  const question: Ask = { request, policy, cachedOnly: call.cachedOnly, continues: earlier?.requirement ?? null };
  const resolution = await live.resolver.resolve(question, waitOf(call));
  if (resolution.kind === 'answer') {
    if (poller !== null) await asks.forget(poller);
    return resolution;
  }
  const fillId = resolution.job.id;
  const record: AskRecord = { fillId, key: request.key, requirement: resolution.requirement };
  await asks.keep([fillName(fillId), ...(poller === null ? [] : [poller])], record, ASK_TTL_MS);
  return { kind: 'pending', fillId };
}

function waitOf({ waitMs, pinTtlMs, requestId, signal }: AskCall) {
  return { waitMs, pinTtlMs, requestId, signal };
}

/** The earlier ask that this one continues, if it was for the same key and in the epoch that is still open. */
async function recallAsk(live: Live, call: AskCall, poller: string | null): Promise<AskRecord | null> {
  const name = call.continuesFill === null ? poller : fillName(call.continuesFill);
  if (name === null) return null;
  const record = await live.coordination.asks.recall(name);
  if (record === null || record.key !== call.resolved.request.key) return null;
  // What an older epoch asked for, an older epoch's verification would satisfy; nothing of that counts any more (I11).
  const epoch = await live.epochs.run(() => live.coordination.ticks.epoch());
  return record.requirement.after >= epochStart(epoch) ? record : null;
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
    if (status.state === 'vanished') return { kind: 'over' };
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

/** The work this ask waited for failed. That is its answer; the ask after it is a new one. */
async function staleOrFailure(
  live: Live,
  call: AskCall,
  earlier: AskRecord,
  { poller, failure }: { readonly poller: string | null; readonly failure: Failure },
): Promise<Resolved1> {
  const { asks } = live.coordination;
  await asks.forget(fillName(earlier.fillId));
  if (poller !== null) await asks.forget(poller);
  if (failure.retryable) {
    const { request, policy } = call.resolved;
    const stale = await orNull(
      live.resolver.resolve({ request, policy, cachedOnly: true, continues: earlier.requirement }, waitOf(call)),
      'PQ_NOT_CACHED',
    );
    if (stale?.kind === 'answer') return stale;
  }
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
