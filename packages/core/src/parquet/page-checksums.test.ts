/** Pages that are not what their checksum says are refused, however the file's bytes come; nothing else is. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { isParqueueError } from '../model/errors.ts';
import { CHECKSUMMED } from '../testing/checksummed-parquet.ts';
import { readFooterOf, type ColumnChunkFooter, type ParquetFooter } from './footer.ts';
import { PageChecksums } from './page-checksums.ts';
import { readThriftBeginning } from './thrift.ts';

const dir = mkdtempSync(join(tmpdir(), 'parqueue-checksums-'));
afterAll(() => rmSync(dir, { recursive: true }));

async function footerOf(file: Uint8Array): Promise<ParquetFooter> {
  const path = join(dir, 'file.parquet');
  writeFileSync(path, file);
  return await readFooterOf(path);
}

function verified(footer: ParquetFooter, file: Uint8Array, pieceBytes: number): number {
  const checksums = new PageChecksums(footer);
  const piece = new Uint8Array(pieceBytes);
  for (let at = 0; at < file.length; at += pieceBytes) {
    // One buffer for all pieces, as whoever copies has it.
    piece.set(file.subarray(at, at + pieceBytes));
    checksums.take(piece.subarray(0, Math.min(pieceBytes, file.length - at)));
  }
  return checksums.verified;
}

/** Where the bytes stand that a checksum counts. */
function storedBytes(file: Uint8Array, { start, bytes }: ColumnChunkFooter): readonly number[] {
  const found: number[] = [];
  for (let at = start; at < start + bytes;) {
    const { struct, length } = readThriftBeginning(file.subarray(at));
    const stored = Number(struct.get(3));
    found.push(...Array.from({ length: stored }, (_, i) => at + length + i));
    at += length + stored;
  }
  return found;
}

function headerBytes(file: Uint8Array, chunk: ColumnChunkFooter): readonly number[] {
  const stored = new Set(storedBytes(file, chunk));
  return Array.from({ length: chunk.bytes }, (_, i) => chunk.start + i).filter((at) => !stored.has(at));
}

function withByteTurned(file: Uint8Array, at: number): Uint8Array {
  const turned = Uint8Array.from(file);
  turned[at] = (turned[at] ?? 0) ^ 0x10;
  return turned;
}

describe.each(Object.entries(CHECKSUMMED))('pages of version %s', (_, file) => {
  test.each([1, 2, 7, 100, 1000])('have their checksums when the file comes in pieces of %i bytes', async (bytes) => {
    expect(verified(await footerOf(file), file, bytes)).toBe(8);
  });

  test('are refused with any byte of theirs turned', async () => {
    const footer = await footerOf(file);
    for (const chunk of footer.rowGroups.flatMap((group) => group.chunks)) {
      for (const at of storedBytes(file, chunk)) {
        expect(() => verified(footer, withByteTurned(file, at), 64)).toThrow(
          expect.objectContaining({
            code: 'PQ_MALFORMED_SOURCE',
            details: expect.objectContaining({ column: chunk.path.join('.') }),
          }),
        );
      }
    }
  });

  test('are refused or not judged with any byte of their headers turned', async () => {
    const footer = await footerOf(file);
    const bytes = footer.rowGroups.flatMap((group) => group.chunks).flatMap((chunk) => headerBytes(file, chunk));
    expect(bytes.length).toBeGreaterThan(100);
    for (const at of bytes) {
      try {
        expect(verified(footer, withByteTurned(file, at), 64)).toBeLessThanOrEqual(8);
      } catch (error) {
        expect(isParqueueError(error) && error.code).toBe('PQ_MALFORMED_SOURCE');
      }
    }
  });

  test('that begin where the footer does not say are not judged', async () => {
    const footer = await footerOf(file);
    const shifted = (bytes: number): ParquetFooter => ({
      ...footer,
      rowGroups: footer.rowGroups.map((group) => ({
        ...group,
        chunks: group.chunks.flatMap((chunk) => [chunk, { ...chunk, start: chunk.start + bytes }]),
      })),
    });
    for (const bytes of [0, 5, 40]) expect(verified(shifted(bytes), file, 50)).toBe(8);
  });
});
