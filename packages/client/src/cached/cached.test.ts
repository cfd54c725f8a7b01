/** Questions as functions, and what a wrapped function says where it cannot work. */
import type { Table } from 'apache-arrow';
import { describe, expect, expectTypeOf, it } from 'vitest';
import type { Fetch, FetchOptions, PinnedFile, Row } from '../fetch/options.ts';
import { Cached } from './cached.ts';
import { Local } from './local.ts';
import type { CachedCall, CachedDataset, CachedQuery, NoBinds } from './query-types.ts';
import { TableMemory } from './table-memory.ts';
import type { Wrapped } from './wrap-types.ts';

function listening(): { readonly cached: Cached; readonly asked: unknown[]; readonly invalidated: unknown[] } {
  const [asked, invalidated]: [unknown[], unknown[]] = [[], []];
  const fetch = ((question: unknown, options: FetchOptions) => {
    asked.push([question, options]);
    return Promise.resolve('rows');
  }) as unknown as Fetch;
  const invalidate = async (target: unknown, mode: unknown): Promise<unknown> => invalidated.push([target, mode]);
  return { cached: new Cached({ fetch, invalidate, store: undefined }), asked, invalidated };
}

describe('a question as a function', () => {
  it('sends its binds with their types', async () => {
    const { cached, asked } = listening();
    const sql = 'select * from sales where day >= :since and id > :id';
    const sales = cached.sql({ source: 'erp', sql, binds: { since: 'date', id: 'integer' } });
    expectTypeOf(sales).toEqualTypeOf<
      CachedQuery<{
        readonly since: string | null;
        readonly id: number | bigint | string | null;
      }>
    >();
    await sales({ since: '2026-01-01', id: 5n });
    const binds = { since: { type: 'date', value: '2026-01-01' }, id: { type: 'integer', value: '5' } };
    expect(asked).toEqual([[{ source: 'erp', sql, binds }, {}]]);
  });

  it('refuses binds that are missing or unknown', () => {
    const { cached } = listening();
    const sales = cached.sql({ source: 'erp', sql: ':a', binds: { a: 'string' } });
    // @ts-expect-error: a is missing
    expect(() => sales({})).toThrow('bind a is missing');
    // @ts-expect-error: there is no b
    expect(() => sales({ a: 'x', b: 'y' })).toThrow('there is no bind b');
  });

  it('gives what `as` says, also for one call', async () => {
    const { cached, asked } = listening();
    const today = cached.sql({ source: 'erp', sql: 'select 1' });
    expectTypeOf(today).toEqualTypeOf<CachedQuery>();
    const rows = cached.sql({ source: 'erp', sql: 'select 1' }, { as: 'rows', maxAge: 60 });
    expectTypeOf(rows).toEqualTypeOf<CachedQuery<NoBinds, readonly Row[]>>();
    const path = rows.with({ as: 'path' });
    expectTypeOf(path).toEqualTypeOf<CachedQuery<NoBinds, PinnedFile>>();
    await rows();
    await path();
    expect(asked.map((one) => (one as unknown[])[1])).toEqual([
      { as: 'rows', maxAge: 60 },
      { as: 'path', maxAge: 60 },
    ]);
  });

  it('makes the path of a file of its arguments', async () => {
    const { cached, asked } = listening();
    const prices = cached.file({
      source: 'lake',
      path: (market: string, year: number) => `prices/${market}-${year}.csv`,
    });
    expectTypeOf(prices).toEqualTypeOf<CachedCall<[market: string, year: number], Table>>();
    await prices('xetr', 2026);
    await cached.file({ source: 'lake', path: 'words.csv' })();
    expect(asked.map((one) => (one as unknown[])[0])).toEqual([
      { source: 'lake', path: 'prices/xetr-2026.csv' },
      { source: 'lake', path: 'words.csv' },
    ]);
  });

  it('of a dataset takes its parameters, and invalidates it', async () => {
    const { cached, asked, invalidated } = listening();
    const words = cached.dataset('words');
    const prices = cached.dataset<{ market: string }>('prices');
    expectTypeOf(prices).toEqualTypeOf<CachedDataset<{ market: string }>>();
    await words();
    await prices({ market: 'xetr' });
    await words.invalidate();
    await prices.invalidate('hard');
    expect(asked.map((one) => (one as unknown[])[0])).toEqual([
      { dataset: 'words' },
      { dataset: 'prices', params: { market: 'xetr' } },
    ]);
    expect(invalidated).toEqual([
      [{ dataset: 'words' }, 'soft'],
      [{ dataset: 'prices' }, 'hard'],
    ]);
  });
});

describe('a wrapped function', () => {
  it('has the arguments and rows of the function', () => {
    const { cached } = listening();
    interface Price {
      readonly market: string;
      readonly price: number;
    }
    const load = async (market: string, year?: number): Promise<Price[]> => [{ market, price: year ?? 1 }];
    type Prices = Wrapped<Parameters<typeof load>, Price>;
    const prices: Prices = cached.wrap(load, { key: 'prices', version: (market) => market.length });
    const named: Prices = cached.wrap(load, {
      key: { name: 'prices', of: (market: string) => market },
      version: 'manual',
    });
    expect([typeof prices, typeof named]).toEqual(['function', 'function']);
    // @ts-expect-error: a market is a text
    const wrong = (): unknown => prices(7);
    expect(wrong).toBeTypeOf('function');
    const table = async (): Promise<Table> => await prices.with({ as: 'table' })('xetr');
    expect(table).toBeTypeOf('function');
    async function* stream(): AsyncGenerator<Price, void, undefined> {
      yield { market: 'x', price: 1 };
    }
    expectTypeOf(cached.wrap(stream, { key: 's', version: 'manual' })).toEqualTypeOf<Wrapped<[], Price>>();
    // @ts-expect-error: rows are objects
    cached.wrap(async () => [1], { key: 's', version: 'manual' });
  });

  it('is decorated by the standard only: what compilers of the older proposal give is refused', () => {
    const decorate = listening().cached.wrap({ key: 'x', version: 'manual' }) as unknown as (
      ...given: unknown[]
    ) => void;
    for (const given of [[{}, 'rows', {}], [undefined, { kind: 'field' }], [() => []]])
      expect(() => decorate(...given)).toThrow(/experimentalDecorators/);
  });

  it('says that it needs a store', async () => {
    const { cached } = listening();
    await expect(cached.wrap(() => [], { key: 'x', version: 'manual' })()).rejects.toMatchObject({ code: 'NO_STORE' });
  });

  it('says which package is missing, and tries again when it is there', async () => {
    let tries = 0;
    const local = new Local({ root: '/nowhere', redis: 'redis://127.0.0.1:1' }, () => {
      tries += 1;
      return Promise.reject(Object.assign(new Error('no such package'), { code: 'ERR_MODULE_NOT_FOUND' }));
    });
    for (const _ of [1, 2]) await expect(local.open()).rejects.toMatchObject({ code: 'MISSING_PACKAGE' });
    expect(tries).toBe(2);
    await local.close(AbortSignal.abort());
    await expect(local.open()).rejects.toMatchObject({ code: 'CLOSED' });
  });
});

describe('decoded tables', () => {
  const table = {} as Table;

  it('are kept up to their bytes, the least recently used going first', () => {
    const memory = new TableMemory(10);
    for (const key of ['a', 'b']) memory.keep({ key, fence: 1, table, bytes: 5 });
    expect(memory.find('a', 1)).toBe(table);
    memory.keep({ key: 'c', fence: 1, table, bytes: 5 });
    expect(['a', 'b', 'c'].map((key) => memory.find(key, 1) !== null)).toEqual([true, false, true]);
    memory.keep({ key: 'd', fence: 1, table, bytes: 11 });
    expect(memory.find('d', 1)).toBeNull();
  });

  it('are those of one generation', () => {
    const memory = new TableMemory(10);
    memory.keep({ key: 'a', fence: 1, table, bytes: 6 });
    expect(memory.find('a', 2)).toBeNull();
    memory.keep({ key: 'a', fence: 2, table, bytes: 6 });
    expect([memory.find('a', 1), memory.find('a', 2)]).toEqual([null, table]);
  });
});
