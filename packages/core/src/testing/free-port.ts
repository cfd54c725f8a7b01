/** Ports for servers that cannot choose one for themselves, or have to come back at the one they had. */
import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:net';

/**
 * Below those that systems hand out to whoever connects. Such a port may be somebody's by the time the server starts, or
 * while it is down: a client that tries a port of its own machine over and over may even be given that one to call from,
 * and then talks to itself.
 */
const [FROM, TO] = [20_000, 32_000] as const;

/** One that nobody listens on. */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = randomInt(FROM, TO);
    const probe = createServer().listen(port, '127.0.0.1');
    try {
      await once(probe, 'listening');
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'EADDRINUSE') continue;
      throw error;
    }
    probe.close();
    await once(probe, 'close');
    return port;
  }
}
