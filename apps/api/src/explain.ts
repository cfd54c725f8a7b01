/** One entry explained: what is known, since when, by whose work, and what is under way. */
import { epochOf, type Manifest } from '@parqueue/core';
import { BROWSER_STATES } from '@parqueue/core/redis';
import type { Principal } from './auth.ts';
import type { ApiContext } from './context.ts';
import { lookAtEntry } from './entry-access.ts';
import { explainParts } from './explain-parts.ts';
import { headView, isoTime } from './views/entry-view.ts';
import { coolingView } from './views/source-view.ts';
import { fillView } from './views/fill-view.ts';

const FILLS_SHOWN = 10;
/** Jobs are listed newest first and for all keys. */
const JOBS_SEARCHED = 200;

export async function explainEntry(context: ApiContext, principal: Principal, key: string) {
  const { look, head } = await lookAtEntry(context, principal, key, null);
  const { seen } = look;
  const [inspection, retired, pins, fills, mark, headFile, cooling] = await Promise.all([
    context.store.reader.inspect(key, head.fence),
    context.link.run(({ coordination }) => coordination.entries.retired(key)),
    context.link.run(({ coordination }) => coordination.entries.pinCount(key)),
    context.link.run(({ coordination }) =>
      coordination.jobBrowser.list({ states: BROWSER_STATES, kinds: ['fill', 'probe'], limit: JOBS_SEARCHED }),
    ),
    context.store.marks.readMark(key),
    context.store.marks.readHead(key),
    context.link.run(({ coordination }) => coordination.cooling.read(head.source)),
  ]);
  const manifest = inspection.kind === 'whole' ? inspection.manifest : null;
  const ageMs = Math.max(0, look.nowMs - head.verifiedAtMs);
  return {
    key,
    why: reasons({
      damaged: head.damaged,
      verified: head.verified,
      fence: head.fence,
      seen,
      reconciled: look.reconciled,
      ageMs,
      cooling: coolingView(cooling)?.until ?? null,
    }),
    head: headView(head),
    ageSeconds: ageMs / 1000,
    files: inspection.kind === 'damaged' ? { state: 'damaged', reason: inspection.reason } : { state: inspection.kind },
    ticks: {
      epoch: seen.epoch,
      started: seen.started,
      verified: head.verified,
      filled: head.fence,
      soft: seen.soft,
      hard: seen.hard,
      purge: seen.purge,
      latestFence: look.latestFence,
    },
    reconciled: look.reconciled,
    source: { name: head.source, cooling: coolingView(cooling) },
    ...(manifest === null ? {} : await explainParts(context, manifest)),
    lease: look.lease === null ? null : { ...look.lease, expiresAt: isoTime(look.lease.expiresAtMs) },
    retired: retired.map(({ fence, retiredAtMs }) => ({ generation: fence, retiredAt: isoTime(retiredAtMs) })),
    pins,
    fills: fills
      .filter((job) => job.key === key)
      .slice(0, FILLS_SHOWN)
      .map((job) => ({ ...fillView(job), dataset: head.dataset })),
    store: { mark, headFile },
    manifest: manifest === null ? null : { ...manifestView(manifest), dataset: head.dataset },
  };
}

/** Bind values and the arguments of a wrapped function stay out: they may be personal. */
function manifestView({ request, ...rest }: Manifest) {
  const { question } = request;
  if (question.kind === 'file') return { ...rest, request };
  if (question.kind === 'wrapped') {
    const { arguments: _arguments, ...named } = question;
    return { ...rest, request: { ...request, question: named } };
  }
  const binds = Object.fromEntries(Object.entries(question.binds).map(([name, { type }]) => [name, { type }]));
  return { ...rest, request: { ...request, question: { ...question, binds } } };
}

interface Standing {
  readonly damaged: string | null;
  readonly verified: number;
  readonly fence: number;
  readonly seen: { readonly epoch: number; readonly soft: number; readonly hard: number; readonly started: number };
  readonly reconciled: boolean;
  readonly ageMs: number;
  /** Until when the source is not asked, ISO 8601. */
  readonly cooling: string | null;
}

function reasons({ damaged, verified, fence, seen, reconciled, ageMs, cooling }: Standing): readonly string[] {
  const told: string[] = [];
  if (damaged !== null) told.push(`a reader found the files damaged (${damaged}): the next ask fills again`);
  if (!reconciled)
    told.push('Redis forgot since, and the key was not compared with the store yet: the next probe or fill does so');
  if (fence <= seen.hard) told.push('a hard invalidation is newer than the generation: only a new fill will answer');
  else if (verified <= seen.soft)
    told.push('a soft invalidation is newer than the last verification: the next ask verifies');
  if (epochOf(verified) < seen.epoch)
    told.push('Redis was restarted or emptied since the last verification: the next ask verifies');
  else if (verified < seen.started) told.push('a probe or fill has begun since the last verification');
  if (cooling !== null) told.push(`the source failed repeatedly and is not asked before ${cooling}`);
  told.push(`last verified by work that began ${Math.round(ageMs / 1000)} s ago`);
  return told;
}
