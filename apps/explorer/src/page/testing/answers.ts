/**
 * Answers of a server for tests of the page: one of each kind, typed as the client has them, with `text` wherever the
 * configuration, a source or a caller may have put in whatever they like.
 */
import type {
  Catalog,
  Column,
  ColumnStatistics,
  DatasetDetails,
  Entry,
  Explanation,
  Fill,
  FillPage,
  Principal,
  Sources,
  Statistics,
} from '@parqueue/client';

const AT = '2026-01-01T00:00:00.000Z';
const COUNTS = { hit: 7, stale: 1, miss: 1, collapsed: 1, error: 0 };
const PERIOD = { since: AT, ...COUNTS, total: 10, hitRatio: 0.8 };

export const PRINCIPAL: Principal = {
  name: 'anyone',
  open: true,
  scopes: ['read', 'fill', 'adhoc', 'admin'],
  datasets: ['*'],
  expiresAt: null,
  limits: null,
};

export function explanationOf(text: string, ticks: Partial<Explanation['ticks']> = {}, verifiedAt = AT): Explanation {
  const filled = 1e12 + 10;
  return {
    key: text,
    why: [text],
    head: {
      dataset: text,
      source: text,
      generation: filled,
      version: text,
      etag: '"1"',
      rows: 3,
      bytes: 1_024,
      sha256: '1',
      consistency: 'exact',
      verifiedAt,
      committedAt: AT,
      damaged: null,
    },
    ageSeconds: 1,
    files: { state: 'whole' },
    ticks: {
      epoch: 1,
      started: filled,
      verified: filled,
      filled,
      soft: 0,
      hard: 0,
      purge: 0,
      latestFence: filled,
      ...ticks,
    },
    reconciled: true,
    source: { name: text, cooling: null },
    lease: { fence: 1, fillId: text, holder: text, expiresAtMs: 1 },
    retired: [],
    pins: 0,
    fills: [fillOf(text)],
    parts: [{ part: text, headVersion: text, latest: null, changed: null, probing: false }],
    store: { mark: null, headFile: null },
    manifest: {
      manifestFormat: 1,
      storeId: 'a',
      key: text,
      fence: filled,
      fillId: text,
      version: text,
      consistency: 'exact',
      dataset: text,
      source: text,
      request: {},
      part: { name: 'part', bytes: 1_024, rows: 3, sha256: '1', mtimeNs: '1' },
      columns: [columnOf(text)],
      sourceDetails: {},
      startedAtMs: 1,
      sealedAtMs: 1,
      host: text,
      writer: text,
    },
  };
}

export function columnOf(name: string): Column {
  return { name, type: name, sourceType: name, nullable: true, note: name };
}

export function columnStatisticsOf(name: string, changed: Partial<ColumnStatistics> = {}): ColumnStatistics {
  return {
    name,
    type: name,
    nested: false,
    bytes: 512,
    nulls: 0,
    values: 3,
    notFinite: 0,
    range: 'all',
    min: name,
    max: name,
    mean: name,
    distinct: 2,
    top: [
      { value: name, count: 2, cut: false },
      { value: name, count: 1, cut: true },
    ],
    topExact: true,
    lengths: null,
    histogram: null,
    ...changed,
  };
}

export function statisticsOf(columns: readonly ColumnStatistics[], basis?: Statistics['basis']): Statistics {
  const all = { kind: 'all', rows: 3, places: null, why: null } as const;
  return { key: 'k', generation: 1e12 + 10, rows: 3, bytes: 1_024, rowGroups: 1, basis: basis ?? all, columns };
}

export function fillOf(text: string, changed: Partial<Fill> = {}): FillPage['fills'][number] & Fill {
  return {
    id: text,
    url: '/v1/fills/1',
    state: 'finished',
    progress: null,
    outcome: { kind: 'failed', failure: { code: 'PQ_SOURCE_REJECTED', message: text, retryable: false } },
    kind: 'fill',
    key: text,
    dataset: text,
    source: text,
    enqueuedAt: AT,
    startedAt: AT,
    finishedAt: AT,
    rowsPerSecond: null,
    ...changed,
  } as FillPage['fills'][number] & Fill;
}

export function detailsOf(text: string): DatasetDetails {
  const failure = { code: 'PQ_SOURCE_REJECTED', message: text } as const;
  const entries = { verified: 0, loaded: 0, fresh: 0, joined: 0, unread: 0, foreign: 0, late: 0, failed: 1 };
  return {
    name: text,
    kind: 'file',
    description: text,
    source: text,
    format: 'csv',
    params: [
      {
        name: text,
        type: 'string',
        required: true,
        description: text,
        default: text,
        enum: [text],
        pattern: text,
        min: text,
        max: text,
        maxLength: 10,
      },
    ],
    columns: [text],
    columnTypes: { [text]: text },
    freshness: { version: 'checksum', maxAgeSeconds: 60, staleWhileRevalidateSeconds: 600, staleIfErrorSeconds: 0 },
    urls: { parquet: text, arrow: text, csv: text, json: text, ndjson: text, data: text },
    path: text,
    statement: text,
    tables: [text],
    constructs: [{ construct: text, why: text }],
    asks: { lastHour: PERIOD, lastDay: PERIOD, hours: [{ at: AT, ...COUNTS }], minutes: [] },
    stored: {
      entries: 1,
      rows: 3,
      bytes: 1_024,
      damaged: 1,
      newestCommittedAt: AT,
      newestVerifiedAt: AT,
      oldestVerifiedAt: AT,
      oldestAgeSeconds: 1,
      complete: true,
    },
    refresh: {
      everySeconds: null,
      cron: text,
      timeZone: text,
      jitterSeconds: 0,
      readWithinSeconds: null,
      params: 0,
      next: AT,
      last: { due: AT, began: AT, ended: AT, entries, lastFailure: failure },
    },
    entries: [entryOf(text)],
  };
}

export function entryOf(text: string): Entry {
  const { head } = explanationOf(text);
  return { ...head, key: text, damaged: text, lastReadAt: AT, url: '/v1/entries/1' };
}

export function sourcesOf(text: string): Sources {
  const failure = { code: 'PQ_SOURCE_UNAVAILABLE', message: text } as const;
  return {
    sources: [
      {
        name: text,
        kind: 'oracle',
        adhoc: false,
        adhocFreshness: null,
        limits: { maxConcurrentFills: 1, maxConcurrentProbes: 1 },
        pool: null,
        paused: true,
        pause: { reason: text, by: text, since: AT },
        cooling: { failures: 3, until: AT, seconds: 5, failure },
        health: { state: 'cooling', failuresInARow: 3, lastAnswerAt: null, lastFailureAt: AT, lastFailure: failure },
        queues: [],
      },
    ],
  };
}

/** Every path that the views ask for, where all names are `text`. */
export function serverOf(text: string): Readonly<Record<string, unknown>> {
  const name = encodeURIComponent(text);
  const catalog: Catalog = { datasets: [detailsOf(text)] };
  return {
    '/readyz': { checks: { redis: 'ok', store: 'ok' } },
    '/v1/whoami': { ...PRINCIPAL, name: text, open: false },
    '/v1/datasets': catalog,
    [`/v1/datasets/${name}`]: detailsOf(text),
    [`/v1/datasets/${name}/data`]: [{ [text]: text }],
    '/v1/entries': { entries: [entryOf(text)], next: null },
    [`/v1/entries/${name}/explain`]: explanationOf(text),
    [`/v1/entries/${name}/statistics`]: statisticsOf([columnStatisticsOf(text)]),
    [`/v1/entries/${name}/generations/${1e12 + 10}/data`]: [{ [text]: text }, { [text]: { [text]: text } }],
    '/v1/fills': { fills: [fillOf(text)] },
    [`/v1/fills/${name}`]: fillOf(text),
    '/v1/sources': sourcesOf(text),
  };
}
