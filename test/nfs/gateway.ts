/**
 * A process inside the lab's network that lets the tests outside of it in: each Unix socket leads to one address there.
 *
 *   node gateway.js SOCKET=HOST:PORT …
 */
import { connect, createServer } from 'node:net';

for (const pair of process.argv.slice(2)) {
  const [path = '', host = '', port = ''] = pair.split(/[=:]/);
  const server = createServer({ allowHalfOpen: true }, (outer) => {
    const inner = connect({ host, port: Number(port), allowHalfOpen: true });
    // Whoever breaks off breaks the other one too; that an answer is cut short shows in its length.
    outer.on('error', () => inner.destroy()).pipe(inner);
    inner.on('error', () => outer.destroy()).pipe(outer);
  });
  await new Promise<void>((resolve) => {
    server.listen(path, resolve);
  });
}
console.log('gateway ready');
process.stdin.on('end', () => process.exit(0)).resume();
