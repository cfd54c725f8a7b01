/** Scheduled refreshes in the configuration, and the way back from an entry to the request that made it. */
import { describe, expect, it } from 'vitest';
import { isParqueueError } from '../model/errors.ts';
import { Catalog } from './catalog.ts';
import { loadConfig } from './load.ts';

const load = (text: string) => loadConfig(text, { env: {}, path: '/etc/pq/parqueue.yaml', readFile: () => '' });

const dataset = (refresh: string, rest = 'path: a.csv') => `
sources: { lake: { kind: file, root: ./data } }
datasets: { d: { source: lake, ${rest}, refresh: ${refresh} } }
`;

function problemsOf(text: string): readonly string[] {
  try {
    load(text);
  } catch (error) {
    if (!isParqueueError(error)) throw error;
    const { problems } = error.details as { problems: { path: string; message: string }[] };
    return problems.map(({ path, message }) => `${path.split('refresh').at(-1)} ${message}`);
  }
  return [];
}

describe('the schedule of a refresh', () => {
  it('is an interval, with a share of it as jitter', () => {
    const { refresh } = load(dataset('{ every: 15m, jitter: 10% }')).datasets['d'] ?? {};
    expect(refresh).toEqual({
      schedule: { kind: 'every', everyMs: 900_000 },
      jitterMs: 90_000,
      readWithinMs: 7 * 86_400_000,
      params: [],
    });
  });

  it('or a cron in a time zone, with a time as jitter; what nobody reads on demand', () => {
    const text = dataset('{ cron: "0  6 * * 1-5", timeZone: Europe/Berlin, jitter: 10m, unread: true, params: [{}] }');
    expect(load(text).datasets['d']?.refresh).toEqual({
      schedule: { kind: 'cron', pattern: '0 6 * * 1-5', timeZone: 'Europe/Berlin' },
      jitterMs: 600_000,
      readWithinMs: null,
      params: [{}],
    });
  });

  it.each([
    ['{}', ' needs a schedule; write every: 15m or cron: "0 6 * * 1-5"'],
    ['{ every: 1h, cron: "0 6 * * *" }', '.cron is one schedule too many beside every; keep one'],
    ['{ every: 500ms }', '.every must be a duration of at least 1s, such as 15m'],
    ['{ every: 1h, timeZone: UTC }', '.timeZone is for cron; an interval has no time zone'],
    ['{ every: 1m, jitter: 2m }', '.jitter is longer than every'],
    ['{ every: 1m, jitter: soon }', '.jitter must be a share of the interval such as 10%, or a duration such as 90s'],
    [
      '{ cron: "0 6 * * *", jitter: 10% }',
      '.jitter must be a duration such as 10m beside cron, whose intervals differ',
    ],
    [
      '{ cron: "*/5 9-17 * * 1-5", jitter: 6m }',
      '.jitter is longer than the shortest time from one refresh to the next',
    ],
    ['{ cron: "0 0 1,31 * *", jitter: 25h }', '.jitter is longer than the shortest time from one refresh to the next'],
    [
      '{ cron: "0 6 * * *", timeZone: Europe/Berlln }',
      '.timeZone is no time zone that is known here; write one such as Europe/Berlin',
    ],
    ['{ cron: "0 0 6 * * *" }', '.cron must be five fields (minute, hour, day, month, weekday) such as "0 6 * * 1-5"'],
    ['{ cron: "0 25 * * *" }', '.cron must be five fields (minute, hour, day, month, weekday) such as "0 6 * * 1-5"'],
    ['{ every: 1h, params: [{ market: a }] }', '.params[0] market is not a parameter of this dataset; it has none'],
  ])('%s is refused', (refresh, problem) => {
    expect(problemsOf(dataset(refresh))).toEqual([problem]);
  });

  it.each(['{ cron: "*/5 9-17 * * 1-5", jitter: 5m }', '{ cron: "0 0 29 2 *", jitter: 7d }'])(
    '%s has room for its jitter',
    (refresh) => {
      expect(problemsOf(dataset(refresh))).toEqual([]);
    },
  );

  it('names only combinations that a caller might ask for', () => {
    const rest = 'path: "{m}/{n}.csv", params: { m: { type: string, pattern: "[a-z./]+" }, n: { type: integer } }';
    expect(problemsOf(dataset('{ every: 1h, params: [{ m: "a/b", n: 1 }, { m: A, n: 1 }, { m: a }] }', rest))).toEqual([
      '.params[0] m becomes part of a path and may not contain "/" or "\\"',
      '.params[1] m must match the pattern [a-z./]+',
      '.params[2] n is missing; it is of type integer',
    ]);
  });
});

const CONFIG = `
sources:
  lake: { kind: file, root: ./data }
  erp: { kind: postgres, connectString: "postgresql://db.example.com/erp", user: u, password: p }
datasets:
  trades: { source: lake, path: trades.parquet }
  prices:
    source: lake
    path: "prices/{market}/{market}-{day}.csv"
    params:
      market: { type: string, pattern: "[a-z.]+" }
      day: { type: date, default: 2026-01-01, min: 2020-01-01 }
    select: [symbol, price, day]
  runs: { source: lake, path: "runs/{n}{m}.tsv", params: { n: { type: integer, max: 99 }, m: { type: string, default: x, enum: [x, "y+"] } } }
  groups: { source: lake, path: "{a}-{b}.csv", params: { a: { type: string, pattern: "(x)\\\\1" }, b: { type: string } } }
  sales:
    source: erp
    sql: select * from sales where day >= :since and (:region::text is null or region = :region)
    params: { since: { type: date }, region: { type: string, required: false } }
`;

describe('the request of an entry', () => {
  const catalog = new Catalog(load(CONFIG));

  it.each([
    ['trades', {}, undefined],
    ['trades', {}, ['a', 'b']],
    ['prices', { market: 'l.se' }, undefined],
    ['prices', { market: 'xetra', day: '2025-12-31' }, ['price']],
    ['runs', { n: -7, m: 'y+' }, undefined],
    ['groups', { a: 'xx', b: 'a-b' }, undefined],
    ['sales', { since: '2026-01-01' }, undefined],
    ['sales', { since: '2026-01-01', region: "o'north" }, ['region']],
  ])('of %s with %j is made again from what its manifest keeps', (name, params, columns) => {
    const { request } = catalog.resolveDataset(name, params, { columns });
    expect(catalog.requestAgain(catalog.dataset(name), structuredClone(request.canonical))).toEqual(request);
  });

  it.each([
    [
      'another parameter was added',
      'region: { type: string, required: false } }',
      'region: { type: string, required: false }, top: { type: integer, default: 5 } }',
    ],
    ['the statement changed', 'select * from sales', 'select region from sales'],
    ['the value is not allowed any more', 'since: { type: date }', 'since: { type: date, min: 2027-01-01 }'],
    ['another database is meant', 'db.example.com', 'other.example.com'],
  ])('is not made where %s', (_, before, after) => {
    const { canonical } = catalog.resolveDataset('sales', { since: '2026-01-01' }).request;
    const text = CONFIG.replace(before, after).replace(
      '(:region',
      after.includes('top') ? ':top > 0 and (:region' : '(:region',
    );
    const changed = new Catalog(load(text));
    expect(changed.requestAgain(changed.dataset('sales'), canonical)).toBeNull();
  });

  it('of another dataset is not taken for one of this', () => {
    const { canonical } = catalog.resolveDataset('trades', {}).request;
    for (const name of ['prices', 'sales']) expect(catalog.requestAgain(catalog.dataset(name), canonical)).toBeNull();
  });
});
