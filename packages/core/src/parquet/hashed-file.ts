/** A file being written piece by piece: bounded, hashed on the way, and with coded errors for what the disk refuses. */
import { createHash } from 'node:crypto';
import { open, type FileHandle } from 'node:fs/promises';
import { isParqueueError, ParqueueError } from '../model/errors.ts';

export interface HashedFileOptions {
  readonly signal: AbortSignal;
  readonly bytesMax: number;
  readonly onBytes: (bytes: number) => void;
}

export class HashedFile {
  bytes = 0;
  private readonly handle: FileHandle;
  private readonly hash = createHash('sha256');
  private readonly options: HashedFileOptions;

  private constructor(handle: FileHandle, options: HashedFileOptions) {
    this.handle = handle;
    this.options = options;
  }

  /** Begins the file anew. @throws ParqueueError PQ_STORE_IO, PQ_STORE_FULL */
  static async create(path: string, options: HashedFileOptions): Promise<HashedFile> {
    try {
      return new HashedFile(await open(path, 'w'), options);
    } catch (error) {
      throw storeError(error);
    }
  }

  /** @throws ParqueueError PQ_CANCELLED, PQ_LIMIT_EXCEEDED, PQ_STORE_IO, PQ_STORE_FULL */
  async write(piece: Uint8Array): Promise<void> {
    const { signal, bytesMax, onBytes } = this.options;
    if (signal.aborted) throw cancelled(signal);
    if (this.bytes + piece.length > bytesMax) {
      throw new ParqueueError('PQ_LIMIT_EXCEEDED', `the result is larger than the limit of ${bytesMax} bytes`, {
        details: { limit: 'bytes', bytesMax },
      });
    }
    this.hash.update(piece);
    try {
      for (let written = 0; written < piece.length;) {
        const { bytesWritten } = await this.handle.write(piece, written, piece.length - written, this.bytes + written);
        written += bytesWritten;
      }
    } catch (error) {
      throw storeError(error);
    }
    this.bytes += piece.length;
    onBytes(this.bytes);
  }

  /** SHA-256 of all that was written; may be asked once. */
  digest(): string {
    return this.hash.digest('hex');
  }

  /** NFS may tell only here that there was no room. @throws ParqueueError PQ_STORE_IO, PQ_STORE_FULL */
  async close(): Promise<void> {
    try {
      await this.handle.close();
    } catch (error) {
      throw storeError(error);
    }
  }
}

export function cancelled({ reason }: AbortSignal): ParqueueError {
  return isParqueueError(reason)
    ? reason
    : new ParqueueError('PQ_CANCELLED', 'the load was cancelled', { cause: reason });
}

function storeError(error: unknown): ParqueueError {
  const code = error instanceof Error && 'code' in error ? String(error.code) : String(error);
  const full = code === 'ENOSPC' || code === 'EDQUOT' || code === 'EFBIG';
  return full
    ? new ParqueueError(
        'PQ_STORE_FULL',
        `the store's filesystem is full (${code}): free space there, or give it more`,
        { details: { place: 'store' }, cause: error },
      )
    : new ParqueueError('PQ_STORE_IO', `writing to the store failed: ${code}`, {
        details: { place: 'store' },
        cause: error,
      });
}
