/**
 * From a resolved request to a generation whose files were found whole, pinned for this caller (I7, I12).
 */
import { ParqueueError, toFailure } from '@parqueue/core';
import type { Answer, Manifest } from '@parqueue/core';
import { CallerLeft, type AskCall } from './caller.ts';
import type { ApiContext } from './context.ts';
import { resolveContinued } from './continued-ask.ts';
import type { Live } from './coordination-link.ts';
import { damageReason, type RequestOutcome } from './metrics.ts';

export interface Found {
  readonly kind: 'found';
  readonly answer: Answer;
  readonly manifest: Manifest;
  readonly live: Live;
  /** Gives the pin back; never throws. */
  release(): Promise<void>;
}

export type Asked = Found | { readonly kind: 'pending'; readonly fillId: string };

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
  } catch (error) {
    if (error instanceof CallerLeft) outcome = null;
    throw error;
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
    const resolution = await resolveContinued(live, call);
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
