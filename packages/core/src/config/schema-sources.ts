/** The shape of sources in the configuration file, by kind. */
import * as z from 'zod';
import { SOURCE_KINDS } from '../model/request.ts';
import { fileFreshnessSchema } from './schema-freshness.ts';
import { adhocOf, cluster } from './schema-source-parts.ts';
import { mysqlSourceSchema, oracleSourceSchema, postgresSourceSchema } from './schema-sql-sources.ts';
import { mapping, text } from './schema-values.ts';

const fileSourceSchema = z.strictObject(
  {
    kind: z.literal('file'),
    root: text('the folder with the files').describe(
      "Nothing outside this folder is ever read. Relative to this file's folder.",
    ),
    ...cluster,
    adhoc: adhocOf(fileFreshnessSchema),
  },
  mapping,
);

export const sourceSchema = z.discriminatedUnion(
  'kind',
  [fileSourceSchema, oracleSourceSchema, postgresSourceSchema, mysqlSourceSchema],
  {
    error: (issue) =>
      issue.code === 'invalid_union'
        ? `must be one of ${SOURCE_KINDS.join(', ')}`
        : 'must be a mapping with a kind, such as { kind: file, root: ./data }',
  },
);

export type SourceInput = z.output<typeof sourceSchema>;
export type FileSourceInput = z.output<typeof fileSourceSchema>;
