/**
 * Dates that a format leaves incomplete: TO_DATE takes the missing year and month from the clock (SQL Language
 * Reference, "Datetime Format Models": the default is the first day of the current month).
 */

/** `literal` is a string token as written, or undefined where the format is not a literal. */
export function takesPartsFromClock(literal: string | undefined): boolean {
  if (literal === undefined) return true;
  const elements = literal.toUpperCase().match(ELEMENTS) ?? [];
  if (elements.some((element) => WHOLE_DATE.has(element))) return false;
  const hasYear = elements.some((element) => /^S?Y|^RR/.test(element));
  const hasMonth = elements.some((element) => MONTHS.has(element));
  return !hasYear || !hasMonth;
}

/**
 * Element by element, the longest first: letters of one (FMMI is FM and MI, DDSS is DD and SS) must not be taken for
 * another. Text between double quotes is no format.
 */
const ELEMENTS =
  /"[^"]*"|F[MX]|TZ[HMRD]|[AP]\.?M\.?|S?Y,?YYY|S?YEAR|YYY?|Y|RR(?:RR)?|RM|MON(?:TH)?|MM|MI|DDD|DD|DAY|DY|D[LS]|SSSSS|SS|./gs;
const WHOLE_DATE = new Set(['J', 'DL', 'DS']);
const MONTHS = new Set(['MONTH', 'MON', 'MM', 'RM', 'DDD']);

export const TAKES_A_DATE_FORMAT: ReadonlySet<string> = new Set(['TO_DATE', 'TO_TIMESTAMP', 'TO_TIMESTAMP_TZ']);
