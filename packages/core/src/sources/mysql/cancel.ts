/**
 * Ends what runs on a connection: KILL QUERY by its number, from a second connection. Behind one address there may be
 * several servers, and the number means somebody else's connection on another one: the second connection asks first
 * where it is.
 */
import { connectTo, type ConnectOptions } from './connect.ts';
import { ConnectionCut, type MysqlConnection } from './connection.ts';
import { answerOf } from './query.ts';
import { IDENTITY } from './settings.ts';

/** Connecting, asking and killing, each; then the socket is cut, and the server's own limits end the statement. */
const STEP_MS = 3000;

/** Settles when it was asked; where that was not possible, with the connection cut. */
export async function interrupt(connection: MysqlConnection, options: ConnectOptions): Promise<void> {
  if (connection.isLost) return;
  connection.discard();
  if (await killed(connection, options)) return;
  connection.destroy(new ConnectionCut('interrupted'));
}

async function killed(connection: MysqlConnection, options: ConnectOptions): Promise<boolean> {
  const { id, server } = connection;
  if (server === null) return false;
  let second: MysqlConnection | null = null;
  try {
    second = await connectTo(options, Math.min(options.connectTimeoutMs, STEP_MS));
    second.limitCalls(STEP_MS);
    const [[identity] = []] = await answerOf(second, IDENTITY);
    if (identity !== server.identity) return false;
    await second.query(`KILL QUERY ${id}`);
    return true;
  } catch {
    // It does not answer, or does not let us: the socket is cut instead.
    return false;
  } finally {
    void second?.close().catch(() => undefined);
  }
}
