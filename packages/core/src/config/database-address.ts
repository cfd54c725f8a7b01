/**
 * Which database a URI means (`postgresql://host:5432/database`), taken apart and spelled in one way: part of every cache
 * key of its source (I1). What only concerns the way there has keys of its own beside connectString, so a URI says where
 * and what, and nothing else. No message ever repeats a part of it: people write passwords into URIs.
 */

export type AddressKind = 'postgres' | 'mysql';

export interface DatabaseAddress {
  /** Lower case, addresses in their shortest form; an IPv6 address without brackets. */
  readonly host: string;
  readonly port: number;
  /** Exactly as the catalogue has it. */
  readonly database: string;
  /** `host:port/database`, the same for all spellings of one address. */
  readonly identity: string;
}

export type AddressReading =
  | ({ readonly kind: 'address' } & DatabaseAddress)
  | { readonly kind: 'unusable'; readonly problem: string };

interface UriRules {
  readonly schemes: readonly string[];
  readonly example: string;
  readonly port: number;
  /** null: the name of a database may be that. */
  readonly refuseDatabase: (name: string) => string | null;
}

/** NAMEDATALEN - 1; a longer name would be cut off, and mean another database than it says. */
const POSTGRES_NAME_BYTES_MAX = 63;
const MYSQL_NAME_CHARS_MAX = 64;

const RULES: Readonly<Record<AddressKind, UriRules>> = {
  postgres: {
    schemes: ['postgresql', 'postgres'],
    example: 'postgresql://host:5432/database',
    port: 5432,
    refuseDatabase: (name) =>
      Buffer.byteLength(name) > POSTGRES_NAME_BYTES_MAX
        ? `names a database in more than ${POSTGRES_NAME_BYTES_MAX} bytes, which no name of Postgres has`
        : null,
  },
  mysql: {
    schemes: ['mysql', 'mariadb'],
    example: 'mysql://host:3306/database',
    port: 3306,
    refuseDatabase: (name) =>
      Array.from(name).length > MYSQL_NAME_CHARS_MAX
        ? `names a database in more than ${MYSQL_NAME_CHARS_MAX} characters, which no name of MySQL has`
        : null,
  },
};

/** What other programs take behind the ?, and where it is written here. Other names are not told: they may be secrets. */
const PARAMETERS: Readonly<Record<string, string>> = {
  sslmode: 'tls: off, require or verify',
  'ssl-mode': 'tls: off, require or verify',
  ssl: 'tls: off, require or verify',
  sslrootcert: 'ca: a file with certificates',
  'ssl-ca': 'ca: a file with certificates',
  connect_timeout: 'connectTimeout: 10s',
  user: 'user:',
  password: 'password: with a reference such as ${SALES_PASSWORD}',
  options: 'session: { … }',
  search_path: 'schema:',
  currentschema: 'schema:',
  timezone: 'session: { … }',
  charset: 'nothing, text is always read as UTF-8',
  client_encoding: 'nothing, text is always read as UTF-8',
  application_name: 'nothing, sessions are named parqueue',
  host: 'a host name in the address',
  socket: 'a host name in the address',
};

const URI = /^(?<scheme>[a-z][a-z0-9+.-]*):\/\/(?<authority>[^/?#]*)(?:\/(?<path>[^?#]*))?(?:\?(?<query>[^#]*))?$/i;
const AUTHORITY = /^(?<host>\[[0-9a-f:.]+\]|[a-z0-9_](?:[a-z0-9_.-]*[a-z0-9_])?)(?::(?<port>[0-9]{1,5}))?$/i;

export function readDatabaseAddress(text: string, kind: AddressKind): AddressReading {
  const { schemes, example, port: defaultPort, refuseDatabase } = RULES[kind];
  const trimmed = text.trim();
  const uri = URI.exec(trimmed)?.groups;
  const scheme = uri?.['scheme']?.toLowerCase();
  if (uri === undefined || scheme === undefined || !schemes.includes(scheme))
    return unusable(problemOfScheme(trimmed, kind));
  const { authority = '', path = '', query = '' } = uri;
  if (`${authority}/${path}`.includes('@'))
    return unusable(
      'has an @: user and password are keys of their own, beside it (an @ in the name of a database is written %40)',
    );
  if (query !== '') return unusable(problemOfQuery(query));
  if (authority === '' || /^%2f/i.test(authority))
    return unusable(
      `names no host: sockets of one machine are not offered, as they would mean another database on the next one; write ${example}`,
    );
  if (/[,;]/.test(authority))
    return unusable('names several hosts; write one, such as a name that follows the database when it moves');
  const address = AUTHORITY.exec(authority)?.groups;
  const host = normalHost(address?.['host'] ?? '');
  if (address === undefined || host === null)
    return unusable(`has a host or port that is none; write ${example}, an IPv6 address in brackets`);
  const port = Number(address['port'] ?? defaultPort);
  if (port < 1 || port > 65_535) return unusable('has a port that is none; write 1 to 65535');
  const database = decoded(path);
  if (database === null || database.includes('\0'))
    return unusable('has a % that begins no UTF-8 character; write %25 for a % in the name of a database');
  if (database === '') return unusable(`names no database; write ${example}`);
  if (path.includes('/')) return unusable('has a / in the name of the database; write %2F');
  const problem = refuseDatabase(database);
  if (problem !== null) return unusable(problem);
  return { kind: 'address', host, port, database, identity: spell(host, port, database) };
}

function spell(host: string, port: number, database: string): string {
  return `${host.includes(':') ? `[${host}]` : host}:${port}/${encodeURIComponent(database)}`;
}

/** As the WHATWG has it, for whom all spellings of one IP address are one. */
function normalHost(host: string): string | null {
  const url = `http://${host}/`;
  return host !== '' && URL.canParse(url) ? new URL(url).hostname.replace(/^\[|\]$/g, '') : null;
}

function decoded(text: string): string | null {
  if (!text.isWellFormed()) return null;
  try {
    return decodeURIComponent(text);
  } catch {
    return null;
  }
}

function problemOfScheme(text: string, kind: AddressKind): string {
  const { example } = RULES[kind];
  const [, given = ''] = /^(?:jdbc:)?([a-z]+):\/\//i.exec(text) ?? [];
  const other = (['postgres', 'mysql'] as const).find((name) => RULES[name].schemes.includes(given.toLowerCase()));
  if (other !== undefined && other !== kind)
    return `is the address of another kind of database; write kind: ${other}, or ${example}`;
  if (other === kind && /^jdbc:/i.test(text)) return 'begins with jdbc:, which is for Java; leave that word out';
  if (other === kind && text.includes('#')) return 'has a #; in the name of a database it is written %23';
  return `is no address of this kind of database; write ${example}`;
}

function problemOfQuery(query: string): string {
  const names = query.split('&').map((pair) => pair.split('=', 1)[0]?.toLowerCase() ?? '');
  const known = [...new Set(names)].filter((name) => Object.hasOwn(PARAMETERS, name));
  const told = known.map((name) => `; instead of ${name} write ${PARAMETERS[name]}`).join('');
  return `has parameters behind a ?, of which none is known: leave them out${told}`;
}

function unusable(problem: string): AddressReading {
  return { kind: 'unusable', problem };
}
