/** When a dataset is loaded without being asked for, in words. Pure. */
import type { Dataset } from '@parqueue/client';
import { plural } from './numbers.ts';
import { setting } from './times.ts';

type Refresh = NonNullable<Dataset['refresh']>;

const OUTCOMES: readonly (readonly [keyof NonNullable<Refresh['last']>['entries'], string])[] = [
  ['verified', 'not changed'],
  ['loaded', 'loaded'],
  ['fresh', 'proved right meanwhile'],
  ['joined', 'being loaded already'],
  ['unread', 'left out because nobody read them'],
  ['foreign', 'left out because the configuration changed'],
  ['late', 'not reached in time'],
  ['failed', 'failed'],
];

/** `every 15 min`, `at 0 6 * * 1-5 (Europe/Vienna)` */
export function scheduleOf({ everySeconds, cron, timeZone }: Refresh): string {
  if (everySeconds !== null) return `every ${setting(everySeconds)}`;
  return `at ${cron ?? ''}${timeZone === null ? '' : ` (${timeZone})`}`;
}

/** `12 not changed, 1 loaded`; null: none has ended yet. */
export function lastRefresh({ last }: Refresh): string | null {
  if (last === null) return null;
  const parts = OUTCOMES.flatMap(([outcome, words]) =>
    last.entries[outcome] === 0 ? [] : [`${last.entries[outcome]} ${words}`],
  );
  return parts.length === 0 ? 'there was nothing to look at' : parts.join(', ');
}

/** Which entries it looks at. */
export function reachOf({ readWithinSeconds, params }: Refresh): string {
  const read =
    readWithinSeconds === null ? 'every entry' : `entries that somebody read within ${setting(readWithinSeconds)}`;
  return params === 0 ? read : `${read}, and ${plural(params, 'combination')} of parameters whether asked for or not`;
}
