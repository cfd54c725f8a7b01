/** Sources that are databases: where they are, as whom they are asked, and what unqualified names mean there. */
import { isAbsolute, resolve } from 'node:path';
import type { SqlSourceKind } from '../model/request.ts';
import type {
  AdhocSqlPolicy,
  MysqlSourceConfig,
  OracleSourceConfig,
  PostgresSourceConfig,
  SqlSourceConfig,
  TlsConfig,
} from './config.ts';
import { readConnectString } from './connect-identity.ts';
import { readDatabaseAddress, type AddressKind, type DatabaseAddress } from './database-address.ts';
import { isLoopback } from './loopback.ts';
import type { OnProblem } from './params.ts';
import { NUMBERS_OF } from './schema-freshness.ts';
import type { MysqlSourceInput, OracleSourceInput, PostgresSourceInput } from './schema-sql-sources.ts';
import { sessionSettings } from './session-settings.ts';
import { adhocContext, type SourceContext } from './source-context.ts';
import { nameWords, readName } from './sql-names.ts';
import { readFreshness, versioningOf } from './versioning.ts';

type SqlSourceInput = OracleSourceInput | PostgresSourceInput | MysqlSourceInput;

export function oracleSource(name: string, input: OracleSourceInput, context: SourceContext): OracleSourceConfig {
  const { folder, onProblem } = context;
  const user = nameOf('user', input.user, { kind: 'oracle', onProblem });
  const place = (path: string | undefined): string | null => (path === undefined ? null : resolve(folder, path));
  const wallet = input.walletLocation;
  return {
    kind: 'oracle',
    ...common(name, input, context),
    connectString: input.connectString.trim(),
    identity: oracleIdentity(input, onProblem),
    schema: input.schema === undefined ? user : nameOf('schema', input.schema, { kind: 'oracle', onProblem }),
    configDir: place(input.configDir),
    // The driver's own word for the certificates of the system.
    walletLocation: wallet?.toUpperCase() === 'SYSTEM' && !isAbsolute(wallet) ? 'SYSTEM' : place(wallet),
    walletPassword: input.walletPassword ?? null,
  };
}

export function postgresSource(name: string, input: PostgresSourceInput, context: SourceContext): PostgresSourceConfig {
  const { host, port, database, identity } = addressOf(input.connectString, 'postgres');
  return {
    kind: 'postgres',
    ...common(name, input, context),
    host,
    port,
    database,
    identity: input.identity ?? identity,
    schema: nameOf('schema', input.schema, { kind: 'postgres', onProblem: context.onProblem }),
    tls: tlsOf(input, host, context),
  };
}

export function mysqlSource(name: string, input: MysqlSourceInput, context: SourceContext): MysqlSourceConfig {
  const { host, port, database, identity } = addressOf(input.connectString, 'mysql');
  return {
    kind: 'mysql',
    ...common(name, input, context),
    host,
    port,
    identity: input.identity ?? identity,
    schema: database,
    tls: tlsOf(input, host, context),
  };
}

type Common = Omit<SqlSourceConfig, 'kind' | 'identity' | 'schema'>;

function common(name: string, input: SqlSourceInput, context: SourceContext): Common {
  return {
    name,
    user: input.user,
    password: input.password,
    session: sessionSettings(input.kind, input.session),
    pool: { max: input.pool.max },
    connectTimeoutMs: input.connectTimeout,
    maxConcurrentFills: input.maxConcurrentFills,
    maxConcurrentProbes: input.maxConcurrentProbes,
    adhoc: adhocOf(input, context),
  };
}

function nameOf(
  key: string,
  text: string,
  { kind, onProblem }: { readonly kind: SqlSourceKind; readonly onProblem: OnProblem },
): string {
  const read = readName(text, kind);
  if (read === null) onProblem([key], `is not a name of the database; write ${nameWords(kind)}`);
  return read ?? text;
}

function oracleIdentity({ connectString, identity, configDir }: OracleSourceInput, onProblem: OnProblem): string {
  const reading = readConnectString(connectString);
  if (reading.kind === 'alias') {
    // An alias may be moved to another database without a change here: keys would go on meaning the old one.
    if (identity === undefined)
      onProblem(
        ['connectString'],
        'is an alias, which can come to mean another database: write identity: and a name that stays true, such as erp-production',
      );
    if (configDir === undefined)
      onProblem(['connectString'], 'is an alias; write configDir: the folder of tnsnames.ora');
  }
  return identity ?? (reading.kind === 'address' ? reading.identity : '');
}

/** The schema has let it pass. */
function addressOf(connectString: string, kind: AddressKind): DatabaseAddress {
  const reading = readDatabaseAddress(connectString, kind);
  if (reading.kind === 'address') return reading;
  throw new TypeError(`a connect string of kind ${kind} was not checked`);
}

function tlsOf(
  { tls, ca }: Pick<PostgresSourceInput, 'tls' | 'ca'>,
  host: string,
  { folder, onProblem }: SourceContext,
): TlsConfig {
  if (ca !== undefined && tls !== undefined && tls !== 'verify')
    onProblem(['ca'], `goes with tls: verify, but tls is ${tls}: leave one of them out`);
  return {
    mode: tls ?? (ca === undefined && isLoopback(host) ? 'off' : 'verify'),
    ca: ca === undefined ? null : resolve(folder, ca),
  };
}

function adhocOf(input: SqlSourceInput, context: SourceContext): AdhocSqlPolicy | null {
  const { adhoc, kind } = input;
  if (adhoc === undefined || adhoc === false) return null;
  const wish = adhoc === true ? { maxAge: 0, staleWhileRevalidate: 0, staleIfError: 0 } : adhoc;
  const freshness = readFreshness(wish, kind, adhocContext(context, kind));
  const numbers = typeof adhoc === 'object' && 'numbers' in adhoc ? adhoc.numbers : undefined;
  return { freshness: freshness.policy, version: versioningOf(freshness), numbers: numbers ?? NUMBERS_OF[kind] };
}
