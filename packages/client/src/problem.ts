/** Refusals of the server, and the wire to it breaking: one error class, told apart by `code`. */

export interface ParqueueHttpErrorInit {
  readonly code: string;
  readonly status: number;
  readonly retryable: boolean;
  readonly retryAfterMs: number | null;
  readonly details: Readonly<Record<string, unknown>>;
  readonly cause?: unknown;
}

/** Codes of this client's own; every other one is the server's (docs/errors.md). */
export type ClientErrorCode =
  /** No server answered. */
  | 'UNREACHABLE'
  /** What answered does not speak Parqueue's language. */
  | 'UNEXPECTED'
  /** The answer ended before all of it was there, more often than `retries` allows. */
  | 'INTERRUPTED'
  /** All bytes came, and they are not those that the server hashed. */
  | 'CORRUPTED'
  /** A package is not installed: `apache-arrow`, or `@parqueue/core` for functions of your own. */
  | 'MISSING_PACKAGE'
  /** A path was asked for, and the store is not mounted where `mount` says. */
  | 'NOT_MOUNTED'
  /** The folder of the disk cache cannot be used. */
  | 'CACHE_UNUSABLE'
  /** A wrapped function was called, and the client was not told of a store. */
  | 'NO_STORE'
  /** A wrapped function was called after the client was closed. */
  | 'CLOSED';

/**
 * `code` is the stable code of the problem, such as `PQ_UNKNOWN_DATASET`, or one of `ClientErrorCode`. `status` is 0
 * where no HTTP answer was the cause.
 */
export class ParqueueHttpError extends Error {
  override readonly name = 'ParqueueHttpError';
  readonly code: string;
  readonly status: number;
  /** The same request may succeed later. */
  readonly retryable: boolean;
  readonly retryAfterMs: number | null;
  readonly details: Readonly<Record<string, unknown>>;

  constructor(message: string, init: ParqueueHttpErrorInit) {
    super(message, init.cause === undefined ? undefined : { cause: init.cause });
    this.code = init.code;
    this.status = init.status;
    this.retryable = init.retryable;
    this.retryAfterMs = init.retryAfterMs;
    this.details = init.details;
  }
}

/** `instanceof` fails between two copies of this package; the name does not. */
export function isParqueueHttpError(error: unknown): error is ParqueueHttpError {
  return error instanceof Error && error.name === 'ParqueueHttpError' && 'code' in error;
}

/** Something that happened here rather than at the server. */
export function clientError(
  code: ClientErrorCode,
  message: string,
  { retryable = false, cause }: { readonly retryable?: boolean; readonly cause?: unknown } = {},
): ParqueueHttpError {
  return new ParqueueHttpError(message, { code, status: 0, retryable, retryAfterMs: null, details: {}, cause });
}

/** Standard members of problem+json (RFC 9457); the rest of the body are details. */
const STANDARD = new Set(['type', 'title', 'status', 'detail', 'instance', 'code', 'retryable', 'details']);

export async function errorOfResponse(response: Response): Promise<ParqueueHttpError> {
  // Its status is told also where its body breaks off.
  const text = await response.text().catch(() => '');
  const { status } = response;
  const problem = parseObject(text);
  const retryAfterMs = retryAfterOf(response.headers);
  if (problem === null || typeof problem['code'] !== 'string') {
    return new ParqueueHttpError(`the server answered ${status} ${response.statusText}`.trim(), {
      code: 'UNEXPECTED',
      status,
      retryable: status === 502 || status === 503 || status === 504,
      retryAfterMs,
      details: {},
    });
  }
  const message = [problem['detail'], problem['title']].find((words) => typeof words === 'string') ?? problem['code'];
  const extra = Object.entries(problem).filter(([name]) => !STANDARD.has(name));
  return new ParqueueHttpError(message, {
    code: problem['code'],
    status,
    retryable:
      problem['retryable'] === true || (problem['retryable'] === undefined && (status === 429 || status === 503)),
    retryAfterMs,
    details: { ...asObject(problem['details']), ...Object.fromEntries(extra) },
  });
}

/** `Retry-After` in ms; null where there is none. A date, as some proxies send, counts from the date of the answer. */
export function retryAfterOf(headers: Headers): number | null {
  const text = headers.get('retry-after') ?? '';
  if (/^[0-9]{1,6}$/.test(text)) return Number(text) * 1000;
  const ms = Date.parse(text) - Date.parse(headers.get('date') ?? '');
  return Number.isNaN(ms) ? null : Math.max(0, ms);
}

export function asObject(value: unknown): Readonly<Record<string, unknown>> | null {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? { ...value } : null;
}

function parseObject(text: string): Readonly<Record<string, unknown>> | null {
  try {
    return asObject(JSON.parse(text));
  } catch {
    // A proxy's HTML page, for example; the caller reports the status instead.
    return null;
  }
}
