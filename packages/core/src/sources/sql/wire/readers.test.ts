/** What is read from the wire at once is what its readings would have made of it, and refused in the same words. */
import { Table, tableToIPC, type RecordBatch } from 'apache-arrow';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { batchesOf, type RowChunk } from '../../../parquet/row-appender.ts';
import { POSTGRES_TYPES } from '../../postgres/types-system.ts';
import { numeric } from '../../postgres/types-numeric.ts';
import { builtIn, type PostgresColumn } from '../../postgres/types.ts';
import { planColumns, type ColumnWish } from '../column-plan.ts';
import { WireRows } from './fields.ts';

type Texts = readonly (string | null)[];

/** Rows of one column, as one piece. */
function wireRows(values: readonly (Uint8Array | null)[]): WireRows {
  const bytes = Buffer.concat(values.map((value) => value ?? new Uint8Array(0)));
  const rows = new WireRows(bytes, 1, 1, (piece, at) => piece.bytes.toString('utf8', piece.starts[at], piece.ends[at]));
  let at = 0;
  for (const value of values) {
    const place = rows.begin();
    rows.starts[place] = at;
    at += value?.length ?? 0;
    rows.ends[place] = value === null ? -1 : at;
    rows.rows += 1;
  }
  rows.wireBytes = bytes.length;
  return rows;
}

const encoded = (texts: Texts): WireRows => wireRows(texts.map((text) => (text === null ? null : Buffer.from(text))));

interface Told {
  readonly batches: readonly Uint8Array[];
  readonly rounded: unknown;
}

/** What becomes of the rows, or of the first that is refused. */
async function loaded(
  column: PostgresColumn,
  wish: Partial<ColumnWish>,
  chunk: (plan: ReturnType<typeof planColumns>) => RowChunk,
): Promise<Told | string> {
  const whole = { columns: null, columnTypes: {}, numbers: 'text', ...wish } as const;
  const plan = planColumns([column], whole, { types: POSTGRES_TYPES, project: (text) => text });
  const batches: RecordBatch[] = [];
  try {
    for await (const batch of batchesOf(plan.columns, [chunk(plan)])) batches.push(batch);
  } catch (error) {
    return (plan.explain(error) as Error).message;
  }
  return { batches: batches.map((batch) => tableToIPC(new Table([batch]))), rounded: plan.rounded() };
}

/** Of texts, on either way. */
async function both(column: PostgresColumn, wish: Partial<ColumnWish>, texts: Texts): Promise<void> {
  const direct = await loaded(column, wish, (plan) => {
    expect(plan.wires[0]).not.toBeNull();
    return plan.columnsOf(encoded(texts));
  });
  const usual = await loaded(column, wish, (plan) => {
    const rows = texts.map((text) => [text]);
    plan.convertRows(rows);
    return rows;
  });
  expect(direct).toEqual(usual);
}

const decimals = fc.oneof(
  fc.tuple(fc.maxSafeInteger(), fc.nat(17)).map(([value, scale]) => (value / 10 ** scale).toFixed(Math.min(scale, 15))),
  fc.stringMatching(/^-?[0-9]{1,17}(\.[0-9]{1,17})?$/),
  fc.constantFrom('0', '-0', '0.00', '-0.0', 'NaN', 'Infinity', '999999999999999', '-1234567890.12345', '1.', '-', ''),
);
const some = (texts: fc.Arbitrary<string>): fc.Arbitrary<Texts> =>
  fc.array(fc.option(texts, { nil: null }), { maxLength: 12 });

describe('a numeric', () => {
  it.each([
    ['of a size', numeric(20, 4), {}],
    ['of few digits', numeric(5, 2), {}],
    ['without a size, exact', builtIn('numeric'), { numbers: 'exact' }],
    ['without a size, as double', builtIn('numeric'), { numbers: 'double' }],
    ['without a size, as text', builtIn('numeric'), {}],
    ['declared a decimal', builtIn('numeric'), { columnTypes: { c: 'decimal(18,6)' } }],
  ] as const)('%s is what it was by its text', async (_what, column, wish) => {
    await fc.assert(
      fc.asyncProperty(some(decimals), async (texts) => await both(column, wish, texts)),
      { numRuns: 300 },
    );
  });
});

describe('a text', () => {
  const text = builtIn('text');

  it('of any characters and length is copied', async () => {
    const texts = fc.oneof(
      fc.string({ unit: 'grapheme', maxLength: 100 }),
      fc.string({ unit: 'binary-ascii', maxLength: 100 }),
    );
    await fc.assert(fc.asyncProperty(some(texts), async (values) => await both(text, {}, values)));
  });

  it('that is no UTF-8 is what the driver would have made of it', async () => {
    const bytes = [Buffer.from([0x61, 0xff, 0x62]), Buffer.alloc(80, 0xc3)];
    const direct = await loaded(text, {}, (plan) => plan.columnsOf(wireRows(bytes)));
    const usual = await loaded(text, {}, () => bytes.map((value) => [value.toString('utf8')]));
    expect(direct).toEqual(usual);
  });
});

it('a declared type that is no plain copy goes by its reading, and says the same of what it refuses', async () => {
  const column = builtIn('int4');
  const wish = { columnTypes: { c: 'smallint' } };
  for (const texts of [
    ['1', null, '-32768'],
    ['1', '40000'],
  ]) {
    const direct = await loaded(column, wish, (plan) => {
      expect(plan.wires).toEqual([null]);
      return plan.columnsOf(encoded(texts));
    });
    const usual = await loaded(column, wish, (plan) => {
      const rows = texts.map((text) => [text]);
      plan.convertRows(rows);
      return rows;
    });
    expect(direct).toEqual(usual);
  }
});

describe('batches', () => {
  it('are cut where they would be row by row: by rows, and by bytes', async () => {
    const texts = Array.from({ length: 140_000 }, (_, at) => (at % 900 === 0 ? 'x'.repeat(400_000) : `row ${at}`));
    const sizes = async (
      chunks: (plan: ReturnType<typeof planColumns>) => readonly RowChunk[],
    ): Promise<readonly number[]> => {
      const plan = planColumns(
        [builtIn('text')],
        { columns: null, columnTypes: {}, numbers: 'text' },
        { types: POSTGRES_TYPES, project: null },
      );
      const found: number[] = [];
      for await (const batch of batchesOf(plan.columns, chunks(plan))) found.push(batch.numRows);
      return found;
    };
    const cuts = [0, 1, 431, 70_000, 139_999, texts.length];
    const direct = await sizes((plan) =>
      cuts.slice(1).map((to, at) => plan.columnsOf(encoded(texts.slice(cuts[at], to)))),
    );
    expect(direct).toEqual(await sizes(() => [texts.map((text) => [text])]));
    expect(direct.length).toBeGreaterThan(2);
  });

  it('are cut by the bytes of the texts, not by those on the wire, which may be fewer', async () => {
    const sizes = async (chunk: (plan: ReturnType<typeof planColumns>) => RowChunk): Promise<readonly number[]> => {
      const wish = { columns: null, columnTypes: {}, numbers: 'text' } as const;
      const plan = planColumns([builtIn('text')], wish, { types: POSTGRES_TYPES, project: null });
      const found: number[] = [];
      for await (const batch of batchesOf(plan.columns, [chunk(plan)])) found.push(batch.numRows);
      return found;
    };
    const bytes = Array.from({ length: 24 }, () => Buffer.alloc(1024 * 1024, 0xff));
    const direct = await sizes((plan) => plan.columnsOf(wireRows(bytes)));
    expect(direct).toEqual([11, 11, 2]);
    expect(direct).toEqual(await sizes(() => bytes.map((value) => [value.toString('utf8')])));
  });
});
