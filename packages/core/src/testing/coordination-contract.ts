/**
 * What every implementation of the coordination ports must do. Run it on the memory port and on Redis alike. Time is
 * aged, not waited for: the harness moves what is written down into the past.
 */
import { beforeEach, describe } from 'vitest';
import type { CoordinationHarness } from './coordination-harness.ts';
import { Bench } from './coordination/bench.ts';
import { coolingStories } from './coordination/cooling.ts';
import { epochStories } from './coordination/epochs.ts';
import { fillStories } from './coordination/fills.ts';
import { generationStories } from './coordination/generations.ts';
import { notedStories } from './coordination/noted-reads.ts';
import { partStories } from './coordination/parts.ts';
import { retentionStories } from './coordination/retention.ts';

export { commitRequest, openEpoch } from './coordination/bench.ts';

export function coordinationContract(name: string, open: () => Promise<CoordinationHarness>): void {
  describe(`coordination on ${name}`, () => {
    const bench = new Bench();

    beforeEach(async () => {
      const harness = await open();
      await bench.set(harness);
      return () => harness.close();
    });

    fillStories(bench);
    generationStories(bench);
    epochStories(bench);
    retentionStories(bench);
    partStories(bench);
    coolingStories(bench);
    notedStories(bench);
  });
}
