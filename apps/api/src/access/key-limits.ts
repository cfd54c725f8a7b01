/**
 * How much one key may ask of this process: requests begun, by a bucket of tokens, and requests under way. What one
 * caller does not get is left for the others (I9). Several replicas each give the whole of it.
 */
import { ParqueueError, type Clock } from '@parqueue/core';
import type { KeyLimits } from '@parqueue/core/config';
import type { Principal } from '../auth.ts';

export interface Admission {
  /** Of the answer, whatever it is; null: there is no rate to tell. */
  readonly headers: RateHeaders | null;
  /** Once the request is over; harmless when called again. */
  readonly release: () => void;
}

/** As the draft of the IETF has them (draft-ietf-httpapi-ratelimit-headers). */
export type RateHeaders = Readonly<Record<'ratelimit-policy' | 'ratelimit', string>>;

interface Account {
  limits: KeyLimits;
  tokens: number;
  filledAtMs: number;
  underWay: number;
}

/** When others of the same key might have ended. */
const CONCURRENT_RETRY_MS = 1_000;

const UNLIMITED: Admission = { headers: null, release: () => undefined };

export class RateLimited extends ParqueueError {
  readonly rate: RateHeaders | null;

  constructor(message: string, limit: keyof KeyLimits, told: { retryAfterMs: number; rate: RateHeaders | null }) {
    super('PQ_RATE_LIMITED', message, { details: { limit, retryAfterMs: told.retryAfterMs } });
    this.rate = told.rate;
  }
}

export class KeyLimiter {
  readonly #clock: Clock;
  /** By the principal's name: as many as there are keys. */
  readonly #accounts = new Map<string, Account>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** @throws RateLimited */
  admit({ name, limits }: Principal): Admission {
    if (limits === null) return UNLIMITED;
    const account = this.#accountOf(name, limits);
    const { requestsPerSecond: rate, burst, concurrent } = limits;
    this.#refill(account);
    if (rate !== null && account.tokens < 1) {
      throw new RateLimited(
        `this API key may begin ${rate} requests per second (${burst} at once): ask again later`,
        'requestsPerSecond',
        { retryAfterMs: ((1 - account.tokens) / rate) * 1000, rate: headersOf(account) },
      );
    }
    if (account.underWay >= concurrent) {
      throw new RateLimited(
        `this API key has ${concurrent} requests under way, and may have no more: let some of them end`,
        'concurrent',
        { retryAfterMs: CONCURRENT_RETRY_MS, rate: headersOf(account) },
      );
    }
    if (rate !== null) account.tokens -= 1;
    account.underWay += 1;
    let held = true;
    return {
      headers: headersOf(account),
      release: () => {
        if (held) account.underWay -= 1;
        held = false;
      },
    };
  }

  /** A key that was read again keeps its account: what is under way still counts. */
  #accountOf(name: string, limits: KeyLimits): Account {
    const account = this.#accounts.get(name) ?? {
      limits,
      tokens: limits.burst,
      filledAtMs: this.#clock.now(),
      underWay: 0,
    };
    account.limits = limits;
    this.#accounts.set(name, account);
    return account;
  }

  #refill(account: Account): void {
    const { requestsPerSecond, burst } = account.limits;
    const now = this.#clock.now();
    // A clock that is set back gives nothing, and takes nothing away.
    const passedMs = Math.max(0, now - account.filledAtMs);
    account.tokens = Math.min(burst, account.tokens + (passedMs / 1000) * (requestsPerSecond ?? 0));
    account.filledAtMs = now;
  }
}

function headersOf({ limits: { requestsPerSecond: rate, burst }, tokens }: Account): RateHeaders | null {
  if (rate === null) return null;
  return {
    'ratelimit-policy': `"requests";q=${burst};w=${Math.ceil(burst / rate)}`,
    ratelimit: `"requests";r=${Math.floor(tokens)};t=${Math.ceil((burst - tokens) / rate)}`,
  };
}
