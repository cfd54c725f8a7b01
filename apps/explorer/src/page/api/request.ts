/** Every question that the page asks the server, relative to where the page is, with the key that was entered. */
import { learnServerTime } from '../clock.ts';
import { ApiProblem, problemFrom, UNREACHABLE } from './problem.ts';
import { connection, session, wantKey } from './session.ts';

export interface Asked {
  readonly method?: 'GET' | 'POST' | 'DELETE';
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal;
}

/** @throws ApiProblem for whatever is not 2xx, and where nobody answers */
export async function ask(path: string, { method = 'GET', body, headers = {}, signal }: Asked = {}): Promise<Response> {
  const { key } = session.get();
  const response = await answered(path, {
    method,
    headers: {
      ...(key === null ? {} : { authorization: `Bearer ${key}` }),
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      ...headers,
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    ...(signal === undefined ? {} : { signal }),
    // The key is all that says who asks.
    credentials: 'omit',
  });
  learnServerTime(response.headers.get('date'));
  if (response.ok) {
    noteUp();
    return response;
  }
  const problem = problemFrom(response.status, await response.text(), response.headers.get('retry-after'));
  if (problem.status === 401) wantKey();
  if (problem.code === 'PQ_COORDINATION_DOWN') connection.set({ state: 'redis-away', detail: problem.message });
  else noteUp();
  throw problem;
}

export async function askJson<T>(path: string, asked: Asked = {}): Promise<T> {
  return (await (await ask(path, asked)).json()) as T;
}

async function answered(path: string, init: RequestInit): Promise<Response> {
  try {
    return await fetch(`.${path}`, init);
  } catch (error) {
    if (init.signal?.aborted === true) throw error;
    connection.set({ state: 'unreachable', detail: 'The server does not answer.' });
    throw new ApiProblem('the server does not answer', { status: 0, code: UNREACHABLE });
  }
}

/** Somebody answered. Whether Redis is back is for /readyz to say: routes that need none of it answer all the time. */
function noteUp(): void {
  if (connection.get().state === 'unreachable') connection.set({ state: 'ok', detail: '' });
}

interface Readiness {
  readonly checks: { readonly redis: string; readonly store: string };
}

/** How the server stands, by its own word; needs no key. */
export async function lookAtReadiness(signal: AbortSignal): Promise<void> {
  try {
    const response = await answered('/readyz', { signal });
    const { checks } = (await response.json()) as Readiness;
    if (checks.redis !== 'ok') connection.set({ state: 'redis-away', detail: checks.redis });
    else if (checks.store !== 'ok') connection.set({ state: 'store-away', detail: checks.store });
    else connection.set({ state: 'ok', detail: '' });
  } catch {
    // Nobody answered, which is noted, or not this server: a proxy in front of one that starts.
  }
}
