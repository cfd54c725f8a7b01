/**
 * Sending a part's bytes: up to four buffers of 512 KiB, of which some are read while others are sent, each at its own pace;
 * one of 64 KiB, in turns, where many readers hold the process's memory for it (send-memory.ts). Against two of 1 MiB that
 * took turns: 1.2 times as fast for one reader, 1.4 for eight at a time on a busy machine; both far ahead of
 * streams (docs/performance.md, warm-read). Owns the promise that a body is whole or visibly broken: what cannot be read to its end
 * tears the connection down, it never ends early in good order.
 */
import type { ServerResponse } from 'node:http';
import { isParqueueError, type OpenedPart, type PartReader } from '@parqueue/core';
import { WHOLE_BYTES, type ReaderBuffers, type SendMemory } from './send-memory.ts';

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
  /** All of it is in memory: what becomes of the file matters no more. */
  readonly isInMemory: boolean;
  /** Its beginning, in one of the buffers. */
  readonly first: Uint8Array;
  readonly buffers: ReaderBuffers;
}

/** Read at once, as soon as its part is open, unless memory is short. */
export function fitsOneRead(length: number): boolean {
  return length <= WHOLE_BYTES;
}

/**
 * Opens the part and reads the beginning of the wanted range, so that a file that cannot be read is noticed in time.
 * @throws PartLost; ParqueueError PQ_STORE_IO where the trouble is this host's or the server's, not the file's
 */
export async function openPart(
  { parts, memory }: { readonly parts: PartReader; readonly memory: SendMemory },
  { key, fence }: { readonly key: string; readonly fence: number },
  expected: { readonly bytes: number; readonly start: number; readonly length: number },
): Promise<OpenedRange> {
  const { bytes, start, length } = expected;
  const buffers = memory.forReader();
  const first = buffers.first(length);
  let part: OpenedPart | null;
  try {
    part = await parts.open(key, fence, { start, into: first });
  } catch (error) {
    buffers[Symbol.dispose]();
    throw lostOr(error);
  }
  const isExpected = part?.bytes === bytes && part.first.length === first.length;
  if (part !== null && isExpected) {
    const close = async (): Promise<void> => {
      buffers[Symbol.dispose]();
      await part[Symbol.asyncDispose]();
    };
    const isInMemory = first.length === length;
    return { part, start, length, isInMemory, first, buffers, [Symbol.asyncDispose]: close };
  }
  buffers[Symbol.dispose]();
  if (part === null) throw new PartLost('gone', 'the part is not there any more');
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
  const { part, start, length, first, buffers } = range;
  using outgoing = new Outgoing(response, buffers);
  try {
    outgoing.write(first, first);
    for (let next = first.length; next < length;) {
      const buffer = await outgoing.buffer();
      if (buffer === null) return 'caller-left';
      const wanted = Math.min(buffer.length, length - next);
      const chunk = buffer.subarray(0, wanted);
      const read = await part.read(chunk, start + next);
      if (outgoing.isGone) return 'caller-left';
      if (read < wanted) {
        response.destroy(new Error('the part ended before its end'));
        return 'part-lost';
      }
      outgoing.write(chunk, buffer);
      next += wanted;
    }
    if (!(await outgoing.written())) return 'caller-left';
    response.end();
    return 'sent';
  } catch (error) {
    // ESTALE after a rename on a network filesystem, EIO: the caller must not take what it has for the whole.
    response.destroy(error instanceof Error ? error : new Error(String(error)));
    return 'part-lost';
  }
}

/**
 * Chunks on their way out, and the buffers that may be read into meanwhile: those that the system took over. A write
 * that fails gives nothing back; the connection is gone then, which who waits here is told by it.
 */
class Outgoing implements Disposable {
  readonly #response: ServerResponse;
  readonly #buffers: ReaderBuffers;
  readonly #onClose = (): void => {
    this.#isGone = true;
    this.#wake();
  };
  #isGone: boolean;
  #pending = 0;
  #wake: () => void = () => undefined;

  constructor(response: ServerResponse, buffers: ReaderBuffers) {
    this.#response = response;
    this.#buffers = buffers;
    this.#isGone = response.destroyed || response.req.socket.destroyed;
    response.once('close', this.#onClose);
    // An answer behind another one on its connection has no socket yet, and is told nothing when that is gone.
    response.req.socket.once('close', this.#onClose);
  }

  get isGone(): boolean {
    return this.#isGone || this.#response.destroyed;
  }

  /** @param buffer what the chunk lies in, to be read into again when it is out */
  write(chunk: Uint8Array, buffer: Uint8Array): void {
    this.#pending += 1;
    this.#response.write(chunk, (error) => {
      if (error !== null && error !== undefined) return;
      this.#pending -= 1;
      this.#buffers.giveBack(buffer);
      this.#wake();
    });
  }

  /** One to be read into; waits while all that this reader may have are on their way. @returns null where the caller is gone */
  async buffer(): Promise<Uint8Array | null> {
    while (!this.#isGone) {
      const buffer = this.#buffers.next(this.#pending === 0);
      if (buffer !== null) return buffer;
      await this.#change();
    }
    return null;
  }

  /** @returns whether everything was handed to the system; false where the caller is gone */
  async written(): Promise<boolean> {
    while (this.#pending > 0 && !this.#isGone) await this.#change();
    return this.#pending === 0;
  }

  [Symbol.dispose](): void {
    this.#response.off('close', this.#onClose);
    this.#response.req.socket.off('close', this.#onClose);
  }

  #change(): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = resolve;
    });
  }
}
