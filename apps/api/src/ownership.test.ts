import { Catalog, loadConfig, type ApiScope } from '@parqueue/core/config';
import { describe, expect, test } from 'vitest';
import type { Principal } from './auth.ts';
import { Sight, type Owned } from './ownership.ts';

const TEXT = `
sources:
  lake: { kind: file, root: ./data, adhoc: true }
  vault: { kind: file, root: ./vault }
datasets:
  trades: { source: lake, path: trades.csv }
  deals: { source: lake, path: trades.csv }
  prices: { source: lake, path: "prices/{market}.csv", params: { market: { type: string } } }
  xetra: { source: lake, path: prices/xetra.csv }
  safe: { source: vault, path: safe.csv }
`;
const catalog = new Catalog(loadConfig(TEXT, { env: {}, path: '/etc/pq/parqueue.yaml', readFile: () => '' }));

const caller = (datasets: readonly string[], ...scopes: readonly ApiScope[]): Principal => ({
  name: 'key:a',
  scopes: new Set<ApiScope>(['read', ...scopes]),
  datasets,
  limits: null,
  expiresAtMs: null,
});
const loadedFor = (dataset: string, params: Record<string, unknown> = {}): Owned => {
  const { canonical } = catalog.resolveDataset(dataset, params).request;
  return { dataset, canonical: () => canonical };
};
const loadedAdhoc = (path: string): Owned => {
  const { canonical } = catalog.resolveAdhoc({ source: 'lake', path }).request;
  return { dataset: null, canonical: () => canonical };
};
const unasked = ({ dataset }: Owned): Owned => ({ dataset, canonical: null });
const seen = (owned: Owned, who: Principal, only?: string) => new Sight({ catalog }, who, only).of(owned);

describe('what a dataset had loaded', () => {
  test('is seen under its name by who may use it, under another by who may use one that asks the same', () => {
    expect(seen(loadedFor('trades'), caller(['*']))).toEqual({ dataset: 'trades' });
    expect(seen(loadedFor('deals'), caller(['trades', 'deals']))).toEqual({ dataset: 'deals' });
    expect(seen(loadedFor('trades'), caller(['deals']))).toEqual({ dataset: 'deals' });
    expect(seen(unasked(loadedFor('trades')), caller(['deals']))).toEqual({ dataset: 'deals' });
    expect(seen(loadedFor('trades'), caller(['xetra']))).toBeNull();
  });

  test('is seen through a dataset of fewer values for these values, where it is known what was asked', () => {
    const [xetra, lse] = [loadedFor('prices', { market: 'xetra' }), loadedFor('prices', { market: 'lse' })];
    expect(seen(xetra, caller(['xetra']))).toEqual({ dataset: 'xetra' });
    expect(seen(lse, caller(['xetra']))).toBeNull();
    expect(seen(unasked(xetra), caller(['xetra']))).toBeNull();
  });

  test('is seen without a name by who may ask ad hoc, where its source is asked so', () => {
    expect(seen(loadedFor('trades'), caller([], 'adhoc'))).toEqual({ dataset: null });
    expect(seen(loadedFor('safe'), caller([], 'adhoc'))).toBeNull();
    expect(seen(loadedFor('trades'), caller([], 'admin')), 'who manages does not ask').toBeNull();
  });
});

describe('what was loaded ad hoc', () => {
  test('is seen by who may ask or manage so, and through a dataset that asks the same', () => {
    for (const scope of ['adhoc', 'admin'] as const)
      expect(seen(loadedAdhoc('other.csv'), caller([], scope))).toEqual({ dataset: null });
    expect(seen(loadedAdhoc('prices/xetra.csv'), caller(['xetra']))).toEqual({ dataset: 'xetra' });
    expect(seen(loadedAdhoc('other.csv'), caller(['*']))).toBeNull();
    expect(seen(unasked(loadedAdhoc('prices/xetra.csv')), caller(['xetra']))).toBeNull();
  });
});

describe('of one dataset', () => {
  test('is what it asks for, whoever had it loaded, for who may use it', () => {
    const who = caller(['*'], 'adhoc');
    expect(seen(loadedFor('trades'), who, 'deals')).toEqual({ dataset: 'deals' });
    expect(seen(loadedFor('prices', { market: 'xetra' }), who, 'xetra')).toEqual({ dataset: 'xetra' });
    expect(seen(loadedFor('trades'), who, 'prices')).toBeNull();
    expect(seen(loadedAdhoc('other.csv'), who, 'trades')).toBeNull();
    expect(seen(loadedAdhoc('prices/xetra.csv'), who, 'xetra')).toEqual({ dataset: 'xetra' });
    expect(seen(loadedFor('trades'), caller(['trades']), 'deals')).toBeNull();
  });
});
