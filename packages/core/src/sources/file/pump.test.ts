/** One pass over a file's bytes: what its stat said is a hint for the size of buffers, and decides nothing. */
import { createHash } from 'node:crypto';
import { mkdtemp, open, rm, writeFile, type FileHandle } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it, test } from 'vitest';
import { isParqueueError } from '../../model/errors.ts';
import type { Place } from './disk-error.ts';
import { pump } from './pump.ts';

test.each([0, 1, 10, 5000])(
  'a file of 5,000 bytes that its stat said has %i is read to its end',
  async (expectedBytes) => {
    const folder = await mkdtemp(join(tmpdir(), 'parqueue-pump-'));
    try {
      const bytes = Buffer.from(Array.from({ length: 5000 }, (_, at) => at % 251));
      await writeFile(join(folder, 'a'), bytes);
      await using source = await open(join(folder, 'a'), 'r');
      await using target = await open(join(folder, 'b'), 'w+');
      const pieces: number[] = [];
      const pumped = await pump(source, {
        target: { handle: target, place: 'store' },
        bytesMax: 5000,
        expectedBytes,
        signal: new AbortController().signal,
        inspect: (piece) => pieces.push(piece.length),
        onBytes: () => undefined,
      });
      expect(pumped).toEqual({ bytes: 5000, sha256: createHash('sha256').update(bytes).digest('hex') });
      expect((await target.read(Buffer.alloc(6000), 0, 6000, 0)).buffer.subarray(0, 5000)).toEqual(bytes);
      expect(Math.max(...pieces), 'buffers are no larger than what is expected').toBe(
        Math.min(5000, expectedBytes + 1),
      );
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  },
);

describe('a copy into the store', () => {
  let folder: string;
  let handles: FileHandle[];

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'parqueue-pump-'));
    await writeFile(join(folder, 'a'), Buffer.alloc(5 * 1024 * 1024, 7));
    handles = [await open(join(folder, 'a'), 'r'), await open(join(folder, 'b'), 'w+')];
  });

  afterEach(async () => {
    for (const handle of handles) await handle.close();
    await rm(folder, { recursive: true, force: true });
  });

  /** Flushes after each MiB. `flush`: in place of the disk's. */
  async function copy(place: Place, flush: () => Promise<void>): Promise<unknown> {
    const [source, target] = handles;
    if (source === undefined || target === undefined) throw new Error('no files');
    target.datasync = flush;
    return pump(source, {
      target: { handle: target, place },
      bytesMax: 1e9,
      flushBytes: 1024 * 1024,
      signal: new AbortController().signal,
      onBytes: () => undefined,
    }).catch((error: unknown) => (isParqueueError(error) ? error.code : error));
  }

  it('is flushed on the way, one flush at a time, and ends after the last', async () => {
    let [begun, atOnce, most] = [0, 0, 0];
    const pumped = await copy('store', async () => {
      begun += 1;
      most = Math.max(most, (atOnce += 1));
      await sleep(5);
      atOnce -= 1;
    });
    expect(pumped).toMatchObject({ bytes: 5 * 1024 * 1024 });
    expect(begun).toBeGreaterThan(0);
    expect([atOnce, most]).toEqual([0, 1]);
  });

  it('fails with what a flush fails with, which the last fsync may not be told again', async () => {
    const refusing = (code: string): Promise<void> =>
      Promise.reject(Object.assign(new Error(code), { code, syscall: 'fdatasync' }));
    expect(await copy('store', () => refusing('EIO'))).toBe('PQ_STORE_IO');
    expect(await copy('store', () => refusing('ENOSPC'))).toBe('PQ_STORE_FULL');
    expect(await copy('store', async () => sleep(50).then(() => refusing('EIO')))).toBe('PQ_STORE_IO');
  });

  it('that is private is not', async () => {
    expect(await copy('scratch', () => Promise.reject(new Error('flushed')))).toMatchObject({ bytes: 5 * 1024 * 1024 });
  });
});
