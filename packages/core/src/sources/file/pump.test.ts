/** One pass over a file's bytes: what its stat said is a hint for the size of buffers, and decides nothing. */
import { createHash } from 'node:crypto';
import { mkdtemp, open, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
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
