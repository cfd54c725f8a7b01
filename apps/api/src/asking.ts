/**
 * From a resolved request to a generation whose files were found whole, pinned where the caller wants that (I6, I7, I12).
 */
import { isCallersOwn, isParqueueError, ParqueueError, toFailure } from '@parqueue/core';
import type { Answer, DegradedAnswer, Inspection, Look, Manifest, Span } from '@parqueue/core';
import { CallerLeft, type AskCall } from './caller.ts';
import type { ApiContext } from './context.ts';
import { resolveContinued } from './continued-ask.ts';
import type { Live } from './coordination-link.ts';
import { damageReason, type RequestOutcome } from './metrics.ts';
import { releasePin, TRANSFER_PIN_TTL_MS } from './pin-keeper.ts';

export interface Found {
  readonly kind: 'found';
  readonly answer: Answer;
  readonly manifest: Manifest;
  readonly live: Live;
  /** Gives the pin back if there is one; never throws. */
  release(): Promise<void>;
}

/** Found without Redis: nothing was proved, and nothing is pinned. */
export interface FoundDegraded extends Omit<DegradedAnswer, 'kind'> {
  readonly kind: 'degraded';
  readonly key: string;
}

export type Asked = Found | FoundDegraded | { readonly kind: 'pending'; readonly fillId: string };

/** A damaged generation is found, replaced, and found whole; damaged twice, the store is at fault. */
const DAMAGED_MAX = 2;

export async function ask(context: ApiContext, call: AskCall): Promise<Asked> {
  return await observed(context, call, async (span) => {
    try {
      return await askWhole(context, { ...call, span });
    } catch (error) {
      return await askDegraded(context, call, error);
    }
  });
}

/** After something failed behind an answer that was found already. @throws the error, where that was not Redis */
export async function askAgainDegraded(context: ApiContext, call: AskCall, error: unknown): Promise<FoundDegraded> {
  return await observed(context, call, () => askDegraded(context, call, error));
}

/**
 * Instead of an answer for which Redis is needed. A caller who wants a pin cannot have one.
 * @throws the error, where it is another one; PQ_COORDINATION_DOWN, which says why there is no answer
 */
async function askDegraded({ link, degraded }: ApiContext, call: AskCall, error: unknown): Promise<FoundDegraded> {
  const { resolved, pinTtlMs } = call;
  const { request } = resolved;
  if (!isForWantOfRedis(error)) throw error;
  link.suspect(error);
  if (pinTtlMs !== null) throw error;
  return { ...(await degraded.resolve(request, resolved, error)), kind: 'degraded', key: request.key };
}

/** The store alone may still answer; not where it was asked already, and the error says why it did not. */
export function isForWantOfRedis(error: unknown): error is ParqueueError {
  return isParqueueError(error) && error.code === 'PQ_COORDINATION_DOWN' && error.details['degraded'] === undefined;
}

/** Counts what became of an ask, and how long that took. */
async function observed<T extends Asked>(
  context: ApiContext,
  call: AskCall,
  work: (span: Span | null) => Promise<T>,
): Promise<T> {
  const { metrics, clock } = context;
  const began = clock.now();
  const { key, dataset: name } = call.resolved.request;
  const dataset = metrics.datasetLabel(name);
  const span = spanOf(context, call);
  let outcome: RequestOutcome | null = 'error';
  let failure: string | null = null;
  try {
    const asked = await work(span);
    outcome = outcomeOf(asked);
    const ageMs = ageOf(asked);
    if (ageMs !== null) metrics.answerAgeSeconds.observe({ dataset }, ageMs / 1000);
    if (asked.kind === 'found') context.degraded.remember(key, asked.answer.head);
    return asked;
  } catch (error) {
    if (error instanceof CallerLeft) outcome = null;
    else {
      const told = toFailure(error);
      failure = told.code;
      if (isCallersOwn(told, name)) outcome = 'refused';
    }
    throw error;
  } finally {
    if (outcome !== null) {
      metrics.requests.inc({ dataset, outcome });
      // The page tells how a dataset's asks ended, whosever fault it is.
      context.asks.count(name, outcome === 'refused' ? 'error' : outcome);
    }
    metrics.resolveSeconds.observe((clock.now() - began) / 1000);
    span?.set({ 'parqueue.key': key, 'parqueue.dataset': dataset, 'parqueue.outcome': outcome ?? 'pending' });
    span?.end(failure);
  }
}

function spanOf({ tracer }: ApiContext, { span }: AskCall): Span | null {
  if (tracer === null || span === null) return null;
  return tracer.start({ name: 'resolve', kind: 'internal', parent: span.traceparent, attributes: {} });
}

function outcomeOf(asked: Asked): RequestOutcome | null {
  if (asked.kind === 'pending') return null;
  if (asked.kind === 'degraded') return 'stale';
  const { cache, collapsed } = asked.answer;
  if (cache === 'stale') return 'stale';
  if (cache === 'miss') return collapsed ? 'collapsed' : 'miss';
  return 'hit';
}

function ageOf(asked: Asked): number | null {
  if (asked.kind === 'pending') return null;
  if (asked.kind === 'degraded') return asked.ageMs;
  const { look, head } = asked.answer;
  return Math.max(0, look.nowMs - head.verifiedAtMs);
}

/**
 * An ask without a pin costs one step in Redis, and its generation may go between that step and the look at its files:
 *   look → g1; g2 is committed; g1's grace ends, gc removes it; inspect g1 → absent
 * Nothing is damaged then, and the ask is repeated with a pin. Only what is still the head and is not there is lost.
 */
async function askWhole(context: ApiContext, call: AskCall): Promise<Asked> {
  const live = context.link.current();
  const beforeWork = (look: Look): Promise<void> => refuseMissWithoutFill(context, call, look);
  let { pinTtlMs } = call;
  for (let damaged = 0; ;) {
    const resolution = await resolveContinued(live, { ...call, pinTtlMs }, beforeWork);
    if (resolution.kind === 'pending') return resolution;
    const { key, head, pin } = resolution;
    const release = async (): Promise<void> => (pin === null ? undefined : releasePin(live, pin, context));
    let found: Inspection | null = null;
    try {
      found = await context.store.reader.inspect(key, head.fence);
    } finally {
      if (found?.kind !== 'whole') await release();
    }
    if (found.kind === 'whole') return { kind: 'found', answer: resolution, manifest: found.manifest, live, release };
    if (found.kind === 'absent' && pin === null && !(await isHead(live, resolution))) {
      pinTtlMs = TRANSFER_PIN_TTL_MS;
      continue;
    }
    await reportDamage(context, live, { key, fence: head.fence }, reasonOf(found));
    damaged += 1;
    if (damaged === DAMAGED_MAX) {
      throw new ParqueueError(
        'PQ_STORE_IO',
        `the files of entry ${key} were damaged again right after they were replaced: look at the store's filesystem`,
      );
    }
  }
}

async function isHead(live: Live, { key, head }: Answer): Promise<boolean> {
  const target = { key, scopes: [], probeTargets: [] };
  const look = await live.epochs.run(() => live.coordination.heads.look(target, null));
  return look.head?.fence === head.fence;
}

function reasonOf(inspection: Exclude<Inspection, { kind: 'whole' }>): string {
  return inspection.kind === 'absent' ? 'the generation is absent from the store' : inspection.reason;
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
  await reportDamage(context, live, ref, reasonOf(inspection));
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

/**
 * A key without `fill` may use what is there, its verification included; it may not make an entry come into being.
 * While the key is unreconciled Redis cannot say whether there is one; the store's own pointer then tells.
 */
async function refuseMissWithoutFill(
  { store }: ApiContext,
  { principal, resolved: { request } }: AskCall,
  look: Look,
): Promise<void> {
  if (principal.scopes.has('fill')) return;
  if (look.head !== null && look.head.damaged === null) return;
  if (!look.reconciled && (await store.marks.readHead(request.key)) !== null) return;
  throw new ParqueueError(
    'PQ_FORBIDDEN',
    'this is not in the cache, and this API key may not start loads (scope fill)',
  );
}
