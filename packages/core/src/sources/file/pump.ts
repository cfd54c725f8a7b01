/**
 * Moves a file's bytes once, hashing them on the way: with a target it is a copy, without one a checksum. Two
 * buffers: while one is hashed and written, at once, the next is being read.
 */
import { createHash } from 'node:crypto';
import type { FileHandle } from 'node:fs/promises';
import { ParqueueError } from '../../model/errors.ts';
import type { FileBytes } from '../../parquet/file-bytes.ts';
import { throwIfAborted, placeError, type Place } from './disk-error.ts';

/** Large enough that a call costs nothing against the copy, small enough to stay in the processor's cache. */
export const CHUNK_BYTES = 1024 * 1024;

export interface PumpTarget {
  readonly handle: FileHandle;
  readonly place: Place;
}

export interface PumpOptions {
  readonly target: PumpTarget | null;
  readonly bytesMax: number;
  /** What the file has by its stat: a small one is given small buffers. It may have grown since, which only makes more reads. */
  readonly expectedBytes?: number;
  readonly signal: AbortSignal;
  /** Sees every piece; what it throws ends the work. */
  readonly inspect?: (piece: Uint8Array) => void;
  readonly onBytes: (bytes: number) => void | Promise<void>;
}

export interface Pumped {
  readonly sha256: string;
  readonly bytes: number;
}

/** @throws ParqueueError PQ_LIMIT_EXCEEDED, PQ_CANCELLED, PQ_STORE_FULL, PQ_STORE_IO; errors of reading as they come. */
export async function pump(source: FileBytes, options: PumpOptions): Promise<Pumped> {
  const hash = createHash('sha256');
  // Two megabytes for each of many tiny files would keep the thread collecting them.
  const chunkBytes = Math.min(CHUNK_BYTES, (options.expectedBytes ?? CHUNK_BYTES) + 1);
  const buffers: readonly [Buffer, Buffer] = [Buffer.allocUnsafe(chunkBytes), Buffer.allocUnsafe(chunkBytes)];
  let position = 0;
  let reading = source.read(buffers[0], 0, chunkBytes, 0);
  for (let turn = 0; ; turn += 1) {
    const { bytesRead } = await reading;
    if (bytesRead === 0) {
      throwIfAborted(options.signal);
      return { sha256: hash.digest('hex'), bytes: position };
    }
    const chunk = buffers[turn % 2 === 0 ? 0 : 1].subarray(0, bytesRead);
    const next = position + bytesRead;
    assertWithin(next, options);
    reading = source.read(buffers[turn % 2 === 0 ? 1 : 0], 0, chunkBytes, next);
    try {
      const written = options.target === null ? null : writeAll(options.target, chunk, position);
      try {
        // While it is being written by another thread.
        hash.update(chunk);
        options.inspect?.(chunk);
      } finally {
        await written;
      }
      await options.onBytes(next);
    } catch (error) {
      // The read under way still holds a buffer; whoever closes the file must find it idle.
      await reading.catch(() => undefined);
      throw error;
    }
    position = next;
  }
}

function assertWithin(bytes: number, { bytesMax, signal }: PumpOptions): void {
  throwIfAborted(signal);
  if (bytes > bytesMax) {
    throw new ParqueueError('PQ_LIMIT_EXCEEDED', `the file is larger than the limit of ${bytesMax} bytes`, {
      details: { limit: 'bytes', bytesMax },
    });
  }
}

async function writeAll(target: PumpTarget, chunk: Buffer, position: number): Promise<void> {
  try {
    for (let written = 0; written < chunk.length;) {
      const { bytesWritten } = await target.handle.write(chunk, written, chunk.length - written, position + written);
      written += bytesWritten;
    }
  } catch (error) {
    throw placeError(error, target.place);
  }
}
