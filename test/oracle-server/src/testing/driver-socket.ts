/** The socket under a connection of the driver, which has no public way to it: for clients that misbehave. */
import type { Socket } from 'node:net';
import type { Connection } from 'oracledb';

export function socketOf(connection: Connection): Socket {
  const inside = connection as unknown as {
    readonly _impl: { readonly nscon: { readonly ntAdapter: { readonly stream: Socket } } };
  };
  return inside._impl.nscon.ntAdapter.stream;
}
