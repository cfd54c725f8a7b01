/**
 * What wrapped functions need of Parqueue, in one process and without workers: the same use cases over the same Redis and
 * store, put together like a worker and an API at once (I1–I13 hold as they do there). Only the queue is its own.
 */
import type { Answer } from '../answer.ts';
import { Epochs } from '../epoch.ts';
import { Filler } from '../fill.ts';
import { invalidate, type InvalidateDeps, type Invalidation } from '../invalidate.ts';
import { assertInvariant, isParqueueError, ParqueueError } from '../model/errors.ts';
import type { Arrival } from '../model/freshness.ts';
import type { Manifest } from '../model/manifest.ts';
import type { Ask } from '../model/request.ts';
import type { Clock, RandomId } from '../ports/clock.ts';
import type { InvalidateMode, MarkTarget, Pin } from '../ports/coordination.ts';
import type { OnStep } from '../ports/steps.ts';
import { PartFlights } from '../part-flights.ts';
import { Prober } from '../probe.ts';
import { reconcileKey } from '../rebuild.ts';
import type { Coordination } from '../redis/index.ts';
import { Resolver } from '../resolve.ts';
import { BOUNDLESS_ROOM } from '../room.ts';
import { Calls, Frames, stopped, WrappedSource, type FileThread, type WrappedCall } from '../sources/wrapped/index.ts';
import type { FileStore } from '../store/index.ts';
import { InProcessJobs } from './job-queue.ts';
import { KeptErrors } from './kept-errors.ts';
import { LocalWork } from './local-work.ts';

export interface InProcessParts {
  readonly store: FileStore;
  readonly coordination: Coordination;
  readonly files: FileThread;
  readonly clock: Clock;
  readonly randomId: RandomId;
  readonly onStep: OnStep;
  /** Name of this process, for people. */
  readonly holder: string;
  readonly host: string;
  /** Name and release of the program, for manifests. */
  readonly program: string;
  readonly leaseTtlMs: number;
  readonly fillsMax: number;
}

/** A generation found whole and pinned for one caller, who gives it back. */
export interface Found {
  readonly answer: Answer;
  readonly pin: Pin;
  readonly manifest: Manifest;
  readonly path: string;
}

const PROBES_MAX = 32;
const WAITING_MAX = 10_000;
/** One wait of the resolver; the ask then goes on with the same requirement. */
const WAIT_MS = 3_600_000;
export const PIN_TTL_MS = 60_000;
const OUTCOME_PIN_MS = 60_000;
/** A damaged generation is found, replaced, and found whole; damaged twice, the store is at fault. */
const FILES_ATTEMPTS = 2;

export class InProcess {
  readonly #parts: InProcessParts;
  readonly #epochs: Epochs;
  readonly #jobs: InProcessJobs;
  readonly #resolver: Resolver;
  readonly #calls = new Calls();
  readonly #frames = new Frames();
  readonly #errors: KeptErrors;

  constructor(parts: InProcessParts) {
    const { store, coordination, files, clock, randomId, onStep, holder, host, program, leaseTtlMs } = parts;
    const { register, heads, ticks, leases, pins, outcomes, notices, reconciler } = coordination;
    const { directories, reader, writer, marks } = store;
    this.#parts = parts;
    this.#errors = new KeptErrors(randomId);
    const epochs = new Epochs({ register, store: store.epochs, clock, randomId, onStep });
    const source = new WrappedSource({
      calls: this.#calls,
      files,
      frames: this.#frames,
      randomId,
      keepError: (error) => this.#errors.keep(error),
    });
    const memo = coordination.statMemo;
    const work = new LocalWork({ source, memo, writer, reader, clock, host, program });
    const shared = { heads, outcomes, epochs, clock, onStep, work, parts: coordination.parts };
    const reconcile = (key: string): Promise<void> =>
      reconcileKey(key, { reconciler, ticks, parts: coordination.parts, directories, reader, onStep });
    const filler = new Filler({
      ...shared,
      leases,
      pins,
      directories,
      marks,
      randomId,
      holder,
      reconcile,
      // The workers' configuration has the rules of the store; an application has none. A full disk it meets by itself.
      room: BOUNDLESS_ROOM,
      leaseTtlMs,
      outcomePinMs: OUTCOME_PIN_MS,
    });
    const jobs: InProcessJobs = new InProcessJobs({
      run: (job, context) => (job.kind === 'fill' ? filler : prober).run(job, context),
      outcomes,
      hold: (key) => this.#calls.holdAgain(key),
      clock,
      randomId,
      runningMax: { probe: PROBES_MAX, fill: parts.fillsMax },
      waitingMax: WAITING_MAX,
    });
    const prober = new Prober({ ...shared, ticks, flights: new PartFlights(), jobs, reconcile });
    this.#epochs = epochs;
    this.#jobs = jobs;
    this.#resolver = new Resolver({
      heads,
      pins,
      jobs,
      notices,
      clock,
      randomId,
      epochs,
      onStep,
      waitersMax: WAITING_MAX,
    });
  }

  /** Adopts the epoch in Redis, or opens the next one. @throws ParqueueError PQ_CONFIG, PQ_COORDINATION_DOWN, PQ_STORE_IO */
  async open(): Promise<void> {
    await this.#epochs.open();
  }

  /**
   * Answers from the store, running the call where its policy wants that. The pin is the caller's to renew and release.
   * @throws ParqueueError as Resolver; what the application's function threw is its `cause`
   */
  async ask(ask: Ask, call: WrappedCall, signal: AbortSignal): Promise<Found> {
    const { key } = ask.request;
    if (this.#frames.isInside(key)) {
      throw new ParqueueError(
        'PQ_INVALID_REQUEST',
        `wrapped function ${call.name} asks for the very call that it is being run for, and would wait for itself for ever`,
      );
    }
    using _held = this.#calls.hold(key, call);
    using _hurried = this.#frames.isInside() ? this.#jobs.hurry(key) : null;
    try {
      return await this.#askWhole(ask, signal);
    } catch (error) {
      throw this.#withCause(error);
    }
  }

  async renew(pin: Pin, ttlMs: number): Promise<Pin | null> {
    return await this.#epochs.run(() => this.#parts.coordination.pins.renew(pin.key, pin.id, ttlMs));
  }

  async release(pin: Pin): Promise<void> {
    await this.#epochs.run(() => this.#parts.coordination.pins.release(pin.key, pin.id));
  }

  /** All rows of a pinned generation as one Arrow stream. */
  async readArrow({ path, manifest }: Found, signal: AbortSignal): Promise<readonly Uint8Array[]> {
    return await this.#parts.files.read({ path, bytes: manifest.part.bytes }, signal);
  }

  async invalidate(target: MarkTarget, mode: InvalidateMode): Promise<Invalidation> {
    const { coordination, store } = this.#parts;
    const { ticks, parts, heads, leases, entries, retirement } = coordination;
    const { marks, directories, reader } = store;
    // A wrapped function names no tables: the source is all that an entry of one belongs to.
    const scopesOf: InvalidateDeps['scopesOf'] = async ({ head }) => [`source:${head.source}`];
    const reach = { heads, leases, entries, retirement, directories, reader, scopesOf };
    return await invalidate(target, mode, { ...reach, ticks, parts, marks, epochs: this.#epochs });
  }

  /** Running loads may end until `patience` aborts; then they are stopped, and their leases given back. */
  async close(patience: AbortSignal): Promise<void> {
    await this.#jobs.close(patience);
    await this.#parts.files[Symbol.asyncDispose]();
    await this.#parts.coordination.close();
  }

  async #askWhole(first: Ask, signal: AbortSignal): Promise<Found> {
    let continues: Arrival | null = first.continues;
    for (let attempt = 1; attempt <= FILES_ATTEMPTS;) {
      const wait = { waitMs: WAIT_MS, pinTtlMs: PIN_TTL_MS, requestId: null, signal };
      if (signal.aborted) throw stopped(signal);
      const resolution = await this.#resolver.resolve({ ...first, continues }, wait);
      if (resolution.kind === 'pending') {
        continues = resolution.requirement;
        continue;
      }
      const found = await this.#whole(resolution);
      if (found !== null) return found;
      attempt += 1;
    }
    throw new ParqueueError(
      'PQ_STORE_IO',
      `the files of entry ${first.request.key} were damaged again right after they were replaced: look at the store's filesystem`,
    );
  }

  /** Null: its files are not whole, which everybody is told, so that the next look fills again. */
  async #whole(answer: Answer): Promise<Found | null> {
    const { store, coordination } = this.#parts;
    const { pin } = answer;
    assertInvariant(pin !== null, 'an answer that a pin was asked for is pinned');
    const { key, fence } = pin;
    const inspection = await store.reader.inspect(key, fence);
    if (inspection.kind === 'whole') {
      return { answer, pin, manifest: inspection.manifest, path: store.reader.partPath(key, fence).absolute };
    }
    const reason = inspection.kind === 'absent' ? 'the generation is absent from the store' : inspection.reason;
    await this.#epochs.run(() => coordination.heads.markDamaged(key, fence, reason));
    await this.release(pin);
    return null;
  }

  #withCause(error: unknown): unknown {
    if (!isParqueueError(error)) return error;
    const cause = this.#errors.find(error.details['error']);
    if (cause === undefined) return error;
    const { code, message, retryable, details } = error;
    return new ParqueueError(code, message, { retryable, details, cause });
  }
}
