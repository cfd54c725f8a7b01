/**
 * The worker's own port: liveness, readiness and metrics. Liveness looks at neither Redis nor the store: a worker that
 * waits for them must not be restarted for it.
 */
import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { ParqueueError } from '@parqueue/core';
import type { Registry } from 'prom-client';

export interface Readiness {
  readonly ready: boolean;
  /** What is missing, by part; values are `ok` or a short reason without addresses or secrets. */
  readonly checks: Readonly<Record<string, string>>;
}

export interface HealthOptions {
  readonly host: string;
  /** 0: any free port. */
  readonly port: number;
  readonly registry: Registry;
  readonly readiness: () => Promise<Readiness>;
}

export interface HealthPort extends AsyncDisposable {
  readonly url: string;
}

/** @throws ParqueueError PQ_CONFIG where the port cannot be had. */
export async function openHealthPort(options: HealthOptions): Promise<HealthPort> {
  const server = createServer((request, response) => {
    void answer(request.url ?? '/', response, options);
  });
  await listen(server, options);
  const { address, port } = server.address() as AddressInfo;
  return {
    url: `http://${address.includes(':') ? `[${address}]` : address}:${port}`,
    async [Symbol.asyncDispose](): Promise<void> {
      const closed = new Promise((resolve) => server.close(resolve));
      server.closeAllConnections();
      await closed;
    },
  };
}

async function answer(url: string, response: ServerResponse, { registry, readiness }: HealthOptions): Promise<void> {
  const [path] = url.split('?');
  try {
    if (path === '/healthz') return json(response, 200, { status: 'ok' });
    if (path === '/readyz') {
      const { ready, checks } = await readiness();
      return json(response, ready ? 200 : 503, { status: ready ? 'ok' : 'not ready', checks });
    }
    if (path === '/metrics') {
      const text = await registry.metrics();
      response.writeHead(200, { 'content-type': registry.contentType, 'cache-control': 'no-store' }).end(text);
      return;
    }
    json(response, 404, { status: 'not found', paths: ['/healthz', '/readyz', '/metrics'] });
  } catch (error) {
    json(response, 500, { status: error instanceof Error ? error.message : String(error) });
  }
}

function json(response: ServerResponse, status: number, body: unknown): void {
  response
    .writeHead(status, { 'content-type': 'application/json', 'cache-control': 'no-store' })
    .end(`${JSON.stringify(body)}\n`);
}

function listen(server: Server, { host, port }: HealthOptions): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (cause: NodeJS.ErrnoException) => {
      const why =
        cause.code === 'EADDRINUSE' ? 'is taken by another process' : `cannot be used (${cause.code ?? cause.message})`;
      reject(
        new ParqueueError('PQ_CONFIG', `the worker's port ${port} on ${host} ${why}: set worker.listen to a free one`, {
          cause,
        }),
      );
    });
    server.listen(port, host, resolve);
  });
}
