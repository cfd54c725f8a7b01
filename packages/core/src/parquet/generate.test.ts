import { createHash } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { generateFile, readFooterOf } from './index.ts';

let base: string;

beforeEach(async () => {
  base = await mkdtemp(join(tmpdir(), 'pq-generate-'));
});

afterEach(() => rm(base, { recursive: true }));

describe('generateFile', () => {
  it.each(['parquet', 'csv'] as const)(
    'gives equal %s bytes for equal arguments, others for another seed or revision',
    async (format) => {
      const make = async (name: string, seed: number, revision: number): Promise<Buffer> => {
        await generateFile({ path: join(base, name), format, rows: 10_000, seed, revision });
        return readFile(join(base, name));
      };
      const first = await make('a', 7, 1);
      expect((await make('b', 7, 1)).equals(first)).toBe(true);
      expect((await make('c', 8, 1)).equals(first)).toBe(false);
      expect((await make('d', 7, 2)).equals(first)).toBe(false);
    },
  );

  it('gives the same CSV bytes in every release', async () => {
    const path = join(base, 'a.csv');
    await generateFile({ path, format: 'csv', rows: 500_000, seed: 42, revision: 1 });
    expect(
      createHash('sha256')
        .update(await readFile(path))
        .digest('hex'),
    ).toBe('94c0a42563992590220ef49e38d0a300fb94341786c17690ae96d2e5af70a450');
  });

  it('replaces the file in one step and leaves nothing beside it', async () => {
    const path = join(base, 'a.parquet');
    await generateFile({ path, format: 'parquet', rows: 10, seed: 1, revision: 1 });
    await generateFile({ path, format: 'parquet', rows: 20, seed: 1, revision: 2 });
    expect((await readFooterOf(path)).rows).toBe(20);
    await expect(
      generateFile({ path, format: 'csv', rows: 1e9, seed: 1, revision: 3, signal: AbortSignal.abort() }),
    ).rejects.toMatchObject({ code: 'PQ_CANCELLED' });
    expect(await readdir(base)).toEqual(['a.parquet']);
    expect((await readFooterOf(path)).rows).toBe(20);
  });
});
