/** The shape of sources in the configuration file, by kind. */
import * as z from 'zod';
import { checkConnectString } from './connect-identity.ts';
import { fileFreshnessSchema, oracleAdhocSchema } from './schema-freshness.ts';
import { duration, mapping, positive, says, text } from './schema-values.ts';
import { checkSessionSettings, SESSION_SETTINGS } from './session-settings.ts';

const ADHOC_NOTE =
  'Allow questions that no dataset declares. true: strict; a mapping: with this freshness. Refused where it is not given.';

const cluster = {
  maxConcurrentFills: positive.prefault(2).describe('Loads of this source at one time, in the whole cluster.'),
  maxConcurrentProbes: positive
    .prefault(4)
    .describe('Version checks of this source at one time, in the whole cluster.'),
};

const fileSourceSchema = z.strictObject(
  {
    kind: z.literal('file'),
    root: text('the folder with the files').describe(
      "Nothing outside this folder is ever read. Relative to this file's folder.",
    ),
    ...cluster,
    adhoc: z
      .union([z.boolean(), fileFreshnessSchema], says('true, or a mapping such as { maxAge: 5m }'))
      .optional()
      .describe(ADHOC_NOTE),
  },
  mapping,
);

const oracleSourceSchema = z.strictObject(
  {
    kind: z.literal('oracle'),
    connectString: text('where the database is, such as db.example.com:1521/sales')
      .superRefine((value, context) => {
        const problem = checkConnectString(value);
        if (problem !== null) context.addIssue({ code: 'custom', message: problem });
      })
      .describe('host:1521/service, a connect descriptor, or an alias in the tnsnames.ora of configDir.'),
    user: text('the database user'),
    password: text('a reference such as ${ERP_PASSWORD} or ${file:/run/secrets/erp}').describe('Secret.'),
    identity: text('a name for the database, such as erp-production')
      .optional()
      .describe('Tells this database from others in cache keys. Default: by connectString. Needed for an alias.'),
    schema: text('the name of a schema')
      .optional()
      .describe("Unqualified names mean this schema's. Default: the user's."),
    session: z
      .record(z.string(), z.string(says('text')), mapping)
      .superRefine((settings, context) => {
        for (const { path, message } of checkSessionSettings(settings))
          context.addIssue({ code: 'custom', path: [...path], message });
      })
      .prefault({})
      .describe(`Session settings that change rows: ${SESSION_SETTINGS.join(', ')}. Every one has a fixed default.`),
    pool: z
      .strictObject({ max: positive.prefault(4).describe('Connections per worker thread at most.') }, mapping)
      .prefault({})
      .describe('Connections of the workers.'),
    connectTimeout: duration
      .refine((ms) => ms > 0, says('a duration such as 10s'))
      .prefault('10s')
      .describe('How long connecting may take.'),
    configDir: text('a folder').optional().describe("Folder of tnsnames.ora. Relative to this file's folder."),
    walletLocation: text('a folder')
      .optional()
      .describe("Folder of ewallet.pem, or SYSTEM for the system's certificates. Relative to this file's folder."),
    walletPassword: text('a reference such as ${WALLET_PASSWORD}').optional().describe('Secret.'),
    ...cluster,
    adhoc: z
      .union([z.boolean(), oracleAdhocSchema], says('true, or a mapping such as { maxAge: 5m }'))
      .optional()
      .describe(ADHOC_NOTE),
  },
  mapping,
);

export const SUPPORTED_SOURCE_KINDS = ['file', 'oracle'] as const;

export const sourceSchema = z.discriminatedUnion('kind', [fileSourceSchema, oracleSourceSchema], {
  error: (issue) =>
    issue.code === 'invalid_union'
      ? `must be a kind this release supports: ${SUPPORTED_SOURCE_KINDS.join(', ')}`
      : 'must be a mapping with a kind, such as { kind: file, root: ./data }',
});

export type SourceInput = z.output<typeof sourceSchema>;
export type FileSourceInput = z.output<typeof fileSourceSchema>;
export type OracleSourceInput = z.output<typeof oracleSourceSchema>;
