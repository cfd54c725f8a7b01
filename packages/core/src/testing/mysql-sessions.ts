/** Sessions of the MySQL driver on a test database, without a source around them. Needs a test runner. */
import { sessionSettings } from '../config/session-settings.ts';
import type { ConnectOptions } from '../sources/mysql/connect.ts';
import type { MysqlConnection } from '../sources/mysql/connection.ts';
import { MysqlDriver } from '../sources/mysql/driver.ts';
import { SessionPool } from '../sources/sql/session-pool.ts';
import { hostClock } from './host-clock.ts';
import type { MysqlTestDatabase } from './mysql-database.ts';

export function connectOptions(
  { host, port, database, user, password }: MysqlTestDatabase,
  more: Partial<ConnectOptions> = {},
): ConnectOptions {
  return {
    host,
    port,
    user,
    password,
    schema: database,
    session: sessionSettings('mysql', {}),
    tls: { mode: 'off', ca: null },
    connectTimeoutMs: 10_000,
    clock: hostClock,
    ...more,
  };
}

export function poolOn(database: MysqlTestDatabase, more: Partial<ConnectOptions> = {}): SessionPool<MysqlConnection> {
  const options = connectOptions(database, more);
  const { connectTimeoutMs, clock } = options;
  return new SessionPool({ driver: new MysqlDriver(options), max: 4, connectTimeoutMs, clock });
}
