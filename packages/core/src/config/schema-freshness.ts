/** The shape of freshness: how old an answer may be, and by which version it is judged. */
import * as z from 'zod';
import { NUMBERS_AS, type NumbersAs, type SourceKind, type SqlSourceKind } from '../model/request.ts';
import { VERSION_KINDS, type VersionKind } from '../model/version.ts';
import { duration, mapping, says, text } from './schema-values.ts';

/** The kinds of version that a kind of source has; its first is the default. */
export const VERSIONS_OF = {
  file: ['checksum', 'ttl', 'manual'],
  oracle: ['rowscn', 'refresh-key', 'ttl', 'manual'],
  postgres: ['row-version', 'refresh-key', 'ttl', 'manual'],
  mysql: ['table-checksum', 'refresh-key', 'ttl', 'manual'],
} as const satisfies Readonly<Record<SourceKind, readonly VersionKind[]>>;

/** As what numbers of no declared size are read where nothing is said. MySQL has none: every DECIMAL has its size. */
export const NUMBERS_OF: Readonly<Record<SqlSourceKind, NumbersAs>> = {
  oracle: 'double',
  postgres: 'text',
  mysql: 'exact',
};

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
  'checksum: SHA-256 of the file. rowscn (Oracle): rows and latest change of each table read. row-version (Postgres): rows '
  + 'of each table read, and by which transactions they were written. table-checksum (MySQL): sum over the rows of each '
  + 'table read. refresh-key: what its statement returns. ttl: right for maxAge, unasked. manual: right until invalidated.';

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

function sqlFreshness<const Kinds extends readonly [VersionKind, ...VersionKind[]]>(kinds: Kinds) {
  return {
    version: versionOf(kinds).optional().describe(VERSION_NOTE),
    refreshKey: refreshKey.optional().describe('The statement of version: refresh-key.'),
    ...ages,
  };
}

export const numbersAs = z
  .enum(NUMBERS_AS, says('double, exact or text'))
  .describe(
    "Numbers of no declared size (Oracle's NUMBER, Postgres' numeric): double, the rounded values counted; exact, as "
      + 'decimal(38,10); or text, any size. Default: double for Oracle, text for Postgres. MySQL has none.',
  );

/** Of questions that no dataset declares. */
export const oracleAdhocSchema = z.strictObject(
  { ...sqlFreshness(VERSIONS_OF.oracle), numbers: numbersAs.optional() },
  mapping,
);
export const postgresAdhocSchema = z.strictObject(
  { ...sqlFreshness(VERSIONS_OF.postgres), numbers: numbersAs.optional() },
  mapping,
);
export const mysqlAdhocSchema = z.strictObject(sqlFreshness(VERSIONS_OF.mysql), mapping);

/** Of any kind of source: which versions the dataset's own source has is known only to whoever sees both. */
export const datasetFreshnessSchema = z.strictObject(sqlFreshness(VERSION_KINDS), mapping);

export type FreshnessInput = z.output<typeof datasetFreshnessSchema>;
