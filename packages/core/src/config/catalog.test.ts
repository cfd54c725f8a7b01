import { describe, expect, it } from 'vitest';
import { isCacheKey } from '../model/cache-key.ts';
import { isParqueueError, type ParqueueError } from '../model/errors.ts';
import { Catalog } from './catalog.ts';
import { loadConfig } from './load.ts';

const TEXT = `
sources:
  lake: { kind: file, root: ./data, adhoc: { maxAge: 5m } }
  vault: { kind: file, root: /srv/vault }
datasets:
  trades: { source: lake, path: trades.parquet }
  prices:
    source: lake
    path: "prices/{market}/{day}.csv"
    params:
      market: { type: string, pattern: "[a-z]+|..?" }
      day: { type: date, default: 2026-01-01, min: 2020-01-01, max: 2030-12-31 }
    select: [symbol, price, day]
    columns: { price: NUMERIC(18, 2) }
    freshness: { maxAge: 60s, staleWhileRevalidate: 10m, staleIfError: 1d }
  runs: { source: lake, path: "runs/{n}{m}.tsv", params: { n: { type: integer, max: 99 }, m: { type: string, default: x, enum: [x, "y"] } } }
`;

const config = loadConfig(TEXT, { env: {}, path: '/etc/pq/parqueue.yaml', readFile: () => '' });
const catalog = new Catalog(config);

function failureOf(run: () => unknown): ParqueueError {
  try {
    run();
  } catch (error) {
    if (isParqueueError(error)) return error;
    throw error;
  }
  throw new Error('it was accepted');
}

describe('a dataset', () => {
  it('becomes a request with a key, an identity, scopes and a probe target', () => {
    const { request, policy } = catalog.resolveDataset('prices', { market: 'lse' });
    expect(isCacheKey(request.key)).toBe(true);
    expect(request).toEqual({
      key: request.key,
      canonical: {
        keyFormat: 1,
        sourceKind: 'file',
        sourceIdentity: 'file:/etc/pq/data',
        question: {
          kind: 'file',
          path: 'prices/lse/2026-01-01.csv',
          format: 'csv',
          csv: { header: null, delimiter: null, quote: null, escape: null, nullText: null },
        },
        columns: ['symbol', 'price', 'day'],
        columnTypes: { price: 'decimal(18,2)' },
        parquet: { compression: 'zstd', rowGroupRows: 1_000_000 },
      },
      source: 'lake',
      dataset: 'prices',
      scopes: ['dataset:prices', 'source:lake'],
      probeTargets: ['lake/prices/lse/2026-01-01.csv'],
      versionKind: 'checksum',
      limits: { rowsMax: 2e9, bytesMax: 200 * 2 ** 30, timeoutMs: 4 * 3_600_000 },
    });
    expect(policy).toEqual({
      version: 'checksum',
      maxAgeMs: 60_000,
      staleWhileRevalidateMs: 600_000,
      staleIfErrorMs: 86_400_000,
    });
  });
});

describe('a request that cannot be answered', () => {
  it('is told everything that is wrong at once', () => {
    const failure = failureOf(() =>
      catalog.resolveDataset(
        'prices',
        { mrket: 'x', day: '2026-02-30', limit: '5' },
        { columns: ['symbol', 'symbol', 'nope'] },
      ),
    );
    expect(failure.code).toBe('PQ_INVALID_REQUEST');
    expect(failure.details['problems']).toEqual([
      { name: 'mrket', message: 'is not a parameter of this dataset (did you mean "market"?); it has: market, day' },
      { name: 'limit', message: 'is a reserved name and no parameter' },
      { name: 'market', message: 'is missing; it is of type string' },
      { name: 'day', message: 'must be a calendar date such as 2026-01-31' },
      { name: 'columns', message: 'names a column twice; name each once' },
      { name: 'columns', message: 'may be symbol, price, day; this dataset has no "nope"' },
    ]);
  });
});
