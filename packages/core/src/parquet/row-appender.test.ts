/** Batches that are made in the memory of those before them are the batches that they would be otherwise. */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { Column } from './column-type.ts';
import { RowAppender } from './row-appender.ts';
import { serialise } from './serialised-batch.ts';

const COLUMNS: readonly Column[] = (
  [
    { kind: 'bool' },
    { kind: 'int32' },
    { kind: 'int64' },
    { kind: 'float32' },
    { kind: 'float64' },
    { kind: 'decimal128', precision: 38, scale: 2 },
    { kind: 'utf8' },
    { kind: 'binary' },
    { kind: 'date32' },
    { kind: 'timestamp', unit: 'us', utc: true },
  ] as const
).map((type) => ({ name: type.kind, type, nullable: true }));

const orNull = <T>(values: fc.Arbitrary<T>): fc.Arbitrary<T | null> => fc.option(values, { nil: null, freq: 2 });
/** Now and then a large one: room that was made for it is given up later. */
const texts = fc.oneof(
  fc.string({ unit: 'grapheme' }),
  fc.nat(9000).map((length) => 'é'.repeat(length)),
);
const row = fc.tuple(
  orNull(fc.boolean()),
  orNull(fc.integer()),
  orNull(fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n })),
  orNull(fc.float()),
  orNull(fc.double()),
  orNull(fc.bigInt({ min: 1n - 10n ** 36n, max: 10n ** 36n - 1n }).map(String)),
  orNull(texts),
  orNull(fc.uint8Array()),
  orNull(fc.integer({ min: -100_000, max: 100_000 })),
  orNull(fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n })),
);

function batches(rows: readonly (readonly unknown[])[], reuse: boolean): readonly Uint8Array[] {
  const appender = new RowAppender(COLUMNS, { batchRows: 7, reuse });
  const taken: Uint8Array[] = [];
  const take = (): void => {
    const batch = appender.take();
    if (batch !== null) taken.push(serialise(batch));
  };
  for (const each of rows) {
    appender.append(each);
    if (appender.full) take();
  }
  take();
  return taken;
}

it('of any values and NULLs', () => {
  fc.assert(
    fc.property(fc.array(row, { minLength: 8, maxLength: 40 }), (rows) => {
      const [again, anew] = [batches(rows, true), batches(rows, false)];
      // As one, natively: value by value it takes minutes.
      expect(Buffer.concat(again).equals(Buffer.concat(anew))).toBe(true);
    }),
    { numRuns: 100 },
  );
});
