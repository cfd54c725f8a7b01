/** Parts of a source in the configuration file that several kinds have. */
import * as z from 'zod';
import type { SqlSourceKind } from '../model/request.ts';
import { duration, mapping, positive, says, text } from './schema-values.ts';
import { checkSessionSettings, settingNames } from './session-settings.ts';

export const cluster = {
  maxConcurrentFills: positive.prefault(2).describe('Loads of this source at one time, in the whole cluster.'),
  maxConcurrentProbes: positive
    .prefault(4)
    .describe('Version checks of this source at one time, in the whole cluster.'),
};

export function adhocOf<Freshness extends z.ZodType>(freshness: Freshness) {
  return z
    .union([z.boolean(), freshness], says('true, or a mapping such as { maxAge: 5m }'))
    .optional()
    .describe(
      'Allow questions that no dataset declares. true: strict; a mapping: with this freshness. Refused where it is not given.',
    );
}

/** What every database has. */
export const databaseParts = {
  user: text('the database user'),
  password: text('a reference such as ${ERP_PASSWORD} or ${file:/run/secrets/erp}').describe('Secret.'),
  identity: text('a name for the database, such as erp-production')
    .optional()
    .describe(
      'Tells this database from others in cache keys. Default: by connectString. Needed for an alias of Oracle.',
    ),
  pool: z
    .strictObject({ max: positive.prefault(4).describe('Connections per worker thread at most.') }, mapping)
    .prefault({})
    .describe('Connections of the workers.'),
  connectTimeout: duration
    .refine((ms) => ms > 0, says('a duration such as 10s'))
    .prefault('10s')
    .describe('How long connecting may take.'),
  ...cluster,
};

/** `group_concat_max_len: 4096` is a number to YAML. */
const settingValue = z.union([z.string(), z.int()], says('text or a whole number')).transform(String);

export function sessionOf(kind: SqlSourceKind) {
  return z
    .record(z.string(), settingValue, mapping)
    .superRefine((settings, context) => {
      for (const { path, message } of checkSessionSettings(kind, settings))
        context.addIssue({ code: 'custom', path: [...path], message });
    })
    .prefault({})
    .describe(`Session settings that change rows: ${settingNames(kind).join(', ')}. Each has a fixed default.`);
}
