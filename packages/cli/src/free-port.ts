/** Ports: finding a free one, and saying plainly that one is taken before anything is started. */
import { createServer } from 'node:net';
import { ParqueueError } from '@parqueue/core';

/** A port nobody listens on right now. Somebody may take it before we do; callers try again. */
export async function freePort(host = '127.0.0.1'): Promise<number> {
  return await listenOnce(host, 0);
}

/** @throws ParqueueError PQ_CONFIG when the port cannot be listened on. */
export async function assertPortFree(host: string, port: number): Promise<void> {
  if (port === 0) return;
  try {
    await listenOnce(host, port);
  } catch (cause) {
    const code = cause instanceof Error && 'code' in cause ? cause.code : null;
    if (code === 'EADDRINUSE') {
      throw new ParqueueError(
        'PQ_CONFIG',
        `port ${port} on ${host} is in use: another parqueue, or another program? `
          + 'Stop it, or choose a port with --port N (--port 0: any free one)',
        { cause },
      );
    }
    if (code === 'EACCES') {
      throw new ParqueueError(
        'PQ_CONFIG',
        `port ${port} on ${host} needs rights this user does not have: choose one above 1023`,
        { cause },
      );
    }
    throw new ParqueueError(
      'PQ_CONFIG',
      `cannot listen on ${host}:${port}: ${cause instanceof Error ? cause.message : String(cause)}`,
      { cause },
    );
  }
}

function listenOnce(host: string, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen({ host, port, exclusive: true }, () => {
      const address = server.address();
      server.close(() => {
        if (typeof address === 'object' && address !== null) resolve(address.port);
        else reject(new Error('no port'));
      });
    });
  });
}
