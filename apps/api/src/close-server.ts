/** Takes the HTTP server down: no new connections, callers finish for a while, and then everybody leaves. */
import type { Socket } from 'node:net';
import { ParqueueError, type Clock } from '@parqueue/core';
import type { FastifyInstance } from 'fastify';

/** When the process is told to stop: what callers who wait for work may go on waiting, and transfers may go on sending. */
const WAITERS_FINISH_MS = 5_000;
const TRANSFERS_FINISH_MS = 25_000;
/** For the first request of a connection that was just opened to arrive. */
const FIRST_REQUEST_MS = 1_000;
const CLOSE_LOOK_MS = 100;

/**
 * To be called before the server listens. Node closes idle connections only when asked to, again and again: one whose
 * answer was under way falls idle later. One that never carried a request counts as busy with it, and would be waited for:
 * clients and balancers open some ahead.
 */
export function serverCloser(
  app: FastifyInstance,
): (deps: { readonly clock: Clock; readonly stopping: AbortController }) => Promise<void> {
  const { server } = app;
  const unused = new Set<Socket>();
  server.on('connection', (socket: Socket) => {
    unused.add(socket);
    socket.once('close', () => unused.delete(socket));
  });
  server.on('request', ({ socket }) => void unused.delete(socket));
  return async ({ clock, stopping }) => {
    const began = clock.now();
    let closed = false;
    const closing = app.close().finally(() => {
      closed = true;
    });
    for (;;) {
      await Promise.race([closing, clock.sleep(CLOSE_LOOK_MS)]);
      if (closed) return;
      const passedMs = clock.now() - began;
      server.closeIdleConnections();
      if (passedMs > FIRST_REQUEST_MS) for (const socket of unused) socket.destroy();
      if (passedMs > WAITERS_FINISH_MS)
        stopping.abort(new ParqueueError('PQ_COORDINATION_DOWN', 'this server is stopping; ask again'));
      if (passedMs > TRANSFERS_FINISH_MS) server.closeAllConnections();
    }
  };
}
