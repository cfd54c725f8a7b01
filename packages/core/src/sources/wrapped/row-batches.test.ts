/** What a wrapped function may give, and the columns it becomes. */
import { Table, tableFromArrays, vectorFromArray, Dictionary, Int32, Utf8, type RecordBatch } from 'apache-arrow';
import { describe, expect, it } from 'vitest';
import { shapeRows } from './row-batches.ts';

const never = new AbortController().signal;

async function shaped(
  given: unknown,
  columns: Readonly<Record<string, string>> = {},
  signal: AbortSignal = never,
): Promise<{ readonly types: Readonly<Record<string, string>>; readonly table: Table }> {
  const { schema, batches } = await shapeRows(given, columns, signal);
  const all: RecordBatch[] = [];
  for await (const batch of batches) all.push(batch);
  return {
    types: Object.fromEntries(schema.fields.map(({ name, type }) => [name, String(type)])),
    table: new Table(schema, all),
  };
}

async function* stream(...items: readonly unknown[]): AsyncGenerator<unknown, void, undefined> {
  yield* items;
}

const plain = (table: Table): readonly unknown[] => table.toArray().map((row: { toJSON(): unknown }) => row.toJSON());

describe('columns of rows', () => {
  it('have the types of JavaScript, whatever the values', async () => {
    const row = { n: 1, big: 1n, text: 'x', yes: true, at: new Date(0), bytes: new Uint8Array([1]), none: null };
    expect((await shaped([row])).types).toEqual({
      n: 'Float64',
      big: 'Int64',
      text: 'Utf8',
      yes: 'Bool',
      at: 'Timestamp<MILLISECOND, UTC>',
      bytes: 'Binary',
      none: 'Utf8',
    });
  });

  it('come from all rows: the first ones may not have them, or hold nulls', async () => {
    const { types, table } = await shaped([{ a: null }, { a: undefined, b: 'x' }, { a: 2 }]);
    expect(types).toEqual({ a: 'Float64', b: 'Utf8' });
    expect(plain(table)).toEqual([
      { a: null, b: null },
      { a: null, b: 'x' },
      { a: 2, b: null },
    ]);
  });

  it('that are declared come first, have that type, and are there without rows', async () => {
    const declared = { amount: 'decimal(18,2)', day: 'date', id: 'bigint' };
    expect((await shaped([], declared)).types).toEqual({
      amount: 'Decimal[18e+2]',
      day: 'Date32<DAY>',
      id: 'Int64',
    });
    const { types, table } = await shaped([{ more: 1, id: 7, day: '2026-01-31', amount: '12.50' }], declared);
    expect(Object.keys(types)).toEqual(['amount', 'day', 'id', 'more']);
    expect(table.getChild('id')?.get(0)).toBe(7n);
  });

  it.each<readonly [string, unknown, Readonly<Record<string, string>>]>([
    ['holds a string where rows before hold a number', [{ a: 1 }, { a: 'x' }], {}],
    ['holds an object', [{ a: { b: 1 } }], {}],
    ['holds an array', [{ a: [1] }], {}],
    ['declares the type money', [], { a: 'money' }],
    ['declares the type time', [], { a: 'time' }],
    ['is no object', [1], {}],
    ['is no object', [[1]], {}],
    ['no row has a member of its own', [{}, {}], {}],
    ['no row has a member of its own', [new Map([['a', 1]])], {}],
    ['the empty name', [{ '': 1, a: 1 }], {}],
    ['gave no rows', 7, {}],
    ['gave no rows', undefined, {}],
    ['types of its own', tableFromArrays({ a: [1] }), { a: 'bigint' }],
  ])('that cannot be told are refused: %s', async (words, given, columns) => {
    await expect(shaped(given, columns)).rejects.toMatchObject({
      code: 'PQ_UNSUPPORTED_TYPE',
      message: expect.stringContaining(words) as string,
    });
  });

  it('that hold what their type cannot are refused with the row', async () => {
    await expect(shaped([{ id: 1 }, { id: 1.5 }], { id: 'bigint' })).rejects.toMatchObject({
      code: 'PQ_VALUE_OUT_OF_RANGE',
      details: { column: 'id', row: 2 },
    });
  });
});

describe('a large array', () => {
  const rows = Array.from({ length: 200_000 }, (_, n) => ({ n, text: 'x', at: new Date(n) }));

  it('leaves the event loop free while its columns are told', async () => {
    let turns = 0;
    const count = (): void => {
      turns += 1;
      turning = setImmediate(count);
    };
    let turning = setImmediate(count);
    await shapeRows(rows, {}, never);
    clearImmediate(turning);
    expect(turns).toBeGreaterThan(1);
  });

  it('is as it was when it was given', async () => {
    const given = [...rows];
    const shaping = shapeRows(given, {}, never);
    given.length = 0;
    let count = 0;
    for await (const batch of (await shaping).batches) count += batch.numRows;
    expect(count).toBe(rows.length);
  });
});

describe('an iterable', () => {
  it('gives rows as they come, and a column that comes too late is refused', async () => {
    const rows = Array.from({ length: 70_000 }, (_, n) => ({ n }));
    const { table } = await shaped(stream(...rows));
    expect(table.numRows).toBe(70_000);
    expect(table.getChild('n')?.get(69_999)).toBe(69_999);
    await expect(shaped(stream(...rows, { n: 1, late: 2 }))).rejects.toMatchObject({
      code: 'PQ_UNSUPPORTED_TYPE',
      details: { column: 'late', row: 70_001 },
    });
  });

  it('may fill one object again and again', async () => {
    const rows = function* (): Generator<object, void, undefined> {
      const row = { n: 0 };
      for (; row.n < 3; row.n += 1) yield row;
    };
    expect(plain((await shaped(rows())).table)).toEqual([{ n: 0 }, { n: 1 }, { n: 2 }]);
  });

  it('may give Arrow tables and batches, with all their types', async () => {
    const words = vectorFromArray(['x', 'y', 'x'], new Dictionary(new Utf8(), new Int32()));
    const table = new Table({ words });
    expect((await shaped(table)).types).toEqual({ words: 'Dictionary<Int32, Utf8>' });
    const two = await shaped(stream(table, ...table.batches));
    expect(two.table.numRows).toBe(6);
    expect((await shaped([table, table])).table.numRows).toBe(6);
  });

  it('that gives batches of two schemas, or rows and batches, is refused', async () => {
    const [a, b] = [tableFromArrays({ a: [1] }), tableFromArrays({ b: [1] })];
    await expect(shaped(stream(a, b))).rejects.toMatchObject({ code: 'PQ_UNSUPPORTED_TYPE' });
    await expect(shaped(stream({ a: 1 }, a))).rejects.toMatchObject({ code: 'PQ_UNSUPPORTED_TYPE' });
    await expect(shaped(stream(a, { a: 1 }))).rejects.toMatchObject({ code: 'PQ_UNSUPPORTED_TYPE' });
  });

  it('that hangs is left when the load is stopped, and told to end', async () => {
    const stop = new AbortController();
    let ended = false;
    const hanging: AsyncIterable<unknown> = {
      [Symbol.asyncIterator]: () => ({
        next: () => {
          stop.abort();
          return new Promise<IteratorResult<unknown>>(() => undefined);
        },
        return: async () => {
          ended = true;
          return { done: true, value: undefined };
        },
      }),
    };
    await expect(shaped(hanging, {}, stop.signal)).rejects.toMatchObject({ code: 'PQ_CANCELLED' });
    expect(ended).toBe(true);
  });

  it('that is left early, because a row is refused, is told to end', async () => {
    let ended = false;
    async function* rows(): AsyncGenerator<object, void, undefined> {
      try {
        for (let n = 0; ; n += 1) yield n < 20_000 ? { n } : { n: 'text' };
      } finally {
        ended = true;
      }
    }
    await expect(shaped(rows())).rejects.toMatchObject({ code: 'PQ_VALUE_OUT_OF_RANGE' });
    expect(ended).toBe(true);
  });
});
