/**
 * The databases that a test run shares: each is started when the first test asks for it and ends with the run. Tests ask
 * over HTTP, since they run in processes of their own; whoever runs no test of a database does not pay for it.
 */
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import { startMariadbServer } from './mariadb-server.ts';
import { startPostgresServer } from './postgres-server.ts';
import type { ServerProcess } from './server-process.ts';

export interface ServerAddress {
  /** With user and password of somebody who may create databases and users. */
  readonly url: string;
  /** PEM; null: not known. */
  readonly ca: string | null;
}

const STARTS: Readonly<Record<string, () => Promise<ServerProcess>>> = {
  '/postgres': startPostgresServer,
  '/mariadb': startMariadbServer,
};

export class ServerPool implements AsyncDisposable {
  readonly #http: Server;
  readonly #started = new Map<string, Promise<ServerProcess>>();

  private constructor() {
    this.#http = createServer((request, response) => {
      const path = request.url ?? '';
      void this.#server(path).then(
        ({ url, ca }) => response.end(JSON.stringify({ url, ca } satisfies ServerAddress)),
        (error: unknown) => response.writeHead(500).end(error instanceof Error ? error.message : String(error)),
      );
    });
  }

  static async open(): Promise<ServerPool> {
    const pool = new ServerPool();
    pool.#http.listen(0, '127.0.0.1');
    await once(pool.#http, 'listening');
    return pool;
  }

  get url(): string {
    const address = this.#http.address();
    if (typeof address !== 'object' || address === null) throw new Error('the pool is closed');
    return `http://127.0.0.1:${address.port}`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#http.close();
    this.#http.closeAllConnections();
    const started = await Promise.allSettled(this.#started.values());
    this.#started.clear();
    for (const result of started) if (result.status === 'fulfilled') await result.value[Symbol.asyncDispose]();
  }

  async #server(path: string): Promise<ServerProcess> {
    const start = STARTS[path];
    if (start === undefined) throw new Error(`no server is called ${path}`);
    const server = this.#started.get(path) ?? start();
    this.#started.set(path, server);
    return await server;
  }
}
