/**
 * What never reaches a route: bytes that are no HTTP, and expectations that nobody here meets. Refused like everything
 * else, with a code, but only where the refusal can be taken for nothing else: what was asked before on the same connection
 * is answered first, and bytes of ours in the middle of its rows would be rows to whoever counts them.
 */
import type { Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { PROBLEM_TYPE } from './http/problem.ts';
import { SECURITY_HEADERS } from './http/security-headers.ts';

/** By connection, what was asked and is not answered to the end. */
const underWay = new WeakMap<object, Set<ServerResponse>>();
const refused = new WeakSet<object>();
/** By connection, how many requests began and ended on it. */
const turns = new WeakMap<object, number>();

/** For what lies in the kernel to be read, also by a process that has much to catch up with. */
const HEARD_LATE_MS = 1_000;

/** To be called before the server listens. */
export function watchUnreadable(server: Server): void {
  server.on('connection', (socket: Socket) => void underWay.set(socket, new Set()));
  server.on('request', ({ socket }, answer) => {
    const answers = underWay.get(socket);
    answers?.add(answer);
    takeTurn(socket);
    answer.once('close', () => {
      answers?.delete(answer);
      takeTurn(socket);
    });
  });
  // Without a listener Node answers 417 itself, and says nothing.
  server.on('checkExpectation', (_request, answer: ServerResponse) => {
    const { body, headers } = refusalOf(417, 'Expectation Failed');
    answer.writeHead(417, headers).end(body);
  });
}

function takeTurn(socket: object): void {
  turns.set(socket, (turns.get(socket) ?? 0) + 1);
}

type Wire = NodeJS.WritableStream & { readonly destroyed?: boolean };

/**
 * A process that stood still looks at its clock first, and at what callers sent in time afterwards: whoever is heard a moment
 * later was not too late.
 */
export function refuseUnreadable(error: NodeJS.ErrnoException, socket: Wire): void {
  if (error.code !== 'ERR_HTTP_REQUEST_TIMEOUT') return refuse(error, socket);
  const before = turns.get(socket);
  const late = setTimeout(() => {
    if (turns.get(socket) === before) refuse(error, socket);
  }, HEARD_LATE_MS);
  late.unref();
}

function refuse(error: NodeJS.ErrnoException, socket: Wire): void {
  if (error.code === 'ECONNRESET' || socket.destroyed === true || !socket.writable || refused.has(socket)) return;
  // The parser tells of every further piece.
  refused.add(socket);
  // One whose body is broken is what is refused; one that was read whole, or is being answered, was asked before.
  const before = [...(underWay.get(socket) ?? [])].filter(({ headersSent, req }) => headersSent || req.complete);
  let unanswered = before.length;
  for (const answer of before) {
    answer.once('close', () => {
      unanswered -= 1;
      if (unanswered === 0) socket.end();
    });
  }
  if (unanswered > 0) return;
  const [status, reason] =
    error.code === 'HPE_HEADER_OVERFLOW'
      ? [431, 'Request Header Fields Too Large']
      : error.code === 'ERR_HTTP_REQUEST_TIMEOUT'
        ? [408, 'Request Timeout']
        : [400, 'Bad Request'];
  const { body, headers } = refusalOf(status, reason);
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  socket.end(`HTTP/1.1 ${status} ${reason}\r\n${lines.join('')}\r\n${body}`);
}

function refusalOf(
  status: number,
  reason: string,
): { readonly body: string; readonly headers: Readonly<Record<string, string>> } {
  const body = JSON.stringify({
    type: 'urn:parqueue:error:PQ_INVALID_REQUEST',
    title: 'invalid request',
    status,
    detail: `this is not a request that can be read: ${reason}`,
    code: 'PQ_INVALID_REQUEST',
    // A machine that slept, or had too much to do, may have heard too late what was sent in time.
    retryable: status === 408,
    instance: '',
    // No request came to be that could have one.
    requestId: '',
  });
  const headers = {
    connection: 'close',
    ...SECURITY_HEADERS,
    'cache-control': 'no-store',
    'content-type': PROBLEM_TYPE,
    'content-length': String(Buffer.byteLength(body)),
  };
  return { body, headers };
}
