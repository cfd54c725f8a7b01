/** What a reader makes of what a server says, and of what it leaves out. */
import { EventEmitter } from 'node:events';
import { expect, it } from 'vitest';
import { slabOf } from '../../testing/slab.ts';
import type { FramedConnection } from './frames.ts';
import { RowReader } from './row-reader.ts';

/** A row of one value. */
function rowOf(text: string): Buffer {
  const bytes = Buffer.alloc(6 + Buffer.byteLength(text));
  bytes.writeUInt16BE(1, 0);
  bytes.writeInt32BE(Buffer.byteLength(text), 2);
  bytes.write(text, 6);
  return bytes;
}

/** A reader on a connection whose socket only says whether it is read. */
function reading(): { readonly reader: RowReader; readonly told: string[]; arrive(...texts: readonly string[]): void } {
  const told: string[] = [];
  const none = (): void => undefined;
  const tell = (word: string) => () => void told.push(word);
  const stream = {
    cork: tell('cork'),
    uncork: tell('uncork'),
    pause: tell('pause'),
    resume: tell('resume'),
    write: none,
  };
  const connection = Object.assign(new EventEmitter(), {
    stream,
    receiver: null,
    ...{ parse: none, describe: none, execute: none, sync: none },
  });
  const reader = new RowReader({ text: 'SELECT t', values: [], formats: [null] });
  reader.submit(connection as unknown as FramedConnection);
  told.length = 0;
  return {
    reader,
    told,
    arrive(...texts) {
      for (const text of texts) {
        const bytes = rowOf(text);
        reader.row(slabOf(bytes), 0, bytes.length);
      }
    },
  };
}

const thousand = Array.from({ length: 1000 }, (_, i) => String(i));

it('while a chunk waits the socket is not read: the server waits, and nothing piles up', async () => {
  const { reader, told, arrive } = reading();
  arrive(...thousand);
  expect(told).toEqual(['pause']);
  expect((await reader.next()).pieces).toHaveLength(1000);
  expect(told).toEqual(['pause', 'resume']);
});

it('somebody who waits already gets the chunk, and the socket goes on being read', async () => {
  const { reader, told, arrive } = reading();
  const next = reader.next();
  told.length = 0;
  arrive(...thousand);
  expect((await next).pieces).toHaveLength(1000);
  expect(told).toEqual([]);
});

it('what is in columns is not held any more by the tables that are kept for other rows', async () => {
  const { reader, arrive } = reading();
  arrive(...thousand);
  const { pieces, release } = await reader.next();
  expect(pieces[0]?.arrays()).toEqual([['0']]);
  release?.();
  expect(pieces.slice(0, 8).map(({ bytes, view }) => bytes.length + view.byteLength)).toEqual(Array(8).fill(0));
  arrive(...thousand.map((text) => `${text} again`));
  const next = await reader.next();
  expect(next.pieces.flatMap((piece) => piece.arrays()).at(-1)).toEqual(['999 again']);
});

it.each([
  ['which is all there are', 'SELECT 2', null],
  ['fewer than the server counted', 'SELECT 3', /unexpected number of rows/],
  ['more than the server counted', 'SELECT 1', /unexpected number of rows/],
  ['of a statement that never ended', null, /unexpected end of a statement/],
])('two rows, %s', async (_, command, refusal) => {
  const { reader, arrive } = reading();
  arrive('a', 'b');
  if (command !== null) reader.handleCommandComplete({ text: command });
  reader.handleReadyForQuery();
  const next = async (): Promise<unknown> => (await reader.next()).pieces.flatMap((piece) => piece.arrays());
  const rows = (async () => [await next(), await next()])();
  if (refusal === null) await expect(rows).resolves.toEqual([[['a'], ['b']], []]);
  else await expect(rows).rejects.toThrow(refusal);
});

it('a lost connection is an error, however many rows came before it', async () => {
  const { reader, arrive } = reading();
  arrive(...thousand, 'one more');
  reader.handleError(new Error('Connection terminated unexpectedly'));
  await expect(reader.next()).rejects.toThrow('Connection terminated');
});
