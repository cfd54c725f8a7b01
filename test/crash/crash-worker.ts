/** The test's end of one worker process of the crash matrix: its steps, what it is ordered, and the ways to end it. */
import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { FillStep, StepName } from '@parqueue/core';
import { AT_PEACE, type FromWorker, type Orders, type ThreadDeath, type ToWorker } from './messages.ts';

/** Built output, as production runs it. */
const PROGRAM = fileURLToPath(new URL('../dist/crash/worker-process.js', import.meta.url));

export interface Step {
  readonly name: StepName;
  readonly details: Readonly<Record<string, unknown>>;
}

export type WorkerStart = Omit<Extract<ToWorker, { kind: 'start' }>, 'kind'>;

export class CrashWorker {
  /** Since the beginning of the cell. */
  steps: Step[] = [];
  struckAt: FillStep | null = null;
  /** Operations of the filesystem that were refused. */
  refused: string[] = [];
  /** What threads ended with, each by its error, where it had one, and its exit. */
  threadEnds: string[] = [];
  readonly #child: ChildProcess;
  readonly #changed = new Set<() => void>();
  readonly #done = new Set<number>();
  #isReady = false;
  #lastId = 0;

  constructor(start: WorkerStart) {
    this.#child = fork(PROGRAM, { stdio: ['ignore', 'inherit', 'inherit', 'ipc'], execArgv: [] });
    this.#child.on('message', (message: FromWorker) => this.#hear(message));
    this.#child.once('exit', () => this.#tellAll());
    this.#send({ kind: 'start', ...start });
  }

  async ready(): Promise<void> {
    await this.until('it is ready', () => this.#isReady);
  }

  get isAlive(): boolean {
    return this.#child.exitCode === null && this.#child.signalCode === null;
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  forget(): void {
    this.steps = [];
    this.struckAt = null;
    this.refused = [];
    this.threadEnds = [];
  }

  /** Resolves when the whole process obeys; one that has ended does. Orders replace those of before. */
  async obey(orders: Partial<Orders>): Promise<void> {
    await this.#order((id) => ({ kind: 'obey', id, orders: { ...AT_PEACE, ...orders } }));
  }

  /** Resolves when a thread has ended, or the process with it: of one out of memory Node cannot always prevent that. */
  async letThreadDie(of: ThreadDeath): Promise<void> {
    await this.#order((id) => ({ kind: 'let-die', id, of }));
  }

  release(): void {
    this.#send({ kind: 'release' });
  }

  signal(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  async kill(): Promise<void> {
    if (!this.isAlive) return;
    const exited = once(this.#child, 'exit');
    this.#child.kill('SIGKILL');
    await exited;
  }

  count(name: StepName): number {
    return this.steps.filter((step) => step.name === name).length;
  }

  /** Looks whenever something is heard of the process. A process that ended has nothing more to tell. */
  async until(what: string, isSo: () => boolean, limitMs = 120_000): Promise<void> {
    const deadline = AbortSignal.timeout(limitMs);
    while (!isSo()) {
      if (!this.isAlive) throw new Error(`the worker ended before ${what}`);
      await new Promise<void>((resolve, reject) => {
        const late = (): void => {
          this.#changed.delete(changed);
          reject(
            new Error(`not within ${limitMs} ms: ${what}; steps: ${this.steps.map(({ name }) => name).join(' ')}`),
          );
        };
        const changed = (): void => {
          this.#changed.delete(changed);
          deadline.removeEventListener('abort', late);
          resolve();
        };
        this.#changed.add(changed);
        deadline.addEventListener('abort', late, { once: true });
      });
    }
  }

  async #order(order: (id: number) => ToWorker): Promise<void> {
    const id = (this.#lastId += 1);
    this.#send(order(id));
    await this.until(`it did as it was told (${order(id).kind})`, () => this.#done.has(id) || !this.isAlive);
  }

  #send(message: ToWorker): void {
    if (this.#child.connected) this.#child.send(message);
  }

  #hear(message: FromWorker): void {
    switch (message.kind) {
      case 'ready':
        this.#isReady = true;
        break;
      case 'step':
        this.steps.push(message);
        break;
      case 'struck':
        this.struckAt = message.step;
        break;
      case 'refused':
        this.refused.push(message.operation);
        break;
      case 'thread-ended':
        this.threadEnds.push(message.why);
        break;
      case 'done':
        this.#done.add(message.id);
        break;
      default:
        message satisfies never;
    }
    this.#tellAll();
  }

  #tellAll(): void {
    for (const changed of this.#changed) changed();
  }
}
