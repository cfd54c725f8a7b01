/**
 * The settings of a session: all that a statement's rows depend on besides itself, given explicitly whatever role,
 * database or server have been given (ALTER ROLE … SET, postgresql.conf).
 */
import { ParqueueError } from '../../model/errors.ts';

/** No choice of the configuration's, which pins all others (config/session-postgres.ts). */
const FIXED: Readonly<Record<string, string>> = {
  client_encoding: 'UTF8',
  default_transaction_read_only: 'on',
  // On, a scan begins where another one is at that moment: equal loads would not be equal bytes.
  synchronize_seqscans: 'off',
};

/** The oldest that is maintained and was tried. */
export const SERVER_VERSION_MIN = 140_000;

/** Settings by name, in the order of names. */
export function settingsOf(
  schema: string,
  session: Readonly<Record<string, string>>,
): readonly (readonly [string, string])[] {
  const settings = { ...session, ...FIXED, search_path: searchPathOf(schema) };
  return Object.entries(settings)
    .map(([name, value]) => [settingName(name), value] as const)
    .toSorted(([a], [b]) => (a < b ? -1 : 1));
}

/** Unless it is named last, the schema of temporary tables is searched first. */
function searchPathOf(schema: string): string {
  return `${quotedName(schema)}, pg_temp`;
}

/** One query that gives all of them, and answers what the given expressions say after them. */
export function settingQuery(
  settings: readonly (readonly [string, string])[],
  expressions: readonly string[] = [],
): { readonly text: string; readonly values: readonly string[] } {
  const given = settings.map((_, i) => `pg_catalog.set_config($${2 * i + 1}, $${2 * i + 2}, false)`);
  return { text: `SELECT ${[...expressions, ...given].join(', ')}`, values: settings.flat() };
}

/** A name as the catalogue spells it, for use in a statement. */
export function quotedName(name: string): string {
  if (name === '' || name.includes('\0')) {
    throw new ParqueueError('PQ_INVALID_REQUEST', 'a name of Postgres has at least one character, and no zero byte');
  }
  return `"${name.replaceAll('"', '""')}"`;
}

function settingName(name: string): string {
  if (!/^[a-z_][a-z0-9_.]*$/.test(name)) throw new ParqueueError('PQ_CONFIG', `${name} is no setting of Postgres`);
  return name;
}
