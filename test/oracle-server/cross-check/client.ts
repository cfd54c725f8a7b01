/** A client program as a partner: one command as a line in, one answer as a line out, one at a time. */
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { createInterface } from 'node:readline';
import type { Toolchain } from './toolchain.ts';

export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };
export type JsonObject = { readonly [key: string]: Json };

const ANSWER_MS = 25_000;

export class Client {
  readonly #process: ChildProcess;
  readonly #lines: AsyncIterator<string>;
  #stderr = '';

  constructor({ command, args, env }: Toolchain) {
    const child = spawn(command, args, { stdio: ['pipe', 'pipe', 'pipe'], env: { ...process.env, ...env, TZ: 'UTC' } });
    this.#process = child;
    // A client that could not start or has died is noticed by the answer that does not come.
    child.on('error', (error) => {
      this.#stderr += error.message;
    });
    child.stdin.on('error', () => {});
    child.stderr.on('data', (chunk: Buffer) => {
      this.#stderr = (this.#stderr + chunk.toString()).slice(-4000);
    });
    this.#lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  }

  async ask(command: JsonObject): Promise<JsonObject> {
    this.#process.stdin?.write(`${JSON.stringify(command)}\n`);
    const line = await Promise.race([this.#lines.next(), timeout(ANSWER_MS)]);
    if (line === null) throw new Error(`no answer within ${ANSWER_MS} ms\n${this.#stderr}`);
    if (line.done === true) throw new Error(`the client ended\n${this.#stderr}`);
    return JSON.parse(line.value) as JsonObject;
  }

  /** Lets it end by itself, for a moment. */
  async end(): Promise<void> {
    const { exitCode, signalCode } = this.#process;
    if (exitCode !== null || signalCode !== null) return;
    const ended = new Promise<void>((resolve) => this.#process.once('close', () => resolve()));
    this.#process.stdin?.end();
    const kill = setTimeout(() => this.#process.kill('SIGKILL'), 5000);
    await ended;
    clearTimeout(kill);
  }
}

async function timeout(ms: number): Promise<null> {
  return new Promise((resolve) => {
    setTimeout(() => resolve(null), ms).unref();
  });
}
