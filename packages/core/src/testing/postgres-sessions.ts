/** Sessions of the Postgres driver on a test database, without a source around them. Needs a test runner. */
import { sessionSettings } from '../config/session-settings.ts';
import type { ConnectOptions } from '../sources/postgres/connect.ts';
import type { PostgresConnection } from '../sources/postgres/connection.ts';
import { PostgresDriver } from '../sources/postgres/driver.ts';
import { SessionPool } from '../sources/sql/session-pool.ts';
import { hostClock } from './host-clock.ts';
import type { PostgresLogin } from './postgres-database.ts';

export function connectOptions(
  { host, port, database, user, password }: PostgresLogin,
  more: Partial<ConnectOptions> = {},
): ConnectOptions {
  return {
    host,
    port,
    database,
    user,
    password,
    schema: 'public',
    session: sessionSettings('postgres', {}),
    tls: { mode: 'off', ca: null },
    connectTimeoutMs: 10_000,
    clock: hostClock,
    ...more,
  };
}

export function poolOn(database: PostgresLogin, more: Partial<ConnectOptions> = {}): SessionPool<PostgresConnection> {
  const options = connectOptions(database, more);
  const { connectTimeoutMs, clock } = options;
  return new SessionPool({ driver: new PostgresDriver(options), max: 4, connectTimeoutMs, clock });
}
