/** Servers of the tests' own. Loads nothing but Node's modules: a global set-up runs outside of any test. */
export { PostgresServer } from './postgres-server.ts';
export { MariadbServer } from './mariadb-server.ts';
export { ServerPool, type ServerAddress } from './server-pool.ts';
