/** A redis-server as a child: ready when this resolves, and gone when its parent is, however that ends. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';

/**
 * Standard input is the life line: its other end is closed by the kernel where a parent was killed. The shell becomes the
 * server, so the child's number is the server's, for signals and for SIGSTOP.
 */
const LIFE_LINE = `
exec 3<&0
{ cat <&3; kill -s KILL $$; } >/dev/null 2>&1 &
exec redis-server "$@" </dev/null 3<&-
`;

export interface RedisPlace {
  readonly port: number;
  readonly dir: string;
}

/** @param options of its command line, behind port, address and folder */
export async function startRedis({ port, dir }: RedisPlace, options: readonly string[]): Promise<ChildProcess> {
  const args = ['--port', String(port), '--bind', '127.0.0.1', '--dir', dir, ...options];
  // A session of its own: Ctrl-C is for the tests, which then end it in good order.
  const child = spawn('sh', ['-c', LIFE_LINE, 'sh', ...args], { stdio: ['pipe', 'pipe', 'inherit'], detached: true });
  child.stdin.on('error', () => undefined);
  const ready = new Promise<void>((resolve) => {
    child.stdout.on('data', (chunk: Buffer) => {
      if (chunk.includes('Ready to accept connections')) resolve();
    });
  });
  const ended = once(child, 'exit').then(([code]) => {
    throw new Error(`redis-server cannot be started, or ended at once (${String(code)}): npm run setup`);
  });
  await Promise.race([ready, ended]);
  ended.catch(() => undefined);
  return child;
}
