/** `parqueue api` or `parqueue worker` in a process of its own: started as a container's engine would, ended by a signal. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';

export interface Launch {
  /** The program and its words; `api` or `worker` is the last one. */
  readonly command: readonly [string, ...string[]];
  readonly cwd: string;
  readonly env: Readonly<Record<string, string>>;
  /** Only root may become somebody else. */
  readonly identity?: { readonly uid: number; readonly gid: number } | undefined;
}

const READY_WITHIN_MS = 120_000;

export class ParqueueProcess {
  readonly #child: ChildProcess;
  readonly #output: Buffer[] = [];

  constructor({ command: [program, ...words], cwd, env, identity }: Launch) {
    this.#child = spawn(program, words, { cwd, env: { ...env }, stdio: ['ignore', 'pipe', 'pipe'], ...identity });
    this.#child.stdout?.on('data', (chunk: Buffer) => this.#output.push(chunk));
    this.#child.stderr?.on('data', (chunk: Buffer) => this.#output.push(chunk));
  }

  /** 0: it could not be started. */
  get pid(): number {
    return this.#child.pid ?? 0;
  }

  /** Everything it said. */
  get said(): string {
    return Buffer.concat(this.#output).toString('utf8');
  }

  /** @returns the address that it says it is ready on. */
  async ready(): Promise<string> {
    return (await this.saying(/parqueue (?:api|worker) ready on (\S+)\n/))[1] ?? '';
  }

  /** Resolves as soon as it has said so. */
  async saying(wanted: RegExp): Promise<RegExpExecArray> {
    const limit = AbortSignal.timeout(READY_WITHIN_MS);
    for (;;) {
      const found = wanted.exec(this.said);
      if (found !== null) return found;
      if (this.#hasEnded || limit.aborted) throw new Error(`it never said ${wanted.source}: ${this.said}`);
      const next = new AbortController();
      await Promise.race([
        ...[this.#child.stdout, this.#child.stderr].map(async (stream) => {
          if (stream !== null) await once(stream, 'data', { signal: AbortSignal.any([next.signal, limit]) });
        }),
        once(this.#child, 'exit', { signal: AbortSignal.any([next.signal, limit]) }),
      ]).catch(() => undefined);
      next.abort();
    }
  }

  /** @returns how it ended: an exit code, or the signal that it did not listen to. */
  async end(signal: NodeJS.Signals = 'SIGTERM'): Promise<number | NodeJS.Signals | null> {
    if (!this.#hasEnded) {
      const ended = once(this.#child, 'exit');
      this.#child.kill(signal);
      await ended;
    }
    return this.#child.exitCode ?? this.#child.signalCode;
  }

  get #hasEnded(): boolean {
    return this.#child.exitCode !== null || this.#child.signalCode !== null;
  }
}
