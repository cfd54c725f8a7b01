/**
 * Disks that fail under a load: the source's, the scratch directory's, the store's. None of it is the file's fault, so each is
 * an error that is tried again, and says which place it was.
 * What the system refuses here it does refuse: /proc/self/mem is a regular file whose first byte cannot be read (EIO),
 * /dev/full takes nothing (ENOSPC), a tmpfs of 256 KiB is full, and a folder stands where the private copy was (EISDIR).
 */
import { execFile } from 'node:child_process';
import { mkdirSync, readdirSync, rmSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { Int32, Table, tableToIPC, vectorFromArray } from 'apache-arrow';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ParqueueError } from '../../model/errors.ts';
import type { Extract, SourceContext } from '../../ports/source.ts';
import { CHECKSUMMED } from '../../testing/checksummed-parquet.ts';
import { fileRequest, type FileAsk } from '../../testing/file-request.ts';
import { sourceContext } from '../../testing/source-contract.ts';
import { openFileSource } from './index.ts';
import { duckDbError } from './load.ts';

const run = promisify(execFile);
const SNAPPY: FileAsk = { parquet: { compression: 'snappy', rowGroupRows: 1_000_000 } };
const ARROW = Buffer.from(tableToIPC(new Table({ a: vectorFromArray([1, 2, 3], new Int32()) }), 'file'));

/** Enough rows to be written before the end. */
const CSV = `a,b\n${Array.from({ length: 60_000 }, (_, i) => `${i},text ${i * 7919}`).join('\n')}\n`;

let base: string;
let target: string;

beforeEach(async () => {
  base = await mkdtemp(join(tmpdir(), 'pq-disk-'));
  target = join(base, 'part.parquet');
  await mkdir(join(base, 'root'));
});

afterEach(async () => {
  await rm(base, { recursive: true });
});

interface Ask {
  readonly root?: string;
  readonly scratch?: string;
  readonly options?: FileAsk;
  readonly context?: Partial<SourceContext>;
}

async function extract(name: string, ask: Ask = {}): Promise<Extract> {
  const source = await openFileSource({
    root: ask.root ?? join(base, 'root'),
    scratch: ask.scratch ?? join(base, 'scratch'),
    duckdb: { memoryLimit: '128MB', threads: 1 },
  });
  const snapshot = await source.open(fileRequest(name, ask.options), { ...sourceContext(), ...ask.context });
  return await snapshot.extract({ path: target });
}

describe('a source whose disk fails while it is read', () => {
  it.each(['csv', 'json', 'ndjson', 'arrow'] as const)('is not available: %s', async (format) => {
    await expect(extract('mem', { root: '/proc/self', options: { format } })).rejects.toMatchObject({
      code: 'PQ_SOURCE_UNAVAILABLE',
      retryable: true,
      message: 'reading mem failed: EIO',
    });
    expect(await readdir(join(base, 'scratch'))).toEqual([]);
  });

  it('is not available to a look at its version either', async () => {
    const source = await openFileSource({
      root: '/proc/self',
      scratch: join(base, 'scratch'),
      duckdb: { memoryLimit: '128MB', threads: 1 },
    });
    const snapshot = await source.open(fileRequest('mem', { format: 'csv' }), sourceContext());
    await expect(snapshot.version()).rejects.toMatchObject({ code: 'PQ_SOURCE_UNAVAILABLE' });
  });
});

/** @returns why there is none; it has 256 KiB. */
async function mountSmall(folder: string): Promise<string | null> {
  await mkdir(folder);
  return await run('mount', ['-t', 'tmpfs', '-o', 'size=256k', 'tmpfs', folder]).then(
    () => null,
    (error: unknown) => `needs root to mount a tmpfs of 256 KiB: ${String(error)}`,
  );
}

describe('a store that is full', () => {
  it.each([
    ['a copy', 'a.parquet', CHECKSUMMED.v1, {}],
    ['rows that are written batch by batch', 'a.arrow', ARROW, SNAPPY],
  ] as const)('refuses %s', async (_, name, content, options) => {
    await writeFile(join(base, 'root', name), content);
    await symlink('/dev/full', target);
    await expect(extract(name, { options })).rejects.toMatchObject({
      code: 'PQ_STORE_FULL',
      details: { place: 'store' },
    });
  });

  it('refuses rows that DuckDB writes', async ({ skip }) => {
    const store = join(base, 'store');
    const refusal = await mountSmall(store);
    if (refusal !== null) skip(refusal);
    try {
      target = join(store, 'part.parquet');
      await writeFile(join(base, 'root', 'a.csv'), CSV);
      await expect(extract('a.csv', { options: SNAPPY })).rejects.toMatchObject({
        code: 'PQ_STORE_FULL',
        details: { place: 'store' },
      });
      expect(await readdir(store)).toEqual([]);
      expect(await readdir(join(base, 'scratch'))).toEqual([]);
    } finally {
      await run('umount', [store]);
    }
  });
});

describe('a scratch directory', () => {
  it('that is full refuses the private copy, and nothing of it stays', async ({ skip }) => {
    const scratch = join(base, 'small');
    const refusal = await mountSmall(scratch);
    if (refusal !== null) skip(refusal);
    try {
      await writeFile(join(base, 'root', 'a.csv'), CSV);
      await expect(extract('a.csv', { scratch })).rejects.toMatchObject({
        code: 'PQ_STORE_FULL',
        details: { place: 'scratch' },
      });
      expect(await readdir(scratch)).toEqual([]);
    } finally {
      await run('umount', [scratch]);
    }
  });

  it.each([
    ['csv', CSV],
    ['ndjson', '{"a":1}\n'],
    ['json', '[{"a":1}]'],
    ['arrow', ARROW],
    ['parquet', CHECKSUMMED.v1],
  ] as const)(
    'that does not give back the private copy of %s is what failed, not the file',
    async (format, content) => {
      await writeFile(join(base, 'root', `a.${format}`), content);
      const scratch = join(base, 'scratch');
      let struck = 0;
      const onProgress = (): void => {
        for (const load of readdirSync(scratch)) {
          const copy = join(scratch, load, `source.${format}`);
          rmSync(copy, { recursive: true, force: true });
          mkdirSync(copy);
          struck += 1;
        }
      };
      await expect(extract(`a.${format}`, { options: SNAPPY, context: { onProgress } })).rejects.toMatchObject({
        code: 'PQ_STORE_IO',
        retryable: true,
        details: { place: 'scratch' },
      });
      expect(struck).toBeGreaterThan(0);
      expect(await readdir(scratch)).toEqual([]);
    },
  );
});

/** The words of DuckDB 1.4 on Linux, as it was heard to say them where pread and write were made to fail. */
describe('what DuckDB says of a disk', () => {
  const plan = { scratch: '/scratch/load-1', target: '/store/staging/part.parquet' };
  it.each([
    [
      'Could not read from file "/scratch/load-1/source.csv": Input/output error\n\nLINE 1: select',
      'PQ_STORE_IO',
      'scratch',
    ],
    ['Could not read from file "/scratch/load-1/source.parquet": Stale file handle', 'PQ_STORE_IO', 'scratch'],
    ['Could not write file "/store/staging/part.parquet": Input/output error', 'PQ_STORE_IO', 'store'],
    ['Could not write file "/store/staging/part.parquet": No space left on device', 'PQ_STORE_FULL', 'store'],
    ['Could not write file "/store/staging/part.parquet": Disk quota exceeded', 'PQ_STORE_FULL', 'store'],
    ['Could not write file "/store/staging/part.parquet": File too large', 'PQ_STORE_FULL', 'store'],
    ['Could not fsync file "/scratch/load-1/spill/x": Input/output error', 'PQ_STORE_IO', 'scratch'],
  ])('%s', (words, code, place) => {
    const error = duckDbError(new Error(`IO Error: ${words}`), plan);
    expect(error).toMatchObject({ code, details: { place } });
    expect(error?.message).not.toContain('/scratch/load-1');
  });

  it.each([
    'IO Error: Could not read enough bytes from file "/scratch/load-1/source.parquet": attempted to read 9 bytes from location 4',
    'IO Error: Could not read from file "/scratch/load-1/source.parquet": Invalid argument',
    'Invalid Input Error: No magic bytes found at end of file',
  ])('%s: is about the file', (words) => {
    expect(duckDbError(new Error(words), plan)).toBeNull();
  });

  it('an error that has a code keeps it', () => {
    const coded = new ParqueueError('PQ_LIMIT_EXCEEDED', 'too much');
    expect(duckDbError(coded, plan)).toBe(coded);
  });
});
