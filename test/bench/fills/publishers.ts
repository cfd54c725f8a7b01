/** So many processes that publish side by side (publish-loop.ts), each told how many. */
import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Taken } from '../alternate.ts';
import { BUILT } from '../root.ts';
import { SHARDS, type Published, type PublishOrder } from './publish-order.ts';

export type Publishing = Omit<PublishOrder, 'from' | 'count'>;

export class Publishers implements AsyncDisposable {
  readonly #children: readonly ChildProcess[];
  readonly #publishing: Publishing;
  #next = 0;

  private constructor(children: readonly ChildProcess[], publishing: Publishing) {
    this.#children = children;
    this.#publishing = publishing;
  }

  static async start(count: number, publishing: Publishing): Promise<Publishers> {
    for (let shard = 0; shard < SHARDS; shard += 1)
      await mkdir(join(publishing.folder, String(shard)), { recursive: true });
    const program = join(BUILT, 'fills/publish-loop.js');
    return new Publishers(
      Array.from({ length: count }, () => fork(program, { execArgv: [] })),
      publishing,
    );
  }

  /** Shared out evenly. */
  async publish(count: number): Promise<Taken> {
    const each = Math.ceil(count / this.#children.length);
    const done = await Promise.all(this.#children.map((child) => this.#order(child, each)));
    return {
      units: each * this.#children.length,
      cpuSeconds: done.reduce((sum, { cpuSeconds }) => sum + cpuSeconds, 0),
    };
  }

  async #order(child: ChildProcess, count: number): Promise<Published> {
    const answer = once(child, 'message');
    const gone = once(child, 'exit').then(() => {
      throw new Error('a process that publishes ended before it was done');
    });
    child.send({ ...this.#publishing, from: this.#next, count } satisfies PublishOrder);
    this.#next += count;
    const [published] = (await Promise.race([answer, gone])) as [Published];
    return published;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(
      this.#children.map(async (child) => {
        if (child.exitCode !== null || child.signalCode !== null) return;
        const exited = once(child, 'exit');
        child.kill('SIGTERM');
        await exited;
      }),
    );
  }
}
