/**
 * Session settings of Oracle that change rows: what a text compares equal to, how a number or date becomes text, what
 * time it is. They go into ALTER SESSION.
 */
import { offsetBound, readOffset, type Setting, type Settings } from './setting.ts';

const word = (value: string): string | null =>
  /^[A-Za-z][A-Za-z0-9_ ]{0,63}$/.test(value) ? value.toUpperCase() : null;
const literal = (value: string): string | null =>
  /^[^'\p{Cc}]{1,255}$/u.test(value) && value.isWellFormed() ? value : null;
const among =
  (...values: readonly string[]) =>
  (value: string): string | null =>
    values.includes(value.toUpperCase()) ? value.toUpperCase() : null;

const named = (example: string): Setting => ({ default: example, read: word, expected: `a name such as ${example}` });
const format = (example: string): Setting => ({
  default: example,
  read: literal,
  expected: `a format such as ${example}, without single quotes`,
});
const symbol = (example: string): Setting => ({
  default: example,
  read: (value) => (Array.from(value).length <= 10 ? literal(value) : null),
  expected: `a symbol such as ${example}`,
});

/** In the order in which they have to be set: a language and a territory bring defaults for those after them. */
export const ORACLE_SETTINGS: Settings = {
  NLS_LANGUAGE: named('AMERICAN'),
  NLS_TERRITORY: named('AMERICA'),
  // Dates leave the database as text in this calendar; another one would change what they mean on the way.
  NLS_CALENDAR: { default: 'GREGORIAN', read: among('GREGORIAN'), expected: 'GREGORIAN' },
  NLS_COMP: { default: 'BINARY', read: among('BINARY', 'LINGUISTIC', 'ANSI'), expected: 'BINARY, LINGUISTIC or ANSI' },
  NLS_SORT: named('BINARY'),
  NLS_LENGTH_SEMANTICS: { default: 'BYTE', read: among('BYTE', 'CHAR'), expected: 'BYTE or CHAR' },
  NLS_NCHAR_CONV_EXCP: { default: 'FALSE', read: among('FALSE', 'TRUE'), expected: 'TRUE or FALSE' },
  NLS_CURRENCY: symbol('$'),
  NLS_DUAL_CURRENCY: symbol('$'),
  NLS_ISO_CURRENCY: named('AMERICA'),
  NLS_NUMERIC_CHARACTERS: {
    default: '.,',
    read: readNumericCharacters,
    expected: 'two different characters, the decimal mark and the group mark, such as ".,"',
  },
  NLS_DATE_LANGUAGE: named('AMERICAN'),
  NLS_DATE_FORMAT: format('YYYY-MM-DD HH24:MI:SS'),
  NLS_TIMESTAMP_FORMAT: format('YYYY-MM-DD HH24:MI:SS.FF'),
  NLS_TIMESTAMP_TZ_FORMAT: format('YYYY-MM-DD HH24:MI:SS.FF TZH:TZM'),
  TIME_ZONE: {
    default: '+00:00',
    read: readTimeZone,
    expected:
      'an offset such as +02:00 or a region such as Europe/Berlin (LOCAL and DBTIMEZONE depend on where they are read)',
  },
};

/** Oracle refuses digits, signs, quotes and angle brackets there. */
function readNumericCharacters(value: string): string | null {
  const [decimal = '', group = ''] = Array.from(value);
  return Array.from(value).length === 2 && decimal !== group && /^[^0-9+\-<>'"\p{Cc}]{2}$/u.test(value) ? value : null;
}

function readTimeZone(value: string): string | null {
  if (/^[+-][0-9]/.test(value)) return readOffset(value, [offsetBound(-12), offsetBound(14)]);
  const region = /^[A-Za-z][A-Za-z0-9_+-]*(?:\/[A-Za-z0-9_+-]+)*$/.test(value) && value.length <= 64;
  return region && !/^(?:LOCAL|DBTIMEZONE|SESSIONTIMEZONE)$/i.test(value) ? value : null;
}
