/** The Postgres source: statements answered by a PostgreSQL server, 14 or newer, through pg. */
import type { Source } from '../../ports/source.ts';
import { openSqlSource, type SqlSourceOptions } from '../sql/source.ts';
import type { ConnectOptions } from './connect.ts';
import { PostgresDatabase } from './database.ts';

export type PostgresSourceOptions = ConnectOptions & Omit<SqlSourceOptions, 'secrets'>;

/** Connects with the first question. */
export async function openPostgresSource(options: PostgresSourceOptions): Promise<Source> {
  return openSqlSource(new PostgresDatabase(options), { ...options, secrets: [options.password] });
}
