/**
 * Thousands of seeded schedules over the real use cases. A failure prints its seed and profile;
 * `npm run simulate -- --profile NAME --seed N` runs it again, and `npm run simulate` takes more seeds than a test run should.
 */
import { afterAll, describe, expect, test } from 'vitest';
import { INJECTED } from './injected.ts';
import { PROFILES } from './profiles.ts';
import { runSeed } from './run-seed.ts';
import { add, inWords, noTotals } from './totals.ts';

const SEEDS = 60;
const all = noTotals();

describe('on every schedule no answer is torn, wrongly keyed or staler than its policy, and every waiter is answered', () => {
  test.each(PROFILES)('$name', { timeout: 3_600_000 }, async (profile) => {
    const totals = noTotals();
    for (let seed = 1; seed <= SEEDS; seed += 1) add(totals, await runSeed(seed, profile));
    add(all, totals);
    console.info(`${profile.name}: ${inWords(totals)}`);
    expect(totals.answers).toBeGreaterThan(SEEDS);
  });

  // The seeds are fixed and a seed is one run: what was met once is met always.
  test('and everything that may go wrong went wrong meanwhile', { timeout: 10_000 }, () => {
    expect(INJECTED.filter((name) => all.injected[name] === 0)).toEqual([]);
  });
});

afterAll(() => {
  console.info(`${inWords(all)}; ${JSON.stringify(all.injected)}`);
});
