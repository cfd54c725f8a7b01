/**
 * What a session is set to, explicitly: everything that rows depend on besides their statement, whatever the server's
 * defaults, the account's or init_connect's are. The configuration's `session` decides those that somebody may want
 * otherwise; the rest is fixed here.
 */
import { ParqueueError } from '../../model/errors.ts';
import type { Session } from '../sql/session.ts';
import type { ConnectOptions } from './connect.ts';
import type { MysqlConnection, ServerFacts } from './connection.ts';
import { ask, quotedName } from './query.ts';

/** Major and minor. */
const OLDEST: Readonly<Record<ServerFacts['product'], number>> = { mariadb: 1006, mysql: 800 };

/** The word, where a setting cannot be given its own default as a value. */
const DEFAULT = 'DEFAULT';

/** On both. */
const FIXED: Readonly<Record<string, string>> = {
  autocommit: '1',
  completion_type: 'NO_CHAIN',
  sql_safe_updates: '0',
  sql_big_selects: '1',
  sql_buffer_result: '0',
  // Without them no name stands out in what EXPLAIN leaves behind (relations.ts).
  sql_quote_show_create: '1',
};

const FIXED_BY_PRODUCT: Readonly<Record<ServerFacts['product'], Readonly<Record<string, string>>>> = {
  mariadb: {
    // Rows of a query cache are of some transaction's state.
    query_cache_type: 'OFF',
    // A history that is read by default is another table.
    system_versioning_asof: DEFAULT,
    old_mode: 'UTF8_IS_UTF8MB3',
    // Where it is reached, a recursive query ends without an error.
    max_recursive_iterations: '4294967295',
    // What a dot means to REGEXP, and whether blanks do.
    default_regex_flags: '',
  },
  mysql: {
    windowing_use_high_precision: 'ON',
    block_encryption_mode: 'aes-128-ecb',
  },
};

/** @throws ParqueueError PQ_SOURCE_REJECTED for a server that is too old */
export async function setUpSession(
  session: Session<MysqlConnection>,
  { schema, session: settings }: Pick<ConnectOptions, 'schema' | 'session'>,
): Promise<ServerFacts> {
  const server = await serverOf(session);
  for (const statement of settingStatements(settings, server.product)) await ask(session, statement);
  // Named in the handshake too, after which init_connect may have gone elsewhere.
  await ask(session, `USE ${quotedName(schema)}`);
  return server;
}

/** What tells this server from another one that answers under the same address. */
export const IDENTITY = "SELECT CONCAT_WS('/', @@hostname, @@port, @@server_id, @@datadir)";

async function serverOf(session: Session<MysqlConnection>): Promise<ServerFacts> {
  const [[version] = []] = await ask(session, 'SELECT VERSION()');
  const [[identity] = []] = await ask(session, IDENTITY);
  const facts = factsOf(version ?? '', identity ?? '');
  if (facts.number < OLDEST[facts.product]) {
    throw new ParqueueError(
      'PQ_SOURCE_REJECTED',
      `the server says it is ${facts.version}; this source needs MariaDB 10.6, MySQL 8.0, or newer`,
      { details: { version: facts.version } },
    );
  }
  return facts;
}

/** `10.11.19-MariaDB-0+deb12u1`, `8.0.36`, `8.4.3-log`. */
export function factsOf(version: string, identity: string): ServerFacts {
  const [, major = '0', minor = '0'] = /^([0-9]+)\.([0-9]+)/.exec(version) ?? [];
  return {
    product: /mariadb/i.test(version) ? 'mariadb' : 'mysql',
    version,
    number: Number(major) * 100 + Number(minor),
    identity,
  };
}

export function settingStatements(
  settings: Readonly<Record<string, string>>,
  product: ServerFacts['product'],
): readonly string[] {
  const { collation_connection: collation = 'utf8mb4_general_ci', ...rest } = settings;
  const all = { ...FIXED, ...FIXED_BY_PRODUCT[product], ...rest };
  const assigned = Object.entries(all)
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, value]) => `SESSION ${settingName(name)} = ${settingValue(name, value)}`);
  return [
    // First: how the texts of the others are read depends on it.
    `SET SESSION sql_mode = ''`,
    `SET NAMES utf8mb4 COLLATE ${settingName(collation)}`,
    `SET ${assigned.join(', ')}`,
    // Also for a refresh key that is asked without a transaction: uncommitted rows are of no state.
    'SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY',
  ];
}

function settingName(name: string): string {
  if (!/^[a-z][a-z0-9_]*$/.test(name)) throw new ParqueueError('PQ_CONFIG', `${name} is no session setting of MySQL`);
  return name;
}

function settingValue(name: string, value: string): string {
  if (/^-?[0-9]+$/.test(value) || value === DEFAULT) return value;
  if (/['"\\\p{Cc}]/u.test(value))
    throw new ParqueueError('PQ_CONFIG', `the value of the session setting ${name} has a quote`);
  return `'${value}'`;
}
