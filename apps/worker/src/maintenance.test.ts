import { phaseOf, type GcReport } from '@parqueue/core';
import pino from 'pino';
import { expect, test } from 'vitest';
import { Maintenance, runChore, type Chore, type ChoreDeps, type MaintenanceDeps } from './maintenance.ts';

const log = pino({ level: 'silent' });

function maintenance(
  states: { readonly epoch: number; readonly complete: boolean }[],
  parts: Partial<MaintenanceDeps> = {},
) {
  const wanted: [Chore, number][] = [];
  const epochs: number[] = [];
  const watch = new Maintenance({
    reconciled: async () => {
      const state = states.shift();
      if (state === undefined) throw new Error('Redis is away');
      return state;
    },
    onEpoch: async (epoch) => {
      epochs.push(epoch);
    },
    keepSchedules: async () => undefined,
    queue: {
      want: async (chore, quietMs) => {
        wanted.push([chore, quietMs]);
      },
    },
    collectEveryMs: 1000,
    sleep: async () => undefined,
    phase: 0,
    log,
    ...parts,
  });
  return { watch, wanted, epochs };
}

test('a new epoch is reconciled before anything is collected, and its limits are set once', async () => {
  const { watch, wanted, epochs } = maintenance([
    { epoch: 1, complete: false },
    { epoch: 1, complete: true },
    { epoch: 1, complete: true },
    { epoch: 2, complete: false },
  ]);
  for (let look = 0; look < 4; look += 1) await watch.look();
  expect(wanted).toEqual([
    ['reconcile', 0],
    ['collect', 1000],
    ['collect', 1000],
    ['reconcile', 0],
  ]);
  expect(epochs).toEqual([1, 2]);
});

test('a look that fails is told and the next one tries again', async () => {
  const { watch, wanted } = maintenance([]);
  await watch.look();
  expect(wanted).toEqual([]);
});

test('an epoch whose limits could not be set is taken up again at the next look', async () => {
  let calls = 0;
  const { watch, wanted } = maintenance(
    [
      { epoch: 1, complete: true },
      { epoch: 1, complete: true },
    ],
    {
      onEpoch: async () => {
        calls += 1;
        if (calls === 1) throw new Error('Redis is away');
      },
    },
  );
  await watch.look();
  await watch.look();
  expect(calls).toBe(2);
  expect(wanted).toHaveLength(1);
});

test('the trash is emptied even while nothing may be collected', async () => {
  const report: GcReport = {
    waitingFor: 'reconciliation',
    waitUntilMs: null,
    keys: 0,
    heads: 0,
    generations: 0,
    staging: 0,
    trash: 0,
    bytes: 0,
    removed: {},
    retired: {},
    usage: { bytes: 0, generations: 0, datasets: {}, reservedBytes: 0, reservedOf: {} },
    space: { freeBytes: 1, totalBytes: 1 },
  };
  let emptied = 0;
  const deps: ChoreDeps = {
    reconcileAll: async () => undefined,
    collect: async () => report,
    emptyTrash: async () => {
      emptied += 1;
      return 3;
    },
    log,
  };
  await runChore('collect', new AbortController().signal, deps);
  expect(emptied).toBe(1);
});

test('workers of different names look at different times', () => {
  const phases = ['a:1', 'a:2', 'b:1'].map(phaseOf);
  expect(new Set(phases).size).toBe(3);
  expect(phases.every((phase) => phase >= 0 && phase < 1)).toBe(true);
});
