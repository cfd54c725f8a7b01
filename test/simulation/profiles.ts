/** Weathers to sail in. Broad ones find what nobody thought of; focused ones aim at single rules. */
import type { Profile } from './run-seed.ts';
import { CALM } from './world.ts';

const ROUGH = { repeatScript: 0.05, loseReply: 0.01, loseNotice: 0.3, deliverAgain: 0.1 };

export const PROFILES: readonly Profile[] = [
  { name: 'calm', calm: true, keys: 1, asks: 30, workers: 2, leaseTtlMs: 60_000, faults: CALM, nemesis: 0.02, deeds: ['change'] },
  { name: 'steady', calm: true, keys: 1, asks: 30, workers: 2, leaseTtlMs: 60_000, faults: CALM, nemesis: 0, deeds: [] },
  { name: 'changing', calm: false, keys: 2, asks: 30, workers: 2, leaseTtlMs: 60, faults: { ...CALM, loseNotice: 0.5 }, nemesis: 0.05, deeds: ['change', 'revert', 'change', 'gc'] },
  { name: 'zombies', calm: false, keys: 1, asks: 30, workers: 2, leaseTtlMs: 60, faults: ROUGH, nemesis: 0.05, deeds: ['stall', 'stall', 'change', 'crash', 'gc'] },
  { name: 'forgetful', calm: false, keys: 1, asks: 30, workers: 2, leaseTtlMs: 60, faults: ROUGH, nemesis: 0.02, deeds: ['restart-redis', 'rollback-redis', 'flush-redis', 'change', 'change', 'gc', 'hard', 'stall'] },
  { name: 'invalidating', calm: false, keys: 1, asks: 30, workers: 2, leaseTtlMs: 60, faults: { ...CALM, repeatScript: 0.05 }, nemesis: 0.06, deeds: ['soft', 'hard', 'purge', 'change', 'revert', 'gc', 'flush-redis'] },
  { name: 'failing', calm: false, keys: 2, asks: 30, workers: 2, leaseTtlMs: 60, faults: ROUGH, nemesis: 0.05, deeds: ['source-down', 'source-up', 'change', 'damage', 'lose-jobs', 'gc', 'crash'] },
  { name: 'everything', calm: false, keys: 2, asks: 40, workers: 2, leaseTtlMs: 60, faults: ROUGH, nemesis: 0.06,
    deeds: ['change', 'change', 'revert', 'crash', 'stall', 'restart-redis', 'rollback-redis', 'flush-redis', 'source-down', 'source-up', 'source-up', 'soft', 'hard', 'purge', 'gc', 'gc', 'lose-jobs'] },
  { name: 'late snapshots', calm: false, keys: 1, asks: 30, workers: 4, leaseTtlMs: 25, faults: { ...CALM, deliverAgain: 0.4 }, nemesis: 0.2,
    deeds: ['stall', 'stall', 'stall', 'change'] },
  { name: 'hard rain', calm: false, keys: 1, asks: 40, workers: 2, leaseTtlMs: 60, faults: CALM, nemesis: 0.12, deeds: ['hard', 'soft', 'hard', 'change'] },
  { name: 'amnesia', calm: false, keys: 1, asks: 30, workers: 2, leaseTtlMs: 60, faults: CALM, nemesis: 0.05, deeds: ['hard', 'hard', 'flush-redis', 'rollback-redis'] },
  { name: 'slow commits', calm: false, keys: 1, asks: 40, workers: 3, leaseTtlMs: 25, faults: CALM, nemesis: 0.25, deeds: ['stall', 'gc', 'gc', 'change'] },
];
