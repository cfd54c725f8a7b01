/** The swarm's end of one API or worker: started again whenever it was killed, always at the same address. */
import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readdir, readFile } from 'node:fs/promises';
import { programOf } from './program.ts';
import type { FromServer, ServerStart } from './server-process.ts';

export type LoadStep = Extract<FromServer, { kind: 'step' }>;

/** What a process holds of the machine. */
export interface Held {
  readonly name: string;
  readonly rssMiB: number;
  readonly handles: number;
}

export class ServerHandle {
  readonly name: string;
  /** Deaths that nobody ordered. */
  readonly deaths: string[] = [];
  readonly #start: ServerStart;
  readonly #onStep: (step: LoadStep) => void;
  #child: ChildProcess | null = null;
  #ordered = false;

  constructor(name: string, start: ServerStart, onStep: (step: LoadStep) => void) {
    this.name = name;
    this.#start = start;
    this.#onStep = onStep;
  }

  get pid(): number | null {
    return this.#child?.pid ?? null;
  }

  /** Resolves when it is ready. One that gives up, as while Redis is away, is started again. */
  async start(): Promise<void> {
    this.#ordered = false;
    for (;;) {
      const child = fork(programOf('server-process'), {
        stdio: ['ignore', 'inherit', 'pipe', 'ipc'],
        execArgv: [],
        // As the program itself has it (docs/degraded-modes.md).
        env: { ...process.env, UV_THREADPOOL_SIZE: '16' },
      });
      this.#child = child;
      let said = '';
      child.stderr?.on('data', (chunk: Buffer) => {
        said = `${said}${chunk.toString()}`.slice(-2000);
      });
      const ready = new Promise<boolean>((resolve) => {
        child.on('message', (message: FromServer) => {
          if (message.kind === 'ready') resolve(true);
          else this.#onStep(message);
        });
        child.once('exit', () => resolve(false));
      });
      child.send(this.#start);
      if (!(await ready)) {
        if (this.#ordered) return;
        continue;
      }
      child.once('exit', (code, signal) => {
        if (!this.#ordered) this.deaths.push(`${this.name} ended by itself with ${code ?? signal}: ${said}`);
      });
      return;
    }
  }

  async kill(): Promise<void> {
    this.#ordered = true;
    const child = this.#child;
    if (child === null || child.exitCode !== null || child.signalCode !== null) return;
    const exited = once(child, 'exit');
    child.kill('SIGKILL');
    await exited;
  }

  signal(signal: 'SIGSTOP' | 'SIGCONT'): void {
    this.#child?.kill(signal);
  }

  /** Where the system tells it (Linux); null elsewhere. */
  async held(): Promise<Held | null> {
    try {
      const status = await readFile(`/proc/${this.pid}/status`, 'utf8');
      const handles = (await readdir(`/proc/${this.pid}/fd`)).length;
      return { name: this.name, rssMiB: Math.round(Number(/VmRSS:\s+(\d+)/.exec(status)?.[1] ?? 0) / 1024), handles };
    } catch {
      return null;
    }
  }
}
