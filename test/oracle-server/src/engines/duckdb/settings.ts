/** What ALTER SESSION SET changes: schema, time zone, formats. Of what changes nothing here only the value is kept. */
import { OraError } from '../../engine.ts';

/** Parameters that sessions set in practice, and that mean nothing here. */
const OTHER = new Set(
  'CURRENT_SCHEMA OPTIMIZER_MODE STATISTICS_LEVEL DDL_LOCK_TIMEOUT PARALLEL_DEGREE_POLICY CURSOR_SHARING QUERY_REWRITE_ENABLED CONTAINER'.split(
    ' ',
  ),
);

export class Settings {
  schema: string;
  /** Of the session's time zone, in minutes east of UTC. */
  zoneMinutes = 0;
  readonly values = new Map<string, string>([
    ['NLS_DATE_FORMAT', 'DD-MON-RR'],
    ['NLS_TIMESTAMP_FORMAT', 'DD-MON-RR HH.MI.SSXFF AM'],
    ['NLS_TIMESTAMP_TZ_FORMAT', 'DD-MON-RR HH.MI.SSXFF AM TZR'],
    ['NLS_CALENDAR', 'GREGORIAN'],
    ['NLS_NUMERIC_CHARACTERS', '.,'],
    ['NLS_SORT', 'BINARY'],
    ['NLS_COMP', 'BINARY'],
    ['NLS_LANGUAGE', 'AMERICAN'],
    ['NLS_TERRITORY', 'AMERICA'],
    ['TIME_ZONE', '+00:00'],
  ]);

  constructor(schema: string) {
    this.schema = schema;
  }

  get(name: string): string {
    return this.values.get(name) ?? '';
  }

  /** @throws OraError 02248 for a name that is no parameter; 01882 for a time zone that is no offset: regions are outside what this engine knows */
  set(name: string, value: string): void {
    if (!this.values.has(name) && !OTHER.has(name) && !name.startsWith('NLS_') && !name.startsWith('_')) {
      throw new OraError(2248, 'invalid option for ALTER SESSION');
    }
    if (name === 'CURRENT_SCHEMA') this.schema = value;
    if (name === 'TIME_ZONE') this.zoneMinutes = zoneOffset(value);
    this.values.set(name, value);
  }
}

/** `+05:30`, `-8`, `UTC` in minutes. @throws OraError 01882 */
export function zoneOffset(zone: string): number {
  if (/^(utc|gmt|z|local|dbtimezone|etc\/utc|europe\/london utc)$/i.test(zone)) return 0;
  const match = /^([+-]?)(\d{1,2})(?::(\d{2}))?$/.exec(zone.trim());
  if (match === null) throw new OraError(1882, 'timezone region not found');
  const minutes = Number(match[2]) * 60 + Number(match[3] ?? 0);
  return match[1] === '-' ? -minutes : minutes;
}
