/** Looking for the seed that shows a mutation: in the profiles that are meant to first, then in all others. */
import type { Profile } from '../profile.ts';
import { toldAs, type Caught } from './caught.ts';
import type { Mutation } from './mutation.ts';
import type { Mutants, RunSeed } from './mutant.ts';

export interface Budget {
  /** Seeds of each profile that is meant to catch it, and of each other. */
  readonly seeds: number;
  readonly seedsElsewhere: number;
  /** Of so many catches the one with the fewest steps is kept: it is played in every test run. */
  readonly catches: number;
}

/** @returns null where no seed showed it */
export async function search(
  mutants: Mutants,
  { edits, profiles: named }: Mutation,
  { profiles, budget }: { readonly profiles: readonly Profile[]; readonly budget: Budget },
): Promise<Caught | null> {
  const meant = profiles.filter(({ name }) => named.includes(name));
  const others = profiles.filter(({ name }) => !named.includes(name));
  return await mutants.run(edits, async (runSeed) => {
    for (const [some, seeds] of [
      [meant, budget.seeds],
      [others, budget.seedsElsewhere],
    ] as const) {
      for (const profile of some) {
        const cheapest = await cheapestOf(runSeed, profile, { from: 1, seeds, catches: budget.catches });
        if (cheapest !== null) return cheapest;
      }
    }
    return null;
  });
}

export async function cheapestOf(
  runSeed: RunSeed,
  profile: Profile,
  { from, seeds, catches }: { readonly from: number; readonly seeds: number; readonly catches: number },
): Promise<Caught | null> {
  const found: Caught[] = [];
  for (let seed = from; seed < from + seeds && found.length < catches; seed += 1) {
    const violation = await violationOf(runSeed, seed, profile);
    if (violation !== null)
      found.push({ profile: profile.name, seed, steps: violation.steps, finding: toldAs(violation.finding) });
  }
  return found.toSorted((a, b) => a.steps - b.steps)[0] ?? null;
}

/** Each mutant has classes of its own, so a violation is known by its name. What else is thrown shows nothing. */
async function violationOf(
  runSeed: RunSeed,
  seed: number,
  profile: Profile,
): Promise<{ readonly steps: number; readonly finding: string } | null> {
  try {
    await runSeed(seed, profile);
    return null;
  } catch (error) {
    if (error instanceof Error && error.name === 'Violation' && 'steps' in error && 'finding' in error)
      return { steps: Number(error.steps), finding: String(error.finding) };
    throw error;
  }
}
