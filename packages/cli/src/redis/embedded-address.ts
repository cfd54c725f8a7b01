/**
 * Where the Redis of a running `parqueue up` is: it leaves port and password in its data directory, readable for its own
 * user only, for as long as it runs. Whoever answers there and knows the password is that Redis.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ping, type RedisAddress } from './ping.ts';

export type EmbeddedAddress =
  | { readonly kind: 'running'; readonly url: string }
  /** none: no `up` runs on the directory. refused: it runs as somebody else, or died and a stranger has its port. */
  | { readonly kind: 'none' | 'refused' };

export function addressFile(directory: string): string {
  return join(directory, 'address.json');
}

export async function findEmbeddedRedis(dataDirectory: string): Promise<EmbeddedAddress> {
  const address = readAddress(join(dataDirectory, 'redis'));
  if (address === 'forbidden') return { kind: 'refused' };
  if (address === null) return { kind: 'none' };
  const answer = await ping(address);
  if (answer === 'unreachable') return { kind: 'none' };
  return answer === 'refused' ? { kind: 'refused' } : { kind: 'running', url: urlOf(address) };
}

export function urlOf({ port, password }: RedisAddress): string {
  return `redis://${password === null ? '' : `:${password}@`}127.0.0.1:${port}`;
}

/** @returns null where nothing is remembered: the last one ended cleanly. */
export function readAddress(directory: string): RedisAddress | 'forbidden' | null {
  try {
    const value = JSON.parse(readFileSync(addressFile(directory), 'utf8')) as Partial<RedisAddress>;
    const { port, password } = value;
    if (typeof port !== 'number' || (typeof password !== 'string' && password !== null)) return null;
    return { port, password };
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EACCES' ? 'forbidden' : null;
  }
}
