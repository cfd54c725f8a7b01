/**
 * Requests of datasets that were made before, by what was asked (I1). A catalog never changes, so the same words mean the
 * same request, and need not be read, filled into a path or a statement, and hashed again for each of many callers.
 *
 * The name under which one is kept tells apart whatever may mean another thing: "1" and 1, an order of columns. What JSON
 * cannot tell apart (1e999 and null, -0 and 0), or what is nested, is made afresh each time.
 */
import type { ResolvedRequest } from '../model/request.ts';
import type { RawParams } from './request-parts.ts';

/** One or two KiB each. Beyond it the least recently used goes. */
const REQUESTS_MAX = 5_000;
/** Longer questions are rare and would make what is kept large. */
const NAME_CHARS_MAX = 1_000;

export class RememberedRequests {
  readonly #max: number;
  readonly #requests = new Map<string, ResolvedRequest>();

  constructor(max = REQUESTS_MAX) {
    this.#max = max;
  }

  /** What `make` throws is not remembered. */
  of(
    asked: { readonly dataset: string; readonly params: RawParams; readonly columns: readonly string[] | undefined },
    make: () => ResolvedRequest,
  ): ResolvedRequest {
    const name = nameOf(asked);
    if (name === null) return make();
    const request = this.#requests.get(name) ?? make();
    this.#requests.delete(name);
    this.#requests.set(name, request);
    const [oldest] = this.#requests.size > this.#max ? this.#requests.keys() : [];
    if (oldest !== undefined) this.#requests.delete(oldest);
    return request;
  }
}

function nameOf({ dataset, params, columns }: Parameters<RememberedRequests['of']>[0]): string | null {
  for (const value of Object.values(params)) if (!isToldApart(value)) return null;
  for (const column of columns ?? []) if (typeof column !== 'string') return null;
  // No columns wished are all of them, an empty list is refused.
  const name = JSON.stringify([dataset, params, columns ?? null]);
  return name.length > NAME_CHARS_MAX ? null : name;
}

function isToldApart(value: unknown): boolean {
  if (typeof value === 'number') return Number.isFinite(value) && !Object.is(value, -0);
  return typeof value === 'string' || typeof value === 'boolean';
}
