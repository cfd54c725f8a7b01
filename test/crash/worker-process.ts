/**
 * A worker in a process of its own, for the crash matrix. It is the real worker with its real threads; what is added is
 * an ear for its steps, a filesystem that can refuse, and an injector that each thread loads before its own program.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { syncBuiltinESMExports } from 'node:module';
import threads, { type WorkerOptions } from 'node:worker_threads';
import { FILL_STEPS, type StepName } from '@parqueue/core';
import pino from 'pino';
import { FaultyFs } from './faulty-fs.ts';
import { StallWatch } from './stalls.ts';
import {
  AT_PEACE,
  FROM_THREADS,
  NO_ORDERS,
  THREAD_SETUP,
  TO_THREADS,
  type FromThread,
  type FromWorker,
  type Orders,
  type ThreadDeath,
  type ThreadSetup,
  type ToThreads,
  type ToWorker,
} from './messages.ts';

/** A thread that does not answer is in native code, or about to end; what it was told reaches it afterwards. */
const OBEY_LIMIT_MS = 30_000;

const channels = { tell: new BroadcastChannel(TO_THREADS), hear: new BroadcastChannel(FROM_THREADS) };
const alive = new Set<number>();
const filled = new Set<number>();
let root = '';
let orders: Orders = AT_PEACE;
let files: FaultyFs | null = null;
let onObeyed: (threadId: number, id: number) => void = () => undefined;
let release = (): void => undefined;

function tell(message: FromWorker): void {
  process.send?.(message);
}

function tellThreads(message: ToThreads): void {
  channels.tell.postMessage(message);
}

/** As the pool makes it, with the injector in front of its program. */
class InjectedThread extends threads.Worker {
  constructor(file: string | URL, options: WorkerOptions = {}) {
    const setup: ThreadSetup = { root, orders: orders.laterThreads ? orders.threads : NO_ORDERS };
    super(file, {
      ...options,
      env: { ...(typeof options.env === 'object' ? options.env : {}), [THREAD_SETUP]: JSON.stringify(setup) },
      execArgv: [...(options.execArgv ?? []), '--import', new URL('injector.js', import.meta.url).href],
    });
    const { threadId } = this;
    this.once('online', () => alive.add(threadId));
    this.once('error', (error: unknown) => tell({ kind: 'thread-ended', why: nameOf(error) }));
    this.once('exit', (code) => {
      tell({ kind: 'thread-ended', why: `exit ${code}` });
      alive.delete(threadId);
      filled.delete(threadId);
      onObeyed(threadId, 0);
    });
  }
}

function nameOf(error: unknown): string {
  if (error instanceof Error && 'code' in error && typeof error.code === 'string') return error.code;
  return error instanceof Error ? `${error.name}: ${error.message}` : String(error);
}

channels.hear.onmessage = (event): void => {
  const message = (event as { readonly data: FromThread }).data;
  switch (message.kind) {
    case 'fills':
      filled.add(message.threadId);
      return;
    case 'obeys':
      return onObeyed(message.threadId, message.id);
    case 'struck':
    case 'refused':
      return tell(message);
    default:
      message satisfies never;
  }
};

async function obey(id: number, next: Orders): Promise<void> {
  orders = next;
  files?.arm(next.fs);
  const waiting = new Set(alive);
  const all = new Promise<void>((resolve) => {
    onObeyed = (threadId, obeyed) => {
      if (obeyed === id || obeyed === 0) waiting.delete(threadId);
      if (waiting.size === 0) resolve();
    };
    if (waiting.size === 0) resolve();
  });
  tellThreads({ kind: 'obey', id, orders: next.threads });
  await Promise.race([all, sleep(OBEY_LIMIT_MS)]);
  tell({ kind: 'done', id });
}

/** Of those that load, where any has loaded yet. Resolves when one of them ended. */
async function letDie(id: number, of: ThreadDeath): Promise<void> {
  const chosen = filled.size > 0 ? [...filled] : [...alive];
  tellThreads({ kind: 'die', of, threads: chosen });
  while (chosen.every((threadId) => alive.has(threadId))) await sleep(10);
  tell({ kind: 'done', id });
}

async function onStep(name: StepName, details: Readonly<Record<string, unknown>>): Promise<void> {
  tell({ kind: 'step', name, details });
  const step = FILL_STEPS.find((candidate) => candidate === name);
  if (step === undefined) return;
  if (step === orders.throwAt) {
    tell({ kind: 'struck', step });
    throw new Error(`injected at ${step}`);
  }
  if (step === orders.holdAt) {
    const released = new Promise<void>((resolve) => {
      release = resolve;
    });
    tell({ kind: 'struck', step });
    await released;
  }
}

async function start({ config, queueTiming, logFile }: Extract<ToWorker, { kind: 'start' }>): Promise<void> {
  root = config.store.root;
  files = await FaultyFs.install(root, (operation) => tell({ kind: 'refused', operation }));
  Object.assign(threads, { Worker: InjectedThread });
  syncBuiltinESMExports();
  // Only now: the pool's library takes the class when it is loaded.
  const { startWorker } = await import('@parqueue/worker');
  const log = pino({ level: 'debug' }, pino.destination({ dest: logFile, sync: true }));
  const worker = await startWorker({ config, queueTiming, log, onStep });
  process.once('SIGTERM', () => {
    void worker.drain().then(() => process.exit(0));
  });
  tell({ kind: 'ready' });
}

const stalls = new StallWatch((ms) => tell({ kind: 'stalled', ms }));

process.on('message', (message: ToWorker) => {
  stalls.look();
  switch (message.kind) {
    case 'start':
      return void start(message);
    case 'obey':
      return void obey(message.id, message.orders);
    case 'let-die':
      return void letDie(message.id, message.of);
    case 'release':
      return release();
    default:
      message satisfies never;
  }
});
process.once('disconnect', () => process.exit(1));
