/**
 * A CancelRequest: the one way to end what another connection runs, over a connection of its own. It goes to the address
 * that the other one has reached, whatever its host name means now, and as encrypted as that. The server signals its
 * process and closes, so that a close is all the answer there is.
 */
import { connect, type Socket } from 'node:net';
import { connect as connectTls, type ConnectionOptions } from 'node:tls';

export interface CancelTarget {
  readonly address: string;
  readonly port: number;
  readonly processId: number;
  readonly secretKey: number;
  /** null: as it is. */
  readonly tls: ConnectionOptions | null;
  readonly timeoutMs: number;
}

const SSL_REQUEST = Buffer.from([0, 0, 0, 8, 0x04, 0xd2, 0x16, 0x2f]);
const CANCEL_CODE = 80877102;
const YES = 'S';

/** Settles when the server has closed; rejects where it could not be reached or told in time. */
export function requestCancel(target: CancelTarget): Promise<void> {
  const { address, port, tls, timeoutMs } = target;
  return new Promise((resolve, reject) => {
    const socket = connect({ host: address, port });
    const fail = (error: Error): void => {
      socket.destroy();
      reject(error);
    };
    // Of waiting for anything, all of it together: nobody waits for the answer of a cancellation for long.
    const timer = setTimeout(() => fail(new Error('the cancellation was not taken in time')), timeoutMs);
    let told = false;
    const tell = (over: Socket): void => {
      told = true;
      over.end(cancelRequest(target));
      // A byte that comes would keep it open.
      over.resume();
    };
    socket.on('error', (error) => (told ? undefined : fail(error)));
    socket.on('close', () => {
      clearTimeout(timer);
      if (told) resolve();
      else reject(new Error('the server closed before it was told what to cancel'));
    });
    socket.once('connect', () => {
      if (tls === null) return tell(socket);
      socket.write(SSL_REQUEST);
      socket.once('data', (answer) => {
        if (answer.toString('latin1') !== YES) return fail(new Error('the server does not encrypt any more'));
        const secure = connectTls({ ...tls, socket });
        secure.on('error', fail);
        secure.once('secureConnect', () => tell(secure));
      });
    });
  });
}

function cancelRequest({ processId, secretKey }: CancelTarget): Buffer {
  const request = Buffer.alloc(16);
  request.writeInt32BE(16, 0);
  request.writeInt32BE(CANCEL_CODE, 4);
  request.writeInt32BE(processId, 8);
  request.writeInt32BE(secretKey, 12);
  return request;
}
