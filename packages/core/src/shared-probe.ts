/**
 * Asking for the version of a request at the least cost to its source: parts that somebody else asked late enough are
 * taken from their records, the others are asked under one tick, and that is recorded for everybody.
 *
 *   read the records ─ all above `after` ──────────────────────────▶ composed; the source is not touched
 *        │ some missing ─ asked right now, here or elsewhere ─ wait ▶ read again
 *        └ take the tick (`started` of key and missing targets) ─ ask the missing parts ─ record them at that tick
 *   either way: the version is as young as its oldest part, so the verified tick is the minimum over the parts.
 *
 * Why a record with tick t may serve a caller with `after` < t, and no other (I13). A caller's `after` is at least `started`
 * of each of its targets as seen when it arrived, and `started` of the target was t before the source was touched:
 *
 *   1. Keys K and L share table A. K's probe takes 51 (started[A] = 51), touches A, records A@51. Ann asks for L after that
 *      tick: her after is 51, A@51 does not serve her. Bob asked for L before it: his after is at most 50, and whatever
 *      the probe saw, it saw later than his question. `t >= after` instead would serve Ann with a look made before she asked.
 *   2. Join of A and B. A@51 is known, B is asked under 60. Cy asked for another key of A between the two, his after is 55.
 *      The join's head is verified at 51, not 60: of A nothing is known from later than 51. With the maximum the next look
 *      at the join would hide a change of A between 51 and 60 from everyone who asked in between.
 *      That A and B were seen at different moments is harmless as long as versions do not recur: the head shows both at
 *      one moment m. If m is before both looks, both still held at the earlier look; if after, m itself is late enough.
 *   3. K's probe takes 51 for A and stalls. L's probe takes 52 for A, sees the change, records A@52. Then K's ends with the
 *      old version: its record is refused (raise-only), its own proof is for 51 and those who asked before it.
 *   4. The epoch ends in between. Every after is at least the new epoch's start, every tick of the old one is below it:
 *      records that survived serve nobody. Recording or taking a tick under the old marker fails, and the job starts over.
 *   5. A probe fails. Its tick stays in `started` and there is no record: callers from now on need a later one; those before
 *      hear of the failure, which began after they asked.
 *   6. Table A is marked at 55, softly or hard. Whoever asks from then on has after >= 55 and needs a look from after the mark;
 *      who asked before may still be served by A@51. `hardAfter` does not enter here: it is about rows, and is compared
 *      with the fence of the head that the version proves right.
 *   7. A fill reads part versions in its snapshot. They are not recorded under its fence: a grant raises `started` of its key
 *      only, so Ann could have asked for another key of the table after the fence was taken and before the table was touched.
 */
import type { PartFlight, PartFlights } from './part-flights.ts';
import type { Failure } from './model/errors.ts';
import { partOf, partQuestion, readsAt, versionOfParts, type PartQuestion } from './model/parts.ts';
import type { ResolvedRequest } from './model/request.ts';
import type { Tick } from './model/ticks.ts';
import type { Version } from './model/version.ts';
import type { Clock } from './ports/clock.ts';
import type { Ticks } from './ports/coordination.ts';
import type { PartRecord, Parts, PartsSeen } from './ports/parts.ts';
import type { OnStep } from './ports/steps.ts';
import type { ProbeReport, SourceWork, WorkContext } from './ports/work.ts';

export interface SharedProbeDeps {
  readonly ticks: Pick<Ticks, 'startProbe'>;
  readonly parts: Parts;
  readonly work: Pick<SourceWork, 'probe'>;
  /** One per process. */
  readonly flights: PartFlights;
  readonly clock: Clock;
  readonly onStep: OnStep;
}

export interface ProbeWish {
  readonly request: ResolvedRequest;
  /** Only what began after this tick serves. */
  readonly after: Tick;
  readonly jobId: string;
  readonly context: Pick<WorkContext, 'signal' | 'onProgress' | 'onStatement'>;
}

export type ProbeFinding =
  | { readonly kind: 'version'; readonly version: Version; readonly tick: Tick; readonly beganAtMs: number }
  | { readonly kind: 'failed'; readonly failure: Failure }
  /** The job's signal aborted. */
  | { readonly kind: 'stopped' };

/**
 * A probe is announced for twice the time that its parts took last: one that nothing was heard of by then is not waited for,
 * because its process may have died. Nobody waits longer than the longest.
 */
const ANNOUNCED_LEAST_MS = 15_000;
const ANNOUNCED_MOST_MS = 300_000;
const WAIT_FIRST_MS = 20;
const WAIT_LONGEST_MS = 500;

export async function probeShared(wish: ProbeWish, deps: SharedProbeDeps): Promise<ProbeFinding> {
  const question = partQuestion(wish.request);
  if (question === null) return await askWhole(wish, deps);
  const { parts, flights, clock } = deps;
  const { after, context } = wish;
  /** Each flight is waited for once: one that landed without a record will not bring it any more. */
  const joined = new Set<PartFlight>();
  const giveUpAtMs = clock.now() + ANNOUNCED_MOST_MS;
  for (let pauseMs = WAIT_FIRST_MS; ; pauseMs = Math.min(2 * pauseMs, WAIT_LONGEST_MS)) {
    if (context.signal.aborted) return { kind: 'stopped' };
    // Before the records are read: a flight that lands meanwhile has written them by then.
    const flying = flights.over(question);
    const seen = await parts.read(question);
    const known = recordsAfter(after, question, seen);
    const missing = { ...question, targets: question.targets.filter((target) => !known.has(target)) };
    if (missing.targets.length === 0) return await composed(wish, known, deps);
    const flight = [...flying, ...flights.over(missing)].find(
      (candidate) => !joined.has(candidate) && missing.targets.some((target) => candidate.targets.has(target)),
    );
    if (flight !== undefined) {
      joined.add(flight);
      const end = await untilAborted(flight.ending(after), context.signal);
      if (end?.kind === 'failed') return end;
    } else if (clock.now() < giveUpAtMs && isAnnounced(missing, after, seen)) {
      await clock.sleep(pauseMs, context.signal).catch(() => undefined);
    } else {
      const announcedMs = announcementOf(missing, seen);
      return await flights.fly(missing, (own) => ask(wish, { missing, known, flight: own, announcedMs }, deps));
    }
  }
}

type KnownParts = ReadonlyMap<string, PartRecord>;

function recordsAfter(after: Tick, { targets }: PartQuestion, { parts }: PartsSeen): KnownParts {
  return new Map(
    targets.flatMap((target) => {
      const record = parts[target]?.record ?? null;
      return record !== null && record.tick > after ? [[target, record] as const] : [];
    }),
  );
}

/** Another process asks for all that is missing, or for a part of it, late enough. */
function isAnnounced({ targets }: PartQuestion, after: Tick, { parts }: PartsSeen): boolean {
  return targets.some((target) => (parts[target]?.running?.tick ?? 0) > after);
}

function announcementOf({ targets }: PartQuestion, { parts }: PartsSeen): number {
  const lastMs = targets.reduce((sum, target) => sum + (parts[target]?.record?.costMs ?? 0), 0);
  return Math.min(ANNOUNCED_MOST_MS, Math.max(ANNOUNCED_LEAST_MS, Math.ceil(2 * lastMs)));
}

async function composed(wish: ProbeWish, known: KnownParts, { onStep }: SharedProbeDeps): Promise<ProbeFinding> {
  const versions = Object.fromEntries([...known].map(([target, { version }]) => [target, version]));
  const version = versionOfParts(wish.request, versions) ?? '';
  const { tick, beganAtMs } = oldestOf([...known.values()]);
  await onStep('probe-shared', { key: wish.request.key, jobId: wish.jobId, tick, parts: known.size });
  return { kind: 'version', version, tick, beganAtMs };
}

/** Redis's time may be set back between two probes, so tick and time are each the least by itself. */
function oldestOf(proofs: readonly { readonly tick: Tick; readonly beganAtMs: number }[]): {
  readonly tick: Tick;
  readonly beganAtMs: number;
} {
  return {
    tick: Math.min(...proofs.map(({ tick }) => tick)),
    beganAtMs: Math.min(...proofs.map(({ beganAtMs }) => beganAtMs)),
  };
}

interface Asking {
  readonly missing: PartQuestion;
  readonly known: KnownParts;
  readonly flight: PartFlight;
  readonly announcedMs: number;
}

async function ask(wish: ProbeWish, asking: Asking, deps: SharedProbeDeps): Promise<ProbeFinding> {
  const { missing, known, flight, announcedMs: forMs } = asking;
  const { request } = wish;
  const { source } = request;
  const target = { key: request.key, scopes: request.scopes, probeTargets: missing.targets };
  const { tick, nowMs } = await deps.ticks.startProbe(target, { asked: missing.asked, forMs });
  flight.took(tick);
  const versions = Object.fromEntries([...known].map(([name, { version }]) => [partOf(name, source), version]));
  const report = await touch(wish, { tick, known: versions }, deps);
  if (report === null || report.kind === 'failed') {
    await takeBack(missing, tick, deps);
    if (report === null) return { kind: 'stopped' };
    flight.land(report);
    return report;
  }
  const found = missing.targets.flatMap((name) => {
    const part = report.parts[partOf(name, source)];
    return part === undefined ? [] : [[name, part] as const];
  });
  for (const [name, tables] of Object.entries(readsAt(source, report.reads))) await deps.parts.learn(name, tables);
  await deps.parts.record(missing, { tick, beganAtMs: nowMs, parts: Object.fromEntries(found) });
  flight.land({ kind: 'found' });
  return { kind: 'version', version: report.version, ...oldestOf([...known.values(), { tick, beganAtMs: nowMs }]) };
}

/** Whatever has no parts of its own is asked as a whole. */
async function askWhole(wish: ProbeWish, deps: SharedProbeDeps): Promise<ProbeFinding> {
  const { key, scopes, probeTargets } = wish.request;
  const { tick, nowMs } = await deps.ticks.startProbe({ key, scopes, probeTargets });
  const report = await touch(wish, { tick, known: {} }, deps);
  if (report === null) return { kind: 'stopped' };
  return report.kind === 'failed' ? report : { kind: 'version', version: report.version, tick, beganAtMs: nowMs };
}

/** @returns null where the job was stopped meanwhile: what it found is nobody's. */
async function touch(
  { request, jobId, context }: ProbeWish,
  at: { readonly tick: Tick; readonly known: Readonly<Record<string, string>> },
  { work, onStep }: SharedProbeDeps,
): Promise<ProbeReport | null> {
  const { tick, known } = at;
  await onStep('probe-started', { key: request.key, jobId, tick });
  const report = await work.probe(request, { ...context, known, onStep: () => undefined });
  if (context.signal.aborted) return null;
  await onStep('probe-finished', { key: request.key, jobId, tick, report: report.kind });
  return report;
}

/** Others need not wait any longer. An announcement that cannot be taken back ends by itself. */
async function takeBack(missing: PartQuestion, tick: Tick, { parts }: SharedProbeDeps): Promise<void> {
  await parts.record(missing, { tick, beganAtMs: 0, parts: {} }).catch(() => undefined);
}

/** Null as soon as the signal aborts. */
async function untilAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T | null> {
  if (signal.aborted) return null;
  return await new Promise((resolve, reject) => {
    const onAbort = (): void => resolve(null);
    signal.addEventListener('abort', onAbort, { once: true });
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', onAbort));
  });
}
