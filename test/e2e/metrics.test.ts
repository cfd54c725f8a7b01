/**
 * What running servers tell Prometheus: every metric of the list with its labels, clean for Prometheus' own linter, bounded
 * whatever callers send, and all that dashboard and alerts select. Two API processes tell the same of the cluster.
 */
import { isDeepStrictEqual } from 'node:util';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { startApi } from '@parqueue/api';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { toldExpressions } from '../fixtures/monitoring.ts';
import { readPromql } from '../fixtures/promql.ts';
import { PROMTOOL, promtool } from '../fixtures/promtool.ts';
import { REPOSITORY } from '../fixtures/source-graph.ts';
import { Stage } from './api-stage.ts';
import { readScrape, type Scrape } from './scrape.ts';

/** Name → labels. Users' dashboards rely on these. */
const PROMISED: Readonly<Record<string, readonly string[]>> = {
  requests_total: ['dataset', 'outcome'],
  resolve_seconds: [],
  probes_total: ['source', 'outcome'],
  probe_seconds: ['source'],
  fills_total: ['source', 'outcome'],
  fill_seconds: ['source', 'phase'],
  fill_rows_total: ['source'],
  fill_bytes_total: ['source'],
  source_statements_total: ['source', 'kind'],
  lease_wait_seconds: [],
  leases_lost_total: [],
  commits_total: ['outcome'],
  verify_failures_total: ['reason'],
  dataset_age_seconds: ['dataset'],
  store_bytes: [],
  store_generations: [],
  gc_removed_total: [],
  pins: [],
  queue_jobs: ['queue', 'state'],
  source_connections: ['source', 'state'],
  build_info: ['version'],
};

/** Prometheus adds these when it scrapes, or makes them of histograms. */
const PROMETHEUS_OWN = new Set(['instance', 'job', 'namespace', 'le']);

const POLL = { timeout: 60_000 };

/** What recording rules make, by what they group by. */
const RECORDED: ReadonlyMap<string, readonly string[]> = new Map(
  toldExpressions().flatMap(({ record, expression }) =>
    record === null ? [] : [[record, readPromql(expression).groupedBy] as const],
  ),
);

let stage: Stage;
let api: Scrape;
let worker: Scrape;

beforeAll(async () => {
  stage = await Stage.open();
  await stage.writeWords('one', 'two');
  await stage.words();
  await stage.words();
  for (const path of HOSTILE) await stage.get(path);
  await stage.post('/v1/query', { source: 'lake', path: 'words.csv' });
  // A file that the caller misnamed, and one that a dataset's owner has to mend.
  await stage.post('/v1/query', { source: 'lake', path: 'none.csv' });
  await stage.writeSource('broken.csv', 'id\nno number\n');
  await stage.get('/v1/datasets/broken.parquet');
  // Callers hear of a job's end before it is over and counted.
  const allCounted = async (): Promise<boolean> => {
    worker = await readScrape(stage.workerUrl);
    const ended = (outcome: string): number => worker.sum('parqueue_fills_total', { outcome });
    return ended('committed') === 3 && ended('refused') > 0 && ended('failed') > 0;
  };
  await vi.waitUntil(allCounted, POLL);
  api = await readScrape(stage.url);
});

afterAll(async () => {
  await stage[Symbol.asyncDispose]();
});

/** Names and values of a caller's own making. */
const HOSTILE = [
  '/v1/datasets/no-such-dataset.parquet',
  '/v1/datasets/words.parquet?no=such',
  '/v1/datasets/words.json?columns=word',
  '/v1/entries/words-00000000000000000000000000000000/data',
  '/v1/fills/lake.fill.0123456789abcdef',
  '/some/path/of%20mine?secret=hunter2',
  '/v1/datasets/prices.csv?market=hunter2&year=2026',
];

describe('metrics of API and worker', () => {
  test('have every name and label that was promised, from one kind of process each', () => {
    for (const [name, labels] of Object.entries(PROMISED)) {
      const full = `parqueue_${name}`;
      const owners = [api, worker].filter(({ families }) => families.has(full));
      expect(owners, full).toHaveLength(name === 'build_info' ? 2 : 1);
      expect(owners[0]?.labelsOf(full), full).toEqual(expect.arrayContaining([...labels]));
    }
  });

  test.skipIf(PROMTOOL === null)('are clean for promtool check metrics', () => {
    for (const { text } of [api, worker]) expect(promtool(['check', 'metrics'], text)).toEqual({ ok: true, said: '' });
  });

  test('have no value in a label that a caller made up, and not one series more for it', async () => {
    expect([...api.samples, ...worker.samples].filter(({ labels }) => !Object.values(labels).every(isKnown))).toEqual(
      [],
    );
    expect(api.text + worker.text).not.toMatch(/hunter2|no-such-dataset|words-0|words\.csv/);
    const before = (await readScrape(stage.url)).samples.length;
    for (let at = 0; at < 20; at += 1) {
      await stage.get(`/v1/datasets/made-up-${at}.parquet`);
      await stage.get(`/v1/datasets/prices.json?market=made${at}`);
      await stage.get(`/made/up/${at}`);
    }
    // The first refusal of a kind may be new; the twentieth is not.
    const after = (await readScrape(stage.url)).samples.length;
    expect(after - before).toBeLessThan(10);
  });

  test('tell what happened', () => {
    const words = { dataset: 'words' };
    expect(api.sum('parqueue_requests_total', { ...words, outcome: 'miss' })).toBe(2);
    expect(api.sum('parqueue_requests_total', { ...words, outcome: 'hit' })).toBeGreaterThanOrEqual(1);
    expect(api.sum('parqueue_answer_age_seconds_count', words)).toBeGreaterThanOrEqual(2);
    expect(api.sum('parqueue_problems_total', { code: 'PQ_UNKNOWN_DATASET' })).toBe(1);
    expect(api.sum('parqueue_http_answers_total', { operation: 'none', status: '404' })).toBe(1);
    expect(api.sum('parqueue_dataset_age_seconds', words)).toBeLessThan(60);
    expect(api.sum('parqueue_store_bytes')).toBeGreaterThan(0);
    expect(api.samplesOf('parqueue_store_quota_bytes'), 'no quota is no number').toEqual([]);
    expect(api.sum('parqueue_coordination_up')).toBe(1);
    expect(api.sum('parqueue_epoch')).toBe(1);
    expect(worker.sum('parqueue_fills_total', { source: 'lake', outcome: 'committed' })).toBe(3);
    expect(worker.sum('parqueue_fill_rows_total', { source: 'lake' })).toBe(6);
    expect(worker.sum('parqueue_job_failures_total', { source: 'lake', code: 'PQ_NOT_FOUND' })).toBeGreaterThan(0);
    expect(worker.sum('parqueue_threads', { pool: 'fill' })).toBe(1);
    for (const scrape of [api, worker]) {
      expect(scrape.samples.some(({ name }) => name === 'nodejs_eventloop_lag_p99_seconds')).toBe(true);
      expect(scrape.sum('parqueue_store_up')).toBe(1);
    }
  });

  test('tell whose fault it was: what a caller asked for and is not there is refused, what a dataset cannot give is an error', () => {
    const asks = (dataset: string) =>
      Object.fromEntries(
        ['refused', 'error'].map((outcome) => [outcome, api.sum('parqueue_requests_total', { dataset, outcome })]),
      );
    expect(asks('adhoc')).toEqual({ refused: 1, error: 0 });
    expect(asks('broken')).toEqual({ refused: 0, error: 1 });
    const fills = (outcome: string) => worker.sum('parqueue_fills_total', { source: 'lake', outcome });
    expect({ refused: fills('refused'), failed: fills('failed') }).toEqual({ refused: 1, failed: 1 });
  });

  test('are told of the cluster by each API process alike', async () => {
    const other = await startApi({ config: stage.config, log: stage.log });
    try {
      const steady = ['queue_jobs', 'store_bytes', 'store_generations', 'source_paused', 'source_fills_max', 'epoch'];
      const names = steady.map((rest) => `parqueue_${rest}`);
      // Queues show themselves when their first job comes, or a worker: the two are asked one after the other.
      const alike = async (): Promise<boolean> => {
        const [told, mine] = [await readScrape(other.url), await readScrape(stage.url)];
        for (const name of names) expect(told.samplesOf(name).length, name).toBeGreaterThan(0);
        return names.every((name) => isDeepStrictEqual(told.samplesOf(name), mine.samplesOf(name)));
      };
      await expect.poll(alike).toBe(true);
    } finally {
      await other.close();
    }
  });
});

describe('while Redis is away', () => {
  test('its loss is told within the time of a scrape, and nothing of the cluster that may be old', async () => {
    const before = await readScrape(stage.url);
    await stage.redis.kill();
    try {
      const first = await readScrape(stage.url);
      expect(first.samplesOf('parqueue_coordination_up').map(({ value }) => value)).toEqual([0]);
      // Scrapes within a second share one look at the cluster.
      await vi.waitUntil(async () => (await readScrape(stage.url)).samplesOf('parqueue_epoch').length === 0, POLL);
      const away = await readScrape(stage.url);
      for (const name of ['epoch', 'queue_jobs', 'source_paused', 'store_bytes', 'dataset_age_seconds'])
        expect(away.samplesOf(`parqueue_${name}`), name).toEqual([]);
      // What does not come from Redis is told on.
      expect(away.sum('parqueue_source_fills_max')).toBeGreaterThan(0);
      expect(away.sum('parqueue_store_free_bytes')).toBeGreaterThan(0);
      expect(away.sum('parqueue_requests_total')).toBe(before.sum('parqueue_requests_total'));
      expect((await readScrape(stage.workerUrl)).sum('parqueue_fills_total')).toBe(worker.sum('parqueue_fills_total'));
    } finally {
      await stage.redis.start();
    }
    await vi.waitUntil(async () => (await readScrape(stage.url)).sum('parqueue_coordination_up') === 1, POLL);
  });
});

describe('dashboard and alerts', () => {
  test('select nothing that no server has, by no label that it does not have', () => {
    const wrong = toldExpressions().flatMap(({ where, expression }) => {
      const { selections, groupedBy } = readPromql(expression);
      const labelsThere = new Set(selections.flatMap(({ metric }) => labelsOf(metric)));
      return [
        ...selections.filter(({ metric }) => !isThere(metric)).map(({ metric }) => `${where}: no metric ${metric}`),
        ...selections.flatMap(({ metric, labels }) =>
          labels
            .filter((label) => !labelsOf(metric).includes(label) && !PROMETHEUS_OWN.has(label))
            .map((label) => `${where}: ${metric} has no ${label}`),
        ),
        ...groupedBy
          .filter((label) => !labelsThere.has(label) && !PROMETHEUS_OWN.has(label))
          .map((label) => `${where}: nothing has ${label}`),
      ];
    });
    expect(wrong).toEqual([]);
  });

  test('take the greatest of what every API process tells, and never the sum', () => {
    const ofCluster = new Set(
      [...api.families].filter(([, { help }]) => help.startsWith('Of the cluster')).map(([name]) => name),
    );
    expect(ofCluster.size).toBeGreaterThan(8);
    const wrong = toldExpressions()
      .filter(({ where }) => !where.startsWith('variable'))
      .flatMap(({ where, expression }) =>
        readPromql(expression)
          .selections.filter(({ metric, aggregatedBy }) => ofCluster.has(metric) && aggregatedBy !== 'max')
          .map(({ metric }) => `${where}: ${metric}`),
      );
    expect(wrong).toEqual([]);
  });

  test('the guide has every metric that the servers tell, and no other', () => {
    const guide = readFileSync(join(REPOSITORY, 'docs/monitoring.md'), 'utf8');
    const told = [...new Set([...api.families.keys(), ...worker.families.keys()])].filter((name) =>
      name.startsWith('parqueue_'),
    );
    expect(told.filter((name) => !guide.includes(`\`${name}\``))).toEqual([]);
    const named = [...guide.matchAll(/^\| `(parqueue_[a-z_]+)`/gm)].map(([, name]) => name ?? '');
    expect(named.filter((name) => !told.includes(name))).toEqual([]);
  });
});

function isThere(metric: string): boolean {
  return RECORDED.has(metric) || [api, worker].some(({ families }) => families.has(baseOf(metric)));
}

function labelsOf(metric: string): readonly string[] {
  return RECORDED.get(metric) ?? [api, worker].flatMap((scrape) => scrape.labelsOf(baseOf(metric)));
}

/** A histogram is told as three series. */
function baseOf(metric: string): string {
  const base = metric.replace(/_(bucket|sum|count)$/, '');
  return [api, worker].some(({ families }) => families.get(base)?.type === 'histogram') ? base : metric;
}

/** Configured names, closed lists, and what Node and the release say of themselves. */
function isKnown(value: string): boolean {
  return (
    /^[A-Za-z]+$|^[a-z]+(-[a-z]+)+$/.test(value)
    || /^PQ_[A-Z_]+$/.test(value)
    || /^(fill|probe)-(lake|closed)$/.test(value)
    || /^v?\d+(\.\d+)*(e[+-]\d+)?$|^\+Inf$|^[1-5]\d\d$/.test(value)
    || /^(new|old|code|large_object|read_only|shared|trusted)(_[a-z_]+)?$/.test(value)
  );
}
