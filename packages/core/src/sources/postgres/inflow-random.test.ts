/**
 * Rows in chunks, through memory that is used again: whatever their sizes, wherever reads end and however late chunks are let go
 * of, each value is the one that was sent for as long as its chunk is held.
 */
import { PassThrough } from 'node:stream';
import { setImmediate } from 'node:timers/promises';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { WireChunk } from '../sql/wire/fields.ts';
import { SLAB_BYTES } from '../sql/wire/slabs.ts';
import { FramedConnection } from './frames.ts';
import { RowReader } from './row-reader.ts';

/** Lengths of texts: mostly small, some around a slab's size, one of many slabs. */
const length = fc.oneof(
  { weight: 60, arbitrary: fc.nat(200) },
  { weight: 10, arbitrary: fc.nat(40_000) },
  { weight: 2, arbitrary: fc.integer({ min: SLAB_BYTES - 40, max: SLAB_BYTES + 40 }) },
  { weight: 1, arbitrary: fc.integer({ min: SLAB_BYTES, max: 6 * SLAB_BYTES }) },
);

/** How much a read brings. */
const reads = fc.oneof(
  fc.constantFrom(4093, 16_384, 65_536, SLAB_BYTES),
  fc.array(fc.oneof(fc.integer({ min: 1, max: 9 }), fc.integer({ min: 1, max: SLAB_BYTES })), {
    minLength: 1,
    maxLength: 20,
  }),
);

const plan = fc.record({
  lengths: fc.array(fc.option(length, { freq: 12 }), { minLength: 1, maxLength: 40 }),
  times: fc.integer({ min: 1, max: 60 }),
  reads,
  /** Chunks that are held at a time. */
  held: fc.integer({ min: 1, max: 5 }),
});

const DATA_ROW = 0x44;

/** A DataRow of its number and a text that tells of it; null for NULL. */
function rowOf(number: number, textLength: number | null): Buffer {
  const text = textLength === null ? null : Buffer.alloc(textLength, `${number};`);
  const bytes = Buffer.alloc(19 + (text?.length ?? 0));
  bytes[0] = DATA_ROW;
  bytes.writeUInt32BE(bytes.length - 1, 1);
  bytes.writeUInt16BE(2, 5);
  bytes.writeInt32BE(4, 7);
  bytes.writeUInt32BE(number, 11);
  bytes.writeInt32BE(text?.length ?? -1, 15);
  text?.copy(bytes, 19);
  return bytes;
}

/** Whether the chunk's rows are those that were sent from `first` on. */
function isAsSent({ pieces }: WireChunk, first: number, sent: readonly Buffer[]): boolean {
  let number = first;
  for (const { rows, bytes, starts, ends } of pieces)
    for (let row = 0; row < rows; row += 1) {
      const message = sent[number] as Buffer;
      const [at, to] = [starts[row * 2 + 1] as number, ends[row * 2 + 1] as number];
      const isNull = message.readInt32BE(15) === -1;
      if (!bytes.subarray(starts[row * 2], ends[row * 2]).equals(message.subarray(11, 15))) return false;
      if (isNull ? to >= 0 : to < 0 || !bytes.subarray(at, to).equals(message.subarray(19))) return false;
      number += 1;
    }
  return true;
}

const rowsOf = ({ pieces }: WireChunk): number => pieces.reduce((sum, { rows }) => sum + rows, 0);

/** The bytes in pieces of these lengths in turn. */
function* cut(bytes: Buffer, lengths: readonly number[]): Generator<Buffer, void, undefined> {
  for (let at = 0, turn = 0; at < bytes.length; turn += 1) {
    const to = at + (lengths[turn % lengths.length] as number);
    yield bytes.subarray(at, to);
    at = to;
  }
}

it('each value is the one that was sent, for as long as its chunk is held', async () => {
  await fc.assert(
    fc.asyncProperty(plan, async ({ lengths, times, reads: read, held }) => {
      // No more than a few megabytes.
      const bytesOnce = lengths.reduce<number>((sum, each) => sum + 19 + (each ?? 0), 0);
      const rounds = Math.max(1, Math.min(times, Math.floor((4 * 1024 * 1024) / bytesOnce)));
      const sent = Array.from({ length: rounds * lengths.length }, (_, number) =>
        rowOf(number, lengths[number % lengths.length] ?? null),
      );
      const stream = new PassThrough();
      const connection = new FramedConnection({ stream: () => stream });
      const reader = new RowReader({ text: '', values: [], formats: [null, null] });
      connection.attachListeners(stream);
      connection.receiver = reader;
      const feeding = (async () => {
        // Many single bytes would take as many turns.
        let turns = 0;
        for (const piece of cut(Buffer.concat(sent), [read].flat())) {
          stream.emit('data', piece);
          if ((turns += 1) % 50 === 0) await setImmediate();
        }
        reader.handleCommandComplete({ text: `SELECT ${sent.length}` });
        reader.handleReadyForQuery();
      })();
      const holding: { readonly chunk: WireChunk; readonly first: number }[] = [];
      const letGo = (): void => {
        const { chunk, first } = holding.shift() ?? { chunk: { pieces: [] }, first: 0 };
        if (!isAsSent(chunk, first, sent)) expect.fail(`rows from ${first} on are others`);
        chunk.release?.();
      };
      let first = 0;
      for (;;) {
        const chunk = await reader.next();
        if (chunk.pieces.length === 0) break;
        holding.push({ chunk, first });
        first += rowsOf(chunk);
        if (holding.length >= held) letGo();
      }
      while (holding.length > 0) letGo();
      await feeding;
      expect(first).toBe(sent.length);
    }),
    { numRuns: 60 },
  );
});
