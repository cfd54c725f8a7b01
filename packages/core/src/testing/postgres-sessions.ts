/** Sessions of the Postgres driver on a test database, without a source around them. Needs a test runner. */
import { sessionSettings } from '../config/session-settings.ts';
import type { ConnectOptions } from '../sources/postgres/connect.ts';
import type { PostgresConnection } from '../sources/postgres/connection.ts';
import { PostgresDriver } from '../sources/postgres/driver.ts';
import { SessionPool } from '../sources/sql/session-pool.ts';
import type { Use } from '../sources/sql/session.ts';
import { hostClock } from './host-clock.ts';
import type { PostgresTestDatabase } from './postgres-database.ts';

export function connectOptions(
  { host, port, database, user, password }: PostgresTestDatabase,
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

export function poolOn(
  database: PostgresTestDatabase,
  more: Partial<ConnectOptions> = {},
): SessionPool<PostgresConnection> {
  const options = connectOptions(database, more);
  const { connectTimeoutMs, clock } = options;
  return new SessionPool({ driver: new PostgresDriver(options), max: 4, connectTimeoutMs, clock });
}

export function useOf(more: Partial<Use> = {}): Use {
  const { clock = hostClock } = more;
  return {
    signal: new AbortController().signal,
    clock,
    deadlineMs: clock.now() + 60_000,
    redact: (text) => text,
    action: 'fill',
    ...more,
  };
}
