/**
 * What the Oracle stories need and only a clone of the repository has: the protocol test server and the writer. The
 * published package brings neither; whoever asks for them there is told so.
 */
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

export interface OracleTools {
  /** The built entry of @parqueue/oracle-server. */
  readonly server: string;
  readonly writer: string;
}

const REPOSITORY = new URL('../../../../', import.meta.url);

/** null: this is not a clone, or it was not built. */
export function findOracleTools(): OracleTools | null {
  const server = fileURLToPath(new URL('test/oracle-server/dist/main.js', REPOSITORY));
  const writer = findOracleWriter();
  return writer !== null && existsSync(server) ? { server, writer } : null;
}

/** The writer alone: all that a real database needs from the clone. */
export function findOracleWriter(): string | null {
  const writer = fileURLToPath(new URL('infra/oracle/writer.mjs', REPOSITORY));
  return existsSync(writer) ? writer : null;
}
