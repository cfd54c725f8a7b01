/** What failed once is played again. */
import { expect, test } from 'vitest';
import { KEPT_SEEDS } from './kept-seeds.ts';
import { PROFILES } from './profiles.ts';
import { runSeed } from './run-seed.ts';

test.each(KEPT_SEEDS)('$profile, seed $seed: no more $found', { timeout: 120_000 }, async (kept) => {
  const profile = PROFILES.find(({ name }) => name === kept.profile);
  if (profile === undefined) throw new Error(`no profile is called ${kept.profile}`);
  const { answers } = await runSeed(kept.seed, profile);
  expect(answers).toBeGreaterThan(0);
});
