/** Servers of the tests' own. Loads nothing but Node's modules: a global set-up runs outside of any test. */
export { freePort } from './free-port.ts';
export { startRedis } from './redis-child.ts';
export { hasPostgres, startPostgresServer } from './postgres-server.ts';
export { hasMariadb, startMariadbServer } from './mariadb-server.ts';
export type { ServerProcess } from './server-process.ts';
export { ServerPool, type ServerAddress } from './server-pool.ts';
