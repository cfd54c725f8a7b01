/** All seeded defects. */
import { EPOCH_MUTATIONS } from './epochs.ts';
import { FENCE_MUTATIONS } from './fences.ts';
import { FRESHNESS_MUTATIONS } from './freshness.ts';
import { GC_MUTATIONS } from './gc.ts';
import type { Mutation } from './mutation.ts';
import { SHARING_MUTATIONS } from './sharing.ts';

export const MUTATIONS: readonly Mutation[] = [
  ...FRESHNESS_MUTATIONS,
  ...FENCE_MUTATIONS,
  ...EPOCH_MUTATIONS,
  ...SHARING_MUTATIONS,
  ...GC_MUTATIONS,
];
