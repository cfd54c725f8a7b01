/**
 * Weathers that were made for one mutation each (mutations/): rules whose moment the others reach too seldom. What stands
 * above each is the story that it is to reach.
 */
import type { Profile } from './profile.ts';
import { CALM } from './world.ts';

export const FOCUSED_PROFILES: readonly Profile[] = [
  {
    // An opener stalls before it opens; Redis forgets, another epoch is opened, a scope is marked there, Redis forgets
    // again; now the first one opens its older epoch. Sources do not change: what is marked would be proved right.
    name: 'late openings unchanged',
    calm: false,
    keys: 1,
    asks: 30,
    workers: 3,
    leaseTtlMs: 60,
    faults: CALM,
    nemesis: 0.08,
    deeds: ['late-opening', 'clear-redis', 'hard', 'hard'],
  },
  {
    // Tables are marked while nobody knows yet that a view reads them, and callers take what is young enough without a probe:
    // what the mark does not reach by itself, no later probe completes.
    name: 'unknown views',
    calm: false,
    keys: 0,
    statements: ['APP.V'],
    asks: 20,
    maxAgeMs: 2000,
    workers: 2,
    leaseTtlMs: 1000,
    faults: CALM,
    nemesis: 0.1,
    deeds: ['mark-table'],
  },
  {
    // The same where the view is known and marks are few: a head stands long enough to be young and marked.
    name: 'known views',
    calm: false,
    sound: true,
    keys: 0,
    statements: ['APP.V', 'APP.A,APP.V'],
    asks: 30,
    maxAgeMs: 2000,
    workers: 2,
    leaseTtlMs: 1000,
    faults: CALM,
    nemesis: 0.02,
    deeds: ['mark-table'],
  },
  {
    // Readers are few, so that what they hold is replaced, past its grace and collected before their pins end.
    name: 'pinned readers',
    calm: false,
    sound: true,
    keys: 1,
    asks: 40,
    askChance: 0.03,
    workers: 3,
    leaseTtlMs: 1000,
    faults: CALM,
    nemesis: 0.15,
    deeds: ['change', 'gc', 'gc'],
  },
  {
    // What was published and is not committed yet, while collectors come by again and again.
    name: 'late commits',
    calm: false,
    sound: true,
    keys: 1,
    asks: 30,
    askChance: 0.03,
    workers: 3,
    leaseTtlMs: 1000,
    faults: CALM,
    nemesis: 0.15,
    deeds: ['change', 'gc', 'gc', 'late-commit'],
  },
  {
    // A grace that is longer than a collection takes: what is replaced is looked at again and again before it is over.
    name: 'long grace',
    calm: false,
    sound: true,
    keys: 1,
    asks: 30,
    askChance: 0.03,
    workers: 2,
    leaseTtlMs: 1000,
    graceMs: 400,
    faults: CALM,
    nemesis: 0.15,
    deeds: ['change', 'gc', 'gc'],
  },
  {
    // Pins that outlive the memory of Redis and the pass after it: collectors come by while their readers still read.
    name: 'forgotten pins',
    calm: false,
    keys: 1,
    asks: 30,
    askChance: 0.03,
    workers: 2,
    leaseTtlMs: 1000,
    pinTtlMs: 1500,
    faults: CALM,
    nemesis: 0.15,
    deeds: ['change', 'change', 'gc', 'gc', 'gc', 'gc', 'flush-redis'],
  },
  {
    // Three entries that change, in a store that holds two parts, and nothing that fails: loads under way see each other's room.
    name: 'crowded store',
    calm: false,
    keepsQuota: true,
    keys: 3,
    asks: 30,
    workers: 3,
    leaseTtlMs: 60_000,
    quotaBytes: 170,
    faults: CALM,
    nemesis: 0.08,
    deeds: ['change', 'gc', 'gc', 'lull'],
  },
  {
    // Loads that take about as long as an answer without Redis may be old, read by who was told nothing of them before.
    name: 'cut off from slow loads',
    calm: false,
    keys: 2,
    asks: 25,
    askChance: 0.05,
    workers: 2,
    leaseTtlMs: 1000,
    cutOff: true,
    faults: CALM,
    nemesis: 0.1,
    deeds: ['change', 'slow-rows', 'slow-rows', 'slow-rows'],
  },
  {
    // Probes of tables stall before their tick, after it, and after they asked, while the tables change.
    name: 'late ticks',
    calm: false,
    sound: true,
    keys: 0,
    statements: ['APP.A', 'APP.A,APP.B'],
    asks: 25,
    workers: 3,
    leaseTtlMs: 1000,
    faults: CALM,
    nemesis: 0.15,
    deeds: ['late-probe', 'late-probe', 'change'],
  },
  {
    // Jobs vanish under the last who wait, so that nobody else's work answers them.
    name: 'lost jobs',
    calm: false,
    sound: true,
    keys: 2,
    asks: 4,
    askChance: 0.05,
    workers: 1,
    leaseTtlMs: 1000,
    faults: CALM,
    nemesis: 0.2,
    deeds: ['lose-jobs'],
  },
];
