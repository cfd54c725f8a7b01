/**
 * Where the tests' databases are: at PG_URL and MYSQL_URL where a developer named servers, else in the pool that the
 * global set-up (test/fixtures/global-setup.ts) opened for this run.
 */
import { inject } from 'vitest';
import type { ServerAddress } from './server-pool.ts';

declare module 'vitest' {
  interface ProvidedContext {
    serverPool: string;
  }
}

/** @param name a path of the pool */
export async function serverAddress(name: 'postgres' | 'mariadb'): Promise<ServerAddress> {
  const given = process.env[name === 'postgres' ? 'PG_URL' : 'MYSQL_URL'] ?? '';
  if (given !== '') return { url: given, ca: null };
  const response = await fetch(`${inject('serverPool')}/${name}`);
  const text = await response.text();
  if (!response.ok) throw new Error(text);
  return JSON.parse(text) as ServerAddress;
}
