/**
 * Walks the messages of an Arrow IPC stream without decoding them (Arrow columnar format, "Encapsulated message
 * format"). The reader we use takes a stream that was cut inside a message's header for one that ended there: rows
 * would be missing and nobody told. So a stream on disk must end with its end-of-stream mark, and nowhere else.
 */
import type { FileHandle } from 'node:fs/promises';
import { ParqueueError } from '../../model/errors.ts';

const MAGIC = 'ARROW1';
const CONTINUATION = 0xffff_ffff;

/** A message's metadata names buffers, some tens of bytes each: this is room for a million columns. */
const METADATA_BYTES_MAX = 64 * 1024 * 1024;

/** @throws ParqueueError PQ_MALFORMED_SOURCE where the file is no whole Arrow file or stream */
export async function assertWholeArrow(handle: FileHandle): Promise<void> {
  const { size } = await handle.stat();
  if ((await bytesAt(handle, 0, Math.min(MAGIC.length, size))).toString('latin1') === MAGIC) {
    // A file is read by its footer, which names every batch; it ends with the mark again.
    const tail =
      size < MAGIC.length * 2 ? '' : (await bytesAt(handle, size - MAGIC.length, MAGIC.length)).toString('latin1');
    if (tail !== MAGIC) throw malformed('the mark ARROW1 is missing at its end: it was cut short');
    return;
  }
  for (let at = 0; ;) {
    const length = await messageAt(handle, at, size);
    if (length === null) return;
    at += length;
  }
}

/** Bytes of the message at `at` with its body; null for the end-of-stream mark. */
async function messageAt(handle: FileHandle, at: number, size: number): Promise<number | null> {
  if (at + 4 > size)
    throw malformed(
      at === size && at > 0
        ? 'it ends without its end-of-stream mark: it was cut short'
        : 'it is no Arrow file or stream',
    );
  const head = await bytesAt(handle, at, Math.min(8, size - at));
  const first = head.readUInt32LE(0);
  // Before format 0.15 the length came without a continuation mark in front.
  const prefix = first === CONTINUATION ? 8 : 4;
  if (head.length < prefix) throw malformed('it was cut short');
  const metadata = first === CONTINUATION ? head.readUInt32LE(4) : first;
  if (metadata === 0) return null;
  if (metadata > METADATA_BYTES_MAX || at + prefix + metadata > size)
    throw malformed(at === 0 ? 'it is no Arrow file or stream' : 'it was cut short');
  const body = bodyLength(await bytesAt(handle, at + prefix, metadata));
  if (body < 0 || at + prefix + metadata + body > size) throw malformed('it was cut short');
  return prefix + metadata + body;
}

/** `bodyLength` is field 3 of the flatbuffer table Message (Message.fbs); absent means 0. */
function bodyLength(message: Buffer): number {
  try {
    const table = message.readUInt32LE(0);
    const vtable = table - message.readInt32LE(table);
    const slot = 4 + 3 * 2;
    const offset = message.readUInt16LE(vtable) > slot ? message.readUInt16LE(vtable + slot) : 0;
    return offset === 0 ? 0 : Number(message.readBigInt64LE(table + offset));
  } catch (error) {
    throw malformed('it is no Arrow file or stream', error);
  }
}

async function bytesAt(handle: FileHandle, position: number, length: number): Promise<Buffer> {
  const buffer = Buffer.alloc(length);
  const { bytesRead } = await handle.read(buffer, 0, length, position);
  if (bytesRead < length) throw malformed('it was cut short');
  return buffer;
}

function malformed(reason: string, cause?: unknown): ParqueueError {
  return new ParqueueError(
    'PQ_MALFORMED_SOURCE',
    `the Arrow file cannot be decoded: ${reason}`,
    cause === undefined ? {} : { cause },
  );
}
