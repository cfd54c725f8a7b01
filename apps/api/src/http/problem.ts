/**
 * The one place where an error becomes an HTTP answer: status table, problem+json body (RFC 9457), Retry-After.
 * A body never carries a stack, a secret or a bind value; what is not ours is told as PQ_INTERNAL with the request id.
 */
import { isParqueueError } from '@parqueue/core';
import type { ErrorCode } from '@parqueue/core';

export const PROBLEM_TYPE = 'application/problem+json; charset=utf-8';

const STATUS: Readonly<Record<ErrorCode, number>> = {
  PQ_INVALID_REQUEST: 400,
  PQ_UNAUTHENTICATED: 401,
  PQ_FORBIDDEN: 403,
  PQ_UNKNOWN_DATASET: 404,
  PQ_UNKNOWN_SOURCE: 404,
  PQ_NOT_FOUND: 404,
  // Only `only-if-cached` meets it; RFC 9111 section 5.2.1.7 asks for a gateway timeout then.
  PQ_NOT_CACHED: 504,
  PQ_SOURCE_UNSTABLE: 409,
  PQ_GONE: 410,
  PQ_GENERATION_CHANGED: 409,
  PQ_LIMIT_EXCEEDED: 413,
  PQ_UNTRACKABLE: 422,
  PQ_UNSUPPORTED_TYPE: 422,
  PQ_VALUE_OUT_OF_RANGE: 422,
  PQ_MALFORMED_SOURCE: 422,
  PQ_QUEUE_FULL: 429,
  PQ_RATE_LIMITED: 429,
  PQ_SOURCE_REJECTED: 502,
  PQ_SOURCE_UNAVAILABLE: 503,
  PQ_SOURCE_PAUSED: 503,
  PQ_STORE_IO: 503,
  PQ_STORE_FULL: 503,
  PQ_COORDINATION_DOWN: 503,
  PQ_WORKER_CRASHED: 503,
  PQ_FILL_TIMEOUT: 504,
  // Somebody cancelled the fill this caller waited for; asking again starts another.
  PQ_CANCELLED: 409,
  PQ_CONFIG: 500,
  PQ_INTERNAL: 500,
};

export function statusOf(code: ErrorCode): number {
  return STATUS[code];
}

/** A refusal that HTTP itself decides (405, 406, 412, 416 …): a stable code, but a status of its own. */
export class HttpRefusal extends Error {
  override readonly name = 'HttpRefusal';
  readonly status: number;
  readonly code: ErrorCode;
  readonly headers: Readonly<Record<string, string>>;
  readonly details: Readonly<Record<string, unknown>>;

  constructor(
    status: number,
    code: ErrorCode,
    message: string,
    extra: {
      readonly headers?: Readonly<Record<string, string>>;
      readonly details?: Readonly<Record<string, unknown>>;
    } = {},
  ) {
    super(message);
    this.status = status;
    this.code = code;
    this.headers = extra.headers ?? {};
    this.details = extra.details ?? {};
  }
}

export interface Problem {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: {
    readonly type: string;
    readonly title: string;
    readonly status: number;
    readonly detail: string;
    readonly code: ErrorCode;
    /** The same request may succeed later. */
    readonly retryable: boolean;
    readonly instance: string;
  } & Readonly<Record<string, unknown>>;
}

/** @param instance the path asked for, without its query: a query holds parameter values. */
export function problemOf(error: unknown, instance: string, requestId: string): Problem {
  const told = tell(error, requestId);
  const title = told.code.slice('PQ_'.length).toLowerCase().replaceAll('_', ' ');
  return {
    status: told.status,
    headers: { ...retryAfter(told), ...told.headers },
    body: {
      ...told.details,
      type: `urn:parqueue:error:${told.code}`,
      title,
      status: told.status,
      detail: told.message,
      code: told.code,
      retryable: told.retryable,
      instance,
      requestId,
    },
  };
}

interface Told {
  readonly status: number;
  readonly code: ErrorCode;
  readonly message: string;
  readonly retryable: boolean;
  readonly details: Readonly<Record<string, unknown>>;
  readonly headers: Readonly<Record<string, string>>;
}

function tell(error: unknown, requestId: string): Told {
  if (error instanceof HttpRefusal) {
    const { status, code, message, details, headers } = error;
    return { status, code, message, details, headers, retryable: status === 503 };
  }
  if (isParqueueError(error)) {
    const { code, message, retryable, details } = error;
    const status = STATUS[code] ?? 500;
    if (code !== 'PQ_INTERNAL') return { status, code, message, retryable, details, headers: challenge(code) };
  }
  return (
    tellFramework(error) ?? {
      status: 500,
      code: 'PQ_INTERNAL',
      message: `something broke here that should not have; the log has it under request ${requestId}`,
      retryable: false,
      details: {},
      headers: {},
    }
  );
}

/** RFC 9110 wants a challenge with every 401. */
function challenge(code: ErrorCode): Readonly<Record<string, string>> {
  return code === 'PQ_UNAUTHENTICATED' ? { 'www-authenticate': 'Bearer realm="parqueue"' } : {};
}

/** Fastify's own refusals: malformed JSON, a body too large, schema violations, an unknown media type. */
function tellFramework(error: unknown): Told | null {
  if (!(error instanceof Error) || !('statusCode' in error) || typeof error.statusCode !== 'number') return null;
  if (error.statusCode < 400 || error.statusCode > 499) return null;
  // A body, or a name in the URL.
  const tooLarge = error.statusCode === 413 || error.statusCode === 414;
  return {
    status: error.statusCode,
    code: tooLarge ? 'PQ_LIMIT_EXCEEDED' : 'PQ_INVALID_REQUEST',
    // What curl -d sends without being told; Fastify names only the status.
    message: error.statusCode === 415 ? 'a body is JSON: send it with Content-Type: application/json' : error.message,
    retryable: false,
    details: {},
    headers: {},
  };
}

/** Seconds before asking again may help: what the thrower knew, else a default by what was short. */
function retryAfter({ status, code, retryable, details }: Told): Readonly<Record<string, string>> {
  if (!retryable) return {};
  const known = details['retryAfterMs'];
  if (typeof known === 'number' && known >= 0) return { 'retry-after': String(Math.max(1, Math.ceil(known / 1000))) };
  if (code === 'PQ_SOURCE_UNAVAILABLE' || code === 'PQ_SOURCE_PAUSED' || code === 'PQ_STORE_FULL')
    return { 'retry-after': '10' };
  return status === 429 || status === 503 || status === 504 || status === 409 ? { 'retry-after': '2' } : {};
}
