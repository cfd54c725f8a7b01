/**
 * What somebody whom nobody knows can hold of this process: connections, requests on one of them, and answers that are not
 * taken. A key's requests are counted on their own (key-limits.ts).
 */
import type { Server, ServerResponse } from 'node:http';
import { Socket } from 'node:net';
import type { Clock } from '@parqueue/core';
import type { Logger } from 'pino';

const TOLD_EVERY_MS = 10_000;
/**
 * Node reads requests from a connection as they come, however many answers wait behind the first: in 64 KiB there are a
 * thousand, each with a file or a document of its own. No client of today asks ahead.
 */
const ASKED_AHEAD_MAX = 16;
/** An answer that needs no key is small; who takes nothing of it for so long is cut off. */
const STRANGER_TAKES_NOTHING_MS = 30_000;

/** Beyond the limit, for those who look after the process: however many callers there are, health and metrics answer. */
const RESERVED = 32;

export interface BoundConnections {
  /** It came when all connections were taken, and they still are: whoever asks for more than health is refused (I9). */
  isOverLimit(socket: Socket): boolean;
}

/**
 * How many connections there may be. Those on which nothing is under way make room for who comes next; beyond the limit and
 * what is reserved the next one is closed unheard, and the log says so once in a while (I9).
 */
export function boundConnections(
  server: Server,
  connectionsMax: number,
  { clock, log }: { readonly clock: Clock; readonly log: Logger },
): BoundConnections {
  const late = new WeakSet<Socket>();
  let open = 0;
  let refused = 0;
  let toldAtMs = Number.NEGATIVE_INFINITY;
  server.maxConnections = connectionsMax + RESERVED;
  server.on('connection', (socket: Socket) => {
    open += 1;
    socket.once('close', () => {
      open -= 1;
    });
    // Whatever answers on it may listen for its end.
    socket.setMaxListeners(ASKED_AHEAD_MAX + Socket.defaultMaxListeners);
    if (open <= connectionsMax) return;
    late.add(socket);
    server.closeIdleConnections();
  });
  server.on('drop', () => {
    refused += 1;
    server.closeIdleConnections();
    if (clock.now() - toldAtMs < TOLD_EVERY_MS) return;
    log.warn({ refused, connectionsMax }, 'connections are refused: limits.connections are open already');
    toldAtMs = clock.now();
    refused = 0;
  });
  return { isOverLimit: (socket) => open > connectionsMax && late.has(socket) };
}

const underWay = new WeakMap<Socket, number>();

/** Counts a request of its connection. @returns whether it is cut off with its connection, which asks too far ahead */
export function asksTooFarAhead(socket: Socket, answer: ServerResponse): boolean {
  const count = (underWay.get(socket) ?? 0) + 1;
  if (socket.destroyed || count > ASKED_AHEAD_MAX) {
    socket.destroy();
    return true;
  }
  underWay.set(socket, count);
  answer.once('close', () => underWay.set(socket, (underWay.get(socket) ?? 1) - 1));
  return false;
}

/** Who asks what anybody may, or was refused. */
export function boundStranger(answer: ServerResponse): void {
  endWhenNotTaken(answer, STRANGER_TAKES_NOTHING_MS);
}

/** An answer to a caller who is known may take as long as a fill. */
export function knowsCaller(answer: ServerResponse): void {
  endWhenNotTaken(answer, 0);
}

/** By Node's own timer of the socket, which every byte that the other side takes sets back. */
function endWhenNotTaken(answer: ServerResponse, ms: number): void {
  // It is null as long as other answers go before, and none at all where the application is asked in-process.
  if (answer.socket === null || answer.socket instanceof Socket) answer.setTimeout(ms);
}
