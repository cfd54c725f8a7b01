/**
 * Dates that a format leaves incomplete: TO_DATE takes the missing year and month from the clock (SQL Language
 * Reference, "Datetime Format Models": the default is the first day of the current month).
 */

/** `literal` is a string token as written, or undefined where the format is not a literal. */
export function takesPartsFromClock(literal: string | undefined): boolean {
  if (literal === undefined) return true;
  // Text between double quotes is no format; names of days and time zones contain letters of years.
  const format = literal
    .replace(/"[^"]*"/g, ' ')
    .toUpperCase()
    .replace(/TZ[HMRD]|DAY|DY/g, ' ');
  if (/J|D[LS]/.test(format)) return false;
  const hasYear = /Y|RR/.test(format);
  const hasMonth = /MM|MON|DDD|RM/.test(format);
  return !hasYear || !hasMonth;
}

export const TAKES_A_DATE_FORMAT: ReadonlySet<string> = new Set(['TO_DATE', 'TO_TIMESTAMP', 'TO_TIMESTAMP_TZ']);
