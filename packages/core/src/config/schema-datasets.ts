/** The shape of a dataset in the configuration file. Which keys go with which kind of source is judged in datasets.ts. */
import * as z from 'zod';
import { COMPRESSIONS, FILE_FORMATS, PARAM_TYPES } from '../model/request.ts';
import { datasetFreshnessSchema, numbersAs } from './schema-freshness.ts';
import { refreshSchema } from './schema-refresh.ts';
import { datasetStoreSchema } from './schema-store.ts';
import {
  columnList,
  count,
  flag,
  mapping,
  name,
  oneCharacter,
  paramScalar,
  positive,
  says,
  text,
} from './schema-values.ts';

/** More sessions for one load than this hurt a database more than they help. */
const SPLIT_MAX = 16;
const SPLIT_MIN = 2;

export const paramSchema = z.strictObject(
  {
    type: z.enum(PARAM_TYPES, says(`one of ${PARAM_TYPES.join(', ')}`)),
    description: z.string(says('text')).optional(),
    required: flag.optional().describe('Default: true unless there is a default.'),
    default: paramScalar('a value of the type').optional(),
    enum: z
      .array(paramScalar('a value of the type'), says('a list of values'))
      .min(1, says('a list with at least one value'))
      .optional()
      .describe('The only values allowed.'),
    pattern: text('a regular expression')
      .optional()
      .describe('For type string: a regular expression that the whole value must match.'),
    min: paramScalar('a value of the type').optional().describe('For numbers, dates and timestamps.'),
    max: paramScalar('a value of the type').optional().describe('For numbers, dates and timestamps.'),
    maxLength: positive.prefault(255).describe('For type string: characters.'),
  },
  mapping,
);

export const csvSchema = z.strictObject(
  {
    header: flag.optional().describe('Whether the first line names the columns. Detected where it is not given.'),
    delimiter: oneCharacter('one character')
      .optional()
      .describe('Between values. Detected where it is not given; a tab for .tsv.'),
    quote: z
      .union([z.literal(''), oneCharacter('one character, or "" for none')], says('one character, or "" for none'))
      .optional()
      .describe('Around values; "" for none.'),
    escape: oneCharacter('one character').optional().describe('Before a quote inside a quoted value.'),
    nullText: z.string(says('text')).optional().describe('The text that means NULL.'),
  },
  mapping,
);

export const datasetSchema = z.strictObject(
  {
    source: name.describe('Name of the source.'),
    description: z.string(says('text')).optional(),
    path: text("the file's path below the source's root, such as prices/{market}.csv")
      .optional()
      .describe('Of a file source: path below its root; {name} is replaced by a parameter.'),
    sql: text('a SELECT statement')
      .optional()
      .describe('Of a database: one SELECT or WITH statement; :name is a parameter, bound and never pasted.'),
    format: z
      .enum(FILE_FORMATS, says(`one of ${FILE_FORMATS.join(', ')}`))
      .optional()
      .describe("Default: by the path's extension."),
    csv: csvSchema.optional().describe('How a CSV is read.'),
    params: z.record(z.string(), paramSchema, mapping).prefault({}).describe('Typed parameters by name.'),
    select: columnList.optional().describe('Columns of the answer, in this order. Default: all.'),
    columns: z
      .record(z.string(), text('a column type such as decimal(18,2)'), mapping)
      .prefault({})
      .describe('Types by column, where the file does not tell them.'),
    freshness: datasetFreshnessSchema.prefault({}).describe('Strict where it is not given.'),
    numbers: numbersAs.optional(),
    split: z
      .strictObject(
        {
          column: text('the column whose values spread the rows').describe(
            'Of the result; its values spread the rows.',
          ),
          into: count
            .refine(
              (into) => into >= SPLIT_MIN && into <= SPLIT_MAX,
              says(`a number from ${SPLIT_MIN} to ${SPLIT_MAX}`),
            )
            .describe('Sessions that read at one time.'),
        },
        mapping,
      )
      .optional()
      .describe('Of a database: load by several sessions at one point in time.'),
    parquet: z
      .strictObject(
        {
          compression: z.enum(COMPRESSIONS, says(`one of ${COMPRESSIONS.join(', ')}`)).prefault('zstd'),
          rowGroupRows: positive.prefault(1_000_000).describe('Rows per row group at most.'),
        },
        mapping,
      )
      .prefault({})
      .describe('How the Parquet is written.'),
    refresh: refreshSchema.optional().describe('Loads before anybody asks.'),
    store: datasetStoreSchema.optional().describe('How much of the store its entries take, and for how long.'),
  },
  mapping,
);

export type DatasetInput = z.output<typeof datasetSchema>;
export type ParamInput = DatasetInput['params'][string];
