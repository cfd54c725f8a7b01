/**
 * Session settings of PostgreSQL (15's list of parameters, gone through) that change the rows of a SELECT. Left to the
 * server, the database or the role, which may each set them, one statement would mean two things. What is not here
 * changes how an answer is found, not the answer; search_path is the source's schema, and the driver's own settings
 * (encoding, time limits, read only) are no choice.
 */
import { fixed, oneOf, type Setting, type Settings } from './setting.ts';

const LOCALE = /^[A-Za-z][A-Za-z0-9_.@-]{0,62}$/;

const locale = (byDefault: string | null): Setting => ({
  default: byDefault,
  read: (value) => (LOCALE.test(value) ? value : null),
  expected: 'a locale that the server has, such as C or de_DE.UTF-8',
});

export const POSTGRES_SETTINGS: Settings = {
  array_nulls: oneOf('on', 'off'),
  bytea_output: fixed('hex', 'rows travel in that form'),
  datestyle: {
    default: 'ISO, MDY',
    read: readDateStyle,
    expected: 'ISO, MDY; ISO, DMY; or ISO, YMD: dates leave the database in ISO form, 01/02/2026 is read in that order',
  },
  default_text_search_config: {
    default: 'pg_catalog.simple',
    read: (value) => (/^[a-z_][a-z0-9_$]{0,62}(?:\.[a-z_][a-z0-9_$]{0,62})?$/.test(value) ? value : null),
    expected: 'the name of a text search configuration, such as pg_catalog.english',
  },
  extra_float_digits: fixed('1', 'numbers leave the database with all their digits'),
  // A limit above 0 leaves out rows at random.
  gin_fuzzy_search_limit: fixed('0', 'any limit leaves out rows at random'),
  intervalstyle: fixed('iso_8601', 'intervals travel in that form'),
  // Not set unless given: how many digits of a stored money are behind the point depends on it, so that a value of ours
  // would read the amounts of a database with another one wrongly.
  lc_monetary: locale(null),
  lc_numeric: locale('C'),
  lc_time: locale('C'),
  quote_all_identifiers: fixed('off', 'definitions of views are read in that form'),
  // A login role may be set up to take another role's rights; the user's own are those that keys speak of.
  role: fixed('none', 'statements run with the rights of user'),
  row_security: fixed('on', 'switched off, statements fail instead of seeing fewer rows'),
  standard_conforming_strings: fixed('on', 'statements are read that way here'),
  timezone: {
    default: 'UTC',
    read: readTimeZone,
    expected:
      'a region such as Europe/Berlin or UTC (an offset such as +02:00 means two hours west of Greenwich to Postgres)',
  },
  timezone_abbreviations: oneOf('Default', 'Australia', 'India'),
  transform_null_equals: oneOf('off', 'on'),
  xmlbinary: oneOf('base64', 'hex'),
  xmloption: oneOf('content', 'document'),
};

/** `ISO` alone keeps the order that it has; here that is the default's. */
function readDateStyle(value: string): string | null {
  const match = /^\s*ISO\s*(?:,\s*(MDY|DMY|YMD)\s*)?$/i.exec(value);
  return match === null ? null : `ISO, ${(match[1] ?? 'MDY').toUpperCase()}`;
}

/** POSIX's own zones (`XYZ+3`), which count westwards, and what the server's files happen to say are left out. */
function readTimeZone(value: string): string | null {
  if (/^utc$/i.test(value)) return 'UTC';
  const region = /^[A-Za-z][A-Za-z0-9_-]*(?:\/[A-Za-z0-9_+-]+)*$/.test(value) && value.length <= 64;
  const depends = /^(?:local|localtime|default|posixrules|factory)$/i.test(value);
  return region && !depends && !/^[A-Za-z]+-[0-9]/.test(value) ? value : null;
}
