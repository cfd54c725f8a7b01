/** The shape of a scheduled refresh in the configuration file. What belongs together in it is judged in refresh.ts. */
import * as z from 'zod';
import { duration, flag, mapping, paramScalar, says, text } from './schema-values.ts';
import { DURATION_PATTERN, parseDuration, parsePercent, PERCENT_PATTERN } from './units.ts';

/** More often than this a schedule is no refresh but a load test. */
const EVERY_MIN_MS = 1000;
const EVERY_WORDS = 'a duration of at least 1s, such as 15m';
const JITTER_WORDS = 'a share of the interval such as 10%, or a duration such as 90s';

/** A share of the interval, or a time. */
export type JitterInput = { readonly share: number } | { readonly ms: number };

const jitter = z
  .union([z.string().regex(PERCENT_PATTERN), z.string().regex(DURATION_PATTERN), z.literal(0)], says(JITTER_WORDS))
  .transform((value, context): JitterInput => {
    const written = String(value);
    const share = parsePercent(written);
    if (share !== null) return { share };
    const ms = parseDuration(written);
    if (ms !== null) return { ms };
    context.addIssue({ code: 'custom', message: `must be ${JITTER_WORDS}` });
    return z.NEVER;
  });

export const refreshSchema = z.strictObject(
  {
    every: duration
      .refine((ms) => ms >= EVERY_MIN_MS, says(EVERY_WORDS))
      .optional()
      .describe('Interval between refreshes.'),
    cron: text('five fields such as "0 6 * * 1-5"')
      .optional()
      .describe('Instead of every: minute, hour, day, month, weekday.'),
    timeZone: text('a time zone such as Europe/Berlin').optional().describe('Of cron. Default: UTC.'),
    jitter: jitter
      .prefault('0%')
      .describe('Time over which the entries of one refresh are spread; a share of every, or a duration.'),
    readWithin: duration.prefault('7d').describe('Entries that nobody read for so long are left out.'),
    unread: flag.prefault(false).describe('Whether entries that nobody reads are refreshed too.'),
    params: z
      .array(
        z.record(z.string(), paramScalar('a value of its parameter'), mapping),
        says('a list of mappings of parameters'),
      )
      .prefault([])
      .describe('Combinations of parameters that are loaded although nobody asked for them; {} where there are none.'),
  },
  mapping,
);

export type RefreshInput = z.output<typeof refreshSchema>;
