/** A TCP proxy that can stop passing bytes on without closing anything, as a network does that swallows packets. */
import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';

export interface FreezingProxy extends AsyncDisposable {
  /** 127.0.0.1:port */
  readonly address: string;
  freeze(): void;
  /** For connections made from now on; those that were frozen stay so. */
  thaw(): void;
}

/** `target` is host:port; null: connections are accepted and nothing is ever said. */
export async function openFreezingProxy(target: string | null): Promise<FreezingProxy> {
  const sockets = new Set<Socket>();
  const links = new Set<{ frozen: boolean }>();
  let frozen = false;
  const keep = (socket: Socket): void => {
    sockets.add(socket);
    socket.on('error', () => undefined);
    socket.on('close', () => sockets.delete(socket));
  };
  const server = createServer((client) => {
    keep(client);
    if (target === null) return;
    const [host = '', port = ''] = target.split(':');
    const upstream = connect(Number(port), host);
    keep(upstream);
    const link = { frozen };
    links.add(link);
    const pass = (from: Socket, to: Socket): void => {
      from.on('data', (bytes) => void (link.frozen || to.write(bytes)));
      from.on('close', () => void (link.frozen || to.destroy()));
    };
    pass(client, upstream);
    pass(upstream, client);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    address: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    freeze() {
      frozen = true;
      for (const link of links) link.frozen = true;
    },
    thaw() {
      frozen = false;
    },
    async [Symbol.asyncDispose]() {
      const closed = once(server, 'close');
      server.close();
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}
