/**
 * Seeds that once failed, played in every test run whatever else is searched. Schedules move when something is scheduled that was
 * not before, so what a seed found then is told by its words and its commit; the profile is what goes on looking for it.
 */
export interface KeptSeed {
  readonly profile: string;
  readonly seed: number;
  readonly found: string;
  /** That mended it. */
  readonly commit: string;
}

export const KEPT_SEEDS: readonly KeptSeed[] = [
  {
    profile: 'steady',
    seed: 183,
    found: 'a second load of an unchanged source: what was seen before a grant was not looked at again under it',
    commit: '1188d94',
  },
  {
    profile: 'late openings',
    seed: 1,
    found: 'an opener that came late opened an older epoch, without the marks of the newer one',
    commit: 'f24e80c',
  },
  { profile: 'late openings', seed: 2, found: 'the same', commit: 'f24e80c' },
  {
    profile: 'marked tables',
    seed: 123,
    found: 'who came after the mark of a table was answered from a view that was not known to read it yet',
    commit: '6fbc0c1',
  },
  { profile: 'marked tables', seed: 213, found: 'the same', commit: '6fbc0c1' },
  {
    profile: 'deaf holders',
    seed: 56,
    found: 'a waiter who was not answered within 20,000 steps: starved by callers who come back, and answered later',
    commit: 'c9a680b',
  },
  { profile: 'deaf holders', seed: 84, found: 'the same', commit: 'c9a680b' },
  {
    profile: 'marked tables',
    seed: 64,
    found: 'a caller who was refused after five purges: tries that a purge had voided were counted as lost leases',
    commit: 'f6c4523',
  },
];
