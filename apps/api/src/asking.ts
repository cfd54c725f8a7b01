/**
 * From a resolved request to a generation whose files were found whole, pinned where the caller wants that (I6, I7, I12).
 */
import { ParqueueError, toFailure } from '@parqueue/core';
import type { Answer, Inspection, Look, Manifest, Span } from '@parqueue/core';
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

export type Asked = Found | { readonly kind: 'pending'; readonly fillId: string };

/** A damaged generation is found, replaced, and found whole; damaged twice, the store is at fault. */
const DAMAGED_MAX = 2;

export async function ask(context: ApiContext, call: AskCall): Promise<Asked> {
  const { metrics, clock } = context;
  const began = clock.now();
  const { key, dataset: name } = call.resolved.request;
  const dataset = metrics.datasetLabel(name);
  const span = spanOf(context, call);
  let outcome: RequestOutcome | null = 'error';
  let failure: string | null = null;
  try {
    const asked = await askWhole(context, { ...call, span });
    outcome = asked.kind === 'pending' ? null : outcomeOf(asked.answer);
    if (asked.kind === 'found') {
      const { look, head } = asked.answer;
      metrics.answerAgeSeconds.labels(dataset).observe(Math.max(0, look.nowMs - head.verifiedAtMs) / 1000);
    }
    return asked;
  } catch (error) {
    if (error instanceof CallerLeft) outcome = null;
    else failure = toFailure(error).code;
    throw error;
  } finally {
    if (outcome !== null) {
      metrics.requests.labels(dataset, outcome).inc();
      context.asks.count(name, outcome);
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

function outcomeOf({ cache, collapsed }: Answer): RequestOutcome {
  if (cache === 'stale') return 'stale';
  if (cache === 'miss') return collapsed ? 'collapsed' : 'miss';
  return 'hit';
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
