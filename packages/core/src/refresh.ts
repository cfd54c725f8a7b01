/**
 * A refresh: the entries of one dataset are proved right, or loaded, before anybody asks. It decides nothing about what
 * may be answered: it asks for the same work as a caller who came at the due time, behind all callers, a few at a time.
 *
 *   due ─ since := clock ─ each entry at its moment (refresh-agenda.ts)
 *           nobody read it lately, and nobody named it ────────▶ unread
 *           this configuration would not make it ──────────────▶ foreign
 *           work that began after `since` proved it ───────────▶ fresh
 *           being loaded, and the schedule is an interval ─────▶ joined
 *           else a probe, or a fill ───────────────────────────▶ verified, loaded, failed
 *
 * `since` is one tick for the whole refresh and goes with its job: a refresh that another worker continues, or that
 * runs twice, finds what was done. A source that is paused, cools down or cannot be reached is waited for until the next
 * refresh is due; what had no turn until then is late.
 */
import { awaitOutcome, type AwaitDeps } from './await-outcome.ts';
import type { Epochs } from './epoch.ts';
import { targetOf } from './look.ts';
import { isParqueueError, ParqueueError, toFailure, type ErrorCode } from './model/errors.ts';
import { canVerifyByProbe, satisfies, type Requirement } from './model/freshness.ts';
import type { Job, Outcome } from './model/job.ts';
import type { CanonicalRequest, ResolvedRequest } from './model/request.ts';
import { epochStart, type Tick } from './model/ticks.ts';
import { isEpochLost, type Look, type Retirement } from './ports/coordination.ts';
import type { Cooling } from './ports/cooling.ts';
import type { Entries } from './ports/entries.ts';
import { REFRESH_OUTCOMES, type RefreshOutcome, type RefreshReport } from './ports/refreshes.ts';
import type { OnStep } from './ports/steps.ts';
import type { GenerationReader } from './ports/store.ts';
import type { JobRef } from './ports/work.ts';
import { Agenda, type AgendaItem } from './refresh-agenda.ts';

export interface RefreshDeps extends AwaitDeps {
  readonly entries: Pick<Entries, 'list'>;
  readonly retirement: Pick<Retirement, 'gate'>;
  readonly reader: Pick<GenerationReader, 'inspect'>;
  readonly cooling: Pick<Cooling, 'read'>;
  readonly epochs: Pick<Epochs, 'run'>;
  readonly onStep: OnStep;
}

/** What is to be refreshed, as the configuration says. */
export interface RefreshPlan {
  readonly dataset: string;
  /** Datasets that ask the same, itself among them: what one had loaded is an entry of each. */
  readonly alike: readonly string[];
  readonly source: string;
  /**
   * A load that runs when the refresh is due is as good as another. So it is for an interval; a time of day may mean that
   * something is complete by then, which a load that began before cannot have seen.
   */
  readonly joinsRunning: boolean;
  readonly jitterMs: number;
  /** null: whether anybody reads an entry does not matter. */
  readonly readWithinMs: number | null;
  /** Entries worked on at a time. */
  readonly lanes: number;
  /** Requests that are refreshed although nobody asked. */
  readonly always: readonly ResolvedRequest[];
  /** The request of an entry made again; null where the configuration would not make it. */
  readonly again: (canonical: CanonicalRequest) => ResolvedRequest | null;
}

export interface RefreshRun {
  /** The clock when the refresh began; null: it begins now. */
  readonly since: Tick | null;
  readonly onSince: (since: Tick) => Promise<void>;
  /** By this host's clock, as is `endsAtMs`: the next refresh is due, and this one is over. */
  readonly beganAtMs: number;
  readonly endsAtMs: number;
  readonly onEntry: (outcome: RefreshOutcome) => void;
  /** Aborted: this worker lets go. */
  readonly signal: AbortSignal;
}

const PAGE_KEYS = 500;
/** How long until it is looked again whether what stood in the way is over. */
const PAUSES_MS: Partial<Record<ErrorCode, number>> = {
  PQ_COORDINATION_DOWN: 2_000,
  PQ_QUEUE_FULL: 2_000,
  PQ_SOURCE_PAUSED: 5_000,
  PQ_SOURCE_UNAVAILABLE: 15_000,
};
const RECONCILIATION_PAUSE_MS = 1_000;
const ASKS_MAX = 5;
const ASK_AGAIN_MS = 200;
const LASTING: ReadonlySet<Outcome['kind']> = new Set<Outcome['kind']>(['committed', 'verified', 'satisfied']);

export class Refresher {
  readonly #deps: RefreshDeps;

  constructor(deps: RefreshDeps) {
    this.#deps = deps;
  }

  /** null: this worker had to let go; another one continues. */
  async run(plan: RefreshPlan, run: RefreshRun): Promise<RefreshReport | null> {
    const { clock, onStep } = this.#deps;
    const over = new AbortController();
    const until = AbortSignal.any([run.signal, over.signal]);
    const alarm = clock.sleep(Math.max(0, run.endsAtMs - clock.now()), until).then(
      () => over.abort('the next refresh is due'),
      () => undefined,
    );
    const tally = new Tally(plan.dataset, run.onEntry);
    try {
      const items = await this.#patiently(() => this.#deps.epochs.run(() => this.#items(plan, tally)), {
        tally,
        until,
      });
      const since = run.since ?? (await this.#patiently(() => this.#clockNow(plan), { tally, until }));
      if (items !== null && since !== null) {
        if (run.since === null) await run.onSince(since);
        await onStep('refresh-started', { dataset: plan.dataset, entries: items.length, since });
        const agenda = new Agenda(items, { beganAtMs: run.beganAtMs, jitterMs: plan.jitterMs });
        const lane = (): Promise<void> => this.#lane(agenda, { plan, since, tally, until });
        await Promise.all(Array.from({ length: plan.lanes }, lane));
        tally.add('late', agenda.left);
      }
    } finally {
      over.abort('the refresh is over');
      await alarm;
    }
    return run.signal.aborted ? null : tally.report();
  }

  /** The entries to refresh; those that are left out are told at once. */
  async #items(plan: RefreshPlan, tally: Tally): Promise<readonly AgendaItem[]> {
    const { entries, retirement } = this.#deps;
    const { dataset, alike } = plan;
    const { reconciledAtMs, nowMs } = await retirement.gate();
    // Before the pass of a new epoch is complete, Redis knows some of the entries only.
    if (reconciledAtMs === null) throw new Reconciling();
    const items = new Map(
      plan.always.map((request) => [request.key, { key: request.key, request, fence: null, verifiedAtMs: 0 }]),
    ) as Map<string, AgendaItem>;
    let unread = 0;
    let after: string | null = null;
    do {
      const page = await entries.list({ prefix: '', dataset, alike, limit: PAGE_KEYS, after });
      for (const { key, head, lastReadAtMs } of page.entries) {
        const named = items.get(key);
        // Redis forgets reads with all else: what it does not know counts as read when this epoch knew its entries.
        const readAtMs = lastReadAtMs ?? reconciledAtMs;
        if (named === undefined && plan.readWithinMs !== null && readAtMs < nowMs - plan.readWithinMs) unread += 1;
        else
          items.set(key, { key, request: named?.request ?? null, fence: head.fence, verifiedAtMs: head.verifiedAtMs });
      }
      after = page.next;
    } while (after !== null);
    tally.add('unread', unread);
    return [...items.values()];
  }

  /** Any look tells the clock. */
  async #clockNow({ dataset }: RefreshPlan): Promise<Tick> {
    const { epochs, heads } = this.#deps;
    const look = await epochs.run(() =>
      heads.look({ key: '', scopes: [`dataset:${dataset}`], probeTargets: [] }, null),
    );
    return Math.max(look.seen.clock, epochStart(look.seen.epoch));
  }

  async #lane(agenda: Agenda, work: Work): Promise<void> {
    const { clock } = this.#deps;
    while (!work.until.aborted) {
      const next = agenda.take(clock.now());
      if (next === null) return;
      if ('waitMs' in next) {
        await clock.sleep(next.waitMs, work.until).catch(() => undefined);
        continue;
      }
      const tried = await this.#try(() => this.#refresh(next, work), work);
      // What fails for itself alone, each time and for hours, keeps nobody else from their turn.
      if (tried === 'again') agenda.putBack(next);
      else if (tried !== null) work.tally.add(tried.done, 1);
      else work.tally.add(work.until.aborted ? 'late' : 'failed', 1);
    }
  }

  async #refresh(item: AgendaItem, { plan, since, until }: Work): Promise<RefreshOutcome> {
    const request = item.request ?? (await this.#requestOf(item, plan));
    if (request === null) return 'foreign';
    const { epochs, heads } = this.#deps;
    await this.#untilCooled(plan.source, until);
    const look = await epochs.run(() => heads.look(targetOf(request), null));
    const requirement = requirementOf(look, since);
    if (satisfies(look.head, requirement)) return 'fresh';
    if (plan.joinsRunning && isBeingLoaded(look)) return 'joined';
    const kind = canVerifyByProbe(look.head, requirement, request.versionKind) ? 'probe' : 'fill';
    const job: Job = { kind, request, requirement, requestId: null, background: true };
    const found = await this.#outcome(job, until);
    const last = found.kind === 'changed' || found.kind === 'absent' ? { ...job, kind: 'fill' as const } : null;
    return outcomeOf(last === null ? found : await this.#outcome(last, until), look.head?.fence ?? null);
  }

  /**
   * A job that an earlier refresh left waiting, or running, is joined; where it was not enough another one is asked for.
   * A job's outcome is there before the queue is done with it, so the same one may be joined once more.
   */
  async #outcome(job: Job, signal: AbortSignal): Promise<Outcome> {
    const { epochs, heads, clock } = this.#deps;
    for (let asks = 1; ; asks += 1) {
      let joined = false;
      const onJob = (ref: JobRef): void => void (joined = ref.joined);
      const outcome = await epochs.run(() => awaitOutcome(job, this.#deps, { onJob, signal }));
      if (!joined || !LASTING.has(outcome.kind) || asks === ASKS_MAX) return outcome;
      const { head } = await epochs.run(() => heads.look(targetOf(job.request), null));
      if (satisfies(head, job.requirement)) return outcome;
      await clock.sleep(ASK_AGAIN_MS, signal);
    }
  }

  /** A head whose manifest cannot be read is noticed, and loaded again, by whoever asks for it. */
  async #requestOf({ key, fence }: AgendaItem, { again }: RefreshPlan): Promise<ResolvedRequest | null> {
    const found = fence === null ? null : await this.#deps.reader.inspect(key, fence);
    return found?.kind === 'whole' ? again(found.manifest.request) : null;
  }

  async #untilCooled(source: string, until: AbortSignal): Promise<void> {
    const { coolingUntilMs, nowMs } = await this.#deps.cooling.read(source);
    if (coolingUntilMs !== null) await this.#deps.clock.sleep(coolingUntilMs - nowMs, until);
  }

  /** Tries again what another time may bring. @returns null where there was no time left, or no use in trying */
  async #patiently<T>(attempt: () => Promise<T>, work: Pick<Work, 'tally' | 'until'>): Promise<T | null> {
    for (;;) {
      const tried = await this.#try(attempt, work);
      if (tried !== 'again') return tried === null ? null : tried.done;
    }
  }

  /** @returns `again` after a pause, where another time may bring it */
  async #try<T>(
    attempt: () => Promise<T>,
    { tally, until }: Pick<Work, 'tally' | 'until'>,
  ): Promise<{ readonly done: T } | 'again' | null> {
    if (until.aborted) return null;
    try {
      return { done: await attempt() };
    } catch (error) {
      if (until.aborted) return null;
      const pauseMs = pauseAfter(error);
      if (!(error instanceof Reconciling)) await this.#tell(error, tally);
      if (pauseMs === null) return null;
      await this.#deps.clock.sleep(pauseMs, until).catch(() => undefined);
      return 'again';
    }
  }

  /** Once for each kind of trouble that follows another: a source may be paused for hours. */
  async #tell(error: unknown, tally: Tally): Promise<void> {
    const failure = toFailure(error);
    if (tally.failed(failure)) await this.#deps.onStep('failed', { at: 'refresh', dataset: tally.dataset, failure });
  }
}

interface Work {
  readonly plan: RefreshPlan;
  readonly since: Tick;
  readonly tally: Tally;
  readonly until: AbortSignal;
}

/** Not an error of anybody: the pass over the store goes on. */
class Reconciling extends Error {
  override readonly name = 'Reconciling';
}

/** Work that began after the refresh was due, and after whatever was marked since. */
function requirementOf({ seen: { soft, hard, epoch } }: Look, since: Tick): Requirement {
  return { after: Math.max(since, soft, hard, epochStart(epoch)), hardAfter: hard };
}

/** What is loaded may satisfy who asks after it: it began after whatever was marked. */
function isBeingLoaded({ lease, seen: { soft, hard } }: Look): boolean {
  return lease !== null && lease.fence > Math.max(soft, hard);
}

/**
 * The head tells that the work is done before its outcome does; which it was, its fence tells.
 * @param before fence of the head there was
 * @throws the failure, so that what another time may bring is tried again
 */
function outcomeOf(outcome: Outcome, before: Tick | null): RefreshOutcome {
  switch (outcome.kind) {
    case 'committed':
      return 'loaded';
    case 'verified':
      return 'verified';
    case 'satisfied':
      return outcome.fence === before ? 'verified' : 'loaded';
    case 'failed':
      throw ParqueueError.from(outcome.failure);
    case 'cancelled':
    case 'changed':
    case 'absent':
      return 'failed';
  }
}

function pauseAfter(error: unknown): number | null {
  if (error instanceof Reconciling) return RECONCILIATION_PAUSE_MS;
  if (isEpochLost(error)) return PAUSES_MS.PQ_COORDINATION_DOWN ?? null;
  return isParqueueError(error) ? (PAUSES_MS[error.code] ?? null) : null;
}

class Tally {
  readonly dataset: string;
  readonly #counts = Object.fromEntries(REFRESH_OUTCOMES.map((outcome) => [outcome, 0])) as Record<
    RefreshOutcome,
    number
  >;
  readonly #onEntry: (outcome: RefreshOutcome) => void;
  #lastFailure: RefreshReport['lastFailure'] = null;

  constructor(dataset: string, onEntry: (outcome: RefreshOutcome) => void) {
    this.dataset = dataset;
    this.#onEntry = onEntry;
  }

  add(outcome: RefreshOutcome, entries: number): void {
    this.#counts[outcome] += entries;
    for (let told = 0; told < entries; told += 1) this.#onEntry(outcome);
  }

  /** @returns whether the last failure was of another kind. */
  failed({ code, message }: Pick<ParqueueError, 'code' | 'message'>): boolean {
    const before = this.#lastFailure?.code;
    this.#lastFailure = { code, message };
    return before !== code;
  }

  report(): RefreshReport {
    return { counts: { ...this.#counts }, lastFailure: this.#lastFailure };
  }
}
