/** Schemas of how datasets are asked and of what the cache holds of them, as asks-view.ts shows it. */
import { ASK_OUTCOMES, type AskOutcome } from '@parqueue/core';
import { flag, listOf, named, nullable, number, object, time, whole, type Schema } from '../openapi/schema.ts';

const MEANINGS: Readonly<Record<AskOutcome, string>> = {
  hit: 'Asks that the cache answered, whether or not the source was asked for its version first.',
  stale: 'Asks answered with rows older than the policy asks for, within the windows it allows.',
  miss: 'Asks that waited for a load of their own.',
  collapsed: "Asks that waited for somebody else's load.",
  error: 'Asks that ended in an error.',
};

const COUNTS: Readonly<Record<AskOutcome, Schema>> = Object.fromEntries(
  ASK_OUTCOMES.map((outcome) => [outcome, whole(MEANINGS[outcome])]),
) as Record<AskOutcome, Schema>;

const PERIOD = named(
  'AskPeriod',
  object('How the dataset was asked for a while.', {
    since: time('Beginning of the first minute or hour that is counted.'),
    ...COUNTS,
    total: whole('All of them.'),
    hitRatio: nullable(number('Hits and stale ones among those that were answered, 0 to 1; null: none was.', 0.98)),
  }),
);

const BUCKET = named('AskBucket', object('Asks of one minute or hour.', { at: time('Its beginning.'), ...COUNTS }));

const ASKS_PROPERTIES = {
  lastHour: PERIOD,
  lastDay: PERIOD,
  hours: listOf(BUCKET, 'The last 24, oldest first; the last one is under way.'),
};

/** Counted in every process and added up every few seconds, so a page is a little behind. */
export const ASKS = named(
  'Asks',
  object('Asks over all API processes, up to some seconds ago: the last 60 minutes and 24 hours.', ASKS_PROPERTIES),
);

export const ASK_SERIES = named(
  'AskSeries',
  object('Asks over all API processes, up to some seconds ago.', {
    ...ASKS_PROPERTIES,
    minutes: listOf(BUCKET, 'The last 60, oldest first; the last one is under way.'),
  }),
);

export const STORED = named(
  'Stored',
  object('What the cache holds of the dataset.', {
    entries: whole('Entries that have rows.'),
    rows: whole('Rows of all of them.'),
    bytes: whole('Size of their Parquet files, in bytes.'),
    damaged: whole('Entries whose files readers rejected; their next ask fills them again.'),
    newestCommittedAt: nullable(time('When rows were loaded last; null: there is none.')),
    newestVerifiedAt: nullable(time('When the one proved right latest was; null: there is none.')),
    oldestVerifiedAt: nullable(time('When the one proved right longest ago was; null: there is none.')),
    oldestAgeSeconds: nullable(number('Age of that one.', 812.4)),
    complete: flag('False: there are so many entries that not all were looked at, and the numbers are of those.'),
  }),
);
