/** Files that two threads write together: the bytes are those of one thread, and so is every way to fail. */
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { Worker } from 'node:worker_threads';
import type { RecordBatch } from 'apache-arrow';
import { afterAll, afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ParqueueError } from '../../model/errors.ts';
import { arrowSchema, type Column } from '../column-type.ts';
import { batchesOf } from '../row-appender.ts';
import { writeParquetFile, type WriteOptions } from '../writer.ts';
import { writeParquetBeside } from './beside.ts';
import { FileThread } from './file-thread.ts';
import type { WrittenFile } from './protocol.ts';

const COLUMNS: readonly Column[] = [
  { name: 'id', type: { kind: 'int64' }, nullable: false },
  { name: 'word', type: { kind: 'utf8' }, nullable: true },
];
const BATCH = 65_536;

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

const files = new FileThread();
let base: string;
let path: string;

beforeEach(async () => {
  base = await mkdtemp(join(tmpdir(), 'pq-beside-'));
  path = join(base, 'a.parquet');
});

afterEach(() => rm(base, { recursive: true }));
afterAll(() => files[Symbol.asyncDispose]());

function options(more: Partial<WriteOptions> = {}): WriteOptions {
  return { parquet: { compression: 'zstd', rowGroupRows: 100_000 }, signal: new AbortController().signal, ...more };
}

function* chunks(rows: number): Generator<readonly unknown[][]> {
  for (let from = 0; from < rows; from += 1000)
    yield Array.from({ length: Math.min(1000, rows - from) }, (_, i) => [
      from + i,
      (from + i) % 3 === 0 ? null : `w${i}`,
    ]);
}

type Given = Parameters<typeof batchesOf>[1];

function write(rows: Given, more: Partial<WriteOptions> = {}, to = path): Promise<WrittenFile> {
  const what = { schema: arrowSchema(COLUMNS), batches: batchesOf(COLUMNS, rows) };
  return writeParquetBeside(files, to, what, options(more));
}

/** A thread that must not be asked. */
const NOBODY = {
  write: (): Promise<never> => Promise.reject(new Error('the other thread was asked')),
};

describe('two threads', () => {
  it('write the bytes that one thread writes, and say the same of them', async () => {
    let firsts = 0;
    const seen: number[] = [];
    const two = await write(chunks(250_000), {
      onFirstBatch: () => {
        firsts += 1;
      },
      onProgress: ({ bytes }) => seen.push(bytes),
    });
    const other = join(base, 'b.parquet');
    const { footer, ...one } = await writeParquetFile(
      other,
      arrowSchema(COLUMNS),
      batchesOf(COLUMNS, chunks(250_000)),
      options(),
    );
    expect(two).toEqual({ ...one, columns: footer.columns });
    expect(await readFile(path)).toEqual(await readFile(other));
    expect(firsts).toBe(1);
    expect(seen.at(-1)).toBe(two.bytes);
  });

  it.each([[0], [1], [BATCH]])('are one where there are no more than %i rows', async (rows) => {
    const what = { schema: arrowSchema(COLUMNS), batches: batchesOf(COLUMNS, chunks(rows)) };
    let firsts = 0;
    const onFirstBatch = (): void => {
      firsts += 1;
    };
    expect((await writeParquetBeside(NOBODY, path, what, options({ onFirstBatch }))).rows).toBe(rows);
    expect(firsts).toBe(rows === 0 ? 0 : 1);
  });

  it('take batches from the source no faster than they write them', async () => {
    let taken = 0;
    let written = 0;
    let ahead = 0;
    async function* counted(): AsyncGenerator<RecordBatch> {
      for await (const batch of batchesOf(COLUMNS, chunks(12 * BATCH))) {
        taken += 1;
        ahead = Math.max(ahead, taken - written);
        yield batch;
      }
    }
    const slow = {
      write: (order: Parameters<FileThread['write']>[0]): Promise<WrittenFile> =>
        files.write({
          ...order,
          // Uncompressed row groups of a batch each are written as soon as they are encoded.
          onProgress: ({ rows }) => {
            written = Math.max(written, rows / BATCH - 1);
          },
        }),
    };
    const what = { schema: arrowSchema(COLUMNS), batches: counted() };
    await writeParquetBeside(slow, path, what, options({ parquet: { compression: 'none', rowGroupRows: BATCH } }));
    expect(taken).toBe(12);
    // One that is made, one that waits, one that is encoded, and one whose bytes are being told of.
    expect(ahead).toBeLessThanOrEqual(5);
  });

  it('let go of each batch that was given, the first ones too', async () => {
    const made: WeakRef<RecordBatch>[] = [];
    async function* watched(): AsyncGenerator<RecordBatch> {
      for await (const batch of batchesOf(COLUMNS, chunks(6 * BATCH))) {
        made.push(new WeakRef(batch));
        yield batch;
      }
    }
    let held = Number.NaN;
    const counting = {
      write: async ({ batches }: Parameters<FileThread['write']>[0]): Promise<WrittenFile> => {
        for await (const batch of batches) if (batch instanceof Uint8Array && batch.length === 0) break;
        // What a turn looked at lives until its end.
        await sleep(1);
        collectGarbage();
        held = made.filter((batch) => batch.deref() !== undefined).length;
        return { rows: 6 * BATCH, bytes: 0, sha256: '', columns: [] };
      },
    };
    const what = { schema: arrowSchema(COLUMNS), batches: watched() };
    await writeParquetBeside(counting, path, what, options());
    expect(made).toHaveLength(6);
    expect(held).toBeLessThanOrEqual(1);
  });
});

describe('what ends early', () => {
  it.each([[0], [1], [2], [4]])("throws the source's own error after %i batches", async (after) => {
    const own = new ParqueueError('PQ_SOURCE_UNAVAILABLE', 'the connection broke', { details: { database: 'X-1' } });
    async function* failing(): AsyncGenerator<readonly unknown[][]> {
      yield* chunks(after * BATCH);
      throw own;
    }
    await expect(write(failing())).rejects.toBe(own);
    expect((await write(chunks(150_000), {}, join(base, 'b.parquet'))).rows).toBe(150_000);
  });

  it.each([[1], [2], [5]])('is over only when the source was left, where it is cancelled at batch %i', async (at) => {
    const stop = new AbortController();
    let isLeft = false;
    async function* endless(): AsyncGenerator<readonly unknown[][]> {
      try {
        for (let batch = 1; ; batch += 1) {
          if (batch === at) stop.abort();
          yield* chunks(BATCH);
        }
      } finally {
        await sleep(20);
        isLeft = true;
      }
    }
    await expect(write(endless(), { signal: stop.signal })).rejects.toMatchObject({ code: 'PQ_CANCELLED' });
    expect(isLeft).toBe(true);
  });

  it.each([
    ['rows', { rowsMax: 100_000 }],
    ['bytes', { bytesMax: 10_000, parquet: { compression: 'none', rowGroupRows: 1000 } }],
  ] as const)('holds the limit on %s', async (limit, more) => {
    await expect(write(chunks(200_000), more)).rejects.toMatchObject({
      code: 'PQ_LIMIT_EXCEEDED',
      details: { limit },
    });
  });

  it('says that the disk is full, and where', async () => {
    await expect(write(chunks(200_000), {}, '/dev/full')).rejects.toMatchObject({
      code: 'PQ_STORE_FULL',
      details: { place: 'store' },
    });
    await expect(write(chunks(200_000), {}, join(base, 'gone', 'a.parquet'))).rejects.toMatchObject({
      code: 'PQ_STORE_IO',
    });
  });

  it('refuses a batch of other columns', async () => {
    async function* mixed(): AsyncGenerator<RecordBatch> {
      yield* batchesOf(COLUMNS, chunks(2 * BATCH));
      yield* batchesOf([{ name: 'id', type: { kind: 'utf8' }, nullable: true }], [[['x']]]);
    }
    const what = { schema: arrowSchema(COLUMNS), batches: mixed() };
    await expect(writeParquetBeside(files, path, what, options())).rejects.toMatchObject({ code: 'PQ_INTERNAL' });
  });

  it('ends the other thread with the one that is killed: nothing is written after its end', async () => {
    const entry = join(base, 'endless.mjs');
    const library = new URL('../../../dist/parquet/index.js', import.meta.url);
    await writeFile(
      entry,
      `import { arrowSchema, batchesOf, FileThread, writeParquetBeside } from ${JSON.stringify(library.href)};
      const columns = [{ name: 'id', type: { kind: 'int64' }, nullable: false }];
      function* endless() { for (let id = 0; ; id += 1) yield [[id]]; }
      const what = { schema: arrowSchema(columns), batches: batchesOf(columns, endless()) };
      const parquet = { compression: 'none', rowGroupRows: 1000 };
      const signal = new AbortController().signal;
      void writeParquetBeside(new FileThread(), ${JSON.stringify(path)}, what, { parquet, signal });
      `,
    );
    const killed = new Worker(entry, { execArgv: [] });
    await expect
      .poll(async () => (await stat(path).catch(() => null))?.size ?? 0, { timeout: 20_000 })
      .toBeGreaterThan(0);
    await killed.terminate();
    const { size } = await stat(path);
    await sleep(300);
    expect((await stat(path)).size).toBe(size);
  });
});
