/** The near end of a process that writes files in one way. */
import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { Taken } from '../alternate.ts';
import { cpuSecondsOf } from '../process-cpu.ts';
import type { FromWay, ToWay } from './process.ts';
import type { WayName } from './ways.ts';

const PROGRAM = fileURLToPath(new URL('process.js', import.meta.url));

export interface WriterOptions {
  readonly way: WayName;
  readonly rows: number;
  readonly path: string;
  /** For libraries that read their number of threads there. */
  readonly env?: Readonly<Record<string, string>>;
}

export class WriterProcess implements AsyncDisposable {
  /** Of the latest file. */
  bytes = 0;
  readonly #child: ChildProcess;
  readonly #rows: number;

  private constructor(child: ChildProcess, rows: number) {
    this.#child = child;
    this.#rows = rows;
  }

  /** Resolves when it has its rows. */
  static async start({ way, rows, path, env = {} }: WriterOptions): Promise<WriterProcess> {
    const child = fork(PROGRAM, [way, String(rows), path], {
      execArgv: ['--expose-gc', '--max-old-space-size=8192'],
      env: { ...process.env, ...env },
    });
    const writer = new WriterProcess(child, rows);
    await writer.#heard();
    return writer;
  }

  async write(): Promise<Taken> {
    const { pid = 0 } = this.#child;
    const before = cpuSecondsOf(pid);
    this.#child.send('write' satisfies ToWay);
    const told = await this.#heard();
    if (told.kind !== 'written') throw new Error('a writer was ready twice');
    this.bytes = told.bytes;
    return { units: this.#rows, seconds: told.seconds, cpuSeconds: cpuSecondsOf(pid) - before };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const ended = once(this.#child, 'exit');
    this.#child.kill('SIGKILL');
    await ended;
  }

  async #heard(): Promise<FromWay> {
    const over = new AbortController();
    const { signal } = over;
    try {
      const [message] = (await Promise.race([
        once(this.#child, 'message', { signal }),
        once(this.#child, 'exit', { signal }).then(([code]) => {
          throw new Error(`a process that writes ended with ${code}`);
        }),
      ])) as [FromWay];
      return message;
    } finally {
      over.abort();
    }
  }
}
