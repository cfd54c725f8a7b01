/**
 * Session settings that change rows, by kind of database. Each is pinned: left to the server, to a role or to a logon
 * trigger, one statement would mean two things. They are part of the cache key.
 */
import type { SqlSourceKind } from '../model/request.ts';
import { didYouMean } from './did-you-mean.ts';
import { MYSQL_SETTINGS } from './session-mysql.ts';
import { ORACLE_SETTINGS } from './session-oracle.ts';
import { POSTGRES_SETTINGS } from './session-postgres.ts';
import type { Settings } from './setting.ts';

interface SettingsOfKind {
  readonly settings: Settings;
  /** The database's spelling of a name, whose case makes no difference. */
  readonly fold: (name: string) => string;
}

const toLower = (name: string): string => name.toLowerCase();

const SETTINGS_OF: Readonly<Record<SqlSourceKind, SettingsOfKind>> = {
  oracle: { settings: ORACLE_SETTINGS, fold: (name) => name.toUpperCase() },
  postgres: { settings: POSTGRES_SETTINGS, fold: toLower },
  mysql: { settings: MYSQL_SETTINGS, fold: toLower },
};

export function settingNames(kind: SqlSourceKind): readonly string[] {
  return Object.keys(SETTINGS_OF[kind].settings);
}

export interface SettingProblem {
  readonly path: readonly string[];
  readonly message: string;
}

export function checkSessionSettings(
  kind: SqlSourceKind,
  given: Readonly<Record<string, string>>,
): readonly SettingProblem[] {
  const { settings, fold } = SETTINGS_OF[kind];
  const known = settingNames(kind);
  const problems: SettingProblem[] = [];
  const seen = new Set<string>();
  for (const [name, value] of Object.entries(given)) {
    const folded = fold(name);
    const setting = Object.hasOwn(settings, folded) ? settings[folded] : undefined;
    if (setting === undefined) {
      const message = `is not a setting that may be set here${didYouMean(name, known)}; known: ${known.join(', ')}`;
      problems.push({ path: [name], message });
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
export function sessionSettings(
  kind: SqlSourceKind,
  given: Readonly<Record<string, string>>,
): Readonly<Record<string, string>> {
  const { settings, fold } = SETTINGS_OF[kind];
  const byName = new Map(Object.entries(given).map(([name, value]) => [fold(name), value]));
  const pinned = Object.entries(settings).flatMap(([name, setting]): [string, string][] => {
    const value = byName.get(name);
    const read = (value === undefined ? null : setting.read(value)) ?? setting.default;
    return read === null ? [] : [[name, read]];
  });
  return Object.fromEntries(pinned);
}
