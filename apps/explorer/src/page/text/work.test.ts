import { describe, expect, it } from 'vitest';
import {
  amountOf,
  outcomeOf,
  phaseOf,
  ratesOf,
  remaining,
  shareOf,
  stuckMs,
  timesOf,
  withSample,
  type Sample,
} from './work.ts';

const reading = { phase: 'reading', rows: 1_000, bytes: 512, bytesTotal: 2_048 } as const;

describe('how far a load is', () => {
  it('is a share where its size is known, and never above all', () => {
    expect([
      shareOf(reading),
      shareOf({ ...reading, bytes: 4_096 }),
      shareOf({ ...reading, bytesTotal: null }),
      shareOf(null),
    ]).toEqual([0.25, 1, null, null]);
  });

  it('is not told as a share where bytes are not counted any more', () => {
    expect(shareOf({ ...reading, bytes: 0 })).toBeNull();
  });

  it('is told in rows and bytes, as far as there are any', () => {
    expect(amountOf(reading)).toBe('1,000 rows · 512 B of 2.00 KiB');
    expect(amountOf({ ...reading, bytesTotal: null, bytes: 0 })).toBe('1,000 rows');
    expect(amountOf(null)).toBe('');
  });

  it('has a word', () => {
    expect([
      phaseOf({ state: 'queued', progress: null }),
      phaseOf({ state: 'running', progress: null }),
      phaseOf({ state: 'running', progress: reading }),
      phaseOf({ state: 'finished', progress: reading }),
    ]).toEqual(['waiting for a worker', 'taken by a worker', 'reading', 'ended']);
  });
});

describe('how fast it goes', () => {
  const samples = [0, 1, 2, 3].reduce<readonly Sample[]>(
    (all, at) => withSample(all, { atMs: at * 1_000, rows: at * 50, bytes: 0 }),
    [],
  );

  it('is told over the samples, and not before there are two', () => {
    expect(ratesOf(samples)).toEqual({ rows: 50, bytes: null });
    expect(ratesOf(samples.slice(0, 1))).toEqual({ rows: null, bytes: null });
  });

  it('forgets what is long past, and begins anew with another phase', () => {
    expect(withSample(samples, { atMs: 60_000, rows: 200, bytes: 0 })).toHaveLength(1);
    expect(withSample(samples, { atMs: 4_000, rows: 10, bytes: 0 })).toEqual([{ atMs: 4_000, rows: 10, bytes: 0 }]);
  });

  it('tells what is left', () => {
    expect(remaining(reading, 512)).toBe('about 3 s left');
    expect([remaining(reading, null), remaining({ ...reading, bytesTotal: null }, 512)]).toEqual(['', '']);
  });
});

it('every outcome has words', () => {
  const failure = { code: 'PQ_SOURCE_UNAVAILABLE', message: 'gone', retryable: true } as const;
  expect(
    [
      outcomeOf({ kind: 'committed', fence: 1, rows: 1, bytes: 2_048 }),
      outcomeOf({ kind: 'failed', failure }),
      outcomeOf({ kind: 'cancelled' }),
      outcomeOf(null),
    ].map(({ words }) => words),
  ).toEqual(['loaded 1 row, 2.00 KiB', 'PQ_SOURCE_UNAVAILABLE', 'cancelled', 'ended']);
});

it('waiting and working are told apart', () => {
  const job = { enqueuedAt: '2026-01-01T00:00:00.000Z', startedAt: '2026-01-01T00:00:02.000Z', finishedAt: null };
  const nowMs = Date.parse('2026-01-01T00:00:05.000Z');
  expect(timesOf(job, nowMs)).toEqual({ waitedMs: 2_000, workedMs: 3_000 });
  expect(timesOf({ ...job, startedAt: null }, nowMs)).toEqual({ waitedMs: 5_000, workedMs: null });
});

it('work that waits while nothing runs is stuck after a while', () => {
  const enqueuedAt = '2026-01-01T00:00:00.000Z';
  const queued = { state: 'queued', enqueuedAt } as const;
  const at = (seconds: number): number => Date.parse(enqueuedAt) + seconds * 1_000;
  expect(stuckMs([queued], at(10))).toBeNull();
  expect(stuckMs([queued, { state: 'finished', enqueuedAt }], at(20))).toBe(20_000);
  expect(stuckMs([queued, { state: 'running', enqueuedAt }], at(20))).toBeNull();
  expect(stuckMs([{ state: 'finished', enqueuedAt }], at(20))).toBeNull();
});
