/**
 * The composition root of a worker thread: probes and fills with the real store and sources. It holds no connection to
 * Redis and no authority (I10): what it publishes is garbage until the main thread commits it.
 */
import { randomBytes } from 'node:crypto';
import { parentPort, threadId, workerData } from 'node:worker_threads';
import {
  isParqueueError,
  materialize,
  ParqueueError,
  type Clock,
  type FillReport,
  type ProbeReport,
} from '@parqueue/core';
import { FileThread } from '@parqueue/core/parquet';
import { openStore, StoreCalls, type FileStore } from '@parqueue/core/store';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ConnectionsNews, ThreadTask } from './protocol.ts';
import { serve, type ThreadAbilities, type ThreadContext } from './session.ts';
import type { ThreadSetup } from './setup.ts';
import { SourceShelf } from './source-shelf.ts';

const setup = workerData as ThreadSetup;
let opening: Promise<FileStore> | null = null;
/** One for all tries to open the store: those that hang keep their threads. */
const calls = new StoreCalls();

const clock: Clock = {
  now: () => Date.now(),
  sleep: (ms, signal) => sleep(ms, undefined, signal === undefined ? {} : { signal }),
};

const sources = new SourceShelf(setup, {
  clock,
  randomId: () => randomBytes(16).toString('hex'),
  chance: () => randomBytes(4).readUInt32BE() / 2 ** 32,
  files: new FileThread(),
});

const abilities: ThreadAbilities = {
  async probe(request, context): Promise<ProbeReport> {
    const source = await sources.get(request.source);
    const { signal, memo, known, onProgress, onStatement } = context;
    const probed = await source.probe(request.canonical, {
      signal,
      memo,
      known,
      limits: request.limits,
      onProgress,
      onFirstBatch: () => undefined,
      ...(onStatement === undefined ? {} : { onStatement }),
    });
    return { kind: 'version', ...probed };
  },

  async fill(task, context): Promise<FillReport> {
    const source = await sources.get(task.request.source);
    const { writer, reader } = await store();
    const { host, program } = setup;
    return await materialize(task, {
      source,
      memo: context.memo,
      writer,
      reader,
      clock,
      host,
      program,
      context: workContext(context),
    });
  },

  async prepare(): Promise<void> {
    const opened = setup.store === null ? [] : [store()];
    await Promise.all([...opened, ...Object.keys(setup.sources).map((name) => sources.get(name))]);
  },

  close: () => sources.close(),
};

/** How often the thread looks whether its connections changed: sources also close them by themselves when idle. */
const CONNECTIONS_EVERY_MS = 2000;
let toldConnections = '{}';

setInterval(() => {
  const bySource = sources.connections();
  const text = JSON.stringify(bySource);
  if (text === toldConnections) return;
  toldConnections = text;
  parentPort?.postMessage({ kind: 'connections', threadId, bySource } satisfies ConnectionsNews);
}, CONNECTIONS_EVERY_MS).unref();

export function runTask(task: ThreadTask): Promise<void> {
  return serve(task, abilities);
}

function workContext({ memo: _, ...context }: ThreadContext): Omit<ThreadContext, 'memo'> {
  return context;
}

/**
 * Opened by the first fill and kept; an opening that failed is tried again by the next one. The worker has made it long
 * ago: where it is missing now its mount went away, and another one made in its place would take rows for no one.
 */
async function store(): Promise<FileStore> {
  if (setup.store === null) throw new Error('a thread without a store was asked to fill');
  opening ??= openStore({ ...setup.store, calls, absent: 'refuse', older: 'refuse' }).catch((error: unknown) => {
    opening = null;
    const isMissing = isParqueueError(error) && error.code === 'PQ_CONFIG';
    throw isMissing ? new ParqueueError('PQ_STORE_IO', error.message, { cause: error }) : error;
  });
  return await opening;
}
