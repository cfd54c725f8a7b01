/** Many readers of one part who have asked, and read nothing until they are told to: what a server then holds is held for them. */
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';

const CONNECTED_AT_ONCE = 50;

export class SlowReaders implements AsyncDisposable {
  readonly #sockets: readonly Socket[];

  private constructor(sockets: readonly Socket[]) {
    this.#sockets = sockets;
  }

  /** Each has sent its request, and its socket is paused from the beginning. */
  static async ask(url: string, count: number): Promise<SlowReaders> {
    const { hostname, port, pathname, host } = new URL(url);
    const sockets: Socket[] = [];
    const one = async (): Promise<void> => {
      const socket = connect({ host: hostname, port: Number(port) });
      sockets.push(socket);
      socket.pause();
      await once(socket, 'connect');
      socket.write(`GET ${pathname} HTTP/1.1\r\nhost: ${host}\r\nconnection: close\r\n\r\n`);
    };
    for (let from = 0; from < count; from += CONNECTED_AT_ONCE)
      await Promise.all(Array.from({ length: Math.min(CONNECTED_AT_ONCE, count - from) }, one));
    return new SlowReaders(sockets);
  }

  /** @returns bytes that came to each of them, with the head of its answer, and that head's first line */
  async read(signal: AbortSignal): Promise<readonly { readonly bytes: number; readonly status: string }[]> {
    const read = async (socket: Socket): Promise<{ readonly bytes: number; readonly status: string }> => {
      let bytes = 0;
      let status = '';
      for await (const chunk of socket as AsyncIterable<Buffer>) {
        signal.throwIfAborted();
        if (bytes === 0) status = chunk.toString('latin1', 0, chunk.indexOf('\r'));
        bytes += chunk.length;
      }
      return { bytes, status };
    };
    return await Promise.all(this.#sockets.map(read));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
  }
}
