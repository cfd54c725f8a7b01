/**
 * Session settings of Oracle that change rows: what a text compares equal to, how a number or date becomes text, what
 * time it is. Each is pinned: left to the client's environment or to a logon trigger, one statement would mean two
 * things. The values go into ALTER SESSION, so nothing gets past here that could end a literal.
 */
import { didYouMean } from './did-you-mean.ts';

interface Setting {
  readonly default: string;
  /** The one spelling of the value, or null where it is none. */
  readonly read: (value: string) => string | null;
  readonly expected: string;
}

const word = (value: string): string | null =>
  /^[A-Za-z][A-Za-z0-9_ ]{0,63}$/.test(value) ? value.toUpperCase() : null;
const literal = (value: string): string | null =>
  /^[^'\p{Cc}]{1,255}$/u.test(value) && value.isWellFormed() ? value : null;
const oneOf =
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
const SETTINGS: Readonly<Record<string, Setting>> = {
  NLS_LANGUAGE: named('AMERICAN'),
  NLS_TERRITORY: named('AMERICA'),
  // Dates leave the database as text in this calendar; another one would change what they mean on the way.
  NLS_CALENDAR: { default: 'GREGORIAN', read: oneOf('GREGORIAN'), expected: 'GREGORIAN' },
  NLS_COMP: { default: 'BINARY', read: oneOf('BINARY', 'LINGUISTIC', 'ANSI'), expected: 'BINARY, LINGUISTIC or ANSI' },
  NLS_SORT: named('BINARY'),
  NLS_LENGTH_SEMANTICS: { default: 'BYTE', read: oneOf('BYTE', 'CHAR'), expected: 'BYTE or CHAR' },
  NLS_NCHAR_CONV_EXCP: { default: 'FALSE', read: oneOf('FALSE', 'TRUE'), expected: 'TRUE or FALSE' },
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

export const SESSION_SETTINGS: readonly string[] = Object.keys(SETTINGS);

export interface SettingProblem {
  readonly path: readonly string[];
  readonly message: string;
}

export function checkSessionSettings(given: Readonly<Record<string, string>>): readonly SettingProblem[] {
  const problems: SettingProblem[] = [];
  const seen = new Set<string>();
  for (const [name, value] of Object.entries(given)) {
    const folded = name.toUpperCase();
    const setting = settingOf(folded);
    if (setting === null) {
      const near = didYouMean(name, SESSION_SETTINGS);
      problems.push({
        path: [name],
        message: `is not a setting that may be set here${near}; known: ${SESSION_SETTINGS.join(', ')}`,
      });
    } else if (seen.has(folded)) {
      problems.push({ path: [name], message: 'is given twice, in other letters; write it once' });
    } else if (setting.read(value) === null) {
      problems.push({ path: [name], message: `must be ${setting.expected}` });
    }
    seen.add(folded);
  }
  return problems;
}

/** All settings, those not given with their defaults; in the order in which they have to be set. */
export function sessionSettings(given: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  const byName = new Map(Object.entries(given).map(([name, value]) => [name.toUpperCase(), value]));
  const settings = Object.entries(SETTINGS).map(([name, setting]) => {
    const value = byName.get(name);
    return [name, (value === undefined ? null : setting.read(value)) ?? setting.default];
  });
  return Object.fromEntries(settings);
}

function settingOf(name: string): Setting | null {
  return Object.hasOwn(SETTINGS, name) ? (SETTINGS[name] ?? null) : null;
}

/** Oracle refuses digits, signs, quotes and angle brackets there. */
function readNumericCharacters(value: string): string | null {
  const [decimal = '', group = ''] = Array.from(value);
  return Array.from(value).length === 2 && decimal !== group && /^[^0-9+\-<>'"\p{Cc}]{2}$/u.test(value) ? value : null;
}

function readTimeZone(value: string): string | null {
  const offset = /^([+-])([0-9]{1,2}):([0-9]{2})$/.exec(value);
  if (offset !== null) {
    const [, sign = '+', hours = '', minutes = ''] = offset;
    // From -12:00 to +14:00, as Oracle has it.
    const total = Number(hours) * 60 + Number(minutes);
    const sound = Number(minutes) < 60 && total <= (sign === '+' ? 14 : 12) * 60;
    return sound ? `${total === 0 ? '+' : sign}${hours.padStart(2, '0')}:${minutes}` : null;
  }
  const region = /^[A-Za-z][A-Za-z0-9_+-]*(?:\/[A-Za-z0-9_+-]+)*$/.test(value) && value.length <= 64;
  return region && !/^(?:LOCAL|DBTIMEZONE|SESSIONTIMEZONE)$/i.test(value) ? value : null;
}
