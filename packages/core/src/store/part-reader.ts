/**
 * Opens parts for those who read their bytes. Owns what a stale handle means before the first byte was given away: the
 * file is opened afresh, its parents first, and only what is not there even then is gone. A handle that becomes stale
 * later is told to the reader by `read`: the file was removed under it, and nobody else can give it those bytes.
 */
import type { OpenedPart, PartReader } from '../ports/store.ts';
import type { Disk } from './disk.ts';
import type { OpenedFile } from './files.ts';
import { generationPart } from './layout.ts';

export function partReader(disk: Disk): PartReader {
  return {
    open: (key, fence, { start, into: buffer }) =>
      disk.find(generationPart(key, fence), 'read', async (absolute): Promise<OpenedPart> => {
        const file = await disk.files.open(absolute, 'r');
        try {
          const { size } = await file.stat();
          const read = await readFully(file, buffer, start);
          return {
            bytes: Number(size),
            first: buffer.subarray(0, read),
            read: (into, position) => readFully(file, into, position),
            [Symbol.asyncDispose]: () => file.close(),
          };
        } catch (error) {
          await file.close();
          throw error;
        }
      }),
  };
}

async function readFully(file: OpenedFile, buffer: Uint8Array, position: number): Promise<number> {
  let done = 0;
  while (done < buffer.length) {
    const bytes = await file.read(done === 0 ? buffer : buffer.subarray(done), position + done);
    if (bytes === 0) return done;
    done += bytes;
  }
  return done;
}
