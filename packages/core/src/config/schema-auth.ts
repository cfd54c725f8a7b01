/** The shape of who may ask: API keys, and what each may take. */
import * as z from 'zod';
import { API_SCOPES } from './config.ts';
import { readValue } from './param-values.ts';
import { mapping, positive, rate, says, text } from './schema-values.ts';

const KEY_EXPIRES = 'a date or time such as 2027-01-31 or 2027-01-31T12:00:00Z (UTC)';

/** Milliseconds since 1970. A date means its beginning. */
const instant = z.string(says(KEY_EXPIRES)).transform((written, context) => {
  const date = readValue('date', written);
  const read = date.ok ? readValue('timestamp', `${date.text}T00:00:00Z`) : readValue('timestamp', written);
  if (read.ok) return Date.parse(read.text);
  context.addIssue({ code: 'custom', message: `must be ${KEY_EXPIRES}` });
  return z.NEVER;
});

const keyLimitsSchema = z.strictObject(
  {
    requestsPerSecond: rate.optional().describe('Requests that one key may begin per second. Default: no limit.'),
    burst: positive
      .optional()
      .describe('Requests that it may begin at once after a pause. Default: those of two seconds, at least 1.'),
    concurrent: positive
      .optional()
      .describe('Requests that it may have under way, waiting ones and event streams included. Default: 1000.'),
  },
  mapping,
);

const apiKeySchema = z.strictObject(
  {
    name: text('a name for the key, for logs'),
    sha256: z
      .string(says('the SHA-256 of the key, 64 hex digits'))
      .regex(/^[0-9a-fA-F]{64}$/, says('the SHA-256 of the key, 64 hex digits; `parqueue key new` prints it'))
      .transform((hex) => hex.toLowerCase())
      .describe("SHA-256 of the key's text, hex. `parqueue key new` prints key and hash."),
    scopes: z
      .array(z.enum(API_SCOPES, says('read, fill, adhoc or admin')), says('a list such as [read, fill]'))
      .min(1, says('a list with at least one scope, such as [read]'))
      .describe('read: cached rows. fill: also start loads. adhoc: also undeclared questions. admin: also manage.'),
    datasets: z
      .array(text('a dataset name or pattern such as "sales_*"'), says('a list of dataset names or patterns'))
      .prefault(['*'])
      .describe('Datasets the key may use; * stands for any characters.'),
    expires: instant.optional().describe('From then on the key is refused. A date means its beginning, UTC.'),
    limits: keyLimitsSchema.prefault({}).describe('Of this key, in each API process; what is left out is auth.limits.'),
  },
  mapping,
);

export const authSchema = z
  .strictObject(
    {
      apiKeys: z
        .array(apiKeySchema, says('a list of keys'))
        .prefault([])
        .describe('Without keys only loopback addresses may be listened on.'),
      limits: keyLimitsSchema.prefault({}).describe('Of every key that says nothing else, in each API process.'),
    },
    mapping,
  )
  .prefault({})
  .describe('Who may ask, and how much.');

export type AuthInput = z.output<typeof authSchema>;
