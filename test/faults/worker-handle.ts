/** The test's end of one worker process: its steps as they happen, its metrics, and the ways to hurt it. */
import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { StepName } from '@parqueue/core';
import { Watch } from './watch.ts';
import type { FromWorker, ToWorker } from './worker-process.ts';

/** Built output, as production runs it. */
const WORKER = fileURLToPath(new URL('../dist/faults/worker-process.js', import.meta.url));
const STEP_LIMIT_MS = 120_000;

export interface Step {
  readonly name: StepName;
  readonly details: Readonly<Record<string, unknown>>;
  /** When the test heard of it. */
  readonly atMs: number;
}

export class WorkerHandle {
  readonly steps: Step[] = [];
  readonly #child: ChildProcess;
  readonly #watch = new Watch();
  #url = '';

  private constructor(child: ChildProcess) {
    this.#child = child;
  }

  static async start(order: Omit<Extract<ToWorker, { kind: 'start' }>, 'kind'>): Promise<WorkerHandle> {
    const child = fork(WORKER, { stdio: ['ignore', 'inherit', 'inherit', 'ipc'], execArgv: [] });
    const worker = new WorkerHandle(child);
    const ready = new Promise<void>((resolve, reject) => {
      child.once('exit', (code) => reject(new Error(`the worker ended with code ${code} before it was ready`)));
      child.on('message', (message: FromWorker) => {
        if (message.kind === 'ready') {
          worker.#url = message.url;
          resolve();
          return;
        }
        worker.steps.push({ ...message, atMs: Date.now() });
        worker.#watch.heard();
      });
    });
    child.send({ kind: 'start', ...order } satisfies ToWorker);
    await ready;
    return worker;
  }

  /** Resolves at the first such step, past or future. */
  async reached(name: StepName): Promise<Step> {
    const find = (): Step | undefined => this.steps.find((step) => step.name === name);
    const late = (): string => `step '${name}'; steps: ${this.steps.map((step) => step.name).join(' ')}`;
    await this.#watch.until(() => find() !== undefined, { limitMs: STEP_LIMIT_MS, late });
    const step = find();
    if (step === undefined) throw new Error(`${name} was there and is gone`);
    return step;
  }

  count(name: StepName): number {
    return this.steps.filter((step) => step.name === name).length;
  }

  /** From now on such a step waits until it is released. */
  hold(step: StepName): void {
    this.#child.send({ kind: 'hold', step } satisfies ToWorker);
  }

  /** Lets the held step go on. */
  release(): void {
    this.#child.send({ kind: 'release' } satisfies ToWorker);
  }

  signal(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  async kill(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const exited = once(this.#child, 'exit');
    this.#child.kill('SIGKILL');
    await exited;
  }

  /** SIGTERM; resolves with the exit code. */
  async terminate(): Promise<number | null> {
    const exited = once(this.#child, 'exit');
    this.#child.kill('SIGTERM');
    const [code] = (await exited) as [number | null];
    return code;
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  async get(path: string): Promise<Response> {
    return await fetch(`${this.#url}${path}`);
  }

  /** The value of one metric, summed over its series that match the labels. */
  async metric(name: string, labels: Readonly<Record<string, string>> = {}): Promise<number> {
    const text = await (await this.get('/metrics')).text();
    const wanted = Object.entries(labels).map(([label, value]) => `${label}="${value}"`);
    return text
      .split('\n')
      .filter((line) => line.startsWith(`${name}{`) || line.startsWith(`${name} `))
      .filter((line) => wanted.every((label) => line.includes(label)))
      .reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(' ') + 1)), 0);
  }
}
