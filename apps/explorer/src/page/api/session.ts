/**
 * Who asks, and how the server stands. The key lives in the session storage of this tab and nowhere else; it goes into
 * the Authorization header and never into an address.
 */
import type { Principal } from '@parqueue/client';
import { createStore } from './store.ts';

const KEY_ITEM = 'parqueue.key';

export type Scope = Principal['scopes'][number];

export interface Session {
  readonly key: string | null;
  /** A key is wanted: none was given, or the one given is not known. */
  readonly wanted: 'none' | 'missing' | 'unknown';
  /** null: not told yet. */
  readonly identity: Principal | null;
}

/** `redis-away`: answers come, but not those that need Redis. */
export type Connection = 'ok' | 'redis-away' | 'store-away' | 'unreachable';

export const session = createStore<Session>({ key: sessionStorage.getItem(KEY_ITEM), wanted: 'none', identity: null });
export const connection = createStore<{ readonly state: Connection; readonly detail: string }>({
  state: 'ok',
  detail: '',
});

export function enterKey(key: string): void {
  sessionStorage.setItem(KEY_ITEM, key);
  session.set({ key, wanted: 'none', identity: null });
}

export function forgetKey(): void {
  sessionStorage.removeItem(KEY_ITEM);
  session.set({ key: null, wanted: 'none', identity: null });
}

export function wantKey(): void {
  const { key, identity } = session.get();
  session.set({ key, identity, wanted: key === null ? 'missing' : 'unknown' });
}

/** Unknown counts as allowed: the server decides, and says so. */
export function may({ identity }: Session, scope: Scope): boolean {
  return identity === null || identity.scopes.includes(scope);
}
