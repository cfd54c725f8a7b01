import { describe, expect, it } from 'vitest';
import { Askers } from './askers.ts';
import { Catalog } from './catalog.ts';
import { loadConfig } from './load.ts';

const POSTGRES = 'kind: postgres, connectString: "postgresql://db.example.com/d", user: u, password: p';
const SALES = 'select * from sales where day >= :since';
const TEXT = `
sources:
  lake: { kind: file, root: ./data, adhoc: true }
  same: { kind: file, root: ./data }
  vault: { kind: file, root: /srv/vault }
  erp: { ${POSTGRES}, adhoc: { version: ttl, maxAge: 5m } }
  far: { ${POSTGRES}, schema: other }
datasets:
  trades: { source: lake, path: trades.csv, freshness: { maxAge: 1h } }
  deals: { source: same, path: trades.csv, description: the same }
  few: { source: lake, path: trades.csv, select: [id] }
  typed: { source: lake, path: trades.csv, columns: { id: bigint } }
  trades_vault: { source: vault, path: trades.csv }
  prices: { source: lake, path: "prices/{market}.csv", params: { market: { type: string, pattern: "[a-z]+" } } }
  quotes: { source: lake, path: "prices/{m}.csv", params: { m: { type: string, pattern: "[a-z]+", description: other } } }
  xetra: { source: lake, path: "prices/{m}.csv", params: { m: { type: string, enum: [xetra] } } }
  fixed: { source: lake, path: prices/lse.csv }
  sales: { source: erp, sql: "${SALES}", freshness: { version: ttl, maxAge: 1h }, params: { since: { type: date } } }
  sold: { source: erp, sql: "${SALES.toUpperCase()}", freshness: { version: ttl, maxAge: 2h }, params: { SINCE: { type: date } } }
  lately: { source: erp, sql: "${SALES}", freshness: { version: ttl, maxAge: 1h }, params: { since: { type: date, min: 2026-01-01 } } }
  sold_far: { source: far, sql: "${SALES}", freshness: { version: ttl, maxAge: 1h }, params: { since: { type: date } } }
  exact: { source: erp, sql: "${SALES}", numbers: exact, freshness: { version: ttl, maxAge: 1h }, params: { since: { type: date } } }
  text: { source: erp, sql: "${SALES}", numbers: text, freshness: { version: ttl, maxAge: 1h }, params: { since: { type: date } } }
`;

const catalog = new Catalog(loadConfig(TEXT, { env: {}, path: '/etc/pq/parqueue.yaml', readFile: () => '' }));
const askers = new Askers(catalog);
const asked = (name: string, params: Record<string, unknown> = {}, columns?: readonly string[]) =>
  catalog.resolveDataset(name, params, { columns }).request;

describe('datasets that are declared alike', () => {
  it('ask the same of one system, whatever its name, their names, policies and words for parameters are', () => {
    expect(askers.alike('trades')).toEqual(['trades', 'deals']);
    expect(askers.alike('deals')).toEqual(['trades', 'deals']);
    expect(askers.alike('quotes')).toEqual(['prices', 'quotes']);
    expect(askers.alike('sold')).toEqual(['sales', 'sold', 'text']);
  });

  it('are no others: not of another system, of other values, columns, types or numbers', () => {
    for (const name of ['few', 'typed', 'trades_vault', 'xetra', 'fixed', 'lately', 'sold_far', 'exact'])
      expect(askers.alike(name), name).toEqual([name]);
  });

  it('share the key of each of their requests, and only they do whatever the values', () => {
    for (const name of ['trades', 'deals']) expect(asked(name).key).toBe(asked('trades').key);
    for (const name of ['prices', 'quotes'])
      expect(asked(name, { [name === 'prices' ? 'market' : 'm']: 'lse' }).key).toBe(
        asked('prices', { market: 'lse' }).key,
      );
    for (const name of ['sales', 'sold', 'text'])
      expect(asked(name, { [name === 'sold' ? 'SINCE' : 'since']: '2025-01-01' }).key).toBe(
        asked('sales', { since: '2025-01-01' }).key,
      );
  });

  it('are none where the name is of no dataset: it stands for itself', () => {
    expect(askers.alike('gone')).toEqual(['gone']);
  });
});

describe('the datasets that ask a request', () => {
  it.each([
    ['trades', {}, undefined, ['trades', 'deals']],
    ['trades', {}, ['id'], ['trades', 'deals', 'few']],
    ['trades', {}, ['id', 'word'], ['trades', 'deals']],
    ['prices', { market: 'xetra' }, undefined, ['prices', 'quotes', 'xetra']],
    ['prices', { market: 'lse' }, undefined, ['prices', 'quotes', 'fixed']],
    ['sales', { since: '2025-12-31' }, undefined, ['sales', 'sold', 'text']],
    ['sales', { since: '2026-01-01' }, undefined, ['sales', 'sold', 'lately', 'text']],
  ])('of %s with %j and columns %j are those that allow its values', (name, params, columns, datasets) => {
    const { canonical } = asked(name, params, columns);
    expect(askers.datasetsOf(structuredClone(canonical))).toEqual(datasets);
    expect(askers.datasetsOf(canonical)).toEqual(datasets);
  });

  it('may be none', () => {
    const { canonical } = catalog.resolveAdhoc({ source: 'lake', path: 'other.csv' }).request;
    expect(askers.datasetsOf(canonical)).toEqual([]);
  });
});

describe('a request of a dataset', () => {
  it.each([
    ['trades', {}, true],
    ['deals', {}, true],
    ['few', {}, true],
    ['sales', { since: '2026-01-01' }, true],
    ['typed', {}, false],
    ['trades_vault', {}, false],
    ['exact', { since: '2026-01-01' }, false],
    ['sold_far', { since: '2026-01-01' }, false],
  ])(
    '%s with %j is asked without one too where a source allows that and it comes to the same: %s',
    (name, params, may) => {
      expect(askers.isAskedAdhoc(asked(name, params).canonical)).toBe(may);
    },
  );
});
