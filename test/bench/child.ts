/** A program of the bench in a process of its own, spoken to by messages. It ends when it is disposed of, and with this process. */
import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { BUILT } from './root.ts';

export class Child<Out extends object> implements AsyncDisposable {
  readonly #child: ChildProcess;

  /** @param program below the bench's built output */
  constructor(program: string) {
    this.#child = fork(join(BUILT, program), [], { execArgv: [], env: { ...process.env, NODE_ENV: 'production' } });
  }

  get pid(): number {
    return this.#child.pid ?? Number.NaN;
  }

  /** Sends, and hears what is said until `isLast`. @throws where the process ends before that */
  async ask(message: object, isLast: (answer: Out) => boolean = () => true): Promise<Out> {
    const child = this.#child;
    const over = new AbortController();
    try {
      child.send(message);
      for (;;) {
        const ended = once(child, 'exit', over).then(([code]): never => {
          throw new Error(`a process of the bench ended with ${String(code)}`);
        });
        ended.catch(() => undefined);
        const [answer] = (await Promise.race([once(child, 'message', over), ended])) as [Out];
        if (isLast(answer)) return answer;
      }
    } finally {
      over.abort();
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const exit = once(this.#child, 'exit');
    this.#child.disconnect();
    await exit;
  }
}
