/** The test's end of one worker process of the crash matrix: its steps, what it is ordered, and the ways to end it. */
import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { FillStep, StepName } from '@parqueue/core';
import { Watch } from '../faults/watch.ts';
import { AT_PEACE, type FromWorker, type Orders, type ThreadDeath, type ToWorker } from './messages.ts';

/** Built output, as production runs it. */
const PROGRAM = fileURLToPath(
  new URL(`${import.meta.url.endsWith('.ts') ? '../dist/crash/' : './'}worker-process.js`, import.meta.url),
);

const LAST_WORDS = 2000;

export interface Step {
  readonly name: StepName;
  readonly details: Readonly<Record<string, unknown>>;
}

export type WorkerStart = Omit<Extract<ToWorker, { kind: 'start' }>, 'kind'>;

export class CrashWorker {
  /** Since the beginning of the cell. */
  steps: Step[] = [];
  struckAt: FillStep | null = null;
  /** The fill that came to the step. */
  struckFill: unknown = null;
  /** Operations of the filesystem that were refused. */
  refused: string[] = [];
  /** What threads ended with, each by its error, where it had one, and its exit. */
  threadEnds: string[] = [];
  /** How long the process did not run, each time. */
  stalls: number[] = [];
  readonly #child: ChildProcess;
  readonly #watch = new Watch();
  readonly #done = new Set<number>();
  #isReady = false;
  #lastId = 0;

  /** What it printed, which is its log's business but for last words. */
  readonly #output: string;

  constructor(start: WorkerStart) {
    this.#output = start.logFile.replace(/\.log$/, '.out.log');
    const output = openSync(this.#output, 'w');
    this.#child = fork(PROGRAM, { stdio: ['ignore', output, output, 'ipc'], execArgv: [] });
    closeSync(output);
    this.#child.on('message', (message: FromWorker) => this.#hear(message));
    this.#child.once('exit', () => this.#watch.heard());
    this.#send({ kind: 'start', ...start });
  }

  async ready(): Promise<void> {
    await this.until('it is ready', () => this.#isReady);
  }

  get isAlive(): boolean {
    return this.#child.exitCode === null && this.#child.signalCode === null;
  }

  /** Of one that has ended: by what, and its last words. */
  get end(): string {
    const { exitCode, signalCode } = this.#child;
    return `${signalCode ?? `exit ${exitCode}`}: ${readFileSync(this.#output, 'utf8').slice(-LAST_WORDS).trim()}`;
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  forget(): void {
    this.steps = [];
    this.struckAt = null;
    this.struckFill = null;
    this.refused = [];
    this.threadEnds = [];
    this.stalls = [];
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

  /** A process that ended has nothing more to tell. */
  async until(what: string, isSo: () => boolean, limitMs = 240_000): Promise<void> {
    const late = (): string => `${what}; steps: ${this.steps.map(({ name }) => name).join(' ')}`;
    await this.#watch.until(() => isSo() || !this.isAlive, { limitMs, late });
    if (!isSo()) throw new Error(`the worker ended before ${what}: ${this.end}`);
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
        if (this.struckAt === null)
          this.struckFill = this.steps.findLast(({ name }) => name === 'lease-acquired')?.details['fillId'];
        this.struckAt = message.step;
        break;
      case 'refused':
        this.refused.push(message.operation);
        break;
      case 'thread-ended':
        this.threadEnds.push(message.why);
        break;
      case 'stalled':
        this.stalls.push(message.ms);
        break;
      case 'done':
        this.#done.add(message.id);
        break;
      default:
        message satisfies never;
    }
    this.#watch.heard();
  }
}
