/**
 * Who asks, and what they may. Keys are known by their SHA-256 only and compared in constant time. Without any key in
 * the configuration everybody who reaches the port may do everything, and the port is loopback (server.ts), asked from
 * this host (access/origin.ts).
 */
import { createHash, timingSafeEqual } from 'node:crypto';
import { ParqueueError, type Clock } from '@parqueue/core';
import type { ApiKey, ApiScope, Catalog, DatasetConfig, KeyLimits } from '@parqueue/core/config';

export interface Principal {
  /** For logs, and for recognising who asks again. Never the key itself. */
  readonly name: string;
  readonly scopes: ReadonlySet<ApiScope>;
  /** Dataset name patterns; `*` stands for any run of characters. */
  readonly datasets: readonly string[];
  /** Null: nobody to tell apart from others, and no limit. */
  readonly limits: KeyLimits | null;
  readonly expiresAtMs: number | null;
}

export interface Credentials {
  readonly authorization?: string | undefined;
  readonly 'x-api-key'?: string | string[] | undefined;
}

const EVERYTHING: ReadonlySet<ApiScope> = new Set<ApiScope>(['read', 'fill', 'adhoc', 'admin']);

/** Who asks without a key: everybody where there are none, operators at this host's own metrics. */
export function principalOf(address: string, scopes: ReadonlySet<ApiScope>): Principal {
  return { name: `address:${address}`, scopes, datasets: ['*'], limits: null, expiresAtMs: null };
}

interface KnownKey {
  readonly digest: Buffer;
  readonly principal: Principal;
}

export class Gatekeeper {
  readonly #clock: Clock;
  #keys: readonly KnownKey[];

  constructor(keys: readonly ApiKey[], clock: Clock) {
    this.#clock = clock;
    this.#keys = keys.map(knownKey);
  }

  get open(): boolean {
    return this.#keys.length === 0;
  }

  /**
   * Other keys from now on; requests under way go on as they are. Never opens what was closed.
   * @throws ParqueueError PQ_CONFIG
   */
  replace(keys: readonly ApiKey[]): void {
    if (keys.length === 0 && !this.open)
      throw new ParqueueError(
        'PQ_CONFIG',
        'auth.apiKeys is empty now: the keys stay as they are, since without any everybody may do everything; restart to have that',
      );
    this.#keys = keys.map(knownKey);
  }

  /**
   * @param basic whether a browser's log-in is taken too: any user, the key as password
   * @throws ParqueueError PQ_UNAUTHENTICATED
   */
  identify(credentials: Credentials, address: string, { basic = false } = {}): Principal {
    if (this.open) return principalOf(address, EVERYTHING);
    const secret = secretOf(credentials, basic);
    if (secret === null) {
      throw new ParqueueError('PQ_UNAUTHENTICATED', 'send an API key: Authorization: Bearer <key>');
    }
    const digest = createHash('sha256').update(secret).digest();
    // Every key is compared, so that the time taken tells nothing about which one was nearly right.
    let found: Principal | null = null;
    for (const key of this.#keys) if (timingSafeEqual(key.digest, digest)) found = key.principal;
    if (found === null)
      throw new ParqueueError('PQ_UNAUTHENTICATED', 'this API key is not known here; ask for one, or see auth.apiKeys');
    // Only who has the key learns that there was one.
    if (found.expiresAtMs !== null && found.expiresAtMs <= this.#clock.now())
      throw new ParqueueError('PQ_UNAUTHENTICATED', 'this API key has expired; ask for another');
    return found;
  }
}

function knownKey({ name, sha256, scopes, datasets, limits, expiresAtMs }: ApiKey): KnownKey {
  return {
    digest: Buffer.from(sha256, 'hex'),
    principal: { name: `key:${name}`, scopes: new Set(scopes), datasets, limits, expiresAtMs },
  };
}

/** Whether a request shows anything that would have to be a key. */
export function showsKey(credentials: Credentials, { basic = false } = {}): boolean {
  return secretOf(credentials, basic) !== null;
}

function secretOf({ authorization = '', 'x-api-key': header }: Credentials, basic: boolean): string | null {
  const bearer = /^Bearer +(\S+) *$/i.exec(authorization)?.[1];
  if (bearer !== undefined) return bearer;
  if (typeof header === 'string' && header !== '') return header;
  const login = basic ? /^Basic +([A-Za-z0-9+/=]+) *$/i.exec(authorization)?.[1] : undefined;
  if (login === undefined) return null;
  const pair = Buffer.from(login, 'base64').toString('utf8');
  const password = pair.slice(pair.indexOf(':') + 1);
  return password === '' || !pair.includes(':') ? null : password;
}

/** @throws ParqueueError PQ_FORBIDDEN */
export function requireScope(principal: Principal, scope: ApiScope): void {
  if (principal.scopes.has(scope)) return;
  throw new ParqueueError('PQ_FORBIDDEN', `this needs an API key with scope ${scope}`);
}

export function mayUseDataset({ datasets }: Principal, name: string): boolean {
  return datasets.some((pattern) => matchesPattern(pattern, name));
}

/**
 * What a key may not use is not there for it: neither the status nor a suggestion tells which other names there are.
 * @throws ParqueueError PQ_UNKNOWN_DATASET
 */
export function datasetFor(principal: Principal, catalog: Catalog, name: string): DatasetConfig {
  return catalog.dataset(name, (known) => mayUseDataset(principal, known));
}

/** Between whom what there is too little of is shared; null: there is nobody to tell apart. */
export function sharerOf({ name, limits }: Principal): string | null {
  return limits === null ? null : name;
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

/** Linear: a pattern of many stars must not be slow for a name that nearly matches. */
function matchesPattern(pattern: string, name: string): boolean {
  if (pattern === '*') return true;
  const [first = '', ...rest] = pattern.split('*');
  if (rest.length === 0) return pattern === name;
  const last = rest.pop() ?? '';
  if (!name.startsWith(first) || name.length < first.length + last.length || !name.endsWith(last)) return false;
  let from = first.length;
  const end = name.length - last.length;
  for (const part of rest) {
    const at = name.indexOf(part, from);
    if (at < 0 || at + part.length > end) return false;
    from = at + part.length;
  }
  return true;
}
