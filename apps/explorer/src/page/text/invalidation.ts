/** What an invalidation will do, and what it did, in words. Pure. */
import type { Invalidated } from '@parqueue/client';
import { plural } from './numbers.ts';

export const MODES = [
  {
    mode: 'soft',
    title: 'Check before the next use',
    meaning: 'The source is looked at first. What did not change is not loaded again.',
  },
  {
    mode: 'hard',
    title: 'Load again before the next use',
    meaning:
      'For rows that are wrong although the source looks the same. They are not answered any more, not even while the source is down.',
  },
  {
    mode: 'purge',
    title: 'Remove',
    meaning: 'For rows that must go: they are not answered any more, pins on them end, and their files are removed.',
  },
] as const;

export type Mode = (typeof MODES)[number]['mode'];

/** One sentence for the foot of the page. */
export function whatWasDone(answer: Pick<Invalidated, 'mode' | 'entries' | 'fills'>, what: string): string {
  const counts = [
    plural(answer.entries, 'entry', 'entries'),
    ...(answer.fills === 0 ? [] : [plural(answer.fills, 'load under way', 'loads under way')]),
  ];
  const reach = ` (${counts.join(', ')})`;
  switch (answer.mode) {
    case 'soft':
      return `Will be checked before the next use: ${what}${reach}`;
    case 'hard':
      return `Will be loaded again before the next use: ${what}${reach}`;
    case 'purge':
      return `Removed: ${what}${reach}`;
  }
}
