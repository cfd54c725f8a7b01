/** Schema of an entry's statistics, as statistics.ts in core gathers them. */
import { flag, listOf, named, nullable, number, object, oneOf, text, whole } from '../openapi/schema.ts';
import { GENERATION_NUMBER, KEY_TEXT } from './entry-schema.ts';

const TOP_VALUE = named(
  'TopValue',
  object('A value and how often it is there.', {
    value: text('The text; bytes as base64.', 'EUR'),
    count: whole('Rows that have it.'),
    cut: flag('Only the beginning of a long value.'),
  }),
);

const HISTOGRAM = named(
  'Histogram',
  object('How many values are where. Bars are equally wide, those of whole units up to one unit.', {
    edges: listOf(
      text('A value of the column.'),
      'One more than there are bars, ascending: bar i has the values from edge i up to, without, edge i + 1; the last has its upper edge too.',
    ),
    counts: listOf(whole('Rows.'), 'Of each bar.'),
  }),
);

const LENGTHS = named(
  'Lengths',
  object('How long the values are.', {
    unit: oneOf('Of texts and binary values bytes, of lists and maps items.', ['bytes', 'items']),
    min: whole('The least.'),
    max: whole('The greatest.'),
    mean: number('Their mean.'),
  }),
);

const COLUMN_STATISTICS = named(
  'ColumnStatistics',
  object('One column. Values are texts as in the CSV of the entry: every digit, times as ISO 8601.', {
    name: text('Its name.', 'amount'),
    type: text('In the words of Arrow.', 'decimal128(18, 2)'),
    nested: flag('A list, map or struct: only its NULLs and items are counted.'),
    bytes: whole('What it takes in the file, in bytes.'),
    nulls: whole('Rows without a value, of those looked at.'),
    values: whole('Rows with one, of those looked at.'),
    notFinite: whole('NaN and infinite values; they are in none of the other numbers.'),
    range: nullable(
      oneOf('Of what `min` and `max` are: of all rows, or of those looked at. null: there is no range.', [
        'all',
        'looked-at',
      ]),
    ),
    min: nullable(text('The least value; of texts, by their bytes, at most its first 256.')),
    max: nullable(text('The greatest.')),
    mean: nullable(
      text(
        'Of numbers, dates, times and timestamps; rounded to six digits beyond theirs, or to the unit of their times.',
      ),
    ),
    distinct: nullable(
      whole('Different values, exactly; null: more than are counted (1,000 numbers, 10,000 texts), or not counted.'),
    ),
    top: nullable(listOf(TOP_VALUE), 'Of texts, flags and binary values, at most 10, the most frequent first.'),
    topExact: flag('Whether each count of `top` is exact; otherwise it is at least that.'),
    lengths: nullable(LENGTHS),
    histogram: nullable(HISTOGRAM, 'Of what has a mean; null: of nothing else, or of no values.'),
  }),
);

export const STATISTICS = named(
  'Statistics',
  object('What the columns of the current generation hold.', {
    key: KEY_TEXT,
    generation: GENERATION_NUMBER,
    rows: whole('Rows of the generation.'),
    bytes: whole('Size of the Parquet file, in bytes.'),
    rowGroups: whole('Its row groups.'),
    basis: object('Of what the numbers are.', {
      kind: oneOf('Of all rows, or of some from eight places spread over the file.', ['all', 'sample']),
      rows: whole('Rows looked at.'),
      places: nullable(
        whole('From how many of the eight places; fewer where time or memory did not do for all. null: all rows.'),
      ),
      why: nullable(
        oneOf('Why not all of them: there are too many; row groups take too much memory; it took too long.', [
          'rows',
          'memory',
          'time',
        ]),
      ),
    }),
    columns: listOf(COLUMN_STATISTICS, 'In the order of the file.'),
  }),
);
