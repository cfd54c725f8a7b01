/** Schemas of the catalog, as dataset-view.ts shows it. */
import { FILE_FORMATS, NUMBERS_AS, PARAM_TYPES, VERSION_KINDS } from '@parqueue/core';
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
  whole,
} from '../openapi/schema.ts';
import { ASK_SERIES, ASKS, STORED } from './asks-schema.ts';
import { ENTRY } from './entry-schema.ts';
import { REFRESH } from './refresh-schema.ts';

const FRESHNESS_PROPERTIES = {
  version: oneOf('How a change of the source is noticed.', VERSION_KINDS),
  maxAgeSeconds: number('Age in seconds up to which an answer needs no check; 0: every ask checks.', 60),
  staleWhileRevalidateSeconds: number(
    'How many seconds beyond that an old answer serves while a load runs behind.',
    600,
  ),
  staleIfErrorSeconds: number(
    'How many seconds beyond that an old answer serves while the source cannot be asked.',
    86_400,
  ),
};

export const FRESHNESS = named(
  'Freshness',
  object('The policy: what an answer may be without asking the source.', {
    ...FRESHNESS_PROPERTIES,
    refreshKey: optional(
      nullable(text('The statement whose result is the version; null: the version is another kind.')),
    ),
    numbers: optional(oneOf('How decimal numbers without a declared size are kept.', NUMBERS_AS)),
  }),
);

export const PARAMETER = named(
  'Parameter',
  object('One parameter of a dataset. It goes into the query of the data routes, or into `params` of a body.', {
    name: text('Its name.', 'market'),
    type: oneOf('Its type.', PARAM_TYPES),
    required: flag('Whether it must be given.'),
    description: nullable(text('What it means.')),
    default: nullable(text('Used where it is not given; null: none.')),
    enum: nullable(listOf(text('A value.')), 'The values it may have; null: any.'),
    pattern: nullable(text('A regular expression for the whole value, without anchors.', '[a-z]+')),
    min: nullable(text('The least value.')),
    max: nullable(text('The greatest value.')),
    maxLength: whole('The longest value, in characters.'),
  }),
);

const DATASET_PROPERTIES = {
  name: text('Its name.', 'sales'),
  kind: oneOf('Of what its source is made.', ['file', 'sql']),
  description: nullable(text('What it is, as the configuration says.')),
  source: text('Name of the configured source.', 'lake'),
  format: nullable(oneOf('Of its file; null: it is a statement.', FILE_FORMATS)),
  params: listOf(PARAMETER),
  columns: nullable(listOf(text('A column.')), 'The columns it selects, in order; null: all.'),
  columnTypes: mapOf(text('A type.', 'decimal(18,2)'), 'Declared types, by column.'),
  freshness: FRESHNESS,
  urls: object('Where its rows are.', {
    parquet: text('As Parquet.', '/v1/datasets/sales.parquet'),
    arrow: text('As an Arrow IPC stream.'),
    csv: text('As CSV.'),
    json: text('As JSON.'),
    ndjson: text('As JSON, an object a line.'),
    data: text('In the representation that `Accept` or `format` asks for.'),
  }),
};

/** What only Redis knows. */
const FACTS_PROPERTIES = {
  asks: nullable(ASKS, 'How it was asked lately; null while Redis is away.'),
  stored: nullable(STORED, 'What the cache holds of it; null while Redis is away.'),
  refresh: nullable(REFRESH, 'null: nothing is loaded before somebody asks.'),
};

export const DATASET = named(
  'Dataset',
  object('One dataset of the catalog.', { ...DATASET_PROPERTIES, ...FACTS_PROPERTIES }),
);

export const CATALOG = named('Catalog', object('The datasets that the caller may use.', { datasets: listOf(DATASET) }));

export const CONSTRUCT = named(
  'Construct',
  object('Something that a statement reads and no table tells.', {
    construct: text('As the statement writes it.', 'SYSDATE', 'SALES@REMOTE'),
    why: text('Why it stands in the way of noticing changes.', 'reads the clock'),
  }),
);

export const DATASET_DETAILS = named(
  'DatasetDetails',
  object('One dataset with what it is made of and its latest entries.', {
    ...DATASET_PROPERTIES,
    path: optional(text('Path of its file below the source, with its parameters.', 'prices/{market}.csv')),
    statement: optional(text('Its statement, as the configuration has it.')),
    tables: optional(listOf(text('A table, view or synonym.', 'APP.SALES'), 'What its statement names.')),
    constructs: optional(listOf(CONSTRUCT)),
    numbers: optional(oneOf('How decimal numbers without a declared size are kept.', NUMBERS_AS)),
    split: optional(
      nullable(
        object('Read by several sessions at one point in time.', {
          column: text('Rows are spread by its hash.'),
          into: whole('Sessions.'),
        }),
      ),
    ),
    ...FACTS_PROPERTIES,
    asks: nullable(ASK_SERIES, 'How it was asked lately; null while Redis is away.'),
    entries: nullable(listOf(ENTRY), 'Its latest entries, 20 at most; null while Redis is away.'),
  }),
);
