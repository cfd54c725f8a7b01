/** The MySQL source: statements answered by a MySQL or a MariaDB server, through mysql2. */
import type { Source } from '../../ports/source.ts';
import { openSqlSource, type SqlSourceOptions } from '../sql/source.ts';
import type { ConnectOptions } from './connect.ts';
import { MysqlDatabase } from './database.ts';

export type MysqlSourceOptions = ConnectOptions & Omit<SqlSourceOptions, 'secrets'>;

/** Connects with the first question. */
export async function openMysqlSource(options: MysqlSourceOptions): Promise<Source> {
  return openSqlSource(new MysqlDatabase(options), { ...options, secrets: [options.password] });
}
