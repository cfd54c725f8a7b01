/**
 * The last rung: a Redis in JavaScript, in a process of its own so that its event loop delays nobody's leases. Bound
 * to loopback by our own listener (the package's server would listen on every interface), and given the `run_id` it
 * lacks: epochs tell one memory of Redis from the next by it.
 *
 * Ends with its parent: an undurable Redis that outlived its supervisor would be of use to nobody.
 */
import { randomBytes } from 'node:crypto';
import { createServer } from 'node:net';
import {
  attachSession,
  createRedisCommandExecutor,
  RedisResult,
  RedisServerState,
  SocketConnectionTransport,
} from 'js-redis-server/core';

const port = Number(process.argv[2]);
const runId = randomBytes(20).toString('hex');
const state = new RedisServerState({ databaseCount: 16 });

const executor = createRedisCommandExecutor({
  policies: [
    {
      name: 'run-id',
      afterExecute: ({ definition }, _context, result) => {
        if (definition.name !== 'info' || result.value.kind !== 'bulk-string') return result;
        const text = (result.value.value ?? Buffer.alloc(0))
          .toString('utf8')
          .replace(/^redis_version:.*$/m, (line) => `${line}\nrun_id:${runId}`);
        return RedisResult.create({ kind: 'bulk-string', value: Buffer.from(text) });
      },
    },
  ],
});

const server = createServer({ keepAlive: true, noDelay: true }, (socket) => {
  attachSession(new SocketConnectionTransport(socket), {
    state,
    executor,
    clientAddress: `127.0.0.1:${socket.remotePort ?? 0}`,
  });
});
server.once('error', (error) => {
  process.stderr.write(`${error.message}\n`);
  process.exit(1);
});
server.listen(port, '127.0.0.1');

const end = (): void => {
  state.close();
  process.exit(0);
};
process.once('SIGTERM', end);
process.once('disconnect', end);
