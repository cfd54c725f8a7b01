/** `parqueue key new`: an API key for a caller, and the hash of it for the configuration. */
import { createHash, randomBytes } from 'node:crypto';
import type { Context } from '../context.ts';

/** 256 bits: a key is guessed by nobody, so its plain SHA-256 needs no salt and no slow hash. */
const KEY_BYTES = 32;

export interface KeyOptions {
  readonly name: string;
  readonly json?: boolean;
}

/** Prints the key once; only its hash is ever configured. */
export function keyNew(context: Context, { name, json }: KeyOptions): void {
  const key = `pq_${randomBytes(KEY_BYTES).toString('base64url')}`;
  const sha256 = createHash('sha256').update(key).digest('hex');
  if (json === true) {
    context.out(JSON.stringify({ name, key, sha256 }));
    return;
  }
  context.out(`key for the caller (shown once; PARQUEUE_API_KEY or --key):\n  ${key}`);
  context.out(`for auth.apiKeys in the configuration:\n  - { name: ${name}, sha256: ${sha256}, scopes: [read, fill] }`);
}
