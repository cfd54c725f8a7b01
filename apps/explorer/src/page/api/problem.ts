/** An answer that is no answer, told apart by its code. Pure. */

export class ApiProblem extends Error {
  /** 0: there was no answer at all. */
  readonly status: number;
  readonly code: string;
  readonly retryAfterSeconds: number | null;

  constructor(
    detail: string,
    {
      status,
      code,
      retryAfterSeconds = null,
    }: { readonly status: number; readonly code: string; readonly retryAfterSeconds?: number | null },
  ) {
    super(detail);
    this.name = 'ApiProblem';
    this.status = status;
    this.code = code;
    this.retryAfterSeconds = retryAfterSeconds;
  }
}

/** Nobody answered. */
export const UNREACHABLE = 'unreachable';

/** What a body of application/problem+json says, or as much as is known of one that says nothing. */
export function problemFrom(status: number, body: string, retryAfter: string | null): ApiProblem {
  const told = parsed(body);
  const seconds = retryAfter === null ? Number.NaN : Number(retryAfter);
  return new ApiProblem(told.detail ?? `the server answered ${status}`, {
    status,
    code: told.code ?? `HTTP ${status}`,
    retryAfterSeconds: Number.isFinite(seconds) ? seconds : null,
  });
}

function parsed(body: string): { readonly code?: string; readonly detail?: string } {
  try {
    const value: unknown = JSON.parse(body);
    if (typeof value !== 'object' || value === null) return {};
    const { code, detail } = value as Record<string, unknown>;
    return { ...(typeof code === 'string' ? { code } : {}), ...(typeof detail === 'string' ? { detail } : {}) };
  } catch {
    return {};
  }
}
