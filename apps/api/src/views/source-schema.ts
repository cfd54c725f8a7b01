/** Schemas of sources, as source-view.ts shows them. */
import { SOURCE_KINDS } from '@parqueue/core';
import {
  flag,
  listOf,
  named,
  nullable,
  number,
  object,
  oneOf,
  optional,
  text,
  time,
  whole,
} from '../openapi/schema.ts';
import { FRESHNESS } from './dataset-schema.ts';
import { CODE } from './fill-schema.ts';

export const COOLING = named(
  'Cooling',
  object('A source that failed repeatedly is not asked for a while.', {
    failures: whole('Failures in a row.', 3),
    until: time('Then one trial goes first.'),
    seconds: number('How long that is from now.', 5),
    failure: nullable(
      object('The last one.', { code: CODE, message: text('What happened.') }),
      'null where it is not known any more.',
    ),
  }),
);

const jobs = (description: string) => optional(whole(description));

const SOURCE = named(
  'Source',
  object('A system of record. Where it is and who asks it stays in the configuration.', {
    name: text('Its name.', 'lake'),
    kind: oneOf('What it is.', SOURCE_KINDS),
    adhoc: flag('Whether it may be asked what no dataset declares.'),
    adhocFreshness: nullable(FRESHNESS, 'How fresh such answers are; null: they are refused.'),
    limits: object('Across all workers.', {
      maxConcurrentFills: whole('Loads at a time.', 2),
      maxConcurrentProbes: whole('Probes at a time.', 4),
    }),
    pool: nullable(
      object('Of a database.', { maxPerThread: whole('Connections of each worker thread.', 4) }),
      'null: it is no database.',
    ),
    paused: flag('Somebody paused it: nothing is asked.'),
    cooling: nullable(COOLING, 'null while it may be asked.'),
    queues: listOf(
      object('Jobs of one kind, counted by state.', {
        queue: text('Its name.'),
        kind: oneOf('Of its jobs.', ['probe', 'fill']),
        waiting: jobs('To be taken.'),
        prioritized: jobs('To be taken, in their order of priority.'),
        delayed: jobs('To be taken later.'),
        active: jobs('Being worked on.'),
        completed: jobs('Ended well, as long as that is remembered.'),
        failed: jobs('Ended badly, as long as that is remembered.'),
        paused: jobs('Held back.'),
        'waiting-children': jobs('Never used.'),
      }),
      'One for probes and one for fills, as soon as they were used.',
    ),
  }),
);

export const SOURCES = named('Sources', object('All sources.', { sources: listOf(SOURCE) }));

export const SOURCE_STATE = named(
  'SourceState',
  object('What was done.', { source: text('Its name.', 'lake'), paused: flag('Whether it is paused now.') }),
);
