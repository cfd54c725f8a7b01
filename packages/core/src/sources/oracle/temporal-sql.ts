/**
 * Dates and times are selected as text, in one compact form: nothing is lost (the driver's Date would drop what is finer
 * than a millisecond and moves the years 0–99), and it is faster to decode. SYYYY writes a blank or a minus first.
 */
import type { TimeText } from '../sql/temporal.ts';
import type { Expression } from '../sql/types.ts';

const FORMAT = 'SYYYYMMDDHH24MISS';

/** An example of what a WITH TIME ZONE column is as text, for people. */
export const ISO_WITH_OFFSET = '2024-02-29T12:34:56.123456+02:00';

export function timeExpression({ digits, zone }: TimeText): Expression {
  const format = `'${FORMAT}${digits === 0 ? '' : `FF${digits}`}${zone === 'offset' ? 'TZH:TZM' : ''}'`;
  return zone === 'utc'
    ? (reference) => `TO_CHAR(SYS_EXTRACT_UTC(${reference}),${format})`
    : (reference) => `TO_CHAR(${reference},${format})`;
}
