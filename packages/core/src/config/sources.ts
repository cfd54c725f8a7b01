/** From the shape of a source to a source that can be asked: what takes more than one value to judge. */
import { isAbsolute, resolve } from 'node:path';
import { STRICT } from '../model/freshness.ts';
import type { AdhocSqlPolicy, FileSourceConfig, OracleSourceConfig, SourceConfig } from './config.ts';
import { readConnectString } from './connect-identity.ts';
import type { OnProblem } from './params.ts';
import type { FileSourceInput, OracleSourceInput, SourceInput } from './schema-sources.ts';
import { sessionSettings } from './session-settings.ts';
import { readName } from './sql-names.ts';
import { readFreshness, versioningOf } from './versioning.ts';

export interface SourceContext {
  /** Relative paths start here. */
  readonly folder: string;
  readonly sqlBytesMax: number;
  /** Problems are told relative to the source. */
  readonly onProblem: OnProblem;
}

/** The result is of use only when there were no problems. */
export function buildSource(name: string, input: SourceInput, context: SourceContext): SourceConfig {
  return input.kind === 'file' ? fileSource(name, input, context) : oracleSource(name, input, context);
}

function fileSource(name: string, input: FileSourceInput, context: SourceContext): FileSourceConfig {
  const { adhoc } = input;
  const freshness = typeof adhoc === 'object' ? readFreshness(adhoc, 'file', under('adhoc', context)) : null;
  return {
    name,
    kind: 'file',
    root: resolve(context.folder, input.root),
    maxConcurrentFills: input.maxConcurrentFills,
    maxConcurrentProbes: input.maxConcurrentProbes,
    adhoc: freshness?.policy ?? (adhoc === true ? STRICT : null),
  };
}

function oracleSource(name: string, input: OracleSourceInput, context: SourceContext): OracleSourceConfig {
  const { folder, onProblem } = context;
  const user = nameOf('user', input.user, onProblem);
  const schema = input.schema === undefined ? user : nameOf('schema', input.schema, onProblem);
  const place = (path: string | undefined): string | null => (path === undefined ? null : resolve(folder, path));
  const wallet = input.walletLocation;
  return {
    name,
    kind: 'oracle',
    connectString: input.connectString.trim(),
    user: input.user,
    password: input.password,
    identity: identityOf(input, onProblem),
    schema,
    session: sessionSettings(input.session),
    pool: { max: input.pool.max },
    connectTimeoutMs: input.connectTimeout,
    configDir: place(input.configDir),
    // The driver's own word for the certificates of the system.
    walletLocation: wallet?.toUpperCase() === 'SYSTEM' && !isAbsolute(wallet) ? 'SYSTEM' : place(wallet),
    walletPassword: input.walletPassword ?? null,
    maxConcurrentFills: input.maxConcurrentFills,
    maxConcurrentProbes: input.maxConcurrentProbes,
    adhoc: adhocOf(input.adhoc, context),
  };
}

/** Upper case unless it is quoted, as the database reads it. */
function nameOf(key: string, text: string, onProblem: OnProblem): string {
  const read = readName(text);
  if (read === null) onProblem([key], 'is not a name of the database; write letters, digits, _ $ and #, or quote it');
  return read ?? text;
}

function identityOf({ connectString, identity, configDir }: OracleSourceInput, onProblem: OnProblem): string {
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

function adhocOf(adhoc: OracleSourceInput['adhoc'], context: SourceContext): AdhocSqlPolicy | null {
  if (adhoc === undefined || adhoc === false) return null;
  const wish = adhoc === true ? { maxAge: 0, staleWhileRevalidate: 0, staleIfError: 0 } : adhoc;
  const freshness = readFreshness(wish, 'oracle', under('adhoc', context));
  return {
    freshness: freshness.policy,
    version: versioningOf(freshness),
    numbers: adhoc === true ? 'double' : (adhoc.numbers ?? 'double'),
  };
}

function under(key: string, { onProblem, sqlBytesMax }: SourceContext) {
  const inner: OnProblem = (path, message) => onProblem([key, ...path], message);
  return { onProblem: inner, sqlBytesMax };
}
