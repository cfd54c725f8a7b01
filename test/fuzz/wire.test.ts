/**
 * Rows as databases send them, cut and falsified: the very values that were sent, or a refusal; never bytes of the row
 * behind, and never a wait without an end.
 */
import { once } from 'node:events';
import { PassThrough } from 'node:stream';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { FramedConnection } from '../../packages/core/src/sources/postgres/frames.ts';
import { RowReader } from '../../packages/core/src/sources/postgres/row-reader.ts';
import { faultOf } from '../../packages/core/src/sources/postgres/faults.ts';
import { BinaryRows } from '../../packages/core/src/sources/mysql/binary-rows.ts';
import { exampleColumn } from '../../packages/core/src/sources/mysql/types-rules.ts';
import { slabOf } from '../../packages/core/src/testing/slab.ts';
import { asyncClaim, claim } from './fuzz.ts';

/** What one row, or one message, becomes on its way. */
const damage = fc.array(
  fc.record({
    at: fc.nat(120),
    byte: fc.constantFrom(0, 1, 2, 4, 0x7f, 0x80, 0xfb, 0xfc, 0xfd, 0xfe, 0xff),
    cut: fc.boolean(),
  }),
  { maxLength: 3 },
);

function damaged(
  whole: Buffer,
  changes: readonly { readonly at: number; readonly byte: number; readonly cut: boolean }[],
): Buffer {
  let bytes = Buffer.from(whole);
  for (const { at, byte, cut } of changes) {
    if (bytes.length === 0) break;
    if (cut && at % 3 === 0) bytes = bytes.subarray(0, at % bytes.length);
    else bytes[at % bytes.length] = byte;
  }
  return bytes;
}

/** A row among others: what stands before and behind it must make no difference. */
function among(
  row: Buffer,
  stranger: number,
): { readonly bytes: Buffer; readonly start: number; readonly end: number } {
  const around = Buffer.alloc(40, stranger);
  return { bytes: Buffer.concat([around, row, around]), start: 40, end: 40 + row.length };
}

/** What it reads, or that it refuses. */
function told(read: () => unknown): unknown {
  try {
    return read();
  } catch (error) {
    expect(error).toBeInstanceOf(Error);
    return 'refused';
  }
}

describe('a row of Postgres', () => {
  const values = fc.array(fc.option(fc.string({ unit: 'grapheme', maxLength: 90 }), { nil: null }), { maxLength: 5 });

  function encoded(row: readonly (string | null)[]): Buffer {
    const count = Buffer.alloc(2);
    count.writeUInt16BE(row.length);
    const parts = row.map((value) => {
      const text = Buffer.from(value ?? '');
      const length = Buffer.alloc(4);
      length.writeInt32BE(value === null ? -1 : text.length);
      return Buffer.concat([length, text]);
    });
    return Buffer.concat([count, ...parts]);
  }

  /** A reader without a connection; rows come at once. */
  async function read(row: Buffer, columns: number, stranger: number): Promise<unknown> {
    const { bytes, start, end } = among(row, stranger);
    const reader = new RowReader({ text: 'SELECT', values: [], formats: Array.from({ length: columns }, () => null) });
    const outcome = told(() => {
      reader.row(slabOf(bytes), start, end);
      return 'read';
    });
    if (outcome === 'refused') return outcome;
    reader.handleCommandComplete({ text: 'SELECT 1' });
    reader.handleReadyForQuery();
    return (await reader.next()).pieces.flatMap((piece) => piece.arrays());
  }

  asyncClaim('is read as it was sent', { runs: 300, values }, async (row) => {
    expect(await read(encoded(row), row.length, 0)).toEqual([row]);
  });

  asyncClaim(
    'that is damaged is refused, or has as many values, all from its own bytes',
    { runs: 1500, values: fc.tuple(values, damage) },
    async ([row, changes]) => {
      const bytes = damaged(encoded(row), changes);
      const [one, other] = [await read(bytes, row.length, 0x00), await read(bytes, row.length, 0x41)];
      expect(one).toEqual(other);
      if (one === 'refused') return;
      const [found] = one as readonly (readonly (string | null)[])[];
      expect(found).toHaveLength(row.length);
      // Nothing is left over and nothing read twice: so long as all bytes are text, the same bytes are made of it again.
      if (found?.every((value) => value?.includes('\ufffd') !== true) === true) expect(encoded(found)).toEqual(bytes);
    },
  );

  test.each([
    ['fewer values than were told', Buffer.from([0, 1, 0xff, 0xff, 0xff, 0xff])],
    ['a value that reaches beyond it', Buffer.from([0, 2, 0, 0, 0, 9, 0x61, 0xff, 0xff, 0xff, 0xff])],
    ['a length below that of NULL', Buffer.from([0, 2, 0xff, 0xff, 0xff, 0xfe, 0xff, 0xff, 0xff, 0xff])],
    ['bytes behind its last value', Buffer.from([0, 2, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0])],
  ])('with %s is refused as what driver and server do not agree on', (_what, bytes) => {
    const reader = new RowReader({ text: 'SELECT', values: [], formats: [null, null] });
    let error: unknown;
    try {
      reader.row(slabOf(bytes), 0, bytes.length);
    } catch (thrown) {
      error = thrown;
    }
    expect(faultOf(error)).toMatchObject({ kind: 'defect' });
  });

  const messages = fc.array(
    fc.oneof(
      values.map((row) => framed('D', encoded(row))),
      fc
        .tuple(
          fc.constantFrom('D', 'Z', 'C', 'T', 'E', 'S', 'N', 'R', '\0'),
          fc.nat(12),
          fc.uint8Array({ maxLength: 12 }),
        )
        .map(([letter, length, body]) => Buffer.concat([Buffer.from([letter.charCodeAt(0), 0, 0, 0, length]), body])),
      fc.uint8Array({ maxLength: 20 }).map((some) => Buffer.from(some)),
    ),
    { maxLength: 8 },
  );

  function framed(letter: string, body: Buffer): Buffer {
    const length = Buffer.alloc(4);
    length.writeUInt32BE(body.length + 4);
    return Buffer.concat([Buffer.from(letter), length, body]);
  }

  asyncClaim(
    'among messages of any bytes, cut at any place, is handed on whole, or the connection ends',
    { runs: 500, values: fc.tuple(messages, fc.array(fc.nat(200), { maxLength: 4 })) },
    async ([sent, cuts]) => {
      const stream = new PassThrough();
      const connection = new FramedConnection({ stream: () => stream });
      stream.on('error', () => undefined);
      for (const name of ['error', 'errorMessage']) connection.on(name, () => undefined);
      connection.attachListeners(stream);
      const failures: unknown[] = [];
      connection.receiver = {
        row: ({ bytes }, start, end) => {
          expect(0 <= start && start <= end && end <= bytes.length).toBe(true);
        },
        failed: (error) => void failures.push(error),
      };
      const bytes = Buffer.concat(sent);
      const places = [...new Set(cuts.map((cut) => cut % (bytes.length + 1)))].toSorted((a, b) => a - b);
      for (const [i, from] of [0, ...places].entries()) stream.write(bytes.subarray(from, places[i]));
      stream.end();
      if (!stream.destroyed && !stream.readableEnded) await Promise.race([once(stream, 'end'), once(stream, 'close')]);
      expect(failures.length).toBeLessThanOrEqual(1);
      for (const failure of failures) expect(failure).not.toHaveProperty('matcherResult');
    },
  );
});

describe('a row of MySQL', () => {
  type Sent = { readonly column: ReturnType<typeof exampleColumn>; readonly bytes: Buffer; readonly value: unknown };
  const le = (size: number, write: (buffer: Buffer) => void): Buffer => {
    const buffer = Buffer.alloc(size);
    write(buffer);
    return buffer;
  };
  const counted = (bytes: Buffer): Buffer =>
    Buffer.concat([
      bytes.length < 251 ? Buffer.from([bytes.length]) : Buffer.from([0xfc, bytes.length & 0xff, bytes.length >> 8]),
      bytes,
    ]);
  const two = (number: number): string => String(number).padStart(2, '0');
  const sent: fc.Arbitrary<Sent> = fc.oneof(
    fc
      .integer({ min: -128, max: 127 })
      .map((value) => ({ column: exampleColumn('TINY'), bytes: le(1, (b) => b.writeInt8(value)), value })),
    fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }).map((value) => ({
      column: exampleColumn('LONGLONG'),
      bytes: le(8, (b) => b.writeBigInt64LE(value)),
      value: Number.isSafeInteger(Number(value)) ? Number(value) : String(value),
    })),
    fc
      .double({ noNaN: true })
      .map((value) => ({ column: exampleColumn('DOUBLE'), bytes: le(8, (b) => b.writeDoubleLE(value)), value })),
    fc.string({ unit: 'grapheme', maxLength: 300 }).map((value) => ({
      column: exampleColumn('VAR_STRING', { charset: 45 }),
      bytes: counted(Buffer.from(value)),
      value,
    })),
    fc
      .uint8Array({ maxLength: 20 })
      .map((some) => ({ column: exampleColumn('BLOB'), bytes: counted(Buffer.from(some)), value: Buffer.from(some) })),
    fc
      .tuple(fc.nat(9999), fc.nat(12), fc.nat(31), fc.nat(23), fc.nat(59), fc.nat(59), fc.nat(999_999))
      .map(([year, month, day, hour, minute, second, micros]) => ({
        column: exampleColumn('DATETIME', { decimals: 6 }),
        bytes: le(12, (b) => {
          b.set([11, year & 0xff, year >> 8, month, day, hour, minute, second]);
          b.writeUInt32LE(micros, 8);
        }),
        value: `${String(year).padStart(4, '0')}-${two(month)}-${two(day)} ${two(hour)}:${two(minute)}:${two(second)}.${String(micros).padStart(6, '0')}`,
      })),
    fc.tuple(fc.boolean(), fc.nat(34), fc.nat(23), fc.nat(59)).map(([minus, days, hours, minutes]) => ({
      column: exampleColumn('TIME'),
      bytes: le(9, (b) => {
        b.set([8, minus ? 1 : 0]);
        b.writeUInt32LE(days, 2);
        b.set([hours, minutes, 0], 6);
      }),
      value: `${minus ? '-' : ''}${two(days * 24 + hours)}:${two(minutes)}:00`,
    })),
  );
  const row = fc.array(fc.tuple(sent, fc.boolean()), { maxLength: 6 });

  function encoded(values: readonly (readonly [Sent, boolean])[]): Buffer {
    const nulls = Buffer.alloc((values.length + 9) >> 3);
    for (const [i, [, isNull]] of values.entries())
      if (isNull) nulls[(i + 2) >> 3] = (nulls[(i + 2) >> 3] as number) | (1 << ((i + 2) & 7));
    return Buffer.concat([Buffer.from([0]), nulls, ...values.flatMap(([one, isNull]) => (isNull ? [] : [one.bytes]))]);
  }

  function read(values: readonly (readonly [Sent, boolean])[], bytes: Buffer, stranger: number): unknown {
    const { bytes: buffer, start, end } = among(bytes, stranger);
    return told(() => new BinaryRows(values.map(([{ column }]) => column)).next({ buffer, start, offset: start, end }));
  }

  claim('is read as it was sent', { runs: 1000, values: row }, (values) => {
    expect(read(values, encoded(values), 0)).toEqual(values.map(([{ value }, isNull]) => (isNull ? null : value)));
  });

  claim(
    'that is damaged is refused, or read from its own bytes alone',
    { runs: 3000, values: fc.tuple(row, damage) },
    ([values, changes]) => {
      const bytes = damaged(encoded(values), changes);
      const [one, other] = [read(values, bytes, 0x00), read(values, bytes, 0x41)];
      expect(one).toEqual(other);
      if (one === 'refused') return;
      expect(one).toHaveLength(values.length);
      for (const value of one as readonly unknown[]) expect(String(value)).not.toContain('undefined');
    },
  );
});
