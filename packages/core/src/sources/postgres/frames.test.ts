/** Messages of the server, cut by the network in whatever way. */
import { once } from 'node:events';
import { PassThrough } from 'node:stream';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { FramedConnection } from './frames.ts';

type Message = { readonly row: readonly (string | null)[] } | { readonly parameter: string };

const message = fc.oneof(
  fc.record({
    row: fc.array(fc.option(fc.string({ unit: 'grapheme', maxLength: 40 }), { nil: null }), { maxLength: 5 }),
  }),
  fc.record({ parameter: fc.stringMatching(/^[a-z]{0,9}$/) }),
);

function framed(letter: string, body: Buffer): Buffer {
  const length = Buffer.alloc(4);
  length.writeUInt32BE(body.length + 4);
  return Buffer.concat([Buffer.from(letter), length, body]);
}

function bytesOf(told: Message): Buffer {
  if ('parameter' in told) return framed('S', Buffer.from(`name\0${told.parameter}\0`));
  const count = Buffer.alloc(2);
  count.writeUInt16BE(told.row.length);
  const values = told.row.map((value) => {
    const text = Buffer.from(value ?? '');
    const length = Buffer.alloc(4);
    length.writeInt32BE(value === null ? -1 : text.length);
    return Buffer.concat([length, text]);
  });
  return framed('D', Buffer.concat([count, ...values]));
}

/** Cuts at the places that the numbers name. */
function pieces(bytes: Buffer, cuts: readonly number[]): readonly Buffer[] {
  const places = [...new Set(cuts.map((cut) => cut % Math.max(1, bytes.length)))].toSorted((a, b) => a - b);
  return [0, ...places].map((from, at) => bytes.subarray(from, places[at]));
}

interface Heard {
  readonly messages: unknown[];
  readonly failures: unknown[];
  readonly connection: FramedConnection;
  readonly stream: PassThrough;
}

/** A connection without a server, and what it makes of the bytes that are written to its stream. */
function listening(): Heard {
  const stream = new PassThrough();
  const connection = new FramedConnection({ stream: () => stream });
  connection.attachListeners(stream);
  const [messages, failures]: [unknown[], unknown[]] = [[], []];
  connection.receiver = {
    row: ({ bytes }, start, end) => void messages.push(Buffer.from(bytes.subarray(start, end))),
    failed: (error) => void failures.push(error),
  };
  connection.on('parameterStatus', ({ parameterValue }) => void messages.push(parameterValue));
  return { messages, failures, connection, stream };
}

it('are the same messages in the same order, however the bytes are cut', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(message, { maxLength: 20 }),
      fc.array(fc.nat(), { maxLength: 30 }),
      async (told, cuts) => {
        const { messages, failures, stream } = listening();
        for (const piece of pieces(Buffer.concat(told.map(bytesOf)), cuts)) stream.write(piece);
        stream.end();
        await once(stream, 'end');
        expect(failures).toEqual([]);
        expect(messages).toEqual(told.map((one) => ('parameter' in one ? one.parameter : bytesOf(one).subarray(5))));
      },
    ),
  );
});

it('a row that no string can hold is refused by its header, before it is received', async () => {
  const { messages, failures, stream } = listening();
  const closed = new Promise((resolve) => stream.on('error', () => undefined).on('close', resolve));
  const header = Buffer.from([0x44, 0x20, 0, 0, 0]);
  stream.write(Buffer.concat([bytesOf({ row: ['small'] }), header]));
  await closed;
  expect(messages).toHaveLength(1);
  expect(failures).toMatchObject([{ code: 'PQ_LIMIT_EXCEEDED' }]);
});

it('rows for which nobody waits are left to the driver', async () => {
  const { connection, messages, stream } = listening();
  connection.receiver = null;
  const rows: unknown[] = [];
  connection.on('dataRow', ({ fields }) => void rows.push(fields));
  stream.end(bytesOf({ row: ['a', null] }));
  await once(stream, 'end');
  expect(messages).toEqual([]);
  expect(rows).toEqual([['a', null]]);
});

it.each([
  ['an error without its end, in which the driver would read for ever', Buffer.from('E\0\0\0\x09SOOPS')],
  ['a notice without one', Buffer.from('N\0\0\0\x08Shm\0')],
  ['a message shorter than its own length', Buffer.from('Z\0\0\0\x03')],
])('%s ends the connection', async (_what, bytes) => {
  const { failures, stream } = listening();
  const closed = new Promise((resolve) => stream.on('error', () => undefined).on('close', resolve));
  stream.write(bytes);
  await closed;
  expect(failures).toMatchObject([{ message: expect.stringMatching(/^Received unexpected/) as string }]);
});
