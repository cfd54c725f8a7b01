/** Runs blocks of seeds for simulate.ts, in a process of its own: what crashes here ends one block and not the whole. */
import { PROFILES } from './profiles.ts';
import { runSeed, Violation } from './run-seed.ts';
import { add, noTotals, type Totals } from './totals.ts';

export interface Block {
  readonly profile: string;
  readonly from: number;
  readonly seeds: number;
}

export interface Failing {
  readonly profile: string;
  readonly seed: number;
  readonly found: string;
}

export interface BlockReport {
  readonly totals: Totals;
  readonly failing: readonly Failing[];
}

/** Many runs are refused many times on purpose: nobody reads where. Whoever runs one seed again does. */
Error.stackTraceLimit = 0;

async function play({ profile: name, from, seeds }: Block): Promise<BlockReport> {
  const profile = PROFILES.find((candidate) => candidate.name === name);
  if (profile === undefined) throw new Error(`there is no profile ${name}`);
  const totals = noTotals();
  const failing: Failing[] = [];
  for (let seed = from; seed < from + seeds; seed += 1) {
    try {
      add(totals, await runSeed(seed, profile));
    } catch (error) {
      totals.seeds += 1;
      failing.push({ profile: name, seed, found: error instanceof Violation ? error.finding : String(error) });
    }
  }
  return { totals, failing };
}

process.on('message', (block: Block) => {
  void play(block).then((report) => process.send?.(report));
});
// Ctrl-C reaches the whole group; the block is finished first, and simulate.ts ends this process.
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => undefined);
process.on('disconnect', () => process.exit());
