/** The Oracle source: statements answered by an Oracle Database, through node-oracledb in Thin mode. */
import type { Source } from '../../ports/source.ts';
import { openSqlSource, type SqlSourceOptions } from '../sql/source.ts';
import type { ConnectOptions } from './connect.ts';
import { OracleDatabase } from './database.ts';

export type OracleSourceOptions = ConnectOptions & Omit<SqlSourceOptions, 'secrets'>;

/** Connects with the first question. */
export async function openOracleSource(options: OracleSourceOptions): Promise<Source> {
  const { password, walletPassword } = options;
  return openSqlSource(new OracleDatabase(options), { ...options, secrets: [password, walletPassword] });
}
