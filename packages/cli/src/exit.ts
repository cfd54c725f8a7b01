/**
 * What the command's exit code says. Scripts branch on it, so it is part of the interface: 0 ok, 1 failed, 2 usage,
 * 3 not found, 4 unavailable (try again later).
 */
import { isParqueueError, toFailure, type ErrorCode } from '@parqueue/core';

export const EXIT = { ok: 0, failed: 1, usage: 2, notFound: 3, unavailable: 4 } as const;
export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

const EXIT_OF_CODE: Partial<Record<ErrorCode, ExitCode>> = {
  PQ_INVALID_REQUEST: EXIT.usage,
  PQ_UNKNOWN_DATASET: EXIT.notFound,
  PQ_UNKNOWN_SOURCE: EXIT.notFound,
  PQ_NOT_FOUND: EXIT.notFound,
  PQ_NOT_CACHED: EXIT.notFound,
  PQ_GONE: EXIT.notFound,
  PQ_QUEUE_FULL: EXIT.unavailable,
  PQ_RATE_LIMITED: EXIT.unavailable,
  PQ_SOURCE_UNAVAILABLE: EXIT.unavailable,
  PQ_SOURCE_PAUSED: EXIT.unavailable,
  PQ_STORE_IO: EXIT.unavailable,
  PQ_STORE_FULL: EXIT.unavailable,
  PQ_COORDINATION_DOWN: EXIT.unavailable,
  PQ_FILL_TIMEOUT: EXIT.unavailable,
};

/** A mistake in how the command was called, found after commander had read it. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

/** Network failures of fetch, by the code of their innermost cause. */
const UNREACHABLE = new Set(['ECONNREFUSED', 'ECONNRESET', 'ENOTFOUND', 'EAI_AGAIN', 'ETIMEDOUT', 'EHOSTUNREACH', 'EPIPE',
  'UND_ERR_CONNECT_TIMEOUT', 'UND_ERR_SOCKET', 'UND_ERR_HEADERS_TIMEOUT']);

export interface Explained {
  readonly exit: ExitCode;
  readonly code: string;
  /** One line: what happened and what to do. */
  readonly message: string;
}

/** Turns anything thrown into the one line and the exit code a person or a script sees. */
export function explainError(error: unknown): Explained {
  if (error instanceof UsageError) return { exit: EXIT.usage, code: 'USAGE', message: error.message };
  const network = networkCode(error);
  if (network !== null && !isParqueueError(error)) {
    return { exit: EXIT.unavailable, code: network, message: 'the server cannot be reached: is `parqueue up` running, and is --url right?' };
  }
  const failure = toFailure(error);
  return { exit: EXIT_OF_CODE[failure.code] ?? EXIT.failed, code: failure.code, message: failure.message };
}

function networkCode(error: unknown): string | null {
  for (let cause = error, depth = 0; cause instanceof Error && depth < 5; cause = cause.cause, depth += 1) {
    if ('code' in cause && typeof cause.code === 'string' && UNREACHABLE.has(cause.code)) return cause.code;
  }
  return null;
}
