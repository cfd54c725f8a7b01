/**
 * Answering while Redis cannot be used: what this process keeps for that time, and who gets what. The rules are the core's
 * (degraded.ts there); here are the heads that Redis told of, its clock, and the looks at the store that callers share.
 */
import {
  decideDegraded,
  degradedAgeMaxMs,
  lookOnStore,
  ParqueueError,
  SharedLooks,
  type DegradedAnswer,
  type DegradedPolicy,
  type DegradedRefusal,
  type FreshnessPolicy,
  type Head,
  type ResolvedRequest,
  type StoreLook,
  type ToldHead,
} from '@parqueue/core';
import type { FileStore } from '@parqueue/core/store';
import type { RedisTime } from './redis-time.ts';

/** At 200 bytes each; the one told of longest ago is forgotten, and its age then counts from its load. */
const TOLD_MAX = 20_000;

export type DegradedOutcome = 'answered' | 'never-connected' | DegradedRefusal;

export interface DegradedModeOptions {
  readonly store: Pick<FileStore, 'marks' | 'reader'>;
  readonly time: RedisTime;
  /** Of all that may be asked; null for a source that may not be asked ad hoc. */
  readonly policies: readonly (Pick<FreshnessPolicy, 'staleIfErrorMs'> | null)[];
  readonly count: (outcome: DegradedOutcome) => void;
}

export class DegradedMode {
  readonly #options: DegradedModeOptions;
  readonly #told = new Map<string, ToldHead>();
  readonly #looks = new SharedLooks<StoreLook>();

  constructor(options: DegradedModeOptions) {
    this.#options = options;
  }

  /** Whether anybody at all can be answered while Redis is away. */
  get possible(): boolean {
    const { time, policies } = this.#options;
    return time.nowMs() !== null && policies.some((policy) => policy !== null && policy.staleIfErrorMs > 0);
  }

  /** What Redis told of a head; of two looks the later head counts, whichever is heard of first. */
  remember(key: string, { fence, verifiedAtMs, committedAtMs }: Head): void {
    const known = this.#told.get(key);
    if (known !== undefined && (known.fence - fence || known.verifiedAtMs - verifiedAtMs) > 0) return;
    this.#told.delete(key);
    this.#told.set(key, { fence, verifiedAtMs, committedAtMs });
    for (const oldest of this.#told.keys()) {
      if (this.#told.size <= TOLD_MAX) break;
      this.#told.delete(oldest);
    }
  }

  /** @throws ParqueueError PQ_COORDINATION_DOWN, which says why there is no answer; PQ_STORE_IO */
  async resolve(request: ResolvedRequest, wanted: DegradedPolicy, cause: unknown): Promise<DegradedAnswer> {
    const { time, count } = this.#options;
    if (time.nowMs() === null) throw this.#refused('never-connected', cause);
    if (degradedAgeMaxMs(wanted) === 0) throw this.#refused('policy', cause);
    const look = await this.#look(request);
    const decided = decideDegraded(look, wanted, time.nowMs() ?? Number.POSITIVE_INFINITY);
    if (decided.kind === 'refused') throw this.#refused(decided.why, cause);
    count('answered');
    return decided;
  }

  /** Callers of one question share a look that began after they asked. */
  async #look(request: ResolvedRequest): Promise<StoreLook> {
    const { store } = this.#options;
    const { key, source, dataset } = request;
    // Two sources may be one system: the key is the same, the marks that count are not.
    const name = `${key}/${source}/${dataset ?? ''}`;
    return await this.#looks.take(name, () => lookOnStore(request, this.#told.get(key) ?? null, store));
  }

  #refused(why: Exclude<DegradedOutcome, 'answered'>, cause: unknown): ParqueueError {
    this.#options.count(why);
    return new ParqueueError(
      'PQ_COORDINATION_DOWN',
      `Redis cannot be used at the moment, and ${REASONS[why]}: ask again shortly`,
      { details: { retryAfterMs: 2_000, degraded: why }, cause },
    );
  }
}

const REASONS: Readonly<Record<Exclude<DegradedOutcome, 'answered'>, string>> = {
  'never-connected': 'this server has not reached it since it was started',
  policy: 'no older answer is allowed (staleIfError of the dataset, Cache-Control of the request)',
  nothing: 'the store has nothing that answers this',
  damaged: 'what the store has is damaged',
  forbidden: 'what the store has was invalidated',
  'too-old': 'what the store has is older than allowed',
};
