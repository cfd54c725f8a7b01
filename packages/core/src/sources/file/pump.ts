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

/** Enough that a flush is worth its call, and several fit into a large file. */
const FLUSH_BYTES = 32 * 1024 * 1024;

export interface PumpTarget {
  readonly handle: FileHandle;
  readonly place: Place;
}

export interface PumpOptions {
  readonly target: PumpTarget | null;
  readonly bytesMax: number;
  /** What the file has by its stat: a small one is given small buffers. It may have grown since, which only makes more reads. */
  readonly expectedBytes?: number;
  /** How much is written between two flushes of a target in the store, 32 MiB unless said. For tests. */
  readonly flushBytes?: number;
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
  // What is in the store is fsynced before it counts; a private copy never is.
  const flushes =
    options.target?.place === 'store' ? new Flushes(options.target, options.flushBytes ?? FLUSH_BYTES) : null;
  try {
    const pumped = await pumpThrough(source, options, flushes);
    await flushes?.end();
    throwIfAborted(options.signal);
    return pumped;
  } catch (error) {
    // Whoever closes the file must find it idle.
    await flushes?.end().catch(() => undefined);
    throw error;
  }
}

async function pumpThrough(source: FileBytes, options: PumpOptions, flushes: Flushes | null): Promise<Pumped> {
  const hash = createHash('sha256');
  // Two megabytes for each of many tiny files would keep the thread collecting them.
  const chunkBytes = Math.min(CHUNK_BYTES, (options.expectedBytes ?? CHUNK_BYTES) + 1);
  const buffers: readonly [Buffer, Buffer] = [Buffer.allocUnsafe(chunkBytes), Buffer.allocUnsafe(chunkBytes)];
  let position = 0;
  let reading = source.read(buffers[0], 0, chunkBytes, 0);
  for (let turn = 0; ; turn += 1) {
    const { bytesRead } = await reading;
    if (bytesRead === 0) return { sha256: hash.digest('hex'), bytes: position };
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
      flushes?.written(next);
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

/**
 * The disk gets what is written while the rest is read and hashed, so that the fsync which makes the file durable finds little left.
 * One flush at a time. What it fails with may be told once only, so it ends the work.
 */
class Flushes {
  readonly #target: PumpTarget;
  readonly #everyBytes: number;
  #begunAt = 0;
  #isIdle = true;
  #failure: ParqueueError | null = null;
  #flushing: Promise<void> = Promise.resolve();

  constructor(target: PumpTarget, everyBytes: number) {
    this.#target = target;
    this.#everyBytes = everyBytes;
  }

  /** So many bytes are in the file. @throws ParqueueError PQ_STORE_FULL, PQ_STORE_IO where a flush failed */
  written(bytes: number): void {
    if (this.#failure !== null) throw this.#failure;
    if (!this.#isIdle || bytes - this.#begunAt < this.#everyBytes) return;
    this.#begunAt = bytes;
    this.#isIdle = false;
    this.#flushing = this.#flush();
  }

  /** Waits for the flush under way. @throws as `written` */
  async end(): Promise<void> {
    await this.#flushing;
    if (this.#failure !== null) throw this.#failure;
  }

  async #flush(): Promise<void> {
    try {
      await this.#target.handle.datasync();
    } catch (error) {
      this.#failure = placeError(error, this.#target.place);
    }
    this.#isIdle = true;
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
