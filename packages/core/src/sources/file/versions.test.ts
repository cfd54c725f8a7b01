/** When a hash is taken, when it is remembered, and what happens to a file that will not stand still. */
import { appendFileSync, renameSync, writeFileSync } from 'node:fs';
import { mkdir, mkdtemp, open, readdir, readFile, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Source } from '../../ports/source.ts';
import { generateFile } from '../../parquet/index.ts';
import { fileRequest } from '../../testing/file-request.ts';
import { sourceContext } from '../../testing/source-contract.ts';
import { openFileSource } from './index.ts';

const SECOND_NS = 1_000_000_000n;

let base: string;
let source: Source;
let hashes: number;
let nowNs: bigint;

beforeEach(async () => {
  base = await mkdtemp(join(tmpdir(), 'pq-versions-'));
  await mkdir(join(base, 'root'));
  await mkdir(join(base, 'out'));
  hashes = 0;
  nowNs = 100n * SECOND_NS;
  source = await openFileSource({
    root: join(base, 'root'),
    scratch: join(base, 'scratch'),
    duckdb: { memoryLimit: '384MB', threads: 1 },
    onHash: () => void (hashes += 1),
    time: { monotonicNs: () => nowNs, sleep: () => Promise.resolve() },
  });
});

afterEach(() => rm(base, { recursive: true }));

function put(text: string): Promise<void> {
  return writeFile(join(base, 'root', 'a.csv'), text);
}

/** Of open files: what a FileHandle is asked for by anybody in this process. */
async function countingStats(path: string): Promise<AsyncDisposable & { count(): number }> {
  const handle = await open(path, 'r');
  const prototype = Object.getPrototypeOf(handle) as { stat: (...args: unknown[]) => unknown };
  await handle.close();
  const spy = vi.spyOn(prototype, 'stat');
  return {
    count: () => spy.mock.calls.length,
    async [Symbol.asyncDispose]() {
      spy.mockRestore();
    },
  };
}

/** Each read takes so long, as from a server that is away for a moment. */
async function readingFor(ns: bigint): Promise<AsyncDisposable> {
  const handle = await open(base, 'r');
  const prototype = Object.getPrototypeOf(handle) as { read: (...args: unknown[]) => unknown };
  await handle.close();
  const { read } = prototype;
  const spy = vi.spyOn(prototype, 'read').mockImplementation(function (this: unknown, ...args: unknown[]) {
    nowNs += ns;
    return read.apply(this, args);
  });
  return {
    async [Symbol.asyncDispose]() {
      spy.mockRestore();
    },
  };
}

describe('the memory of hashes', () => {
  it('is believed only when hashing began two seconds after the stat was first seen, and then costs no read', async () => {
    await put('a\n1\n');
    const context = sourceContext();
    const version = (await source.probe(fileRequest('a.csv'), context)).version;
    nowNs += SECOND_NS;
    await source.probe(fileRequest('a.csv'), context);
    expect(hashes).toBe(2);
    nowNs += SECOND_NS;
    await source.probe(fileRequest('a.csv'), context);
    expect(hashes).toBe(3);
    for (let i = 0; i < 5; i += 1) expect((await source.probe(fileRequest('a.csv'), context)).version).toBe(version);
    expect(hashes).toBe(3);
  });

  it('is asked by one stat of the open file, and nothing else is looked at', async () => {
    await put('a\n1\n');
    const context = sourceContext();
    await source.probe(fileRequest('a.csv'), context);
    nowNs += 3n * SECOND_NS;
    const { version } = await source.probe(fileRequest('a.csv'), context);
    hashes = 0;
    await using stats = await countingStats(join(base, 'root', 'a.csv'));
    for (let time = 0; time < 3; time += 1)
      expect((await source.probe(fileRequest('a.csv'), context)).version).toBe(version);
    expect({ stats: stats.count(), hashes }).toEqual({ stats: 3, hashes: 0 });
  });

  it('is not asked of a file that is gone, which is told as it is', async () => {
    await put('a\n1\n');
    const context = sourceContext();
    await source.probe(fileRequest('a.csv'), context);
    nowNs += 3n * SECOND_NS;
    await source.probe(fileRequest('a.csv'), context);
    await rm(join(base, 'root', 'a.csv'));
    await expect(source.probe(fileRequest('a.csv'), context)).rejects.toThrow(/there is no file a.csv/);
  });

  it('notices a write of equal size whose times were put back', async () => {
    await put('a\n1\n');
    const path = join(base, 'root', 'a.csv');
    const context = sourceContext();
    const past = new Date('2020-01-01T00:00:00Z');
    await utimes(path, past, past);
    const before = (await source.probe(fileRequest('a.csv'), context)).version;
    nowNs += 3n * SECOND_NS;
    await source.probe(fileRequest('a.csv'), context);
    await put('a\n2\n');
    await utimes(path, past, past);
    expect((await source.probe(fileRequest('a.csv'), context)).version).not.toBe(before);
  });

  it('is not believed when its clock ran ahead of ours, as after a reboot', async () => {
    await put('a\n1\n');
    const context = sourceContext();
    await source.probe(fileRequest('a.csv'), context);
    nowNs += 3n * SECOND_NS;
    await source.probe(fileRequest('a.csv'), context);
    nowNs = SECOND_NS;
    await source.probe(fileRequest('a.csv'), context);
    expect(hashes).toBe(3);
  });

  it('is shared by probes and loads: a load proves what the next probe needs', async () => {
    await put('a\n1\n');
    const context = sourceContext();
    await source.probe(fileRequest('a.csv'), context);
    nowNs += 3n * SECOND_NS;
    await using snapshot = await source.open(fileRequest('a.csv'), context);
    const { version } = await snapshot.extract({ path: join(base, 'out', 'part.parquet') });
    expect((await source.probe(fileRequest('a.csv'), context)).version).toBe(version);
    expect(hashes).toBe(2);
  });

  it('counts from before the first byte was read, also of a small file that is copied', async () => {
    const path = join(base, 'root', 'a.parquet');
    await generateFile({ path, format: 'parquet', rows: 100, seed: 1, revision: 1 });
    const context = sourceContext();
    await source.probe(fileRequest('a.parquet'), context);
    nowNs += SECOND_NS;
    await using _slow = await readingFor(3n * SECOND_NS);
    await using snapshot = await source.open(fileRequest('a.parquet'), context);
    await snapshot.extract({ path: join(base, 'out', 'part.parquet') });
    await source.probe(fileRequest('a.parquet'), context);
    expect(hashes).toBe(3);
  });

  it('survives a memory that holds nonsense', async () => {
    await put('a\n1\n');
    const context = sourceContext({ memo: { get: () => Promise.resolve('{'), put: () => Promise.resolve() } });
    expect((await source.probe(fileRequest('a.csv'), context)).version).toMatch(/^checksum:sha256:[0-9a-f]{64}$/);
  });
});

describe('a file that changes while it is read', () => {
  const lines = (revision: number): string => `revision\n${`${revision}\n`.repeat(800_000)}`;

  /**
   * Runs one change in each try, when its first bytes have been read. Changes are synchronous: the try cannot go on
   * before the file is another one.
   */
  function during(changes: (() => void)[]): Parameters<typeof sourceContext>[0] {
    let triesSeen = 0;
    return {
      onProgress: ({ phase }) => {
        if (phase !== 'reading' || hashes === triesSeen) return;
        triesSeen = hashes;
        changes.shift()?.();
      },
    };
  }

  it('is read again from its beginning, however it changed', async () => {
    const path = join(base, 'root', 'a.csv');
    await put(lines(1));
    const replace = (): void => {
      writeFileSync(`${path}.new`, lines(2));
      renameSync(`${path}.new`, path);
    };
    await using snapshot = await source.open(
      fileRequest('a.csv'),
      sourceContext(during([replace, () => appendFileSync(path, '2\n')])),
    );
    const result = await snapshot.extract({ path: join(base, 'out', 'part.parquet') });
    expect(hashes).toBe(3);
    expect(result.rows).toBe(800_001);
    expect(result.version).toBe((await source.probe(fileRequest('a.csv'), sourceContext())).version);
  });

  it('ends with PQ_SOURCE_UNSTABLE when it never stands still, and leaves nothing', async () => {
    const path = join(base, 'root', 'a.csv');
    await put(lines(1));
    const change = (): void => appendFileSync(path, '1\n');
    await using snapshot = await source.open(
      fileRequest('a.csv'),
      sourceContext(during([change, change, change, change])),
    );
    await expect(snapshot.extract({ path: join(base, 'out', 'part.parquet') })).rejects.toMatchObject({
      code: 'PQ_SOURCE_UNSTABLE',
      retryable: true,
    });
    expect([...(await readdir(join(base, 'out'))), ...(await readdir(join(base, 'scratch')))]).toEqual([]);
  });

  it('is not called malformed while it is half-written', async () => {
    const path = join(base, 'root', 'a.parquet');
    await generateFile({ path, format: 'parquet', rows: 1000, seed: 1, revision: 1 });
    const bytes = await readFile(path);
    await writeFile(path, bytes.subarray(0, bytes.length >> 1));
    let waits = 0;
    await using slow = await openFileSource({
      root: join(base, 'root'),
      scratch: join(base, 'scratch'),
      duckdb: { memoryLimit: '384MB', threads: 1 },
      time: {
        monotonicNs: () => nowNs,
        async sleep() {
          waits += 1;
          if (waits > 1) return;
          await using handle = await open(path, 'r+');
          await handle.write(bytes, 0, bytes.length, 0);
        },
      },
    });
    await using snapshot = await slow.open(fileRequest('a.parquet'), sourceContext());
    expect((await snapshot.extract({ path: join(base, 'out', 'part.parquet') })).rows).toBe(1000);
  });
});
