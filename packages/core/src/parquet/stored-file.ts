/**
 * A stored part as parquet-wasm reads it: as much of a Blob as it uses (`size`, `slice`, `arrayBuffer`), over an open
 * file. Errors do not come back through WebAssembly as they were thrown, so the first one is kept aside.
 */
import { readSync } from 'node:fs';
import { open, type FileHandle } from 'node:fs/promises';
import { ParqueueError } from '../model/errors.ts';

export class StoredFile {
  readonly size: number;
  readonly #handle: FileHandle;
  readonly #start: number;
  readonly #state: { refusal: ParqueueError | null };

  private constructor(
    handle: FileHandle,
    { start, end }: { readonly start: number; readonly end: number },
    state: { refusal: ParqueueError | null },
  ) {
    this.#handle = handle;
    this.#start = start;
    this.size = Math.max(0, end - start);
    this.#state = state;
  }

  /** @throws ParqueueError PQ_STORE_IO, with the system's `errno` where it refused */
  static async open(path: string, bytes: number): Promise<StoredFile> {
    const handle = await open(path, 'r').catch((error: unknown) => {
      throw unreadable('opened', error);
    });
    try {
      const { size } = await handle.stat();
      if (size !== bytes)
        throw new ParqueueError('PQ_STORE_IO', `the part has ${size} bytes where its manifest says ${bytes}`);
      return new StoredFile(handle, { start: 0, end: size }, { refusal: null });
    } catch (error) {
      await handle.close();
      throw error instanceof ParqueueError ? error : unreadable('opened', error);
    }
  }

  get handle(): FileHandle {
    return this.#handle;
  }

  /** What went wrong while the reader read, if anything did. */
  get refusal(): ParqueueError | null {
    return this.#state.refusal;
  }

  slice(from = 0, to = this.size): StoredFile {
    const at = (position: number): number =>
      this.#start + Math.min(this.size, position < 0 ? Math.max(0, this.size + position) : position);
    return new StoredFile(this.#handle, { start: at(from), end: at(to) }, this.#state);
  }

  /** Reads at once: the thread has nothing else to do. */
  async arrayBuffer(): Promise<ArrayBuffer> {
    const bytes = new Uint8Array(this.size);
    try {
      for (let done = 0; done < this.size;) {
        const read = readSync(this.#handle.fd, bytes, done, this.size - done, this.#start + done);
        if (read === 0) throw new ParqueueError('PQ_STORE_IO', 'the part ended before its end');
        done += read;
      }
    } catch (error) {
      this.#state.refusal ??= error instanceof ParqueueError ? error : unreadable('read', error);
      throw this.#state.refusal;
    }
    return bytes.buffer;
  }
}

/** Only the number tells a stale handle of NFS: Node 20 has no name for it. */
function unreadable(what: 'opened' | 'read', error: unknown): ParqueueError {
  const { errno, code, syscall } = error as NodeJS.ErrnoException;
  return new ParqueueError('PQ_STORE_IO', `the part cannot be ${what}: ${code ?? `error ${errno}`}`, {
    details: { ...(errno === undefined ? {} : { errno }), ...(syscall === undefined ? {} : { syscall }) },
    cause: error,
  });
}
