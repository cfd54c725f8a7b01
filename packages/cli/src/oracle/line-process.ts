/** A child process that talks in lines: what it says, when it ends, and its last words for whoever wants to know why. */
import { spawn, type ChildProcessByStdio } from 'node:child_process';
import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';

export interface LineProcessPlan {
  readonly script: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly onLine: (line: string) => void;
}

const LAST_WORDS_MAX = 2000;

export class LineProcess {
  readonly #child: ChildProcessByStdio<Writable, Readable, Readable>;
  /** Resolves with how it ended. Never rejects. */
  readonly ended: Promise<string>;
  #words = '';

  constructor({ script, args, env, onLine }: LineProcessPlan) {
    this.#child = spawn(process.execPath, [script, ...args], { env: { ...env }, stdio: ['pipe', 'pipe', 'pipe'] });
    createInterface({ input: this.#child.stdout }).on('line', onLine);
    this.#child.stderr.on('data', (chunk: Buffer) => {
      this.#words = (this.#words + chunk.toString('utf8')).slice(-LAST_WORDS_MAX);
    });
    // A child that ended while we wrote to it: `ended` tells, EPIPE adds nothing.
    this.#child.stdin.on('error', () => undefined);
    this.ended = new Promise((resolve) => {
      this.#child.once('error', (error) => resolve(error.message));
      this.#child.once('close', (code, signal) => resolve(signal ?? `exit ${code}`));
    });
  }

  get lastWords(): string {
    return this.#words.trim();
  }

  send(line: string): void {
    this.#child.stdin.write(`${line}\n`);
  }

  /** Ends its input, which is how it is asked to end; SIGKILL when it does not listen. */
  async stop(forceAfterMs = 5_000): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    this.#child.stdin.end();
    const force = setTimeout(() => this.kill(), forceAfterMs);
    await this.ended;
    clearTimeout(force);
  }

  kill(): void {
    this.#child.kill('SIGKILL');
  }
}
