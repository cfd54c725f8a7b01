/** Schemas of entries, as entry-view.ts shows them. */
import { flag, listOf, named, nullable, object, oneOf, optional, text, time, whole } from '../openapi/schema.ts';

export const KEY_TEXT = text(
  'Cache key of the entry: a name for people and a hash for identity.',
  'sales-6d1f0c5ab8e24c17a3d9b6f0',
);
export const GENERATION_NUMBER = whole('Number of a generation: the tick at which its load began.', 1000000000043);
export const VERSION_TEXT = text(
  'Which state of the source was read. Opaque: compare it, never take it apart.',
  'checksum:9f86d081884c7d65',
);
const SHA256 = { type: 'string', pattern: '^[0-9a-f]{64}$', description: 'SHA-256 of the Parquet bytes.' } as const;

export const CONSISTENCY = oneOf(
  'How closely rows and version belong together: `exact` (one snapshot), `statement` (the version first, then one '
    + 'statement), `best-effort`.',
  ['exact', 'statement', 'best-effort'],
);

/** What the head of an entry tells, in listings and explanations alike. */
export const HEAD_PROPERTIES = {
  dataset: nullable(
    text(
      'Dataset that had it loaded, or one that asks the same, of those the caller may use; null: asked ad hoc.',
      'sales',
    ),
  ),
  source: text('Name of the configured source.', 'lake'),
  generation: GENERATION_NUMBER,
  version: VERSION_TEXT,
  etag: text('Entity tag of the Parquet bytes, with its quotes.'),
  rows: whole('Rows of the generation.', 50_000),
  bytes: whole('Size of the Parquet file, in bytes.', 1_048_576),
  sha256: SHA256,
  consistency: CONSISTENCY,
  verifiedAt: time('When the latest work began that proved the rows right. Ages count from here.'),
  committedAt: time('When the generation became the head.'),
  damaged: nullable(text('Why readers rejected its files; null while they are whole. The next ask fills again.')),
};

const ENTRY_PROPERTIES = {
  key: KEY_TEXT,
  ...HEAD_PROPERTIES,
  lastReadAt: nullable(time('When it was last read, as far as the collector knows; null: not told here.')),
  url: text('The immutable URL of these bytes.'),
};

export const ENTRY = named(
  'Entry',
  object('What the cache keeps for one question: its key and the generation that is current.', ENTRY_PROPERTIES),
);

export const ENTRY_PAGE = named(
  'EntryPage',
  object('Entries in key order.', {
    entries: listOf(ENTRY),
    next: nullable(text('Pass it as `after` for the next page; null at the end.')),
  }),
);

export const LEASE = object('Who loads the entry at the moment.', {
  fence: whole('Number of the generation being made.'),
  fillId: text('Of the load.'),
  holder: text('The worker that holds the lease.'),
  expiresAtMs: whole('When the lease runs out unless it is renewed, ms since 1970 by the clock of Redis.'),
  expiresAt: optional(time('The same.')),
});

export const ENTRY_STATE = named(
  'EntryState',
  object('One entry with what is under way.', {
    ...ENTRY_PROPERTIES,
    latestFence: whole('Number of the latest load that was begun.'),
    lease: nullable(LEASE, 'null: nobody loads it.'),
    reconciled: flag('false: Redis forgot since, and the entry was not compared with the store yet.'),
  }),
);

export const PURGED_ENTRY = named(
  'PurgedEntry',
  object('The entry that was purged.', {
    key: KEY_TEXT,
    mode: { const: 'purge', type: 'string' },
    tick: whole('Of the mark: generations up to it are gone.'),
    fills: whole('How many loads under way it ended.'),
  }),
);

export const COLUMN = named(
  'Column',
  object('One column of a generation.', {
    name: text('Its name.', 'amount'),
    type: text('The Arrow type written.', 'int64', 'decimal128(18, 2)', 'timestamp[us, UTC]'),
    sourceType: text("The type in the source's own words.", 'NUMBER(10,2)', 'csv:VARCHAR'),
    nullable: flag('Whether it may hold nulls.'),
    note: optional(text('What was done to fit the type.')),
  }),
);
