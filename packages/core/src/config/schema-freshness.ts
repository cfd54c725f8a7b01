/** The shape of freshness: how old an answer may be, and by which version it is judged. */
import * as z from 'zod';
import { VERSION_KINDS, type VersionKind } from '../model/version.ts';
import { duration, mapping, says, text } from './schema-values.ts';

/** The kinds of version that a kind of source has; its first is the default. */
export const VERSIONS_OF = {
  file: ['checksum', 'ttl', 'manual'],
  oracle: ['rowscn', 'refresh-key', 'ttl', 'manual'],
} as const satisfies Readonly<Record<string, readonly VersionKind[]>>;

const ages = {
  maxAge: duration
    .prefault(0)
    .describe('Answer without asking the source up to this age. 0, the default, verifies on every request.'),
  staleWhileRevalidate: duration
    .prefault(0)
    .describe('Beyond maxAge: answer what was there while the changed source is loaded behind.'),
  staleIfError: duration.prefault(0).describe('Beyond maxAge: answer what was there when the source cannot be asked.'),
};

const VERSION_NOTE =
  'checksum: SHA-256 of the file. rowscn: rows and latest change of each table read. refresh-key: what its statement '
  + 'returns. ttl: right for maxAge, unasked. manual: right until invalidated.';

const refreshKey = z.strictObject(
  { sql: text('a SELECT whose result changes whenever the rows do').describe('One SELECT without parameters.') },
  mapping,
);

/** `version: rowscn`, or `version: { refresh-key: { sql: … } }`. */
function versionOf<const Kinds extends readonly [VersionKind, ...VersionKind[]]>(kinds: Kinds) {
  const words = `${kinds.slice(0, -1).join(', ')} or ${kinds.at(-1)}`;
  return z.union(
    [z.enum(kinds, says(words)), z.strictObject({ 'refresh-key': refreshKey }, mapping)],
    says(`${words}; a refresh key is written { refresh-key: { sql: … } }`),
  );
}

export const fileFreshnessSchema = z.strictObject(
  {
    version: z
      .enum(VERSIONS_OF.file, says('checksum, ttl or manual (a file source has no other versions)'))
      .optional()
      .describe(VERSION_NOTE),
    ...ages,
  },
  mapping,
);

const sqlFreshnessFields = {
  refreshKey: refreshKey.optional().describe('The statement of version: refresh-key.'),
  ...ages,
};

export const numbersAs = z
  .enum(['double', 'exact'], says('double or exact'))
  .describe('NUMBER without precision: double, the rounded values counted; or exact, as decimal(38,10).');

export const oracleAdhocSchema = z.strictObject(
  {
    version: versionOf(VERSIONS_OF.oracle).optional().describe(VERSION_NOTE),
    ...sqlFreshnessFields,
    numbers: numbersAs.optional(),
  },
  mapping,
);

/** Of any kind of source: which versions the dataset's own source has is known only to whoever sees both. */
export const datasetFreshnessSchema = z.strictObject(
  { version: versionOf(VERSION_KINDS).optional().describe(VERSION_NOTE), ...sqlFreshnessFields },
  mapping,
);

export type FreshnessInput = z.output<typeof datasetFreshnessSchema>;
