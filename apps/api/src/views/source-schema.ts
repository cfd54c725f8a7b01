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
import { HEALTH_STATES } from './source-view.ts';

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

export const PAUSE = named(
  'Pause',
  object('An operator wants nothing to be asked of a source.', {
    reason: nullable(text('Why, in the words of whoever paused it; null: nothing was said.', 'index rebuild')),
    by: nullable(text('The API key, or the address where there are no keys.', 'key:dba')),
    since: nullable(time('When it was paused.')),
  }),
);

const HEALTH = named(
  'SourceHealth',
  object('How a source does, as far as work that touched it tells. Forgotten 30 days after the last.', {
    state: oneOf(
      'ok: it answered last. failing: it did not. cooling, paused: it is not asked. unknown: nobody asked yet.',
      HEALTH_STATES,
    ),
    failuresInARow: whole('Of a database: attempts since it answered last.', 0),
    lastAnswerAt: nullable(time('When it answered last, give or take a few seconds.')),
    lastFailureAt: nullable(time('When it last failed, or refused a statement.')),
    lastFailure: nullable(object('How.', { code: CODE, message: text('What happened.') })),
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
    pause: nullable(PAUSE, 'null while it is not paused.'),
    cooling: nullable(COOLING, 'null while it may be asked.'),
    health: HEALTH,
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
  object('What was done.', {
    source: text('Its name.', 'lake'),
    paused: flag('Whether it is paused now.'),
    pause: nullable(PAUSE, 'null: it is not.'),
  }),
);

export const PAUSE_BODY = named('PauseWish', {
  type: ['object', 'null'],
  additionalProperties: false,
  properties: {
    reason: { type: 'string', minLength: 1, maxLength: 500, description: 'Why; shown with the source.' },
  },
});
