/** What /v1/invalidate takes and answers. */
import { listOf, named, object, oneOf, optional, text, whole } from '../openapi/schema.ts';

const MODE = oneOf('soft: verify before the next use; hard: load again before it; purge: also end pins and remove.', [
  'soft',
  'hard',
  'purge',
]);
const TARGETS = {
  key: text('The entry of this key.'),
  dataset: text('All entries of this dataset.', 'sales'),
  source: text('All entries of this source; with `table`, those that read it.', 'erp'),
  table: text('A table of the source, as SQL names it, or SOURCE/TABLE by itself.', 'app.sales'),
};

export const INVALIDATE_BODY = named('Invalidate', {
  type: 'object',
  additionalProperties: false,
  description: 'Name one of key, dataset, source, table and prefix, or a source and its table.',
  properties: {
    ...TARGETS,
    prefix: { type: 'string', minLength: 1, description: 'All entries whose key begins with it.' },
    mode: { ...MODE, default: 'soft' },
  },
});

export const INVALIDATED = named(
  'Invalidated',
  object('What was marked: the target as it was named, and what it came to.', {
    ...Object.fromEntries(Object.entries(TARGETS).map(([name, schema]) => [name, optional(schema)])),
    prefix: optional(text('As it was given.')),
    mode: MODE,
    entries: whole('How many entries it concerns: those that had rows.', 12),
    fills: whole(
      'How many loads under way it concerns, first ones included: they satisfy nobody who asks after it, and a purge ends them.',
    ),
    target: optional(text('What was marked.', 'dataset:sales', 'table:erp/APP.SALES')),
    tick: optional(whole('Of the mark: what was verified, or filled, up to it is no longer right.')),
    reached: optional(listOf(text('A target.'), 'What was marked too, because it reads the target or asks the same.')),
  }),
);
