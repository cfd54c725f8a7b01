/** Keys of another release, of another program or of another kind of source, and what to do about them. */
import { SOURCE_KINDS, type SourceKind } from '../model/request.ts';

type Hints = Readonly<Record<string, string>>;

const HINTS: Hints = {
  binds: 'write params; each :name of the statement is one',
  ttl: 'write freshness: { version: ttl, maxAge: … }',
  maxAge: 'it belongs under freshness',
  numbers: 'it goes with databases that have numbers of no declared size, Oracle and Postgres',
};

const ORACLE_ADDRESS = 'write connectString: host:1521/service';
const POSTGRES_ADDRESS = 'write connectString: postgresql://host:5432/database';
const MYSQL_ADDRESS = 'write connectString: mysql://host:3306/database';
const TLS = 'write tls: off, require or verify';
const SERVER_HINTS: Hints = {
  url: 'write connectString:',
  ssl: TLS,
  sslmode: TLS,
  sslrootcert: 'write ca: with the path of the file',
  username: 'write user:',
};

const HINTS_OF: Readonly<Partial<Record<SourceKind, Hints>>> = {
  oracle: {
    host: ORACLE_ADDRESS,
    port: ORACLE_ADDRESS,
    service: ORACLE_ADDRESS,
    tls: 'write tcps:// in connectString',
  },
  postgres: { ...SERVER_HINTS, host: POSTGRES_ADDRESS, port: POSTGRES_ADDRESS, database: POSTGRES_ADDRESS },
  mysql: {
    ...SERVER_HINTS,
    host: MYSQL_ADDRESS,
    port: MYSQL_ADDRESS,
    database: MYSQL_ADDRESS,
    schema: 'unqualified names mean tables of the database in connectString',
  },
};

/** Half a sentence, or null. `kind`: what is written beside the key as the kind of a source. */
export function hintOf(key: string, kind: unknown): string | null {
  const own = HINTS_OF[SOURCE_KINDS.find((known) => known === kind) ?? 'file'] ?? {};
  if (Object.hasOwn(own, key)) return own[key] ?? null;
  return Object.hasOwn(HINTS, key) ? (HINTS[key] ?? null) : null;
}

const KIND_NAMES: Readonly<Record<string, SourceKind>> = {
  postgresql: 'postgres',
  pg: 'postgres',
  mariadb: 'mysql',
  mysql2: 'mysql',
  oracledb: 'oracle',
  csv: 'file',
  parquet: 'file',
};

/** The kind that is meant by another name of it; null: none. */
export function kindMeant(given: unknown): SourceKind | null {
  const name = typeof given === 'string' ? given.toLowerCase() : '';
  return Object.hasOwn(KIND_NAMES, name) ? (KIND_NAMES[name] ?? null) : null;
}
