/** What a version is made of, as the configuration says it, held to what the kind of source has. */
import type { FreshnessPolicy } from '../model/freshness.ts';
import type { SourceKind, SqlVersioning } from '../model/request.ts';
import type { VersionKind } from '../model/version.ts';
import type { OnProblem } from './params.ts';
import { VERSIONS_OF, type FreshnessInput } from './schema-freshness.ts';
import { readSql, type SqlContext } from './sql-texts.ts';

export interface Freshness {
  readonly policy: FreshnessPolicy;
  /** What `version: refresh-key` asks, normalised; null with any other. */
  readonly refreshKey: string | null;
}

/** Problems are told relative to the freshness. `sourceKind` null: unknown, so that no version is wrong for it. */
export function readFreshness(input: FreshnessInput, sourceKind: SourceKind | null, context: SqlContext): Freshness {
  const { onProblem } = context;
  const version = checkedKind(versionKindOf(input, sourceKind), sourceKind, onProblem);
  if (version === 'ttl' && input.maxAge === 0)
    onProblem(['maxAge'], 'is needed with version: ttl; write how long an answer stays right, such as maxAge: 10m');
  const policy = {
    version,
    maxAgeMs: input.maxAge,
    staleWhileRevalidateMs: input.staleWhileRevalidate,
    staleIfErrorMs: input.staleIfError,
  };
  return { policy, refreshKey: readRefreshKey(input, version, context) };
}

/** @param refreshKey the normalised statement of version refresh-key */
export function versioningOf({ policy, refreshKey }: Freshness): SqlVersioning {
  const { version } = policy;
  if (version === 'refresh-key') return { kind: version, statement: refreshKey ?? '' };
  if (version === 'checksum' || version === 'token')
    throw new TypeError(`a statement has no version of kind ${version}`);
  return { kind: version };
}

function versionKindOf({ version }: FreshnessInput, sourceKind: SourceKind | null): VersionKind {
  if (version === undefined) return sourceKind === null ? 'manual' : VERSIONS_OF[sourceKind][0];
  return typeof version === 'string' ? version : 'refresh-key';
}

/** What a refused kind gives way to allows whatever a statement reads, so that nothing else is told because of it. */
function checkedKind(version: VersionKind, sourceKind: SourceKind | null, onProblem: OnProblem): VersionKind {
  if (sourceKind === null) return version === 'ttl' || version === 'refresh-key' ? version : 'manual';
  const known: readonly VersionKind[] = VERSIONS_OF[sourceKind];
  if (known.includes(version)) return version;
  onProblem(['version'], `must be one that a source of kind ${sourceKind} has: ${known.join(', ')}`);
  return 'manual';
}

function readRefreshKey(input: FreshnessInput, version: VersionKind, context: SqlContext): string | null {
  const { onProblem } = context;
  const inside = typeof input.version === 'object' ? input.version['refresh-key'] : undefined;
  if (version !== 'refresh-key') {
    if (input.refreshKey !== undefined) onProblem(['refreshKey'], 'goes with version: refresh-key only');
    return null;
  }
  if (inside !== undefined && input.refreshKey !== undefined) {
    onProblem(['refreshKey'], 'is written under version already; leave one of them out');
    return null;
  }
  const given = inside ?? input.refreshKey;
  if (given === undefined) {
    onProblem(['version'], 'needs its statement; write version: { refresh-key: { sql: SELECT … } }');
    return null;
  }
  const path = inside === undefined ? ['refreshKey', 'sql'] : ['version', 'refresh-key', 'sql'];
  const statement = readSql(given.sql, path, context);
  if (statement === null) return null;
  // Its result is shared by all entries with the same refresh key, whatever their parameters.
  if (statement.placeholders.length > 0) onProblem(path, 'may not have parameters: its answer counts for all of them');
  return statement.text;
}
