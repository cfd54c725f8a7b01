/** What a request says about how it wants to be asked: patience, freshness, continuation, and when its caller left. */
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Span } from '@parqueue/core';
import type { Resolved } from '@parqueue/core/config';
import type { Principal } from './auth.ts';
import type { ApiContext } from './context.ts';
import { readCacheControl, type RequestDirectives } from './http/cache-control.ts';
import { readPrefer } from './http/prefer.ts';
import { asksForPart, isSuffixRange } from './http/range.ts';

/** Nobody is there any more to be answered: no failure of this server, and nothing to count or to report. */
export class CallerLeft extends Error {
  override readonly name = 'CallerLeft';
}

/** One for all: every answered caller's connection closes too, and nobody reads where that was noticed. */
const CALLER_LEFT = new CallerLeft('the caller left');

export interface AskCall {
  readonly resolved: Resolved;
  readonly cachedOnly: boolean;
  readonly waitMs: number;
  /** The fill named by `Parqueue-Fill`. */
  readonly continuesFill: string | null;
  readonly principal: Principal;
  /** Null: the answer needs no pin, or takes one when it is known to be long. */
  readonly pinTtlMs: number | null;
  readonly requestId: string;
  /** Of the request; null where nobody traces. */
  readonly span: Span | null;
  /** See callerSignal. */
  readonly signal: () => AbortSignal;
}

/**
 * A reader of one file sends many Range requests; a head verified this recently serves them without a probe. Not where the
 * caller says itself how old an answer may be, nor for a Range that is going to be ignored, nor for the last
 * bytes of a file of unknown size: whoever asks for them begins a read (continued-read.ts), and is owed what is true now.
 */
const CONTINUED_READ_MS = 60_000;

export interface CallerWishes {
  readonly context: ApiContext;
  readonly request: FastifyRequest;
  readonly reply: FastifyReply;
}

export function directivesOf(request: FastifyRequest): RequestDirectives {
  return readCacheControl(request.headers['cache-control']);
}

export function askCallOf(
  { context, request, reply }: CallerWishes,
  resolved: Resolved,
  options: {
    readonly patience: 'preferred' | 'until-fill-timeout';
    /** The answer comes in ranges where they are asked for. */
    readonly ranges?: boolean;
    readonly cachedOnly?: boolean;
    readonly pinTtlMs?: number | null;
  },
): AskCall {
  const fillTimeoutMs = resolved.request.limits.timeoutMs;
  const fill = request.headers['parqueue-fill'];
  return {
    resolved: options.ranges === true && continuedRead(request) ? withLenientAge(resolved) : resolved,
    cachedOnly: options.cachedOnly ?? directivesOf(request).onlyIfCached,
    waitMs:
      options.patience === 'until-fill-timeout' ? fillTimeoutMs : preferredWait({ request, reply }, fillTimeoutMs),
    continuesFill: typeof fill === 'string' && fill !== '' ? fill : null,
    principal: request.principal,
    pinTtlMs: options.pinTtlMs ?? null,
    requestId: request.id,
    span: request.span,
    signal: once(() => callerSignal(context, reply)),
  };
}

function preferredWait({ request, reply }: Pick<CallerWishes, 'request' | 'reply'>, maxMs: number): number {
  const { waitMs, applied } = readPrefer(request.headers['prefer'], maxMs);
  if (applied !== null) reply.header('preference-applied', applied);
  return waitMs;
}

function continuedRead(request: FastifyRequest): boolean {
  const { noCache, maxAgeMs } = directivesOf(request).wish;
  const { range } = request.headers;
  if (request.method !== 'GET' || noCache === true || maxAgeMs !== undefined) return false;
  return asksForPart(range) && !isSuffixRange(range);
}

function withLenientAge({ policy, ...resolved }: Resolved): Resolved {
  return { ...resolved, policy: { ...policy, maxAgeMs: Math.max(policy.maxAgeMs, CONTINUED_READ_MS) } };
}

/** Made when somebody waits: most answers wait for nothing. */
function once(make: () => AbortSignal): () => AbortSignal {
  let made: AbortSignal | null = null;
  return () => (made ??= make());
}

/** Aborts when the caller's connection closes, or has closed, or the process stops waiting for its callers. */
export function callerSignal({ stopping }: ApiContext, { raw }: FastifyReply): AbortSignal {
  const left = new AbortController();
  const leave = (): void => left.abort(CALLER_LEFT);
  if (raw.closed) {
    leave();
    return left.signal;
  }
  const onStop = (): void => left.abort(stopping.reason);
  // Wired by hand: AbortSignal.any would leave one entry per request on the process-wide signal.
  stopping.addEventListener('abort', onStop, { once: true });
  raw.once('close', () => {
    stopping.removeEventListener('abort', onStop);
    leave();
  });
  if (stopping.aborted) onStop();
  return left.signal;
}
