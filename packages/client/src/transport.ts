/**
 * One request and its answer. Waits and asks again where the server says how long to wait (429, 503 with Retry-After),
 * and follows a 202 to its end. All waits end with the caller's signal.
 */
import { Absence, jittered, RECONNECT_SECONDS } from './absence.ts';
import { systemChance, systemNow, systemSleep, type Sleep } from './ambient.ts';
import {
  asObject,
  clientError,
  errorOfResponse,
  isParqueueHttpError,
  ParqueueHttpError,
  retryAfterOf,
} from './problem.ts';
import type { FillStatus, Outcome } from './types.ts';

export interface TransportOptions {
  readonly url: string;
  readonly apiKey?: string | undefined;
  readonly fetch?: typeof globalThis.fetch | undefined;
  /** How often a request is repeated that was told to come back later, or whose connection broke. Default 2; 0: never. */
  readonly retries?: number | undefined;
  /** Seconds the server may hold a request back while a load runs; it is asked again after that. Default 30. */
  readonly waitSeconds?: number | undefined;
  /**
   * For how long, in all, a server that answered before is asked again while it refuses connections or breaks them, as one
   * does that is restarted. Default 30. In browsers, which do not tell why nothing came, there is no such waiting.
   */
  readonly reconnectSeconds?: number | undefined;
  /** Tests do not wait. */
  readonly sleep?: Sleep | undefined;
  /** From 0 to 1, for pauses that are not those of everybody else. */
  readonly chance?: (() => number) | undefined;
  /** Milliseconds since 1970. */
  readonly now?: (() => number) | undefined;
}

export interface Call {
  readonly method: 'GET' | 'HEAD' | 'POST' | 'PUT' | 'DELETE';
  readonly path: string;
  readonly query?: Readonly<Record<string, string | number | undefined>>;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal | undefined;
  /** May be sent again when nobody knows whether it arrived. */
  readonly repeatable?: boolean;
}

export interface JsonAnswer {
  readonly value: unknown;
  readonly headers: Headers;
}

/** Where a 202 does not say how long to wait. */
const POLL_MS = 1000;
/** Before a broken connection is tried again; twice as long each time. */
const BREAK_MS = 250;
const BREAK_MS_MAX = 8000;
/** What stands before a server says so while there is none behind it. */
const GATEWAY: readonly number[] = [502, 503, 504];
/** Who is told to come back later than this is told so, and decides: it may be a mistake, or next week. */
const COME_BACK_MS_MAX = 120_000;
/** Before the next look at a load, whatever is told. */
const POLL_MS_MAX = 30_000;

export class Transport {
  readonly retries: number;
  readonly now: () => number;
  /** The server's URL, ending with a slash. */
  readonly base: string;
  readonly #options: TransportOptions;
  readonly #fetch: typeof globalThis.fetch;
  readonly #sleep: Sleep;
  readonly #chance: () => number;
  readonly #absence: Absence;

  constructor(options: TransportOptions) {
    // With a slash at the end relative paths keep a path prefix of the base, for servers behind a proxy.
    this.base = options.url.endsWith('/') ? options.url : `${options.url}/`;
    this.#options = options;
    this.#fetch = options.fetch ?? globalThis.fetch;
    this.#sleep = options.sleep ?? systemSleep;
    this.retries = options.retries ?? 2;
    this.now = options.now ?? systemNow;
    this.#chance = options.chance ?? systemChance;
    const reconnectSeconds = this.retries > 0 ? (options.reconnectSeconds ?? RECONNECT_SECONDS) : 0;
    this.#absence = new Absence(reconnectSeconds, { now: this.now, chance: this.#chance });
  }

  /** Before trying again what broke off: the longer, the more often it did. */
  async pause(attempt: number, signal: AbortSignal | undefined): Promise<void> {
    await this.#sleep(jittered(Math.min(BREAK_MS * 2 ** attempt, BREAK_MS_MAX), this.#chance), signal);
  }

  /** @throws ParqueueHttpError for every answer that is not 2xx or 304; the signal's reason when it aborts. */
  async send(call: Call): Promise<Response> {
    const away = this.#absence.pauses();
    for (let attempt = 0; ; attempt += 1) {
      const response = await this.#connected(call, away, attempt);
      if (response === null) continue;
      if (response.ok || response.status === 304) {
        this.#absence.over();
        return response;
      }
      const error = await errorOfResponse(response);
      call.signal?.throwIfAborted();
      const { status, retryAfterMs } = error;
      if (error.code !== 'UNEXPECTED') this.#absence.over();
      else if (isRepeatable(call) && retryAfterMs === null && GATEWAY.includes(status)) {
        if (await this.#slept(away, call)) continue;
      }
      const comeBack = (status === 429 || status === 503) && retryAfterMs !== null && retryAfterMs <= COME_BACK_MS_MAX;
      if (!comeBack || attempt >= this.retries) throw error;
      await this.#sleep(retryAfterMs, call.signal);
    }
  }

  /** @returns null where the same may be sent again, after a pause that was made. */
  async #connected(call: Call, away: Iterator<number, void>, attempt: number): Promise<Response | null> {
    try {
      return await this.#once(call);
    } catch (error) {
      const why = whyUnreachable(error);
      if (why === null || !isRepeatable(call)) throw error;
      if (await this.#slept(away, call)) return null;
      if (why === 'refused' || attempt >= this.retries) throw error;
      await this.pause(attempt, call.signal);
      return null;
    }
  }

  /** @returns false where there is no pause any more */
  async #slept(pauses: Iterator<number, void>, { signal }: Call): Promise<boolean> {
    const { done, value } = pauses.next();
    if (done === true) return false;
    await this.#sleep(value, signal);
    return true;
  }

  async json(call: Call): Promise<unknown> {
    return (await this.#wholeJson(call, async () => this.send(call))).value;
  }

  /** `ask` for an answer that is JSON. */
  async askJson(call: Call, onWait?: (fill: FillStatus) => void): Promise<JsonAnswer> {
    return this.#wholeJson(call, async () => this.ask(call, onWait));
  }

  /** @throws ParqueueHttpError INTERRUPTED, UNEXPECTED where it is not JSON */
  async #wholeJson(call: Call, ask: () => Promise<Response>): Promise<JsonAnswer> {
    for (let attempt = 0; ; attempt += 1) {
      const response = await ask();
      const { status, headers } = response;
      try {
        return { value: status === 204 ? null : jsonOf(await response.text()), headers };
      } catch (cause) {
        call.signal?.throwIfAborted();
        if (isParqueueHttpError(cause)) throw cause;
        if (!isRepeatable(call) || attempt >= this.retries)
          throw clientError('INTERRUPTED', 'the connection broke while the answer was sent', {
            retryable: true,
            cause,
          });
      }
      await this.pause(attempt, call.signal);
    }
  }

  /**
   * Sends an ask and waits until it is answered: after a 202 the load is watched, and when it ended the same is asked
   * again, as a continuation of the first ask. A load that failed for good is told, not started again. One that failed
   * for now is asked about once more, because the server may have an older answer that its dataset allows then.
   */
  async ask(call: Call, onWait?: (fill: FillStatus) => void): Promise<Response> {
    const prefer = `wait=${this.#options.waitSeconds ?? 30}`;
    let headers: Readonly<Record<string, string>> = { prefer, ...call.headers };
    let failedBefore = false;
    for (;;) {
      const response = await this.send({ ...call, headers });
      if (response.status !== 202) return response;
      const firstWaitMs = retryAfterOf(response.headers) ?? POLL_MS;
      const id = fillIdOf(response.headers.get('location'));
      await response.body?.cancel();
      if (id === null) throw unexpected('the server answered 202 without the address of a fill');
      const failure = failureOf(await this.#watch(id, { firstWaitMs, signal: call.signal, onWait }));
      if (failure !== null && (failedBefore || !failure.retryable)) throw failure;
      failedBefore ||= failure !== null;
      headers = { ...headers, 'parqueue-fill': id };
    }
  }

  /** @returns how the fill ended, or null when nobody knows it any more: then only asking again can tell. */
  async #watch(
    id: string,
    options: {
      readonly firstWaitMs: number;
      readonly signal: AbortSignal | undefined;
      readonly onWait: ((fill: FillStatus) => void) | undefined;
    },
  ): Promise<Outcome | null> {
    const { firstWaitMs, signal, onWait } = options;
    let waitMs = firstWaitMs;
    for (;;) {
      await this.#sleep(Math.min(waitMs, POLL_MS_MAX), signal);
      let answer: JsonAnswer;
      try {
        const call: Call = { method: 'GET', path: `v1/fills/${encodeURIComponent(id)}`, signal };
        answer = await this.#wholeJson(call, async () => this.send(call));
      } catch (error) {
        if (isParqueueHttpError(error) && (error.status === 404 || error.status === 410)) return null;
        throw error;
      }
      const status = asFillStatus(answer.value);
      onWait?.(status);
      if (status.outcome != null) return status.outcome;
      waitMs = retryAfterOf(answer.headers) ?? firstWaitMs;
    }
  }

  async #once(call: Call): Promise<Response> {
    const url = new URL(call.path, this.base);
    for (const [name, value] of Object.entries(call.query ?? {})) {
      if (value !== undefined) url.searchParams.set(name, String(value));
    }
    const headers: Record<string, string> = { accept: '*/*', ...call.headers };
    if (this.#options.apiKey !== undefined) headers['authorization'] = `Bearer ${this.#options.apiKey}`;
    if (call.body !== undefined) headers['content-type'] = 'application/json';
    try {
      return await this.#fetch(url, {
        method: call.method,
        headers,
        ...(call.body === undefined ? {} : { body: JSON.stringify(call.body) }),
        ...(call.signal === undefined ? {} : { signal: call.signal }),
      });
    } catch (error) {
      call.signal?.throwIfAborted();
      throw clientError('UNREACHABLE', `no server answers at ${url.origin}; is \`parqueue up\` running there?`, {
        retryable: true,
        cause: error,
      });
    }
  }
}

function isRepeatable({ method, repeatable }: Call): boolean {
  return repeatable ?? (method === 'GET' || method === 'HEAD');
}

/** @throws ParqueueHttpError UNEXPECTED */
function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // A page of a proxy, for example.
    throw unexpected('the server answered with what is not JSON');
  }
}

export function asFillStatus(value: unknown): FillStatus {
  const object = asObject(value);
  if (object === null || typeof object['id'] !== 'string' || typeof object['state'] !== 'string')
    throw unexpected('the server described a fill without id and state');
  const outcome = asObject(object['outcome'] ?? null);
  const failure = asObject(outcome?.['failure']);
  if (
    outcome?.['kind'] === 'failed'
    && (typeof failure?.['code'] !== 'string' || typeof failure['message'] !== 'string')
  )
    throw unexpected('the server described a fill that failed without saying why');
  return value as FillStatus;
}

function fillIdOf(location: string | null): string | null {
  const id = location === null ? undefined : /\/v1\/fills\/([^/?#]+)$/.exec(location)?.[1];
  return id === undefined ? null : decodedOrNull(id);
}

function decodedOrNull(text: string): string | null {
  try {
    return decodeURIComponent(text);
  } catch {
    // Whoever wrote this escape is no server of ours.
    return null;
  }
}

/** The error an outcome amounts to, or null where asking again leads to an answer. */
function failureOf(outcome: Outcome | null): ParqueueHttpError | null {
  const wire = { status: 0, retryAfterMs: null } as const;
  if (outcome?.kind === 'cancelled') {
    const message = 'the load was cancelled; ask again to start another';
    // Not to be asked again from here: whoever cancelled it did not want it to run.
    return new ParqueueHttpError(message, { ...wire, code: 'PQ_CANCELLED', retryable: false, details: {} });
  }
  if (outcome?.kind !== 'failed') return null;
  const { code, message, retryable, details = {} } = outcome.failure;
  return new ParqueueHttpError(message, { ...wire, code, retryable, details });
}

/** `broken`: reset while it was used, as by a server that restarts or closes what was idle. `refused`: nobody listens. */
function whyUnreachable(error: unknown): 'broken' | 'refused' | null {
  if (!isParqueueHttpError(error) || error.code !== 'UNREACHABLE') return null;
  const cause = error.cause instanceof Error ? error.cause.cause : undefined;
  const code = cause instanceof Error && 'code' in cause ? cause.code : null;
  if (code === 'ECONNREFUSED') return 'refused';
  return code === 'ECONNRESET' || code === 'EPIPE' || code === 'UND_ERR_SOCKET' ? 'broken' : null;
}

export function unexpected(message: string): ParqueueHttpError {
  return clientError('UNEXPECTED', message);
}
