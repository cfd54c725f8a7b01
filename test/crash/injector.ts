/**
 * Loaded into each thread of a worker before the thread's own program (`--import`), which is the real one and knows
 * nothing of it. It makes the thread fail for real: its heap runs over the limit that the pool set, the Parquet library
 * traps in its own WebAssembly, the filesystem refuses below the store, a step throws.
 */
import { createRequire } from 'node:module';
import { MessagePort, threadId } from 'node:worker_threads';
import { FILL_STEPS, type FillStep } from '@parqueue/core';
import { FaultyFs } from './faulty-fs.ts';
import {
  FROM_THREADS,
  NO_ORDERS,
  THREAD_SETUP,
  TO_THREADS,
  type FromThread,
  type ThreadOrders,
  type ThreadSetup,
  type ToThreads,
} from './messages.ts';

/** What is used of parquet-wasm; the module is the one that the product has loaded, or will. */
interface ParquetWasm {
  readonly Compression: { readonly LZO: number };
  readonly Table: { fromIPCStream(bytes: Uint8Array): unknown };
  readonly WriterPropertiesBuilder: {
    new (): { setCompression(codec: number): { build(): unknown } };
    readonly prototype: { setCompression: (codec: number) => unknown };
  };
  writeParquet(table: unknown, properties: unknown): Uint8Array;
}

const productRequire = createRequire(import.meta.resolve('@parqueue/core/parquet'));
const setup = JSON.parse(process.env[THREAD_SETUP] ?? '{}') as ThreadSetup;
const channels = { hear: new BroadcastChannel(TO_THREADS), tell: new BroadcastChannel(FROM_THREADS) };
let orders: ThreadOrders = NO_ORDERS;
let fills = false;

function tell(message: FromThread): void {
  channels.tell.postMessage(message);
}

const files = await FaultyFs.install(setup.root, (operation) => tell({ kind: 'refused', operation }));

function obey(next: ThreadOrders): void {
  orders = next;
  files.arm(next.fsIn === 'all' || fills ? next.fs : null);
  if (next.spoilWriter) spoilWriters();
}

/**
 * The library cannot write LZO and traps over it (`unreachable`), after it has begun its file: asked for by the
 * properties that the product's writer builds, it traps inside the product's own call.
 */
let spoilt = false;
function spoilWriters(): void {
  if (spoilt) return;
  spoilt = true;
  const { Compression, WriterPropertiesBuilder } = productRequire('parquet-wasm') as ParquetWasm;
  const { prototype } = WriterPropertiesBuilder;
  const honest = prototype.setCompression;
  prototype.setCompression = function (codec) {
    return honest.call(this, orders.spoilWriter ? Compression.LZO : codec);
  };
}

/** In a task of its own, where nobody catches it: what an asynchronous trap looks like. */
function trapNow(): void {
  const { Compression, Table, WriterPropertiesBuilder, writeParquet } = productRequire('parquet-wasm') as ParquetWasm;
  const { tableFromArrays, tableToIPC } = productRequire('apache-arrow') as typeof import('apache-arrow');
  const table = Table.fromIPCStream(tableToIPC(tableFromArrays({ id: Int32Array.of(1) }), 'stream'));
  setImmediate(() => writeParquet(table, new WriterPropertiesBuilder().setCompression(Compression.LZO).build()));
}

/** Until V8 gives up at the pool's resourceLimits; nothing after this line runs. */
function takeAllMemory(): void {
  const kept: unknown[] = [];
  for (;;) kept.push({ id: kept.length, word: `word ${kept.length}` });
}

channels.hear.onmessage = (event): void => {
  const message = (event as { readonly data: ToThreads }).data;
  if (message.kind === 'obey') {
    obey(message.orders);
    tell({ kind: 'obeys', threadId, id: message.id });
  } else if (message.threads.includes(threadId)) {
    if (message.of === 'out of memory') takeAllMemory();
    else trapNow();
  }
};
// The process ends its threads; a thread that waits for orders only is idle.
channels.hear.unref();
channels.tell.unref();

function stepOf(message: unknown): FillStep | null {
  if (typeof message !== 'object' || message === null || !('kind' in message) || message.kind !== 'step') return null;
  return 'step' in message ? (FILL_STEPS.find((step) => step === message.step) ?? null) : null;
}

/**
 * A thread tells its steps by a message and waits for the answer; where the message cannot go out, the step fails.
 * Channels send through the same method and want to know what it returned.
 */
const post = MessagePort.prototype.postMessage;
MessagePort.prototype.postMessage = function (...args: Parameters<typeof post>): void {
  const step = stepOf(args[0]);
  if (step !== null && !fills) {
    fills = true;
    tell({ kind: 'fills', threadId });
  }
  if (step !== null && step === orders.throwAt) {
    tell({ kind: 'struck', step });
    throw new Error(`injected at ${step}`);
  }
  return Reflect.apply(post, this, args);
};

obey(setup.orders);
