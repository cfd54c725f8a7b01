/** The thread for Parquet files, as its application sees it: what becomes of a file when thread, batches or patience end. */
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { tableFromArrays, tableFromIPC, type RecordBatch } from 'apache-arrow';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { DEFAULT_PARQUET } from '../../model/request.ts';
import { FileThread, type WriteOrder } from './file-thread.ts';

let folder: string;
let files: FileThread;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'parqueue-file-thread-'));
  files = new FileThread();
});

afterEach(async () => {
  await files[Symbol.asyncDispose]();
  await rm(folder, { recursive: true, force: true });
});

const table = tableFromArrays({ n: Float64Array.from({ length: 1000 }, (_, n) => n) });

function order(
  batches: () => AsyncGenerator<RecordBatch, void, undefined>,
  more: Partial<WriteOrder> = {},
): WriteOrder {
  return {
    path: join(folder, 'part.parquet'),
    schema: table.schema,
    batches: batches(),
    parquet: DEFAULT_PARQUET,
    rowsMax: 1e6,
    bytesMax: 1e8,
    signal: new AbortController().signal,
    onFirstBatch: () => undefined,
    onProgress: () => undefined,
    ...more,
  };
}

async function* whole(): AsyncGenerator<RecordBatch, void, undefined> {
  yield* table.batches;
}

it('writes files and reads them again, several at once', async () => {
  const paths = ['a', 'b', 'c'].map((name) => join(folder, name));
  const written = await Promise.all(paths.map((path) => files.write(order(whole, { path }))));
  expect(written.map(({ rows, columns }) => [rows, columns])).toEqual(
    paths.map(() => [1000, [expect.objectContaining({ name: 'n', type: 'float64' })]]),
  );
  for (const [at, path] of paths.entries()) {
    const pieces = await files.read({ path, bytes: written[at]?.bytes ?? 0 }, new AbortController().signal);
    expect(tableFromIPC(pieces).getChild('n')?.toArray()).toEqual(table.getChild('n')?.toArray());
  }
});

it.each([new RangeError('mine'), undefined, null])('throws what the batches throw, as it is: %s', async (own) => {
  const failing = async function* (): AsyncGenerator<RecordBatch, void, undefined> {
    yield* table.batches;
    throw own;
  };
  await expect(files.write(order(failing))).rejects.toBe(own);
  expect((await files.write(order(whole))).rows).toBe(1000);
});

it('throws what a listener to its progress throws, though all had been written', async () => {
  const own = new RangeError('mine');
  const onProgress = (): void => {
    throw own;
  };
  await expect(files.write(order(whole, { onProgress }))).rejects.toBe(own);
  expect((await files.write(order(whole))).rows).toBe(1000);
});

it('stops the file when a listener to its progress throws, and tells it no more', async () => {
  const entry = join(folder, 'telling.mjs');
  await writeFile(
    entry,
    `import { parentPort } from 'node:worker_threads';
    parentPort.on('message', ({ port }) => {
      port.on('message', ({ kind, failure }) => {
        if (kind === 'stop') port.postMessage({ kind: 'failed', failure, recycle: false });
      });
      for (const rows of [1, 2]) port.postMessage({ kind: 'progress', rows, bytes: rows });
    });
    `,
  );
  await using telling = new FileThread(pathToFileURL(entry));
  const heard: number[] = [];
  const own = new RangeError('mine');
  const onProgress = ({ rows }: { readonly rows: number }): void => {
    heard.push(rows);
    throw own;
  };
  await expect(telling.write(order(whole, { onProgress }))).rejects.toBe(own);
  expect(heard).toEqual([1]);
});

it('stops when it is told to, and ends the batches', async () => {
  const stop = new AbortController();
  let ended = false;
  const endless = async function* (): AsyncGenerator<RecordBatch, void, undefined> {
    try {
      for (let at = 0; ; at += 1) {
        if (at === 5) stop.abort();
        yield* table.batches;
      }
    } finally {
      ended = true;
    }
  };
  await expect(files.write(order(endless, { signal: stop.signal }))).rejects.toMatchObject({ code: 'PQ_CANCELLED' });
  await expect.poll(() => ended).toBe(true);
});

it('takes another thread after a trap, and asks nobody else to', async () => {
  const entry = join(folder, 'trapping.mjs');
  await writeFile(
    entry,
    `import { parentPort, threadId } from 'node:worker_threads';
    const failure = { code: 'PQ_INTERNAL', message: 'trap of ' + threadId, retryable: false };
    parentPort.on('message', ({ port }) =>
      port.postMessage({ kind: 'failed', failure: { ...failure, details: { recycleThread: true } }, recycle: true }));
    `,
  );
  const trapping = new FileThread(pathToFileURL(entry));
  const messages: unknown[] = [];
  for (const _ of [1, 2]) {
    const error: unknown = await trapping.write(order(whole)).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: 'PQ_INTERNAL', details: {} });
    expect(error).not.toHaveProperty('details.recycleThread');
    messages.push((error as Error).message);
  }
  expect(new Set(messages).size).toBe(2);
  await trapping[Symbol.asyncDispose]();
});

it('says that a thread died, and starts another one for the next file', async () => {
  const entry = join(folder, 'dying.mjs');
  await writeFile(
    entry,
    "import { parentPort } from 'node:worker_threads';\nparentPort.on('message', () => process.exit(3));\n",
  );
  const dying = new FileThread(pathToFileURL(entry));
  for (const _ of [1, 2]) {
    await expect(dying.write(order(whole))).rejects.toMatchObject({ code: 'PQ_WORKER_CRASHED', retryable: true });
  }
  await dying[Symbol.asyncDispose]();
  expect(await readdir(folder)).toEqual(['dying.mjs']);
});

it('takes no more when it is closed', async () => {
  await files[Symbol.asyncDispose]();
  await expect(files.write(order(whole))).rejects.toMatchObject({ code: 'PQ_CANCELLED' });
});
