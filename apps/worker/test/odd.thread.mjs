/**
 * A thread entry that does what its task's path says, for the tests of the pool. It speaks the real protocol (the built
 * session); only the source is replaced, because no real source can be told to exhaust its heap.
 */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { threadId, workerData } from 'node:worker_threads';
import { serve } from '../dist/thread/session.js';

/** An empty module whose only function is `unreachable`. */
const TRAP = Uint8Array.of(
  0,
  97,
  115,
  109,
  1,
  0,
  0,
  0,
  1,
  4,
  1,
  96,
  0,
  0,
  3,
  2,
  1,
  0,
  7,
  5,
  1,
  1,
  102,
  0,
  0,
  10,
  5,
  1,
  3,
  0,
  0,
  11,
);

const behaviours = {
  id: async () => ({ kind: 'version', version: `thread:${threadId}` }),
  setup: async () => ({ kind: 'version', version: `setup:${JSON.stringify(workerData)}` }),
  env: async () => ({ kind: 'version', version: `env:${Object.keys(process.env).length}` }),
  throw: async () => {
    throw new TypeError('odd');
  },
  trap: async () => {
    const { instance } = await WebAssembly.instantiate(TRAP);
    instance.exports.f();
  },
  fatal: async () => ({
    kind: 'failed',
    failure: {
      code: 'PQ_MALFORMED_SOURCE',
      message: 'bad file',
      retryable: false,
      details: { recycleThread: true, thread: threadId },
    },
  }),
  exit: async () => {
    process.exit(7);
  },
  heap: async () => {
    const kept = [];
    for (;;) kept.push(Array.from({ length: 10_000 }, (_, i) => ({ i })));
  },
  polite: async ({ signal, onStep }) => {
    await onStep('first-batch');
    if (!signal.aborted)
      await new Promise((resolve) => {
        signal.addEventListener('abort', resolve, { once: true });
      });
    throw new Error('interrupted');
  },
  deaf: async ({ onStep }) => {
    await onStep('first-batch');
    for (;;) await sleep(10);
  },
  spin: async ({ onStep }) => {
    await onStep('first-batch');
    for (;;);
  },
  pipe: async ({ onStep }) => {
    await onStep('first-batch');
    // Nobody writes to it: the call keeps a thread in the kernel, as a mount does whose server is away.
    await readFile(workerData.pipe);
  },
  memo: async ({ memo }) => {
    await memo.put('name', 'kept');
    return { kind: 'version', version: `memo:${await memo.get('name')}` };
  },
  progress: async ({ onProgress }) => {
    for (let rows = 0; rows < 1000; rows += 1) onProgress({ phase: 'reading', rows, bytes: rows, bytesTotal: null });
    onProgress({ phase: 'syncing', rows: 1000, bytes: 1000, bytesTotal: null });
    return { kind: 'version', version: 'done' };
  },
};

export const runTask = (task) =>
  serve(task, {
    probe: (request, context) => behaviours[request.canonical.question.path](context),
    prepare: async () => {
      throw new Error(`thread ${threadId} cannot be prepared`);
    },
    close: async () => {
      if (workerData.closedIn !== undefined) await writeFile(join(workerData.closedIn, `thread-${threadId}`), '');
    },
    fill: (fill, context) => behaviours[fill.request.canonical.question.path](context),
  });
