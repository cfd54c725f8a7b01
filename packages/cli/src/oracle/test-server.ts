/**
 * The protocol test server in a process of its own. It is no Oracle Database: it speaks enough of the network protocol
 * for the real driver, and keeps its tables in DuckDB. Demonstrations say so where they use it.
 */
import type { Context } from '../context.ts';
import type { OracleConnection } from './connection.ts';
import { LineProcess } from './line-process.ts';

export interface OracleTestServer {
  readonly connection: OracleConnection;
  stop(): Promise<void>;
  kill(): void;
}

const USER = 'APP';

/** @throws Error when it does not come up, with its last words. */
export async function startOracleTestServer(context: Context, script: string): Promise<OracleTestServer> {
  const password = context.randomId();
  return await new Promise((resolve, reject) => {
    const server = new LineProcess({
      script,
      args: ['--port', '0', '--user', `${USER}/${password}`, '--with-stdin'],
      env: context.env,
      onLine: (line) => {
        const connectString = /^oracle-server ready on (\S+)$/.exec(line)?.[1];
        if (connectString === undefined) return;
        resolve({
          connection: { user: USER, password, connectString },
          stop: async () => await server.stop(),
          kill: () => server.kill(),
        });
      },
    });
    void server.ended.then((reason) =>
      reject(new Error(`the Oracle test server ended before it was ready (${reason}): ${server.lastWords}`)),
    );
  });
}
