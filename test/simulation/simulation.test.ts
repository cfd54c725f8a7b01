/** Thousands of seeded schedules over the real use cases. PARQUEUE_SIM_SEEDS and PARQUEUE_SIM_FROM choose others. */
import { describe, expect, test } from 'vitest';
import { PROFILES } from './profiles.ts';
import { runSeed } from './run-seed.ts';

const seeds = Number(process.env['PARQUEUE_SIM_SEEDS'] ?? 400);
const from = Number(process.env['PARQUEUE_SIM_FROM'] ?? 1);

describe('the coordination rules hold on every schedule', () => {
  test.each(PROFILES)('$name', { timeout: 3_600_000 }, async (profile) => {
    const total = { steps: 0, answers: 0, failures: 0, loads: 0 };
    for (let seed = from; seed < from + seeds; seed += 1) {
      const report = await runSeed(seed, profile);
      total.steps += report.steps;
      total.answers += report.answers;
      total.failures += report.failures;
      total.loads += report.loads;
    }
    console.info(`${profile.name}: ${seeds} seeds from ${from}, ${total.steps} steps, ${total.answers} answers, ${total.failures} coded failures, ${total.loads} loads`);
    expect(total.answers).toBeGreaterThan(seeds);
  });

  test('a source that does not change is loaded once, however many ask and whenever', { timeout: 3_600_000 }, async () => {
    const steady = PROFILES.find(({ name }) => name === 'steady');
    for (let seed = from; seed < from + seeds; seed += 1) {
      const report = await runSeed(seed, steady!);
      expect(report.loads, `seed ${seed}`).toBe(1);
    }
  });
});
