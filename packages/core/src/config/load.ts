/**
 * Reads the configuration file: text → YAML → shape → cross-checks → Config. Every problem is found before anything is
 * thrown, each with its place and what to write instead; none of them carries a value, which may be a secret.
 */
import { dirname, resolve } from 'node:path';
import { SOURCE_KINDS, type SourceKind } from '../model/request.ts';
import type { ApiKey, Config, DatasetConfig, SourceConfig } from './config.ts';
import { buildDataset } from './datasets.ts';
import { isLoopback } from './loopback.ts';
import type { Problems, YamlPath } from './problems.ts';
import type { ReferenceSurroundings } from './references.ts';
import { configSchema, type ConfigInput } from './schema.ts';
import type { AuthInput } from './schema-auth.ts';
import { addSchemaProblems, isMapping, valueAt } from './schema-problems.ts';
import { sourceSchema } from './schema-sources.ts';
import { soundParts } from './sound-parts.ts';
import { buildSource } from './sources.ts';
import { readYamlTree, type YamlTree } from './yaml-tree.ts';

export interface LoadOptions extends ReferenceSurroundings {
  /** Absolute path of the file; relative paths in it start from its folder. */
  readonly path: string;
}

/** An unset `${REDIS_URL}` means the embedded Redis. */
function mayBeUnset(path: YamlPath): boolean {
  return path.length === 2 && path[0] === 'redis' && path[1] === 'url';
}

/** @throws ParqueueError PQ_CONFIG with `details.problems: ConfigProblem[]`, all of them. */
export function loadConfig(text: string, options: LoadOptions): Config {
  const tree = readYamlTree(text, options, mayBeUnset);
  const { problems } = tree;
  // Without YAML there is nothing to check; an empty file is a configuration of defaults.
  if (problems.any && tree.value === null) problems.throwIfAny(options.path);
  const raw = tree.value ?? {};
  const parsed = configSchema.safeParse(raw);
  if (!parsed.success)
    addSchemaProblems(parsed.error.issues, { problems, raw, isUnresolved: (path) => tree.isUnresolved(path) });
  const sqlBytesMax = sqlBytesLimit(raw);
  const sources = buildSources(raw, tree, { folder: dirname(options.path), sqlBytesMax });
  const datasets = buildDatasets(raw, tree, sqlBytesMax);
  checkAccess(raw, problems);
  problems.throwIfAny(options.path);
  if (!parsed.success) throw parsed.error;
  return assemble(parsed.data, { sources, datasets }, dirname(options.path));
}

/** Each source by itself; one whose shape is wrong is told by the schema alone. */
function buildSources(
  raw: unknown,
  tree: YamlTree,
  context: { readonly folder: string; readonly sqlBytesMax: number },
): Record<string, SourceConfig> {
  const sources = membersAt(raw, 'sources').flatMap(([name, input]): [string, SourceConfig][] => {
    const parsed = sourceSchema.safeParse(input);
    if (!parsed.success) return [];
    return [[name, buildSource(name, parsed.data, { ...context, onProblem: tellAt(tree, ['sources', name]) })]];
  });
  return Object.fromEntries(sources);
}

/** Each dataset by itself, so that a mistake in one hides none in another. */
function buildDatasets(raw: unknown, tree: YamlTree, sqlBytesMax: number): Record<string, DatasetConfig> {
  const sourceKinds = new Map(membersAt(raw, 'sources').map(([name, input]) => [name, kindOf(input)]));
  const datasets = membersAt(raw, 'datasets').flatMap(([name, input]): [string, DatasetConfig][] => {
    const sound = soundParts(input);
    if (sound === null) return [];
    const onProblem = sound.filtered(tellAt(tree, ['datasets', name]));
    return [[name, buildDataset(name, sound.input, { sourceKinds, sqlBytesMax, onProblem })]];
  });
  return Object.fromEntries(datasets);
}

function membersAt(raw: unknown, section: string): readonly [string, unknown][] {
  const members = valueAt(raw, [section]);
  return isMapping(members) ? Object.entries(members) : [];
}

function kindOf(source: unknown): SourceKind | null {
  return SOURCE_KINDS.find((kind) => kind === valueAt(source, ['kind'])) ?? null;
}

function sqlBytesLimit(raw: unknown): number {
  const limits = configSchema.shape.limits.safeParse(valueAt(raw, ['limits']));
  return limits.success ? limits.data.sqlBytes : configSchema.shape.limits.parse({}).sqlBytes;
}

function tellAt(tree: YamlTree, base: YamlPath): (path: YamlPath, message: string) => void {
  return (path, message) => {
    const at = [...base, ...path];
    if (!tree.isUnresolved(at)) tree.problems.add(at, message);
  };
}

function checkAccess(raw: unknown, problems: Problems): void {
  const listen = configSchema.shape.listen.safeParse(valueAt(raw, ['listen']));
  const auth = configSchema.shape.auth.safeParse(valueAt(raw, ['auth']));
  if (!auth.success) return;
  const { apiKeys } = auth.data;
  if (apiKeys.length === 0 && listen.success && !isLoopback(listen.data.host)) {
    problems.add(
      ['listen', 'host'],
      'is not a loopback address, and there is no auth.apiKeys: anybody could ask; add a key (`parqueue key new`) or write 127.0.0.1',
    );
  }
  for (const [index, key] of apiKeys.entries()) {
    const first = apiKeys.findIndex((other) => other.name === key.name || other.sha256 === key.sha256);
    if (first < index)
      problems.add(
        ['auth', 'apiKeys', index],
        `has the name or the hash of auth.apiKeys[${first}]; every key needs its own`,
      );
  }
}

function assemble(input: ConfigInput, built: Pick<Config, 'sources' | 'datasets'>, folder: string): Config {
  const { store, limits, worker } = input;
  return {
    listen: input.listen,
    store: {
      root: resolve(folder, store.root),
      quotaBytes: store.quota ?? null,
      reserveBytes: store.reserve ?? null,
      retention: {
        generations: store.retention.generations,
        maxAgeMs: store.retention.maxAge,
        graceMs: store.retention.grace,
        unreadMs: store.retention.unread ?? null,
      },
      fileMode: store.fileMode,
    },
    redis: {
      url: input.redis.url === undefined || input.redis.url === '' ? null : input.redis.url,
      durable: input.redis.durable,
    },
    auth: { apiKeys: input.auth.apiKeys.map((key) => apiKeyOf(key, input.auth.limits)) },
    limits: {
      fill: { rowsMax: limits.rows, bytesMax: limits.bytes, timeoutMs: limits.fillTimeout },
      sqlBytesMax: limits.sqlBytes,
      queuePerSource: limits.queuePerSource,
      waitersMax: limits.waiters,
      connectionsMax: limits.connections,
    },
    worker: {
      listen: worker.listen,
      threads: worker.threads,
      threadMemoryBytes: worker.threadMemory,
      leaseTtlMs: worker.leaseTtl,
      drainFinishMs: worker.drain.finish,
      scratch: worker.scratch === undefined ? null : resolve(folder, worker.scratch),
    },
    log: input.log,
    telemetry: { traces: input.telemetry.traces ?? null },
    ...built,
  };
}

/** Two seconds of it. */
const BURST_SECONDS = 2;
/** Enough for a busy application, and a tenth of the callers that may wait in a process by default. */
const CONCURRENT_PER_KEY = 1000;

function apiKeyOf({ expires, limits, ...key }: AuthInput['apiKeys'][number], shared: AuthInput['limits']): ApiKey {
  // A burst belongs to the rate that it was written beside.
  const { requestsPerSecond = null, burst } =
    limits.requestsPerSecond === undefined ? { ...shared, ...limits } : limits;
  return {
    ...key,
    expiresAtMs: expires ?? null,
    limits: {
      requestsPerSecond,
      burst: burst ?? Math.max(1, Math.ceil((requestsPerSecond ?? 0) * BURST_SECONDS)),
      concurrent: limits.concurrent ?? shared.concurrent ?? CONCURRENT_PER_KEY,
    },
  };
}
