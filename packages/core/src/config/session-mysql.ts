/**
 * Session settings of MySQL and MariaDB that change the rows of a SELECT, as far as both know them; those that only one
 * of them has are pinned by the driver, which sees which server it is.
 */
import { fixed, offsetBound, readOffset, wholeNumber, type Settings } from './setting.ts';

/** Both servers know these, and a statement is read the same whichever of them are set. */
const MODES: readonly string[] = [
  'ALLOW_INVALID_DATES',
  'ERROR_FOR_DIVISION_BY_ZERO',
  'NO_ENGINE_SUBSTITUTION',
  'NO_UNSIGNED_SUBTRACTION',
  'NO_ZERO_DATE',
  'NO_ZERO_IN_DATE',
  'ONLY_FULL_GROUP_BY',
  'PAD_CHAR_TO_FULL_LENGTH',
  'REAL_AS_FLOAT',
  'STRICT_ALL_TABLES',
  'STRICT_TRANS_TABLES',
];

/** These change what a statement's characters mean, and statements are read here without asking the server. */
const READ_OTHERWISE = 'ANSI_QUOTES, HIGH_NOT_PRECEDENCE, IGNORE_SPACE, NO_BACKSLASH_ESCAPES and PIPES_AS_CONCAT';

/**
 * Strict, and without values that a group has by chance. Zero dates are left to be compared with: tables that have them
 * are read all the same.
 */
const DEFAULT_MODES = 'ERROR_FOR_DIVISION_BY_ZERO,NO_ENGINE_SUBSTITUTION,ONLY_FULL_GROUP_BY,STRICT_TRANS_TABLES';

export const MYSQL_SETTINGS: Settings = {
  collation_connection: {
    // The one that MariaDB and MySQL both have; columns bring their own.
    default: 'utf8mb4_general_ci',
    read: (value) => (/^utf8mb4_[a-z0-9_]{1,56}$/i.test(value) ? value.toLowerCase() : null),
    expected: 'a collation of utf8mb4, such as utf8mb4_general_ci or utf8mb4_bin',
  },
  default_week_format: wholeNumber(0, [0, 7]),
  div_precision_increment: wholeNumber(4, [0, 30]),
  // GROUP_CONCAT cuts off without an error; MariaDB's default, as MySQL's 1024 is soon too short. Beyond a GiB MariaDB
  // would take its own limit, and say nothing.
  group_concat_max_len: wholeNumber(1_048_576, [4, 2 ** 30]),
  lc_time_names: {
    default: 'en_US',
    read: readLocale,
    expected: 'a locale such as en_US or de_DE',
  },
  max_sort_length: wholeNumber(1024, [64, 8_388_608]),
  sql_auto_is_null: fixed('0', 'set, IS NULL finds the row that was inserted last'),
  sql_mode: {
    default: DEFAULT_MODES,
    read: readModes,
    expected:
      `a list of ${MODES.join(', ')}, or empty (${READ_OTHERWISE} change how a statement is read, and so do the modes that `
      + 'stand for several, such as ANSI and ORACLE: statements are read here without them)',
  },
  sql_select_limit: fixed('18446744073709551615', 'any other leaves out rows; write LIMIT in the statement'),
  time_zone: {
    default: '+00:00',
    read: readTimeZone,
    expected:
      "an offset such as +02:00, or a region such as Europe/Berlin if the server's tables have it (SYSTEM depends on where it is read)",
  },
};

/** Each once and in one order. */
function readModes(value: string): string | null {
  const modes = value
    .split(',')
    .map((mode) => mode.trim().toUpperCase())
    .filter((mode) => mode !== '');
  return modes.every((mode) => MODES.includes(mode)) ? [...new Set(modes)].toSorted().join(',') : null;
}

function readLocale(value: string): string | null {
  const match = /^([a-z]{2,3})_([a-z]{2})$/i.exec(value);
  return match === null ? null : `${match[1]?.toLowerCase()}_${match[2]?.toUpperCase()}`;
}

function readTimeZone(value: string): string | null {
  if (/^[+-]/.test(value)) return readOffset(value, [-offsetBound(13, 59), offsetBound(14)]);
  if (/^utc$/i.test(value)) return 'UTC';
  const region = /^[A-Za-z][A-Za-z0-9_-]*(?:\/[A-Za-z0-9_+-]+)*$/.test(value) && value.length <= 64;
  return region && !/^(?:SYSTEM|DEFAULT|localtime)$/i.test(value) ? value : null;
}
