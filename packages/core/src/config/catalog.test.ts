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

describe('a request to a dataset', () => {
  const keyOf = (params: Record<string, unknown>, columns?: readonly string[]): string =>
    catalog.resolveDataset('prices', { market: 'lse', ...params }, { columns }).request.key;

  it('has one key however its values are spelled and wherever they came from', () => {
    const key = catalog.resolveDataset('runs', { n: '7' }).request.key;
    for (const n of ['07', '+7', 7, ['7']]) expect(catalog.resolveDataset('runs', { n, m: 'x' }).request.key).toBe(key);
    expect(keyOf({ day: '2026-01-01' })).toBe(keyOf({}));
    expect(keyOf({}, ['symbol', 'price', 'day'])).toBe(keyOf({}));
  });

  it('has another key for other values, columns or column order', () => {
    const keys = [
      keyOf({}),
      keyOf({ day: '2026-01-02' }),
      keyOf({ market: 'xetra' }),
      keyOf({}, ['price', 'symbol']),
      keyOf({}, ['symbol', 'price']),
    ];
    expect(new Set(keys).size).toBe(keys.length);
  });

  it('has the same key as the same question without a dataset', () => {
    const declared = catalog.resolveDataset('trades', {}).request;
    const { request, policy } = catalog.resolveAdhoc({ source: 'lake', path: './trades.parquet' });
    expect(request.key).toBe(declared.key);
    expect(request).toMatchObject({ dataset: null, scopes: ['source:lake'], probeTargets: declared.probeTargets });
    expect(policy.maxAgeMs).toBe(300_000);
  });

  it('cannot leave the root, whatever its pattern lets through', () => {
    for (const market of ['..', '.', 'a/b', '../x', '/etc', '..\\x', '', 'x\0', 'Lse']) {
      expect(failureOf(() => catalog.resolveDataset('prices', { market })).code).toBe('PQ_INVALID_REQUEST');
    }
  });

  it('is held to enum, bounds and being given once', () => {
    const messages = (name: string, params: Record<string, unknown>): unknown =>
      failureOf(() => catalog.resolveDataset(name, params)).details['problems'];
    expect(messages('runs', { n: '100', m: 'z' })).toEqual([
      { name: 'n', message: 'may not be above 99' },
      { name: 'm', message: 'must be one of x, y' },
    ]);
    expect(messages('prices', { market: ['a', 'b'], day: '2019-12-31' })).toEqual([
      { name: 'market', message: 'is given more than once; give it once' },
      { name: 'day', message: 'may not be below 2020-01-01' },
    ]);
  });

  it('knows no inherited parameter', () => {
    for (const name of ['constructor', 'toString', '__proto__']) {
      const params = JSON.parse(`{"${name}":"x"}`) as Record<string, unknown>;
      expect(failureOf(() => catalog.resolveDataset('trades', params)).code).toBe('PQ_INVALID_REQUEST');
    }
  });

  it('never has its values repeated in an error', () => {
    const secret = 'S3CRET-value';
    const failure = failureOf(() =>
      catalog.resolveDataset('prices', { market: secret, day: secret }, { columns: ['symbol'] }),
    );
    expect(failure.message + JSON.stringify(failure.details)).not.toContain(secret);
  });

  it('may be tightened by its caller', () => {
    expect(catalog.resolveDataset('prices', { market: 'lse' }, { freshness: { noCache: true } }).policy.maxAgeMs).toBe(
      0,
    );
  });
});

describe('names that nobody declared', () => {
  it('are refused with a near one', () => {
    expect(failureOf(() => catalog.resolveDataset('prcies', {}))).toMatchObject({
      code: 'PQ_UNKNOWN_DATASET',
      message: expect.stringContaining('did you mean "prices"?'),
    });
    expect(failureOf(() => catalog.resolveAdhoc({ source: 'laek', path: 'x.csv' }))).toMatchObject({
      code: 'PQ_UNKNOWN_SOURCE',
      message: expect.stringContaining('did you mean "lake"?'),
    });
  });

  it('are also those that are not for whoever asks: neither refusal nor suggestion tells that there are any', () => {
    const isFor = (name: string): boolean => name === 'runs';
    const hidden = failureOf(() => catalog.dataset('prices', isFor));
    expect(hidden.message).toBe(failureOf(() => catalog.dataset('nobody', isFor)).message.replace('nobody', 'prices'));
    expect(failureOf(() => catalog.dataset('prcies', isFor)).message).not.toContain('prices');
    expect(failureOf(() => catalog.dataset('rnus', isFor)).message).toContain('did you mean "runs"?');
    expect(catalog.dataset('runs', isFor).name).toBe('runs');
  });

  it('are not those of inherited members, and cannot break a log line', () => {
    expect(failureOf(() => catalog.dataset('constructor')).code).toBe('PQ_UNKNOWN_DATASET');
    expect(failureOf(() => catalog.source('__proto__')).code).toBe('PQ_UNKNOWN_SOURCE');
    expect(failureOf(() => catalog.dataset(`a\n${'b'.repeat(500)}`)).message).not.toContain('\n');
  });
});

describe('an undeclared question', () => {
  it('is forbidden where its source does not allow it, with what to set', () => {
    expect(failureOf(() => catalog.resolveAdhoc({ source: 'vault', path: 'x.csv' }))).toMatchObject({
      code: 'PQ_FORBIDDEN',
      message: expect.stringContaining('sources.vault.adhoc'),
    });
  });

  it.each(['../x.csv', '/etc/passwd', 'a/../../x.csv', '', './', 'a//b.csv', './../x.csv', 'a\0.csv'])(
    'cannot ask for %j',
    (path) => {
      expect(failureOf(() => catalog.resolveAdhoc({ source: 'lake', path, format: 'csv' })).code).toBe(
        'PQ_INVALID_REQUEST',
      );
    },
  );

  it('takes its format from the extension or from its caller, and CSV options with it', () => {
    const question = catalog.resolveAdhoc({
      source: 'lake',
      path: 'x.txt',
      format: 'csv',
      csv: { delimiter: ';', header: null },
    }).request.canonical.question;
    expect(question).toMatchObject({ format: 'csv', csv: { delimiter: ';', header: null, quote: null } });
    const wrong = { delimiter: ';;', quot: '' } as { delimiter: string };
    expect(
      failureOf(() => catalog.resolveAdhoc({ source: 'lake', path: 'x.csv', csv: wrong })).details['problems'],
    ).toEqual([
      { name: 'csv', message: 'delimiter must be one character' },
      { name: 'csv', message: 'quot is no option' },
    ]);
    expect(
      failureOf(() => catalog.resolveAdhoc({ source: 'lake', path: 'x.txt', columns: [] })).details['problems'],
    ).toHaveLength(2);
    expect(
      failureOf(() => catalog.resolveAdhoc({ source: 'lake', path: 'x.json', csv: { header: true } })).message,
    ).toContain('csv is for CSV files');
  });
});

describe('a job at a worker', () => {
  const { request } = catalog.resolveDataset('trades', {});
  const other = (text: string, path = '/etc/pq/parqueue.yaml'): Catalog =>
    new Catalog(loadConfig(text, { env: {}, path, readFile: () => '' }));

  it('is accepted by one with the same configuration, also after it travelled', () => {
    expect(() => other(TEXT).verifyForWorker(JSON.parse(JSON.stringify(request)) as typeof request)).not.toThrow();
  });

  it('is refused where the source is another folder, or not known, or the key is not its own', () => {
    expect(failureOf(() => other(TEXT, '/elsewhere/parqueue.yaml').verifyForWorker(request))).toMatchObject({
      code: 'PQ_INVALID_REQUEST',
      retryable: true,
    });
    expect(failureOf(() => other('').verifyForWorker(request)).code).toBe('PQ_UNKNOWN_SOURCE');
    const forged = {
      ...request,
      canonical: {
        ...request.canonical,
        question: { kind: 'file', path: 'secret.parquet', format: 'parquet', csv: null } as const,
      },
    };
    expect(failureOf(() => catalog.verifyForWorker(forged)).code).toBe('PQ_INVALID_REQUEST');
  });
});
