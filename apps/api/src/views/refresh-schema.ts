/** Schemas of refreshes, as refresh-view.ts shows them. */
import { named, nullable, number, object, text, time, whole } from '../openapi/schema.ts';
import { CODE } from './fill-schema.ts';

export const REFRESH = named(
  'Refresh',
  object('When the entries of a dataset are proved right, or loaded, before anybody asks.', {
    everySeconds: nullable(number('The interval; null: it is a cron.', 900)),
    cron: nullable(text('Minute, hour, day, month and weekday; null: it is an interval.', '0 6 * * 1-5')),
    timeZone: nullable(text('Of the cron.', 'Europe/Berlin')),
    jitterSeconds: number('Over how many seconds the entries are spread.', 90),
    readWithinSeconds: nullable(number('Entries that nobody read for so long are left out; null: none is.', 604_800)),
    params: whole('Combinations of parameters that are loaded although nobody asked.', 0),
    next: nullable(time('When it is due; null: not known at the moment.')),
    last: nullable(
      object('The last one that ended, by the clocks of the workers.', {
        due: time('When it was due.'),
        began: time('When it began.'),
        ended: time('When it was over.'),
        entries: object('What became of the entries.', {
          verified: whole('Found right by a probe.'),
          loaded: whole('Loaded anew.'),
          fresh: whole('Proved right by others since it was due.'),
          joined: whole('Being loaded when it was due.'),
          unread: whole('Left out: nobody read them lately.'),
          foreign: whole('Left out: the present configuration would not make them.'),
          late: whole('Not reached, or not done, before the next was due.'),
          failed: whole('Failed.'),
        }),
        lastFailure: nullable(
          object('The last thing that went wrong, also where trying again helped.', {
            code: CODE,
            message: text('What happened.'),
          }),
        ),
      }),
    ),
  }),
);
