/** A small file that is read once: all of it, or not at all. */
import { describe, expect, test } from 'vitest';
import { bytesInMemory, readWhole, type FileBytes } from './file-bytes.ts';

const BYTES = Uint8Array.from({ length: 10 }, (_, at) => at);

/** As a network filesystem may answer: never more than `most` at once. */
function inPieces(most: number): FileBytes & { readonly reads: number } {
  const file = bytesInMemory(BYTES);
  let reads = 0;
  return {
    ...file,
    read: (buffer, offset, length, position) => {
      reads += 1;
      return file.read(buffer, offset, Math.min(length, most), position);
    },
    get reads() {
      return reads;
    },
  };
}

describe('a whole file', () => {
  test('is one read, or as many as it takes', async () => {
    for (const [most, reads] of [
      [100, 1],
      [4, 3],
    ] as const) {
      const file = inPieces(most);
      expect(await readWhole(file, BYTES.length)).toEqual(Buffer.from(BYTES));
      expect(file.reads).toBe(reads);
    }
  });

  test('is none where it has become shorter or longer', async () => {
    expect(await readWhole(bytesInMemory(BYTES), 11)).toBeNull();
    expect(await readWhole(bytesInMemory(BYTES), 9)).toBeNull();
    expect(await readWhole(bytesInMemory(new Uint8Array(0)), 0)).toBeNull();
  });
});

test('bytes in memory are read as those of a file are: ranges, and nothing beyond the end', async () => {
  const file = bytesInMemory(BYTES);
  const buffer = new Uint8Array(4);
  expect(await file.stat()).toEqual({ size: 10 });
  expect(await file.read(buffer, 1, 3, 8)).toEqual({ bytesRead: 2 });
  expect([...buffer]).toEqual([0, 8, 9, 0]);
  expect(await file.read(buffer, 0, 4, 10)).toEqual({ bytesRead: 0 });
});
