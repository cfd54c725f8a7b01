/**
 * Thousands of seeded schedules over the real use cases. A failure prints its seed and profile; PARQUEUE_SIM_FROM with
 * PARQUEUE_SIM_SEEDS=1 runs it again. `npm run simulate` takes more seeds than a test run should.
 */
import { describe, expect, test } from 'vitest';
import { PROFILES } from './profiles.ts';
import { runSeed, type SeedReport } from './run-seed.ts';

const seeds = Number(process.env['PARQUEUE_SIM_SEEDS'] ?? 120);
const from = Number(process.env['PARQUEUE_SIM_FROM'] ?? 1);

describe('on every schedule no answer is torn, wrongly keyed or staler than its policy, and every waiter is answered', () => {
  test.each(PROFILES)('$name', { timeout: 3_600_000 }, async (profile) => {
    const reports: SeedReport[] = [];
    for (let seed = from; seed < from + seeds; seed += 1) {
      reports.push(await runSeed(seed, profile));
    }
    const sum = (of: (report: SeedReport) => number): number =>
      reports.reduce((total, report) => total + of(report), 0);
    console.info(
      `${profile.name}: ${seeds} seeds from ${from}, ${sum(({ steps }) => steps)} steps, ${sum(({ answers }) => answers)} answers, `
        + `${sum(({ failures }) => failures)} coded failures, ${sum(({ loads }) => loads)} loads, ${sum(({ partsAsked }) => partsAsked)} parts asked, `
        + `${sum(({ evicted }) => evicted)} heads evicted, ${sum(({ refused }) => refused)} fills without room`,
    );
    expect(sum(({ answers }) => answers)).toBeGreaterThan(seeds);
  });
});
