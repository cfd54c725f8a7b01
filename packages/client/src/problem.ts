/** Refusals of the server, and the wire to it breaking: one error class, told apart by `code`. */

export interface ParqueueHttpErrorInit {
  readonly code: string;
  readonly status: number;
  readonly retryable: boolean;
  readonly retryAfterMs: number | null;
  readonly details: Readonly<Record<string, unknown>>;
  readonly cause?: unknown;
}

/**
 * `code` is the stable code of the problem, such as `PQ_UNKNOWN_DATASET`; `UNREACHABLE` where no server answered, and
 * `UNEXPECTED` where what answered does not speak Parqueue's language. `status` is 0 where there was no HTTP answer.
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

/** Standard members of problem+json (RFC 9457); the rest of the body are details. */
const STANDARD = new Set(['type', 'title', 'status', 'detail', 'instance', 'code', 'retryable', 'details']);

export async function errorOfResponse(response: Response): Promise<ParqueueHttpError> {
  const text = await response.text();
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

/** Seconds of `Retry-After` in ms; null where there is none. Dates are not used by this server. */
export function retryAfterOf(headers: Headers): number | null {
  const text = headers.get('retry-after');
  return text !== null && /^[0-9]{1,6}$/.test(text) ? Number(text) * 1000 : null;
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
