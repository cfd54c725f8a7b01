/** The values that the schema is made of, each with the words for what has to be written in its place. */
import * as z from 'zod';
import {
  COUNT_PATTERN,
  DURATION_PATTERN,
  FILE_MODE_PATTERN,
  PERCENT_PATTERN,
  SIZE_PATTERN,
  parseCount,
  parseDuration,
  parseFileMode,
  parsePercent,
  parseSize,
} from './units.ts';

export const NAME_PATTERN = /^[a-z][a-z0-9_]*$/;
const RATE_PATTERN = /^[0-9]+(?:\.[0-9]+)?$/;
const RATE_WORDS = 'a number above 0 such as 50 or 0.5';
export const NAME_WORDS = 'a name of lower-case letters, digits and _ that starts with a letter';

/** One message for whatever is wrong with a value: what has to be written there. */
export function says(what: string): { error: (issue: { readonly input?: unknown }) => string } {
  return { error: ({ input }) => `${input === undefined ? 'is missing; write' : 'must be'} ${what}` };
}

export function unit(pattern: RegExp, parse: (text: string) => number | null, what: string) {
  const input = z.union([z.number(), z.string().regex(pattern, says(what))], says(what));
  return input.transform((value, context) => {
    const parsed = parse(String(value));
    if (parsed !== null) return parsed;
    context.addIssue({ code: 'custom', message: `must be ${what}` });
    return z.NEVER;
  });
}

export const size = unit(SIZE_PATTERN, parseSize, 'a size such as 500GiB, 64KiB or a number of bytes');
export const duration = unit(
  DURATION_PATTERN,
  parseDuration,
  'a duration such as 250ms, 60s, 10m, 4h or 7d (a number needs its unit)',
);
export const count = unit(COUNT_PATTERN, parseCount, 'a whole number such as 1000 or 2e9');
export const percent = unit(PERCENT_PATTERN, parsePercent, 'a percentage from 0% to 100%');
export const positive = count.refine((value) => value >= 1, says('a whole number of at least 1'));
export const rate = z
  .union([z.number(), z.string().regex(RATE_PATTERN, says(RATE_WORDS))], says(RATE_WORDS))
  .transform(Number)
  .refine((value) => Number.isFinite(value) && value > 0, says(RATE_WORDS));
export const port = count.refine((value) => value <= 65_535, says('a port from 0 to 65535 (0: any free one)'));
export const fileMode = z
  .string(says('permission bits in quotes, such as "0640"'))
  .regex(FILE_MODE_PATTERN, says('permission bits in quotes, such as "0640"'))
  .transform((text) => parseFileMode(text) ?? 0);
/** `${ENV}` always gives text, so true and false are accepted as text too. */
export const flag = z
  .union([z.boolean(), z.enum(['true', 'false'])], says('true or false'))
  .transform((value) => value === true || value === 'true');
export const text = (what: string) =>
  z.string(says(`text: ${what}`)).min(1, { error: `may not be empty; write ${what}` });
export const name = z.string(says(NAME_WORDS)).regex(NAME_PATTERN, says(NAME_WORDS));
export const oneCharacter = (what: string) =>
  z.string(says(what)).refine((value) => Array.from(value).length === 1, says(what));
export const mapping = says('a mapping (name: value lines)');

export const paramScalar = (what: string) => z.union([z.string(), z.number(), z.boolean()], says(what));

export const columnList = z
  .array(text('a column name'), says('a list of column names'))
  .min(1, says('a list with at least one column'))
  .refine((columns) => new Set(columns).size === columns.length, { error: 'names a column twice; name each once' });
