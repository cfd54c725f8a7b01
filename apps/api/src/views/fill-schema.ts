/** Schemas of probes and fills, as fill-view.ts shows them. */
import { ERROR_CODES, type ErrorCode } from '@parqueue/core';
import {
  flag,
  listOf,
  mapOf,
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
import { GENERATION_NUMBER, KEY_TEXT, VERSION_TEXT } from './entry-schema.ts';

/** Met when a process starts; nothing that is asked over HTTP meets it. */
const NEVER_ANSWERED: ReadonlySet<string> = new Set<ErrorCode>(['PQ_CONFIG']);

export const CODE = named(
  'ErrorCode',
  oneOf(
    'Stable: test the code, never the words.',
    Object.keys(ERROR_CODES).filter((code) => !NEVER_ANSWERED.has(code)),
  ),
);

export const FAILURE = named(
  'Failure',
  object('Why work ended without an answer.', {
    code: CODE,
    message: text('What happened and what to do, for people.'),
    retryable: flag('The same may succeed later.'),
    details: optional(mapOf(true, 'What the code has to tell beside: places, constructs, retryAfterMs.')),
  }),
);

const kind = (value: string, description: string) => ({ type: 'string', const: value, description });
const FOLLOWED = {
  fillJobId: text('Of the fill that was begun.'),
  follow: text('Its URL: /v1/fills/{id}.'),
};

export const OUTCOME = named('Outcome', {
  description: 'What became of a probe or fill. A probe that found a change names the fill to `follow`.',
  oneOf: [
    object('A new generation is the head.', {
      kind: kind('committed', 'Loaded.'),
      fence: GENERATION_NUMBER,
      rows: whole('Its rows.'),
      bytes: whole('Size of its Parquet file, in bytes.'),
    }),
    object('The head was right.', { kind: kind('verified', 'The source did not change.'), fence: GENERATION_NUMBER }),
    object("Somebody else's work was enough.", {
      kind: kind('satisfied', 'Nothing was to do.'),
      fence: GENERATION_NUMBER,
    }),
    object('A probe found another version.', {
      kind: kind('changed', 'Loaded next.'),
      version: VERSION_TEXT,
      ...FOLLOWED,
    }),
    object('A probe found nothing to prove.', { kind: kind('absent', 'Loaded next.'), ...FOLLOWED }),
    object('It failed.', { kind: kind('failed', 'The entry is what it was before.'), failure: FAILURE }),
    object('Somebody cancelled it.', { kind: kind('cancelled', 'The entry is what it was before.') }),
  ],
});

const PROGRESS = named(
  'Progress',
  object('How far a load is.', {
    phase: oneOf('What it does.', ['queued', 'opening', 'reading', 'syncing', 'publishing']),
    rows: whole('Rows read.'),
    bytes: whole('Bytes read.'),
    bytesTotal: nullable(whole('Size of what is being read, in bytes; null: not known.')),
  }),
);

const STATE = oneOf('Where it stands.', ['queued', 'running', 'finished']);
const ID = text('As in `Location` and `Parqueue-Fill` of a 202.', 'lake.fill.5f0c1a2b');
const STATUS_PROPERTIES = {
  id: ID,
  url: text('Of the fill.', '/v1/fills/lake.fill.5f0c1a2b'),
  state: STATE,
  progress: nullable(PROGRESS, 'null: nothing was told yet.'),
  outcome: nullable(OUTCOME, 'null until it is finished.'),
};
const JOB_PROPERTIES = {
  kind: oneOf('A probe asks the source for its version, a fill loads its rows.', ['probe', 'fill']),
  key: KEY_TEXT,
  dataset: nullable(
    text('Dataset it was asked for, or one that asks the same, of those the caller may use; null: ad hoc.'),
  ),
  source: text('Name of the configured source.'),
  enqueuedAt: time('When it was asked for.'),
  startedAt: nullable(time('When a worker took it.')),
  finishedAt: nullable(time('When it ended.')),
  rowsPerSecond: nullable(number('Of a finished load.')),
};

export const FILL_SUMMARY = named(
  'FillSummary',
  object('A probe or fill in a list.', { ...STATUS_PROPERTIES, ...JOB_PROPERTIES }),
);

export const FILL_PAGE = named('FillPage', object('Newest first.', { fills: listOf(FILL_SUMMARY) }));

export const FILL = named(
  'Fill',
  object('A probe or fill. What only the queue knows is missing once its record is gone.', {
    ...STATUS_PROPERTIES,
    ...Object.fromEntries(Object.entries(JOB_PROPERTIES).map(([name, schema]) => [name, optional(schema)])),
    data: optional(nullable(text('The immutable bytes that it vouches for, once there are any.'))),
  }),
);

export const PENDING = named(
  'Pending',
  object('The rows are not ready: come back with `Parqueue-Fill`.', {
    fill: object('What to wait for.', { id: ID, url: STATUS_PROPERTIES.url }),
  }),
);

export const FILL_EVENTS = named(
  'FillEvents',
  text(
    'Server-sent events `progress` and `finished`; the data of each is a Fill as JSON. Comments keep a quiet stream open; it '
      + 'ends after `finished`, or with `bye` (code, message), which says why it cannot go on.',
    'event: finished\ndata: {"id":"lake.fill.5f0c1a2b","state":"finished"}\n\n',
  ),
);
