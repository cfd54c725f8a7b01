/**
 * Does the simulation bite? Each seeded defect is played at the seed that is known to show it. `npm run mutations [-- NAME]`
 * looks for those seeds anew, in all profiles, and breaks the Lua scripts in the same way.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { REPOSITORY } from '../../fixtures/source-graph.ts';
import { PROFILES } from '../profiles.ts';
import { documentedTable, keepCaught, readCaught, tableOf, writeDocumentedTable, type Caught } from './caught.ts';
import { applyEdits, byFile } from './mutation.ts';
import { MUTATIONS } from './mutations.ts';
import { Mutants } from './mutant.ts';
import { cheapestOf, search } from './search.ts';
import { DIFFERENTIAL, isNoticed } from './suites.ts';

const wanted = process.env['PARQUEUE_MUTATIONS'];
const chosen = MUTATIONS.filter(({ name }) => wanted === 'all' || name === wanted);

/** Schedules of a seed move with whatever is scheduled; then one of the next shows the defect. */
const SEEDS_FROM_THE_KEPT = 25;
const BUDGET = { seeds: 200, seedsElsewhere: 10, catches: 3 };

let mutants: Mutants;
beforeAll(async () => {
  mutants = await Mutants.open();
});
afterAll(async () => {
  await mutants[Symbol.asyncDispose]();
});

describe('mutations', () => {
  test('have names of their own, and profiles that there are', () => {
    expect(new Set(MUTATIONS.map(({ name }) => name)).size).toBe(MUTATIONS.length);
    const profiles = new Set(PROFILES.map(({ name }) => name));
    expect(MUTATIONS.flatMap((mutation) => mutation.profiles).filter((name) => !profiles.has(name))).toEqual([]);
  });

  test.each(MUTATIONS)('$name: what it breaks is there, once', ({ edits, twin = [] }) => {
    expect(edits.length).toBeGreaterThan(0);
    for (const [file, its] of byFile([...edits, ...twin])) {
      const source = readFileSync(join(REPOSITORY, file), 'utf8');
      expect(applyEdits(source, its)).not.toBe(source);
    }
  });

  test('the table in docs/simulation.md is that of the list', () => {
    expect(documentedTable()).toBe(tableOf(MUTATIONS, readCaught()));
  });
});

describe.skipIf(wanted !== undefined)('the simulation notices', { timeout: 120_000 }, () => {
  const caught = readCaught();

  test.each(MUTATIONS.filter(({ unseen }) => unseen === undefined))('$name', async ({ name, edits }) => {
    const kept = caught[name];
    const profile = PROFILES.find((candidate) => candidate.name === kept?.profile);
    if (kept === undefined || profile === undefined)
      throw new Error(`no seed is kept: run npm run mutations -- ${name}`);
    const seen = await mutants.run(edits, (runSeed) =>
      cheapestOf(runSeed, profile, { from: kept.seed, seeds: SEEDS_FROM_THE_KEPT, catches: 1 }),
    );
    expect(seen, `${kept.profile}, seeds ${kept.seed} to ${kept.seed + SEEDS_FROM_THE_KEPT - 1}`).not.toBeNull();
  });
});

describe.runIf(wanted !== undefined)('all profiles are searched', () => {
  const found: Record<string, Caught> = {};

  test('for a mutation that there is', () => {
    expect(chosen, `no mutation is called ${wanted}`).not.toEqual([]);
  });

  test.each(chosen)('$name', { timeout: 3_600_000 }, async (mutation) => {
    const { name, twin, unseen } = mutation;
    const place = `${chosen.indexOf(mutation) + 1}/${chosen.length} ${name}`;
    if (unseen === undefined) {
      const caught = await search(mutants, mutation, { profiles: PROFILES, budget: BUDGET });
      const where =
        caught === null
          ? 'SURVIVED'
          : `${caught.profile}, seed ${caught.seed}, ${caught.steps} steps: ${caught.finding}`;
      console.info(`${place}: ${where}`);
      if (caught !== null) found[name] = caught;
      expect(caught, 'no seed shows it').not.toBeNull();
    } else {
      const told = await isNoticed({ mutation: name, of: 'program', tests: unseen.tests });
      console.info(`${place}: ${told ? 'noticed' : 'NOT NOTICED'} by ${unseen.tests.join(', ')}`);
      expect(told, 'the tests that are named do not notice it').toBe(true);
    }
    if (twin === undefined) return;
    const told = await isNoticed({ mutation: name, of: 'twin', tests: DIFFERENTIAL });
    console.info(`${place}: its twin in Lua ${told ? 'is noticed by the differential suites' : 'SURVIVED'}`);
    expect(told, 'the differential suites do not notice the same defect in Lua').toBe(true);
  });

  test('what was found is kept', () => {
    const shown = Object.keys(found).length;
    const unseen = chosen.filter((mutation) => mutation.unseen !== undefined).length;
    console.info(`${shown} of ${chosen.length} mutations were shown by a seed, ${unseen} are left to other tests`);
    keepCaught({ ...readCaught(), ...found });
    writeDocumentedTable(tableOf(MUTATIONS, readCaught()));
  });
});
