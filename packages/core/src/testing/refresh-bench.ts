/** A dataset of files, its workers and its refreshes, on the ports in memory and in a time of their own. */
import { Epochs } from '../epoch.ts';
import { Filler } from '../fill.ts';
import { materialize } from '../materialize.ts';
import { cacheKey } from '../model/cache-key.ts';
import { sourcePaused, ParqueueError } from '../model/errors.ts';
import { dedupId, type Job, type Outcome } from '../model/job.ts';
import { DEFAULT_PARQUET, type CanonicalRequest, type ResolvedRequest } from '../model/request.ts';
import { REFRESH_OUTCOMES, type RefreshReport } from '../ports/refreshes.ts';
import type { Source } from '../ports/source.ts';
import type { OnStep } from '../ports/steps.ts';
import type { FillReport, JobQueue, ProbeReport, SourceWork } from '../ports/work.ts';
import { PartFlights } from '../part-flights.ts';
import { BOUNDLESS_ROOM, type Room } from '../room.ts';
import { Prober, type JobRun } from '../probe.ts';
import { reconcileKey, reconcilePass } from '../rebuild.ts';
import { Refresher, type RefreshPlan, type RefreshRun } from '../refresh.ts';
import { MemoryCoordination, MemoryRedis } from './memory/redis.ts';
import { MemoryStore } from './memory-store.ts';
import { Timeline } from './timeline.ts';

export const HOUR_MS = 3_600_000;

export class RefreshBench {
  readonly timeline = new Timeline(1_700_000_000_000);
  readonly redis = new MemoryRedis({ now: this.timeline.now });
  readonly store = new MemoryStore({ storeId: 'refresh' });
  readonly coordination = new MemoryCoordination(this.redis);
  /** Jobs in the order they were asked for, by kind and path. */
  readonly enqueued: string[] = [];
  readonly loads: string[] = [];
  /** Contents of files by path; null: it cannot be reached. */
  readonly files = new Map<string, string | null>();
  readonly lastReads = new Map<string, number>();
  readonly told: string[] = [];
  paused = false;
  /** Awaited before a worker takes a job. */
  beforeJobs: Promise<void> = Promise.resolve();
  /** How long after its work the outcome of a job is told. */
  outcomeAfterMs = 0;
  room: Room = BOUNDLESS_ROOM;
  /** Awaited before rows are read. */
  beforeRows: (path: string) => Promise<void> = async () => undefined;
  readonly #outcomes = new Map<string, Outcome>();
  readonly #jobs = new Map<string, string>();
  #ids = 0;

  readonly epochs = new Epochs({
    register: this.coordination.register,
    store: this.store.epochs,
    clock: this.timeline,
    randomId: () => `id${(this.#ids += 1)}`,
    onStep: () => undefined,
  });

  async open(): Promise<this> {
    await this.epochs.open();
    await reconcilePass(this.#rebuild(), { signal: new AbortController().signal });
    return this;
  }

  request(path: string): ResolvedRequest {
    const canonical: CanonicalRequest = {
      keyFormat: 1,
      sourceKind: 'file',
      sourceIdentity: 'file:/lake',
      columns: null,
      columnTypes: {},
      parquet: DEFAULT_PARQUET,
      question: { kind: 'file', path, format: 'csv', csv: null },
    };
    return {
      key: cacheKey(canonical),
      canonical,
      source: 'lake',
      dataset: 'prices',
      scopes: ['dataset:prices', 'source:lake'],
      probeTargets: [`lake/${path}`],
      versionKind: 'checksum',
      limits: { rowsMax: 1, bytesMax: 1e9, timeoutMs: HOUR_MS },
    };
  }

  /** As a caller would have it loaded. */
  async fill(path: string, content = `${path} 1`): Promise<void> {
    if (!this.files.has(path)) this.files.set(path, content);
    const request = this.request(path);
    const { seen } = await this.coordination.heads.look({ key: request.key, scopes: [], probeTargets: [] }, null);
    await this.run({ kind: 'fill', request, requirement: { after: seen.clock, hardAfter: 0 }, requestId: 'caller' });
    this.lastReads.set(request.key, this.timeline.now());
    this.loads.length = 0;
  }

  plan(parts: Partial<RefreshPlan> = {}): RefreshPlan {
    return {
      dataset: 'prices',
      alike: ['prices'],
      source: 'lake',
      joinsRunning: true,
      jitterMs: 0,
      readWithinMs: 7 * 24 * HOUR_MS,
      lanes: 1,
      always: [],
      again: ({ question }) => (question.kind === 'file' ? this.request(question.path) : null),
      ...parts,
    };
  }

  async refresh(plan = this.plan(), run: Partial<RefreshRun> = {}): Promise<RefreshReport | null> {
    return await this.timeline.until(this.start(plan, run));
  }

  start(plan = this.plan(), run: Partial<RefreshRun> = {}): Promise<RefreshReport | null> {
    const { heads, retirement, cooling } = this.coordination;
    const refresher = new Refresher({
      heads,
      retirement,
      cooling,
      jobs: this.#queue,
      notices: { subscribe: async () => ({ close: async () => undefined }) },
      clock: this.timeline,
      entries: { list: async () => ({ entries: this.#entries(), next: null }) },
      reader: this.store.reader,
      epochs: this.epochs,
      onStep: (name) => void this.told.push(name),
    });
    const beganAtMs = this.timeline.now();
    return refresher.run(plan, {
      since: null,
      onSince: async () => undefined,
      beganAtMs,
      endsAtMs: beganAtMs + HOUR_MS,
      onEntry: () => undefined,
      signal: new AbortController().signal,
      ...run,
    });
  }

  head(path: string) {
    return this.redis.state.keys.get(this.request(path).key)?.head ?? null;
  }

  /** Works on a job as a worker does, lease and all. */
  async run(job: Job): Promise<Outcome> {
    const once = this.#worker(job, () => undefined);
    for (;;) {
      const run = await once(new AbortController().signal);
      if (run.kind === 'done') return run.outcome;
      await this.timeline.sleep(run.kind === 'delayed' ? run.ms : 1);
    }
  }

  /** As one worker does that may be told to stop: what becomes of the job then is the next one's. */
  async runOnce(
    job: Job,
    { signal, onStep }: { readonly signal: AbortSignal; readonly onStep: OnStep },
  ): Promise<JobRun> {
    return await this.#worker(job, onStep)(signal);
  }

  #worker(job: Job, onStep: OnStep): (signal: AbortSignal) => Promise<JobRun> {
    const { heads, ticks, parts, pins, leases } = this.coordination;
    const { directories, marks } = this.store;
    const jobId = `job${(this.#ids += 1)}`;
    const shared = {
      heads,
      ticks,
      parts,
      pins,
      leases,
      directories,
      marks,
      flights: new PartFlights(),
      room: this.room,
      jobs: this.#queue,
      outcomes: { record: async () => undefined },
      epochs: this.epochs,
      clock: this.timeline,
      randomId: () => `id${(this.#ids += 1)}`,
      onStep,
      work: this.#work(),
      reconcile: (key: string) => reconcileKey(key, this.#rebuild()),
    };
    const filler = { ...shared, holder: 'worker', leaseTtlMs: HOUR_MS, outcomePinMs: 1000 };
    const runner = job.kind === 'probe' ? new Prober(shared) : new Filler(filler);
    return (signal) => runner.run(job, { jobId, signal, onProgress: () => undefined });
  }

  readonly #queue: JobQueue = {
    enqueue: async (job) => {
      if (this.paused) throw sourcePaused('lake');
      const known = this.#jobs.get(dedupId(job));
      if (known !== undefined) return { id: known, joined: true };
      const id = `lake.${job.kind}.${(this.#ids += 1)}`;
      this.#jobs.set(dedupId(job), id);
      const { question } = job.request.canonical;
      this.enqueued.push(
        `${job.background === true ? 'background ' : ''}${job.kind} ${question.kind === 'file' ? question.path : ''}`,
      );
      const taken = this.beforeJobs.then(() => this.run(job));
      void taken.then(async (outcome) => {
        if (this.outcomeAfterMs > 0) await this.timeline.sleep(this.outcomeAfterMs);
        this.#jobs.delete(dedupId(job));
        this.#outcomes.set(id, outcome);
      });
      return { id, joined: false };
    },
    status: async (id) => {
      const outcome = this.#outcomes.get(id);
      return outcome === undefined ? { state: 'running', progress: null } : { state: 'finished', outcome };
    },
    cancel: async () => undefined,
  };

  #entries() {
    return [...this.redis.state.keys].flatMap(([key, { head }]) =>
      head === null ? [] : [{ key, head, lastReadAtMs: this.lastReads.get(key) ?? null }],
    );
  }

  #rebuild() {
    const { reconciler, ticks, parts } = this.coordination;
    const { directories, reader } = this.store;
    return { reconciler, ticks, parts, directories, reader, onStep: () => undefined };
  }

  #work(): SourceWork {
    const content = (request: CanonicalRequest): string => {
      const path = request.question.kind === 'file' ? request.question.path : '';
      const found = this.files.get(path);
      if (found === undefined || found === null)
        throw new ParqueueError('PQ_SOURCE_UNAVAILABLE', 'the file server is away');
      return found;
    };
    const source: Source = {
      probe: async (request) => ({ version: `checksum:${content(request)}`, parts: {}, reads: {} }),
      open: async (request, { signal }) => ({
        version: async () => `checksum:${content(request)}`,
        extract: async (target) => {
          const rows = content(request);
          const path = request.question.kind === 'file' ? request.question.path : '';
          this.loads.push(path);
          await Promise.race([this.beforeRows(path), stopped(signal)]);
          const { sha256 } = await this.store.writePart(target.path, 'the same bytes');
          const version = `checksum:${rows}` as const;
          return { version, consistency: 'exact', rows: 1, sha256, columns: [], details: {} };
        },
        [Symbol.asyncDispose]: async () => undefined,
      }),
      [Symbol.asyncDispose]: async () => undefined,
    };
    const memo = { get: async () => null, put: async () => undefined };
    const { writer, reader } = this.store;
    return {
      probe: async (request, context): Promise<ProbeReport> => {
        try {
          const asked = { ...context, memo, limits: request.limits, onFirstBatch: () => undefined };
          return { kind: 'version', ...(await source.probe(request.canonical, asked)) };
        } catch (error) {
          if (!(error instanceof ParqueueError)) throw error;
          return { kind: 'failed', failure: { code: error.code, message: error.message, retryable: true } };
        }
      },
      fill: async (task, context): Promise<FillReport> =>
        await materialize(task, {
          source,
          memo,
          writer,
          reader,
          clock: this.timeline,
          host: 'h',
          program: 'p',
          context,
        }),
    };
  }
}

function stopped(signal: AbortSignal): Promise<never> {
  return new Promise((_resolve, reject) => {
    if (signal.aborted) reject(signal.reason);
    signal.addEventListener('abort', () => reject(signal.reason), { once: true });
  });
}

/** What the report counts, without zeros. */
export function countsOf(report: RefreshReport | null): Readonly<Record<string, number>> | null {
  if (report === null) return null;
  return Object.fromEntries(
    REFRESH_OUTCOMES.flatMap((outcome) => (report.counts[outcome] === 0 ? [] : [[outcome, report.counts[outcome]]])),
  );
}
