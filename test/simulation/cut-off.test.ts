/** That the profiles of readers without Redis meet what they are for: the seeds are fixed, so what is counted is certain. */
import { expect, test } from 'vitest';
import { PROFILES } from './profiles.ts';
import { runSeed } from './run-seed.ts';

test.each(PROFILES.filter(({ cutOff }) => cutOff === true))(
  '$name: readers are answered, and refused for each reason there is',
  { timeout: 600_000 },
  async (profile) => {
    const met: Record<string, number> = {};
    for (let seed = 1; seed <= 12; seed += 1) {
      const { degraded } = await runSeed(seed, profile);
      for (const [what, count] of Object.entries(degraded)) met[what] = (met[what] ?? 0) + count;
    }
    console.info(`${profile.name}: ${JSON.stringify(met)}`);
    const isMarked = profile.deeds.includes('hard');
    for (const what of ['answer', 'nothing', ...(isMarked ? ['forbidden'] : []), 'too-old'])
      expect(met[what], what).toBeGreaterThan(0);
  },
);
