/** How an Oracle database is reached: the parts of `USER/PASSWORD@HOST:PORT/SERVICE`, as the writer takes them. */
import { UsageError } from '../exit.ts';

export interface OracleConnection {
  readonly user: string;
  /** Secret: handed to children by the environment, never by argument, never printed. */
  readonly password: string;
  readonly connectString: string;
}

/** A password may hold `/` and `@`. @throws UsageError that does not repeat what it was given. */
export function parseConnection(text: string): OracleConnection {
  const slash = text.indexOf('/');
  const at = text.lastIndexOf('@');
  const connection = {
    user: text.slice(0, Math.max(slash, 0)),
    password: text.slice(slash + 1, Math.max(at, 0)),
    connectString: text.slice(at + 1),
  };
  if (slash < 1 || at <= slash + 1 || connection.connectString === '')
    throw new UsageError('a connection is written USER/PASSWORD@HOST:PORT/SERVICE');
  return connection;
}

export function spellConnection({ user, password, connectString }: OracleConnection): string {
  return `${user}/${password}@${connectString}`;
}
