/** One seed, one run: whoever is given a seed sees what was seen, in another run of this process and in another process. */
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { REPOSITORY } from '../fixtures/source-graph.ts';
import { PROFILES } from './profiles.ts';
import { runSeed } from './run-seed.ts';

test.each(PROFILES)('$name: the same seed twice is the same run', { timeout: 120_000 }, async (profile) => {
  const first = await runSeed(4711, profile);
  expect(await runSeed(4711, profile)).toEqual(first);
  expect((await runSeed(4712, profile)).digest).not.toBe(first.digest);
});

const SIMULATE = join(REPOSITORY, 'test', 'dist', 'simulation', 'simulate.js');

test.runIf(existsSync(SIMULATE))('two processes play the same run of a seed', { timeout: 120_000 }, () => {
  const play = (): string =>
    execFileSync(process.execPath, [SIMULATE, '--profile', 'everything', '--seed', '4711'], { encoding: 'utf8' });
  const first = play();
  expect(first).toMatch(/^everything, seed 4711: digest [0-9a-f]{16}, /);
  expect(play()).toBe(first);
});
