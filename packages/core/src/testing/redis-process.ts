/** A redis-server of a test's own, to be stopped, paused and started again with or without its data. */
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from './free-port.ts';
import { startRedis } from './redis-child.ts';

export class RedisProcess implements AsyncDisposable {
  readonly url: string;
  readonly #port: number;
  readonly #dir: string;
  #child: ChildProcess | null = null;

  private constructor(port: number, dir: string) {
    this.#port = port;
    this.#dir = dir;
    this.url = `redis://127.0.0.1:${port}`;
  }

  static async start(): Promise<RedisProcess> {
    const redis = new RedisProcess(await freePort(), await mkdtemp(join(tmpdir(), 'parqueue-redis-')));
    await redis.start();
    return redis;
  }

  /** With the data it had; every write was on disk before it was acknowledged. */
  async start(): Promise<void> {
    const durable = ['--save', '', '--appendonly', 'yes', '--appendfsync', 'always'];
    this.#child = await startRedis({ port: this.#port, dir: this.#dir }, durable);
  }

  /** Takes commands into its buffers and executes none. */
  pause(): void {
    this.#child?.kill('SIGSTOP');
  }

  async kill(): Promise<void> {
    const child = this.#child;
    this.#child = null;
    if (child === null || child.exitCode !== null) return;
    const exited = once(child, 'exit');
    child.kill('SIGKILL');
    await exited;
  }

  async forget(): Promise<void> {
    await rm(join(this.#dir, 'appendonlydir'), { recursive: true, force: true });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.kill();
    await rm(this.#dir, { recursive: true, force: true });
  }
}
