/** Date formats of TO_CHAR and TO_DATE: the elements, times as text, text as times, without a JavaScript Date. */
import type { OraTime } from '../../engine.ts';
import { OraError } from '../../engine.ts';

export type Element =
  | { readonly kind: 'literal'; readonly text: string }
  | { readonly kind: 'field'; readonly name: string };

const FIELDS = [
  'SYYYY',
  'YYYY',
  'RRRR',
  'YYY',
  'MONTH',
  'HH24',
  'HH12',
  'SSSSS',
  'MON',
  'DAY',
  'DDD',
  'TZH',
  'TZM',
  'TZR',
  'A.D.',
  'B.C.',
  'FF1',
  'FF2',
  'FF3',
  'FF4',
  'FF5',
  'FF6',
  'FF7',
  'FF8',
  'FF9',
  'YY',
  'RR',
  'MM',
  'MI',
  'DD',
  'DY',
  'HH',
  'SS',
  'FF',
  'AM',
  'PM',
  'AD',
  'BC',
  'IW',
  'Q',
  'D',
  'J',
  'Y',
  'X',
];
export const MONTHS = 'January February March April May June July August September October November December'.split(
  ' ',
);
export const DAYS = 'Monday Tuesday Wednesday Thursday Friday Saturday Sunday'.split(' ');
const DAY_NANOS = 86_400_000_000_000n;

/** @throws OraError 01821 for an element that is not known */
export function readFormat(format: string): readonly Element[] {
  const elements: Element[] = [];
  for (let at = 0; at < format.length;) {
    const rest = format.slice(at);
    if (rest.startsWith('"')) {
      const end = rest.indexOf('"', 1);
      if (end < 0) throw new OraError(1821, 'date format not recognized');
      elements.push({ kind: 'literal', text: rest.slice(1, end) });
      at += end + 1;
    } else if (/^[-\s/,.;:]/.test(rest)) {
      elements.push({ kind: 'literal', text: rest.charAt(0) });
      at += 1;
    } else {
      const upper = rest.toUpperCase();
      if (upper.startsWith('FM') || upper.startsWith('FX')) {
        elements.push({ kind: 'field', name: upper.slice(0, 2) });
        at += 2;
        continue;
      }
      const name = FIELDS.find((field) => upper.startsWith(field));
      if (name === undefined) throw new OraError(1821, `date format not recognized: ${rest}`);
      // MON, Mon and mon write their names in the case of their own letters.
      elements.push({ kind: 'field', name: /^(MON|MONTH|DAY|DY)$/.test(name) ? rest.slice(0, name.length) : name });
      at += name.length;
    }
  }
  return elements;
}

const NUMBERED: Readonly<Record<string, { readonly part: string; readonly digits: number }>> = {
  YYYY: { part: 'year', digits: 4 },
  SYYYY: { part: 'year', digits: 4 },
  RRRR: { part: 'rr', digits: 4 },
  YYY: { part: 'year', digits: 3 },
  YY: { part: 'yy', digits: 2 },
  RR: { part: 'rr', digits: 2 },
  Y: { part: 'y', digits: 1 },
  MM: { part: 'month', digits: 2 },
  DD: { part: 'day', digits: 2 },
  HH24: { part: 'hour', digits: 2 },
  HH12: { part: 'hour12', digits: 2 },
  HH: { part: 'hour12', digits: 2 },
  MI: { part: 'minute', digits: 2 },
  SS: { part: 'second', digits: 2 },
  SSSSS: { part: 'seconds', digits: 5 },
  DDD: { part: 'dayOfYear', digits: 3 },
  TZM: { part: 'zoneMinute', digits: 2 },
};

/** What a text said: nanoseconds of its own clock, and its offset in minutes where it gave one. */
export interface ReadTime {
  readonly nanos: bigint;
  readonly offset: number | null;
}

/** @throws OraError 01830…01861 as Oracle does for text that does not fit its format */
export function readTime(
  text: string,
  format: string,
  today: { readonly year: number; readonly month: number },
): ReadTime {
  const found: Record<string, number> = {};
  let at = 0;
  let sign = 1;
  let zoneSign = 1;
  for (const element of readFormat(format)) {
    if (element.kind === 'literal') {
      if (at >= text.length) break;
      // Any punctuation may stand for any other; it may also be missing before digits.
      if (/^[-\s/,.;:]$/.test(element.text) ? /[-\s/,.;:]/.test(text.charAt(at)) : text.startsWith(element.text, at))
        at += element.text.length;
      else if (!/^[-\s/,.;:]$/.test(element.text)) throw new OraError(1861, 'literal does not match format string');
      continue;
    }
    const name = element.name.toUpperCase();
    if (name === 'FX' || name === 'FM') continue;
    if (at >= text.length) break;
    const rest = text.slice(at);
    if (name === 'MONTH' || name === 'MON') {
      const month = MONTHS.findIndex((full) =>
        rest.toUpperCase().startsWith(full.toUpperCase().slice(0, name === 'MON' ? 3 : undefined)),
      );
      if (month < 0) throw new OraError(1843, 'not a valid month');
      found['month'] = month + 1;
      at += name === 'MON' ? 3 : (MONTHS[month] as string).length;
    } else if (/^(AM|PM)$/.test(name)) {
      const half = /^[AaPp]\.?[Mm]\.?/.exec(rest);
      if (half === null) throw new OraError(1855, 'AM/A.M. or PM/P.M. required');
      found['pm'] = /^[Pp]/.test(rest) ? 1 : 0;
      at += half[0].length;
    } else if (/^(AD|BC|A\.D\.|B\.C\.)$/.test(name)) {
      const era = /^(AD|BC|A\.D\.|B\.C\.)/i.exec(rest);
      if (era === null) throw new OraError(1856, 'BC/B.C. or AD/A.D. required');
      if (/^b/i.test(rest)) sign = -1;
      at += era[0].length;
    } else if (name === 'TZH' || name === 'TZR') {
      const zone = /^([+-]?)(\d{1,2})(?::(\d{2}))?/.exec(name === 'TZH' ? rest.slice(0, 3) : rest);
      if (zone === null && !/^(UTC|GMT|Z)/i.test(rest)) throw new OraError(1882, 'timezone region not found');
      zoneSign = zone?.[1] === '-' ? -1 : 1;
      found['zoneHour'] = Number(zone?.[2] ?? 0);
      if (zone?.[3] !== undefined) found['zoneMinute'] = Number(zone[3]);
      at += zone?.[0].length ?? (/^Z/i.test(rest) ? 1 : 3);
    } else if (name.startsWith('FF')) {
      const digits = /^\d{1,9}/.exec(rest.slice(0, name === 'FF' ? 9 : Number(name.slice(2))))?.[0] ?? '';
      found['nanos'] = Number(digits.padEnd(9, '0'));
      at += digits.length;
    } else if (name === 'X') {
      if (rest.startsWith('.')) at += 1;
    } else {
      const field = NUMBERED[name];
      if (field === undefined) throw new OraError(1820, 'format code cannot appear in date input format');
      const lead = name === 'SYYYY' ? (/^[-+ ]/.exec(rest)?.[0] ?? '') : '';
      if (lead === '-') sign = -1;
      const digits = new RegExp(`^\\d{1,${field.digits}}`).exec(rest.slice(lead.length))?.[0];
      if (digits === undefined)
        throw new OraError(1858, 'a non-numeric character was found where a numeric was expected');
      found[field.part] = Number(digits);
      at += lead.length + digits.length;
    }
  }
  if (text.slice(at).trim() !== '')
    throw new OraError(1830, 'date format picture ends before converting entire input string');
  return assemble(found, sign, zoneSign, today);
}

function assemble(
  found: Readonly<Record<string, number>>,
  sign: number,
  zoneSign: number,
  today: { readonly year: number; readonly month: number },
): ReadTime {
  const inRange = (value: number, low: number, high: number, number: number, text: string): number => {
    if (value < low || value > high) throw new OraError(number, text);
    return value;
  };
  const century = Math.floor(today.year / 100) * 100;
  const short = found['rr'];
  const rr = short === undefined ? undefined : short > 99 ? short : short + (short < 50 ? century : century - 100);
  const year =
    (found['year'] ?? rr ?? (found['yy'] === undefined ? undefined : century + found['yy']) ?? today.year) * sign;
  if (year === 0 || year < -4713 || year > 9999)
    throw new OraError(1841, '(full) year must be between -4713 and +9999, and not be 0');
  const month = inRange(
    found['month'] ?? (found['year'] === undefined && rr === undefined ? today.month : today.month),
    1,
    12,
    1843,
    'not a valid month',
  );
  const day = inRange(
    found['day'] ?? 1,
    1,
    daysIn(year, month),
    1847,
    'day of month must be between 1 and last day of month',
  );
  const half = found['hour12'];
  const hour =
    half === undefined
      ? inRange(found['hour'] ?? 0, 0, 23, 1850, 'hour must be between 0 and 23')
      : (inRange(half, 1, 12, 1849, 'hour must be between 1 and 12') % 12) + 12 * (found['pm'] ?? 0);
  const minute = inRange(found['minute'] ?? 0, 0, 59, 1851, 'minutes must be between 0 and 59');
  const second = inRange(found['second'] ?? 0, 0, 59, 1852, 'seconds must be between 0 and 59');
  const offset =
    found['zoneHour'] === undefined ? null : zoneSign * (found['zoneHour'] * 60 + (found['zoneMinute'] ?? 0));
  return { nanos: nanosOf({ year, month, day, hour, minute, second, nanos: found['nanos'] ?? 0 }), offset };
}

function daysIn(year: number, month: number): number {
  const astronomical = year < 0 ? year + 1 : year;
  const leap = astronomical % 4 === 0 && (astronomical % 100 !== 0 || astronomical % 400 === 0);
  return month === 2 ? (leap ? 29 : 28) : [4, 6, 9, 11].includes(month) ? 30 : 31;
}

/** Days since 1970-01-01 in the proleptic Gregorian calendar. */
function dayNumber(year: number, month: number, day: number): number {
  const y = (year < 0 ? year + 1 : year) - (month <= 2 ? 1 : 0);
  const era = Math.floor(y / 400);
  const yearOfEra = y - era * 400;
  const dayOfYear = Math.floor((153 * (month + (month > 2 ? -3 : 9)) + 2) / 5) + day - 1;
  return (
    era * 146_097 + yearOfEra * 365 + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100) + dayOfYear - 719_468
  );
}

export function nanosOf(time: OraTime): bigint {
  const seconds =
    BigInt(dayNumber(time.year, time.month, time.day)) * 86_400n
    + BigInt(time.hour * 3600 + time.minute * 60 + time.second);
  return seconds * 1_000_000_000n + BigInt(time.nanos);
}

export function timeOf(nanos: bigint): OraTime {
  let days = nanos / DAY_NANOS;
  if (days * DAY_NANOS > nanos) days -= 1n;
  const within = nanos - days * DAY_NANOS;
  const second = Number(within / 1_000_000_000n);
  const z = Number(days) + 719_468;
  const era = Math.floor(z / 146_097);
  const dayOfEra = z - era * 146_097;
  const yearOfEra = Math.floor(
    (dayOfEra - Math.floor(dayOfEra / 1460) + Math.floor(dayOfEra / 36_524) - Math.floor(dayOfEra / 146_096)) / 365,
  );
  const dayOfYear = dayOfEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100));
  const shifted = Math.floor((5 * dayOfYear + 2) / 153);
  const month = shifted < 10 ? shifted + 3 : shifted - 9;
  const year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0);
  return {
    year: year <= 0 ? year - 1 : year,
    month,
    day: dayOfYear - Math.floor((153 * shifted + 2) / 5) + 1,
    hour: Math.floor(second / 3600),
    minute: Math.floor(second / 60) % 60,
    second: second % 60,
    nanos: Number(within % 1_000_000_000n),
  };
}
