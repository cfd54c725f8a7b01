/** The selection of the crash matrix: what it leaves out, nobody would notice. */
import { FILL_STEPS } from '@parqueue/core';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ALL_CELLS, DIMENSIONS, nameOf, PAIRWISE_CELLS, PHASES } from './cells.ts';
import { everyCombination, pairwise, type Dimensions } from './pairwise.ts';

function pairsOf(rows: readonly Readonly<Record<string, string>>[]): Set<string> {
  return new Set(
    rows.flatMap((row) => {
      const cells = Object.entries(row).toSorted(([a], [b]) => (a < b ? -1 : 1));
      return cells.flatMap((one, index) => cells.slice(index + 1).map((other) => JSON.stringify([one, other])));
    }),
  );
}

const dimensions = fc
  .array(fc.integer({ min: 1, max: 5 }), { minLength: 1, maxLength: 5 })
  .map((sizes): Dimensions =>
    Object.fromEntries(sizes.map((size, at) => [`d${at}`, Array.from({ length: size }, (_, value) => `v${value}`)])),
  );

describe('a pairwise selection', () => {
  test('has every pair that all combinations have, whatever the dimensions', () => {
    fc.assert(
      fc.property(dimensions, (given) => {
        const selected = pairwise(given);
        expect(pairsOf(selected)).toEqual(pairsOf(everyCombination(given)));
        for (const row of selected) expect(Object.keys(row).toSorted()).toEqual(Object.keys(given).toSorted());
      }),
    );
  });

  test('is no larger than all combinations, and no smaller than the two largest dimensions ask for', () => {
    fc.assert(
      fc.property(dimensions, (given) => {
        const [first = 1, second = 1] = Object.values(given)
          .map(({ length }) => length)
          .toSorted((a, b) => b - a);
        const { length } = pairwise(given);
        expect(length).toBeGreaterThanOrEqual(first * second);
        expect(length).toBeLessThanOrEqual(everyCombination(given).length);
      }),
    );
  });

  test('is the same each time', () => {
    const given = { a: ['1', '2', '3'], b: ['x', 'y'], c: ['p', 'q'] };
    expect(pairwise(given)).toEqual(pairwise(given));
  });
});

describe('the cells of every test run', () => {
  test('have each fault in each phase, each step, and each pair of a fault or a phase with everything else', () => {
    const phaseOf = (step: string): string =>
      Object.keys(PHASES).find((name) => PHASES[name]?.some((own) => own === step)) ?? '';
    const seen = pairsOf(PAIRWISE_CELLS.map(({ step, ...cell }) => ({ ...cell, phase: phaseOf(step) })));
    const { fault, source, readers, duration } = DIMENSIONS;
    expect(seen).toEqual(pairsOf(everyCombination({ fault, phase: Object.keys(PHASES), source, readers, duration })));
    expect(new Set(PAIRWISE_CELLS.map(({ step }) => step))).toEqual(new Set(FILL_STEPS));
  });
});

describe('the cells of the long run', () => {
  test('are all there are, each once', () => {
    const names = ALL_CELLS.map(nameOf);
    expect(names.toSorted()).toEqual(everyCombination(DIMENSIONS).map(nameOf).toSorted());
  });

  test('begin with each fault at each step, and have both of everything else there after the next turn', () => {
    const { step, fault } = DIMENSIONS;
    const places = step.length * fault.length;
    const first = ALL_CELLS.slice(0, places);
    expect(pairsOf(first)).toEqual(pairsOf(ALL_CELLS));
    const situationsOf = (cell: (typeof first)[number]): readonly string[] =>
      [cell.source, cell.readers, cell.duration].map((value) => `${cell.fault} at ${cell.step}: ${value}`);
    expect(new Set(ALL_CELLS.slice(0, 2 * places).flatMap(situationsOf)).size).toBe(6 * places);
  });
});
