/**
 * Who asks, and what they may. Keys are known by their SHA-256 only and compared in constant time. Without any key in
 * the configuration everybody who reaches the port may do everything, and the port is loopback (server.ts).
 */
import { createHash, timingSafeEqual } from 'node:crypto';
import { ParqueueError } from '@parqueue/core';
import type { ApiKey, ApiScope } from '@parqueue/core/config';

export interface Principal {
  /** For logs, and for recognising who asks again. Never the key itself. */
  readonly name: string;
  readonly scopes: ReadonlySet<ApiScope>;
  /** Dataset name patterns; `*` stands for any run of characters. */
  readonly datasets: readonly string[];
}

export interface Credentials {
  readonly authorization?: string | undefined;
  readonly 'x-api-key'?: string | string[] | undefined;
}

const EVERYTHING: ReadonlySet<ApiScope> = new Set<ApiScope>(['read', 'fill', 'adhoc', 'admin']);

export class Gatekeeper {
  readonly #keys: readonly { readonly digest: Buffer; readonly principal: Principal }[];

  constructor(keys: readonly ApiKey[]) {
    this.#keys = keys.map(({ name, sha256, scopes, datasets }) => ({
      digest: Buffer.from(sha256, 'hex'),
      principal: { name: `key:${name}`, scopes: new Set(scopes), datasets },
    }));
  }

  get open(): boolean {
    return this.#keys.length === 0;
  }

  /** @throws ParqueueError PQ_UNAUTHENTICATED */
  identify(credentials: Credentials, remoteAddress: string): Principal {
    if (this.open) return { name: `address:${remoteAddress}`, scopes: EVERYTHING, datasets: ['*'] };
    const secret = secretOf(credentials);
    if (secret === null) {
      throw new ParqueueError('PQ_UNAUTHENTICATED', 'send an API key: Authorization: Bearer <key>');
    }
    const digest = createHash('sha256').update(secret).digest();
    // Every key is compared, so that the time taken tells nothing about which one was nearly right.
    let found: Principal | null = null;
    for (const key of this.#keys) if (timingSafeEqual(key.digest, digest)) found = key.principal;
    if (found === null)
      throw new ParqueueError('PQ_UNAUTHENTICATED', 'this API key is not known here; ask for one, or see auth.apiKeys');
    return found;
  }
}

function secretOf(credentials: Credentials): string | null {
  const bearer = /^Bearer +(\S+) *$/i.exec(credentials.authorization ?? '')?.[1];
  if (bearer !== undefined) return bearer;
  const header = credentials['x-api-key'];
  return typeof header === 'string' && header !== '' ? header : null;
}

/** @throws ParqueueError PQ_FORBIDDEN */
export function requireScope(principal: Principal, scope: ApiScope): void {
  if (principal.scopes.has(scope)) return;
  throw new ParqueueError('PQ_FORBIDDEN', `this needs an API key with scope ${scope}`);
}

export function mayUseDataset({ datasets }: Principal, name: string): boolean {
  return datasets.some((pattern) => matchesPattern(pattern, name));
}

/** @throws ParqueueError PQ_FORBIDDEN */
export function requireDataset(principal: Principal, name: string): void {
  if (mayUseDataset(principal, name)) return;
  throw new ParqueueError('PQ_FORBIDDEN', `this API key may not use dataset ${JSON.stringify(name)}`);
}

/** A key without bounds. */
export function mayUseAll({ datasets }: Principal): boolean {
  return datasets.includes('*');
}

/**
 * What touches a whole source touches datasets that a bounded key may not use.
 * @throws ParqueueError PQ_FORBIDDEN
 */
export function requireAllDatasets(principal: Principal): void {
  if (mayUseAll(principal)) return;
  throw new ParqueueError('PQ_FORBIDDEN', 'this concerns a whole source, and this API key is bounded to some datasets');
}

/** An entry is seen by whoever may use its dataset, an ad-hoc one by whoever may ask ad hoc or manage. */
export function maySeeEntry(principal: Principal, dataset: string | null): boolean {
  if (dataset !== null) return mayUseDataset(principal, dataset);
  return principal.scopes.has('adhoc') || principal.scopes.has('admin');
}

function matchesPattern(pattern: string, name: string): boolean {
  const parts = pattern.split('*').map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'));
  return new RegExp(`^${parts.join('.*')}$`, 's').test(name);
}
