/** Starting, awaiting and ending the processes behind the embedded Redis. */
import { fork, spawn, type ChildProcess } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { ParqueueError } from '@parqueue/core';
import { ping, type RedisAddress } from './ping.ts';

export type Launcher = (address: RedisAddress) => ChildProcess;

/** Loading a large append-only file takes a while, and says so; silence for this long means it hangs. */
const SILENT_MAX_MS = 15_000;
export const POLL_MS = 25;
export const STOP_WITHIN_MS = 20_000;

/** Configuration goes in by standard input: a password among the arguments could be read by anybody with `ps`. */
export function programLauncher(program: string, directory: string): Launcher {
  return ({ port, password }) => {
    const child = spawn(program, ['-'], { stdio: ['pipe', 'pipe', 'pipe'], detached: true, cwd: directory });
    const settings = [
      `port ${port}`,
      'bind 127.0.0.1',
      'protected-mode yes',
      'daemonize no',
      'save ""',
      'appendonly yes',
      'appendfsync everysec',
      'maxmemory-policy noeviction',
      // The head of an entry has a version of 80 characters: as a listpack it takes 490 bytes, as a hash table 1,050.
      'hash-max-ziplist-value 128',
      'loglevel notice',
      'dir .',
    ];
    if (password !== null) settings.push(`requirepass ${password}`);
    child.stdin.once('error', () => {});
    child.stdin.end(`${settings.join('\n')}\n`);
    keepTail(child);
    return child;
  };
}

export function javascriptLauncher({ port }: RedisAddress): ChildProcess {
  const child = fork(fileURLToPath(new URL('./javascript-redis.child.js', import.meta.url)), [String(port)], {
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    detached: true,
    execArgv: [],
  });
  keepTail(child);
  return child;
}

const tails = new WeakMap<ChildProcess, string[]>();

/** Keeps the last lines a Redis said, for the message when it does not come up. */
function keepTail(child: ChildProcess): void {
  const lines: string[] = [];
  tails.set(child, lines);
  const keep = (chunk: Buffer): void => {
    lines.push(
      ...chunk
        .toString('utf8')
        .split('\n')
        .filter((line) => line.trim() !== ''),
    );
    lines.splice(0, Math.max(0, lines.length - 5));
  };
  child.stdout?.on('data', keep);
  child.stderr?.on('data', keep);
}

/** Waits until it answers PING. @throws ParqueueError PQ_CONFIG when it ended, or was silent for too long. */
export async function answering(child: ChildProcess, address: RedisAddress): Promise<void> {
  let failure: string | null = null;
  child.once('error', (error) => {
    failure = error.message;
  });
  child.once('exit', (code, signal) => {
    failure ??= `it ended with ${code ?? signal}: ${tails.get(child)?.join(' | ') ?? ''}`;
  });
  for (let silentMs = 0; silentMs < SILENT_MAX_MS; silentMs += POLL_MS) {
    if (failure !== null) break;
    const answer = await ping(address);
    if (answer === 'ready') return;
    if (answer === 'loading') silentMs = 0;
    await new Promise((resolve) => {
      setTimeout(resolve, POLL_MS);
    });
  }
  throw new ParqueueError('PQ_CONFIG', `the embedded Redis did not start: ${failure ?? 'no answer'}`);
}

export async function endChild(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null || child.pid === undefined) return;
  const exited = new Promise<void>((resolve) => {
    child.once('exit', () => resolve());
  });
  child.kill('SIGTERM');
  const force = setTimeout(() => child.kill('SIGKILL'), STOP_WITHIN_MS);
  await exited;
  clearTimeout(force);
}
