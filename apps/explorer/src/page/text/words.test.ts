import { describe, expect, it } from 'vitest';
import { pointsOf, sentenceOf, totalOf } from './asks.ts';
import { howItCame } from './cache-status.ts';
import { cellText } from './cells.ts';
import { whatWasDone } from './invalidation.ts';
import { lastRefresh, reachOf, scheduleOf } from './refresh.ts';
import { loadOf, standingOf, wordOf } from './source.ts';

describe('asks', () => {
  const counts = { hit: 7, stale: 1, miss: 1, collapsed: 1, error: 2 };

  it('are summed over datasets; failures are no answers', () => {
    expect(totalOf([counts, counts])).toEqual({ total: 24, answered: 16, errors: 4, ratio: 0.8 });
    expect(pointsOf([counts])).toEqual([{ total: 12, answered: 8 }]);
  });

  it('that nobody counted are not none', () => {
    expect(totalOf([undefined])).toBeNull();
    expect(totalOf([{ hit: 0, stale: 0, miss: 0, collapsed: 0, error: 0 }])?.ratio).toBeNull();
  });

  it('are told in a sentence', () => {
    expect(sentenceOf({ total: 12, answered: 8, errors: 2, ratio: 0.8 })).toBe(
      '12 asks, 2 failed; of the others 80.0 % from the cache',
    );
    expect(sentenceOf({ total: 10, answered: 8, errors: 0, ratio: 0.8 })).toBe('10 asks, 80.0 % from the cache');
    expect(sentenceOf({ total: 4, answered: 0, errors: 4, ratio: null })).toBe('4 asks, all failed');
    expect(sentenceOf({ total: 0, answered: 0, errors: 0, ratio: null })).toBe('nobody asked');
  });
});

describe('Cache-Status', () => {
  it.each([
    ['parqueue; hit; ttl=48; key="k"', 'hit'],
    ['parqueue; hit; detail=revalidated; ttl=0', 'revalidated'],
    ['parqueue; fwd=miss; stored', 'miss'],
    ['parqueue; fwd=miss; stored; collapsed', 'miss'],
    ['parqueue; fwd=stale; detail=staleIfError', 'stale'],
    [null, 'other'],
  ])('%s is told as %s', (header, outcome) => {
    expect(howItCame(header).outcome).toBe(outcome);
  });

  it('says that a load was shared, and why an answer is old', () => {
    expect(howItCame('parqueue; fwd=miss; stored; collapsed').sentence).toContain('same load');
    expect(howItCame('parqueue; fwd=stale; detail=staleIfError').sentence).toContain('staleIfError');
  });
});

it('a cell tells a timestamp without the zeros behind its seconds, and everything else as it is', () => {
  expect(
    ['2026-01-22T11:14:00.000000Z', '2026-01-22T11:14:00.120000', '2026-01-22', 7, true, { a: 1 }].map(cellText),
  ).toEqual(['2026-01-22 11:14:00Z', '2026-01-22 11:14:00.12', '2026-01-22', '7', 'true', '{"a":1}']);
});

it('an invalidation tells what it reached', () => {
  expect(whatWasDone({ mode: 'soft', entries: 1, fills: 0 }, 'dataset a')).toBe(
    'Will be checked before the next use: dataset a (1 entry)',
  );
  expect(whatWasDone({ mode: 'purge', entries: 2, fills: 1 }, 'b')).toBe('Removed: b (2 entries, 1 load under way)');
});

it('a source that somebody paused is paused, whatever else is wrong with it', () => {
  const health = {
    state: 'ok',
    failuresInARow: 0,
    lastAnswerAt: null,
    lastFailureAt: null,
    lastFailure: null,
  } as const;
  const cooling = { failures: 3, until: '2026-01-01T00:00:00.000Z', seconds: 5, failure: null };
  expect(
    [
      wordOf({ paused: true, cooling, health }),
      wordOf({ paused: false, cooling, health }),
      wordOf({ paused: false, cooling: null, health }),
    ].map(({ word }) => word),
  ).toEqual(['paused', 'cooling down', 'ok']);
});

it('of many sources in trouble some are named', () => {
  const health = { failuresInARow: 1, lastAnswerAt: null, lastFailureAt: null, lastFailure: null } as const;
  const source = (name: string, state: 'ok' | 'failing' | 'unknown') =>
    ({ name, paused: false, cooling: null, health: { ...health, state } }) as const;
  expect(standingOf([])).toBe('none are configured');
  expect(standingOf([source('a', 'ok'), source('b', 'unknown')])).toBe('none is in trouble');
  expect(standingOf([source('a', 'ok'), source('b', 'failing')])).toBe('b failing');
  expect(standingOf(['a', 'b', 'c', 'd', 'e'].map((name) => source(name, 'failing')))).toBe(
    'a failing, b failing, c failing and 2 more',
  );
});

it('all that is not being worked on waits', () => {
  const queue = {
    queue: 'fill-lake',
    kind: 'fill',
    waiting: 1,
    prioritized: 2,
    delayed: 3,
    paused: 4,
    active: 5,
  } as const;
  expect(loadOf({ queues: [queue] }, 'fill')).toEqual({ waiting: 10, active: 5 });
  expect(loadOf({ queues: [] }, 'probe')).toEqual({ waiting: 0, active: 0 });
});

it('a refresh is told by its schedule, its reach and what became of the entries', () => {
  const none = { verified: 0, loaded: 0, fresh: 0, joined: 0, unread: 0, foreign: 0, late: 0, failed: 0 };
  const at = '2026-01-01T00:00:00.000Z';
  const refresh = {
    everySeconds: 900,
    cron: null,
    timeZone: null,
    jitterSeconds: 90,
    readWithinSeconds: 604_800,
    params: 0,
    next: at,
    last: null,
  };
  expect(scheduleOf(refresh)).toBe('every 15 min');
  expect(scheduleOf({ ...refresh, everySeconds: null, cron: '0 6 * * 1-5', timeZone: 'Europe/Vienna' })).toBe(
    'at 0 6 * * 1-5 (Europe/Vienna)',
  );
  expect(reachOf({ ...refresh, params: 2 })).toBe(
    'entries that somebody read within 7 d, and 2 combinations of parameters whether asked for or not',
  );
  expect(lastRefresh(refresh)).toBeNull();
  const last = { due: at, began: at, ended: at, entries: { ...none, verified: 12, loaded: 1 }, lastFailure: null };
  expect(lastRefresh({ ...refresh, last })).toBe('12 not changed, 1 loaded');
  expect(lastRefresh({ ...refresh, last: { ...last, entries: none } })).toBe('there was nothing to look at');
});
