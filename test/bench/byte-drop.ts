/** A client that reads an HTTP body and drops it, as cheaply as Node can: one buffer, no stream, no string beyond the head. */
import { connect } from 'node:net';

const BUFFER_BYTES = 1024 * 1024;
const HEAD_END = Buffer.from('\r\n\r\n');

/** GET over a connection of its own. @returns bytes of the body; @throws unless it is a 200 of its whole Content-Length */
export async function dropBody(url: string): Promise<number> {
  const { hostname, port, host, pathname, search } = new URL(url);
  return await new Promise((resolve, reject) => {
    const buffer = Buffer.allocUnsafe(BUFFER_BYTES);
    let head: Buffer | null = Buffer.alloc(0);
    let wanted = 0;
    let got = 0;
    const onChunk = (bytes: number): void => {
      if (head === null) got += bytes;
      else {
        head = Buffer.concat([head, buffer.subarray(0, bytes)]);
        const end = head.indexOf(HEAD_END);
        if (end < 0) return;
        const text = head.toString('latin1', 0, end);
        if (!text.startsWith('HTTP/1.1 200 ')) {
          socket.destroy(new Error(text));
          return;
        }
        wanted = Number(/\r\ncontent-length: *(\d+)/i.exec(text)?.[1] ?? Number.NaN);
        got = head.length - end - HEAD_END.length;
        head = null;
      }
      if (got >= wanted) socket.destroy();
    };
    const onread = {
      buffer,
      callback: (bytes: number): boolean => {
        onChunk(bytes);
        return true;
      },
    };
    const socket = connect({ host: hostname, port: Number(port), onread });
    socket.write(`GET ${pathname}${search} HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`);
    socket.on('error', reject);
    socket.on('close', () => {
      if (head === null && got === wanted) resolve(got);
      else reject(new Error(`${url} ended after ${got} of ${wanted} bytes`));
    });
  });
}
