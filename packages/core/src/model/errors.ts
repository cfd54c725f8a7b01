/**
 * The one table of error codes. A code is stable: scripts test it, docs/errors.md explains it, apps/api maps it to
 * an HTTP status. Messages say what happened and what to do next; they never carry a secret or a bind value.
 */
export const ERROR_CODES = {
  PQ_INVALID_REQUEST: { retryable: false },
  PQ_UNAUTHENTICATED: { retryable: false },
  PQ_FORBIDDEN: { retryable: false },
  PQ_UNKNOWN_DATASET: { retryable: false },
  PQ_UNKNOWN_SOURCE: { retryable: false },
  PQ_NOT_FOUND: { retryable: false },
  PQ_NOT_CACHED: { retryable: false },
  PQ_SOURCE_UNSTABLE: { retryable: true },
  PQ_GONE: { retryable: false },
  PQ_GENERATION_CHANGED: { retryable: true },
  PQ_LIMIT_EXCEEDED: { retryable: false },
  PQ_UNTRACKABLE: { retryable: false },
  PQ_UNSUPPORTED_TYPE: { retryable: false },
  PQ_VALUE_OUT_OF_RANGE: { retryable: false },
  PQ_MALFORMED_SOURCE: { retryable: false },
  PQ_QUEUE_FULL: { retryable: true },
  PQ_RATE_LIMITED: { retryable: true },
  PQ_SOURCE_REJECTED: { retryable: false },
  PQ_SOURCE_UNAVAILABLE: { retryable: true },
  PQ_SOURCE_PAUSED: { retryable: true },
  PQ_STORE_IO: { retryable: true },
  PQ_STORE_FULL: { retryable: true },
  PQ_COORDINATION_DOWN: { retryable: true },
  PQ_FILL_TIMEOUT: { retryable: true },
  PQ_CANCELLED: { retryable: true },
  PQ_WORKER_CRASHED: { retryable: true },
  PQ_CONFIG: { retryable: false },
  PQ_INTERNAL: { retryable: false },
} as const satisfies Record<string, { readonly retryable: boolean }>;

export type ErrorCode = keyof typeof ERROR_CODES;

/** How somebody asked, or what they wished for: no dataset is the cause. */
const OF_THE_WISH: readonly ErrorCode[] = ['PQ_FORBIDDEN', 'PQ_NOT_CACHED', 'PQ_RATE_LIMITED', 'PQ_CANCELLED'];

/**
 * What was asked. A dataset's question is its owner's, as is a column of it that its file no longer has; any other is the caller's,
 * mistakes included.
 */
const OF_THE_QUESTION: readonly ErrorCode[] = [
  'PQ_INVALID_REQUEST',
  'PQ_UNKNOWN_SOURCE',
  'PQ_NOT_FOUND',
  'PQ_LIMIT_EXCEEDED',
  'PQ_UNTRACKABLE',
  'PQ_UNSUPPORTED_TYPE',
  'PQ_VALUE_OUT_OF_RANGE',
  'PQ_MALFORMED_SOURCE',
  'PQ_SOURCE_REJECTED',
];

/** Whether only who asked can do something about it, so that nobody who runs the service need be called. */
export function isCallersOwn({ code, retryable, details }: Failure, dataset: string | null): boolean {
  if (OF_THE_WISH.includes(code)) return true;
  // Who logs on is the source, whoever asks.
  const isOfSource = retryable || details?.['reason'] === 'credentials';
  return dataset === null && !isOfSource && OF_THE_QUESTION.includes(code);
}

/** What crosses threads, queues and Redis in place of an exception: classes and codes do not survive those borders. */
export interface Failure {
  readonly code: ErrorCode;
  readonly message: string;
  readonly retryable: boolean;
  readonly details?: Readonly<Record<string, unknown>>;
}

export interface ParqueueErrorOptions {
  readonly details?: Readonly<Record<string, unknown>>;
  readonly cause?: unknown;
  /** Overrides the code's default, for example a rejected statement that the database calls transient. */
  readonly retryable?: boolean;
}

/** An operational error. Tell errors apart by `code`, never by class: `instanceof` lies across realms. */
export class ParqueueError extends Error {
  override readonly name = 'ParqueueError';
  readonly code: ErrorCode;
  readonly retryable: boolean;
  readonly details: Readonly<Record<string, unknown>>;

  constructor(code: ErrorCode, message: string, options: ParqueueErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.retryable = options.retryable ?? ERROR_CODES[code].retryable;
    this.details = options.details ?? {};
  }

  static from(failure: Failure): ParqueueError {
    return new ParqueueError(failure.code, failure.message, {
      retryable: failure.retryable,
      ...(failure.details === undefined ? {} : { details: failure.details }),
    });
  }
}

export function isParqueueError(error: unknown): error is ParqueueError {
  return error instanceof Error && error.name === 'ParqueueError' && 'code' in error;
}

export function sourcePaused(source: string): ParqueueError {
  return new ParqueueError(
    'PQ_SOURCE_PAUSED',
    `source ${source} is paused by an operator; ask again when it is resumed (GET /v1/sources tells why)`,
  );
}

/** The failure to report for anything thrown. Unknown errors become PQ_INTERNAL and keep only their message. */
export function toFailure(error: unknown): Failure {
  if (isParqueueError(error)) {
    const { code, message, retryable, details } = error;
    return Object.keys(details).length === 0 ? { code, message, retryable } : { code, message, retryable, details };
  }
  const message = error instanceof Error ? error.message : String(error);
  return { code: 'PQ_INTERNAL', message, retryable: false };
}

/** A broken invariant is a defect of ours: say so and let the process crash. */
export function assertInvariant(condition: boolean, invariant: string): asserts condition {
  if (!condition) throw new Error(`invariant broken: ${invariant}`);
}
