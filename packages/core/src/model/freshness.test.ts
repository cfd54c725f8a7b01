import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  canVerifyByProbe,
  isFresh,
  mayServeStale,
  requirementAtArrival,
  requirementOfWork,
  type Requirement,
  withMarksFound,
  satisfies,
  STRICT,
  type FreshnessPolicy,
  type SeenTicks,
} from './freshness.ts';
import type { Head } from './generation.ts';
import { epochStart } from './ticks.ts';
import { VERSION_KINDS } from './version.ts';

const EPOCH = 3;
const tick = (n: number): number => epochStart(EPOCH) + n;
const NOW = 1_000_000;

const head = (change: Partial<Head> = {}): Head => ({
  fence: tick(10),
  fillId: 'f',
  version: 'v',
  sha256: 's',
  bytes: 1,
  rows: 1,
  consistency: 'exact',
  source: 'lake',
  dataset: null,
  verified: tick(20),
  verifiedAtMs: NOW - 100,
  committedAtMs: NOW - 500,
  damaged: null,
  ...change,
});
const seen = (change: Partial<SeenTicks> = {}): SeenTicks => ({
  epoch: EPOCH,
  started: 0,
  soft: 0,
  hard: 0,
  purge: 0,
  clock: tick(100),
  learned: 0,
  ...change,
});
const policy = (change: Partial<FreshnessPolicy>): FreshnessPolicy => ({ ...STRICT, ...change });

describe('a strict caller', () => {
  it('is satisfied by work that began after it asked, and by none that began before', () => {
    const requirement = requirementAtArrival(seen({ started: tick(20) }));
    expect(satisfies(head({ verified: tick(20) }), requirement)).toBe(false);
    expect(satisfies(head({ verified: tick(21) }), requirement)).toBe(true);
  });

  it('is not satisfied by anything an older epoch verified', () => {
    const requirement = requirementAtArrival(seen());
    expect(requirement).toMatchObject({ after: epochStart(EPOCH), hardAfter: 0 });
    expect(satisfies(head({ fence: epochStart(EPOCH) - 5, verified: epochStart(EPOCH) - 1 }), requirement)).toBe(false);
    expect(satisfies(head({ fence: epochStart(EPOCH) - 5, verified: tick(1) }), requirement)).toBe(true);
  });

  it('needs new rows after a hard mark: a probe is not enough', () => {
    const requirement = requirementAtArrival(seen({ hard: tick(15) }));
    expect(satisfies(head({ fence: tick(10), verified: tick(30) }), requirement)).toBe(false);
    expect(satisfies(head({ fence: tick(16), verified: tick(16) }), requirement)).toBe(true);
    expect(canVerifyByProbe(head({ fence: tick(10) }), requirement, 'checksum')).toBe(false);
  });

  it('keeps the ticks of its arrival: later marks do not move them', () => {
    const requirement = requirementAtArrival(seen({ soft: tick(5) }));
    requirementAtArrival(seen({ soft: tick(500) }));
    expect(satisfies(head({ verified: tick(6) }), requirement)).toBe(true);
  });

  it('takes over a mark of the time before it that a later look brings to light', () => {
    const arrival = requirementAtArrival(seen({ started: tick(4), clock: tick(10) }));
    const found = withMarksFound(arrival, seen({ hard: tick(5), clock: tick(20) }));
    expect(satisfies(head({ fence: tick(4), verified: tick(12) }), arrival)).toBe(true);
    expect(satisfies(head({ fence: tick(4), verified: tick(12) }), found)).toBe(false);
    expect(satisfies(head({ fence: tick(11), verified: tick(11) }), found)).toBe(true);
  });

  it('is not answered below a mark that may hide behind a later one which was learned', () => {
    const arrival = requirementAtArrival(seen({ started: tick(4), clock: tick(10) }));
    const found = withMarksFound(arrival, seen({ hard: tick(12), learned: tick(12) }));
    expect(satisfies(head({ fence: tick(4), verified: tick(13) }), found)).toBe(false);
    expect(satisfies(head({ fence: tick(11), verified: tick(11) }), found)).toBe(true);
  });

  it('is answered by work begun after it, however many marks came since', () => {
    const arrival = requirementAtArrival(seen({ clock: tick(10) }));
    const rained = [tick(12), tick(30)].reduce((kept, hard) => withMarksFound(kept, seen({ hard })), arrival);
    expect(rained).toMatchObject({ hardAfter: 0, arrived: tick(10) });
    expect(satisfies(head({ fence: tick(11), verified: tick(11) }), rained)).toBe(true);
  });

  it('asks for work that began after it, and one whose policy allows age for any that is newer than the head', () => {
    const seenHere = seen({ started: tick(20), soft: tick(5) });
    const arrival = requirementAtArrival(seenHere);
    const work = (change: Partial<FreshnessPolicy>, verified: number): Requirement =>
      requirementOfWork(arrival, { policy: policy(change), seen: seenHere, verified });
    expect(work({}, tick(10))).toEqual({ after: tick(20), hardAfter: 0 });
    expect(work({ maxAgeMs: 1 }, tick(10))).toEqual({ after: tick(10), hardAfter: 0 });
    expect(work({ version: 'manual' }, 0)).toEqual({ after: tick(5), hardAfter: 0 });
    expect(work({ maxAgeMs: 1 }, tick(30))).toEqual({ after: tick(20), hardAfter: 0 });
  });

  it('never gets a damaged head', () => {
    const damaged = head({ damaged: 'size', verified: tick(99) });
    expect(satisfies(damaged, requirementAtArrival(seen()))).toBe(false);
    expect(isFresh(damaged, seen(), policy({ maxAgeMs: 1e9 }), NOW)).toBe(false);
    expect(isFresh(damaged, seen(), policy({ version: 'manual' }), NOW)).toBe(false);
    expect(
      mayServeStale(damaged, requirementAtArrival(seen()), {
        policy: policy({ staleIfErrorMs: 1e9 }),
        reason: 'staleIfError',
        nowMs: NOW,
      }),
    ).toBe(false);
  });
});

describe('a caller who allows age', () => {
  it('takes a head up to that age, counted from when its verification began', () => {
    expect(isFresh(head(), seen(), policy({ maxAgeMs: 100 }), NOW)).toBe(true);
    expect(isFresh(head(), seen(), policy({ maxAgeMs: 99 }), NOW)).toBe(false);
    expect(isFresh(null, seen(), policy({ maxAgeMs: 1e9 }), NOW)).toBe(false);
  });

  it('takes it although newer work has begun', () => {
    expect(isFresh(head(), seen({ started: tick(99) }), policy({ maxAgeMs: 100 }), NOW)).toBe(true);
  });

  it.each([
    ['a soft mark', seen({ soft: tick(20) })],
    ['a hard mark', seen({ hard: tick(10) })],
    ['a new epoch', seen({ epoch: EPOCH + 1 })],
  ])('does not take it after %s', (_, ticks) => {
    expect(isFresh(head(), ticks, policy({ maxAgeMs: 1e9 }), NOW)).toBe(false);
    expect(isFresh(head(), ticks, policy({ version: 'manual' }), NOW)).toBe(false);
  });

  it('never takes one at maxAge 0, however young', () => {
    expect(isFresh(head({ verifiedAtMs: NOW + 5 }), seen(), STRICT, NOW)).toBe(false);
  });

  it('takes a manual version at any age', () => {
    expect(isFresh(head({ verifiedAtMs: 0 }), seen(), policy({ version: 'manual' }), NOW)).toBe(true);
  });
});

describe('a stale answer', () => {
  const windows = policy({ maxAgeMs: 50, staleWhileRevalidateMs: 50, staleIfErrorMs: 500 });
  const requirement = requirementAtArrival(seen({ started: tick(50) }));
  const may = (change: Partial<Head>, reason: 'staleWhileRevalidate' | 'staleIfError'): boolean =>
    mayServeStale(head(change), requirement, { policy: windows, reason, nowMs: NOW });

  it('is allowed within the window of its reason, beyond maxAge', () => {
    expect(may({ verifiedAtMs: NOW - 100 }, 'staleWhileRevalidate')).toBe(true);
    expect(may({ verifiedAtMs: NOW - 101 }, 'staleWhileRevalidate')).toBe(false);
    expect(may({ verifiedAtMs: NOW - 550 }, 'staleIfError')).toBe(true);
    expect(may({ verifiedAtMs: NOW - 551 }, 'staleIfError')).toBe(false);
  });

  it('is never one from before a hard mark', () => {
    const hard = requirementAtArrival(seen({ hard: tick(10) }));
    expect(mayServeStale(head(), hard, { policy: windows, reason: 'staleIfError', nowMs: NOW })).toBe(false);
  });

  it('is never given where the window is 0', () => {
    expect(
      mayServeStale(head(), requirement, { policy: policy({ maxAgeMs: 1e9 }), reason: 'staleIfError', nowMs: NOW }),
    ).toBe(false);
  });
});

it('only versions that a source can be asked for are probed', () => {
  const probed = VERSION_KINDS.filter((kind) => canVerifyByProbe(head(), requirementAtArrival(seen()), kind));
  expect(probed).toEqual(['checksum', 'rowscn', 'row-version', 'table-checksum', 'refresh-key']);
  expect(canVerifyByProbe(null, requirementAtArrival(seen()), 'checksum')).toBe(false);
});

it('no head satisfies a caller with work that began at or before any tick the caller saw', () => {
  const some = fc.nat(40).map(tick);
  fc.assert(
    fc.property(fc.record({ started: some, soft: some, hard: some }), some, some, (ticks, fence, verified) => {
      const requirement = requirementAtArrival(seen(ticks));
      const satisfied = satisfies(head({ fence, verified }), requirement);
      expect(satisfied).toBe(verified > Math.max(ticks.started, ticks.soft, ticks.hard) && fence > ticks.hard);
    }),
  );
});
