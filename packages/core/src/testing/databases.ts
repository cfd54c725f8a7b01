/** Databases for tests, on real servers. Needs vitest around it and a global set-up that opens a ServerPool. */
export { openMysqlTestDatabase, type MysqlTestDatabase } from './mysql-database.ts';
export { openPostgresTestDatabase, type PostgresTestDatabase } from './postgres-database.ts';
