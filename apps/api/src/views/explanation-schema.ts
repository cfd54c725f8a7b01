/** What …/explain answers: all that decides how an entry answers, as explain.ts puts it together. */
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
import { CONSTRUCT } from './dataset-schema.ts';
import {
  COLUMN,
  CONSISTENCY,
  GENERATION_NUMBER,
  HEAD_PROPERTIES,
  KEY_TEXT,
  LEASE,
  VERSION_TEXT,
} from './entry-schema.ts';
import { FILL_SUMMARY } from './fill-schema.ts';
import { COOLING } from './source-schema.ts';

const tick = (description: string) => whole(`Tick: ${description}`);

const PART = object('A table (or the refresh key) that the version is made of.', {
  part: text('Its name.', 'APP.SALES'),
  headVersion: nullable(text('The version its rows were read at.')),
  latest: nullable(
    object('The latest that any probe found.', {
      version: text('The version.'),
      tick: tick('when the probe began.'),
      probedAt: time('The same, by the clock.'),
      costMs: number('What the probe cost the source, in ms.'),
    }),
    'null: nobody asked since Redis forgot.',
  ),
  changed: nullable(flag('Whether the two differ; null: not known.')),
  probing: flag('Somebody is asking it.'),
});

const nullableDetail = (description: string) => ({ description });

const SNAPSHOT = object('Which state of the database was read.', {
  consistency: CONSISTENCY,
  scn: nullableDetail("Oracle's system change number; null elsewhere."),
  snapshot: nullableDetail("Postgres' snapshot; null elsewhere."),
  split: nullableDetail('By how many sessions, and why not by more.'),
  rounded: nullableDetail('Decimal values that were rounded to doubles, by column.'),
});

const MARK = object('The mark of the key in the store.', {
  target: optional(text('What is marked.')),
  hard: optional(whole('Tick of the latest hard mark.')),
  purge: optional(whole('Tick of the latest purge.')),
  soft: optional(whole('Tick of the latest soft mark.')),
});

const HEAD_FILE = object('What head.json in the store says, a hint for people and path readers.', {
  key: KEY_TEXT,
  fence: GENERATION_NUMBER,
  version: VERSION_TEXT,
  sha256: HEAD_PROPERTIES.sha256,
  verified: tick('when the latest work began that proved it right.'),
  verifiedAtMs: whole('The same, ms since 1970.'),
  startedAtMs: optional(whole('When its load began, ms since 1970.')),
});

const MANIFEST = named(
  'Manifest',
  object('What stands beside the Parquet file in the store. Bind values are left out.', {
    manifestFormat: whole('Format of the manifest.', 1),
    storeId: text('Of the store it was written to.'),
    key: KEY_TEXT,
    fence: GENERATION_NUMBER,
    fillId: text('Of the load.'),
    version: VERSION_TEXT,
    consistency: CONSISTENCY,
    dataset: HEAD_PROPERTIES.dataset,
    source: HEAD_PROPERTIES.source,
    request: mapOf(true, 'The canonical request that the key is the hash of.'),
    part: object('The Parquet file.', {
      name: text('Its name.', 'part-000.parquet'),
      bytes: HEAD_PROPERTIES.bytes,
      rows: HEAD_PROPERTIES.rows,
      sha256: HEAD_PROPERTIES.sha256,
      mtimeNs: text('Its modification time, ns since 1970, as decimal text.'),
    }),
    columns: listOf(COLUMN),
    sourceDetails: mapOf(true, 'What the source wants to remember of the load.'),
    startedAtMs: number('When the load was granted, ms since 1970.'),
    sealedAtMs: number('When the file was whole, ms since 1970.'),
    host: text('Of the worker.'),
    writer: text('The program that wrote the file.'),
  }),
);

const {
  dataset,
  source,
  generation,
  version,
  etag,
  rows,
  bytes,
  sha256,
  consistency,
  verifiedAt,
  committedAt,
  damaged,
} = HEAD_PROPERTIES;

export const EXPLANATION = named(
  'Explanation',
  object('Why an entry answers as it does.', {
    key: KEY_TEXT,
    why: listOf(text('One reason.'), 'What the next ask will meet, in words.'),
    head: object('The current generation.', {
      dataset,
      source,
      generation,
      version,
      etag,
      rows,
      bytes,
      sha256,
      consistency,
      verifiedAt,
      committedAt,
      damaged,
    }),
    ageSeconds: number('Seconds since the latest work began that proved it right.'),
    files: object('What a look at its files found.', {
      state: oneOf('What they are.', ['whole', 'absent', 'damaged']),
      reason: optional(text('Why they are damaged.')),
    }),
    ticks: object('The logical times that decide; docs/glossary.md tells what each means.', {
      epoch: whole('Number of the epoch of Redis.'),
      started: tick('the latest work on this entry or what it reads began.'),
      verified: tick('the latest work began that proved it right.'),
      filled: tick('its load began.'),
      soft: tick('the latest soft mark.'),
      hard: tick('the latest hard mark.'),
      purge: tick('the latest purge.'),
      latestFence: tick('the latest load began.'),
    }),
    reconciled: flag('false: Redis forgot since, and the entry was not compared with the store yet.'),
    source: object('Of the entry.', { name: source, cooling: nullable(COOLING, 'null while it may be asked.') }),
    snapshot: optional(SNAPSHOT),
    versionedBy: optional(text('Kind of the version.', 'rowscn')),
    tables: optional(nullable(listOf(text('A table.')), 'What its statement names; null: another release wrote it.')),
    constructs: optional(nullable(listOf(CONSTRUCT), 'What its statement reads beside tables.')),
    parts: optional(nullable(listOf(PART), 'What its version is made of.')),
    lease: nullable(LEASE, 'null: nobody loads it.'),
    retired: listOf(
      object('A generation on its way out.', { generation: GENERATION_NUMBER, retiredAt: time('Since then.') }),
      'Generations that are not current any more and still there.',
    ),
    pins: whole('Pins on its generations.'),
    fills: listOf(FILL_SUMMARY, 'Its latest probes and fills, 10 at most.'),
    store: object('What the store itself says.', {
      mark: nullable(MARK, 'null: none.'),
      headFile: nullable(HEAD_FILE, 'null: none.'),
    }),
    manifest: nullable(MANIFEST, 'null where its files are not whole.'),
  }),
);
