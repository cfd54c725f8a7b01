/** A redis-server of a test's own, which can be killed and started again at the same address, with or without its data. */
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, readdir, rm, stat, truncate } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { freePort, startRedis } from '@parqueue/core/testing/servers';

/** When what was written is flushed to the disk; no: when the system likes, as nobody needs who only kills the process. */
export type Fsync = 'always' | 'everysec' | 'no';

export class RedisServer {
  readonly url: string;
  readonly #port: number;
  readonly #dir: string;
  readonly #fsync: Fsync;
  #process: ChildProcess | null = null;

  private constructor(port: number, { dir, fsync }: { readonly dir: string; readonly fsync: Fsync }) {
    this.#port = port;
    this.#dir = dir;
    this.#fsync = fsync;
    this.url = `redis://127.0.0.1:${port}`;
  }

  static async start(dir: string, fsync: Fsync = 'always'): Promise<RedisServer> {
    const server = new RedisServer(await freePort(), { dir, fsync });
    await server.start();
    return server;
  }

  /** 0: it does not run. */
  get pid(): number {
    return this.#process?.pid ?? 0;
  }

  async start(): Promise<void> {
    await mkdir(this.#dir, { recursive: true });
    const logged = [
      '--appendonly',
      'yes',
      '--appendfsync',
      this.#fsync,
      '--save',
      '',
      '--maxmemory-policy',
      'noeviction',
      // As `parqueue up`, Compose and the Kubernetes manifests have it.
      '--hash-max-ziplist-value',
      '128',
    ];
    this.#process = await startRedis({ port: this.#port, dir: this.#dir }, logged);
  }

  /** As a power cut would: what was not in the append-only file is gone. */
  async kill(): Promise<void> {
    const child = this.#process;
    if (child === null || child.exitCode !== null || child.signalCode !== null) return;
    const exited = once(child, 'exit');
    child.kill('SIGKILL');
    await exited;
  }

  /** Alive and silent: connections stay open and nothing is answered, until `resume`. */
  pause(): void {
    this.#process?.kill('SIGSTOP');
  }

  resume(): void {
    this.#process?.kill('SIGCONT');
  }

  async restart({ keepData }: { readonly keepData: boolean }): Promise<void> {
    await this.kill();
    if (!keepData) await rm(this.#dir, { recursive: true, force: true });
    await this.start();
  }

  /** As a power cut would between two flushes: what was written within that time is gone, the rest is there. */
  async restartWithoutLast(ms: number): Promise<void> {
    for (;;) {
      const log = await this.#appendOnlyFile();
      const { size } = await stat(log);
      await sleep(ms);
      await this.kill();
      // Unless it was rewritten meanwhile: then everything is in the new one.
      const isSame = (await this.#appendOnlyFile()) === log;
      if (isSame) await truncate(log, size);
      await this.start();
      if (isSame) return;
    }
  }

  async #appendOnlyFile(): Promise<string> {
    const folder = join(this.#dir, 'appendonlydir');
    const numberOf = (name: string): number => Number(/\.(\d+)\.incr\.aof$/.exec(name)?.[1] ?? 0);
    const [newest] = (await readdir(folder)).toSorted((a, b) => numberOf(b) - numberOf(a));
    return join(folder, newest ?? '');
  }
}
