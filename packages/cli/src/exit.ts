/**
 * What the command's exit code says. Scripts branch on it, so it is part of the interface: 0 ok, 1 failed, 2 usage,
 * 3 not found, 4 unavailable (try again later).
 */
import { isParqueueHttpError } from '@parqueue/client';
import { toFailure, type ErrorCode } from '@parqueue/core';
import { ChildFailed } from './up/supervised-process.ts';

export const EXIT = { ok: 0, failed: 1, usage: 2, notFound: 3, unavailable: 4 } as const;
export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

const EXIT_OF_CODE: Readonly<Record<string, ExitCode>> = {
  UNREACHABLE: EXIT.unavailable,
  INTERRUPTED: EXIT.unavailable,
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
} satisfies Partial<Record<ErrorCode | 'UNREACHABLE' | 'INTERRUPTED', ExitCode>>;

/** A mistake in how the command was called, found after commander had read it. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

export interface Explained {
  readonly exit: ExitCode;
  readonly code: string;
  /** What happened and what to do: one line, except for the problems of a configuration. */
  readonly message: string;
}

/** Turns anything thrown into the one line and the exit code a person or a script sees. */
export function explainError(error: unknown): Explained {
  if (error instanceof UsageError) return { exit: EXIT.usage, code: 'USAGE', message: error.message };
  if (error instanceof ChildFailed) return { exit: exitOf(error.exit), code: error.code, message: error.message };
  if (isParqueueHttpError(error)) {
    const { code, status, message } = error;
    const hint = code === 'PQ_UNAUTHENTICATED' ? ' (--key or PARQUEUE_API_KEY gives it here)' : '';
    return { exit: EXIT_OF_CODE[code] ?? exitOfStatus(status), code, message: `${oneLine(message)}${hint}` };
  }
  const failure = toFailure(error);
  return {
    exit: EXIT_OF_CODE[failure.code] ?? EXIT.failed,
    code: failure.code,
    message: failure.code === 'PQ_CONFIG' ? failure.message : oneLine(failure.message),
  };
}

function exitOf(code: number): ExitCode {
  return Object.values(EXIT).find((known) => known === code) ?? EXIT.failed;
}

/** For codes of servers newer than this command. */
function exitOfStatus(status: number): ExitCode {
  if (status === 404 || status === 410) return EXIT.notFound;
  return status === 429 || status === 503 || status === 504 ? EXIT.unavailable : EXIT.failed;
}

/** Messages of databases and parsers may have several lines; the list of a configuration's problems keeps its own. */
function oneLine(message: string): string {
  return message.replaceAll(/\s*\n\s*/g, ' · ');
}
