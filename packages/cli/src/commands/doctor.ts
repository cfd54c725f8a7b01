/**
 * `parqueue doctor`: every part a cluster stands on, looked at from this host, in the order in which they depend on each
 * other. Changes nothing but a small file in the store's trash, which it removes. Nothing it asks can keep it: each
 * question has a time limit.
 */
import { isEpochLost, isParqueueError, PIN_MAX_MS, reserveOf, shardOf } from '@parqueue/core';
import { Catalog, storeRules, type Config } from '@parqueue/core/config';
import { openCoordination, type Coordination, type RedisInspection } from '@parqueue/core/redis';
import type { SourceAnswer } from '@parqueue/worker';
import { readConfig, type LoadedConfig } from '../config-file.ts';
import type { Context } from '../context.ts';
import { Checks, type Check } from '../doctor/check.ts';
import { checkCluster } from '../doctor/cluster-checks.ts';
import { checkRedis } from '../doctor/redis-checks.ts';
import { checkSource } from '../doctor/source-checks.ts';
import { probeSource } from '../doctor/source-probe.ts';
import { checkStore, type CollectionWait } from '../doctor/store-checks.ts';
import { probeStore } from '../doctor/store-probe.ts';
import { checkWork, type SourcePause } from '../doctor/work-checks.ts';
import { EXIT, type ExitCode } from '../exit.ts';
import { printer } from '../output/checks.ts';
import { spellNumber } from '../output/units.ts';
import { findRedis, type RedisAddressFound, type StoreOptions } from '../store-access.ts';

export interface DoctorOptions extends StoreOptions {
  readonly source?: string;
}

/** For each step on the store, and for each question to a source. */
const LIMIT_MS = 10_000;
const SOURCES_AT_ONCE = 4;
const HEADS_LOOKED_AT = 20;
const JOBS_LOOKED_AT = 1000;

/** @returns 1 where something is broken; warnings alone are 0. */
export async function doctor(context: Context, options: DoctorOptions): Promise<ExitCode> {
  const loaded = readConfig(context, options);
  const print = printer(context, { json: options.json === true, title: `${loaded.path}, parqueue ${context.version}` });
  const all: Check[] = [];
  const checksOf = (area: string): Checks =>
    new Checks(area, (check) => {
      all.push(check);
      print.check(check);
    });
  if (options.source === undefined) await checkAll(context, loaded, checksOf);
  else await askSources(loaded.config, { only: options.source, paused: [] })(checksOf);
  print.end(all);
  return all.some(({ status }) => status === 'fail') ? EXIT.failed : EXIT.ok;
}

type ChecksOf = (area: string) => Checks;

/** What takes time is asked at once, as soon as it is known what to ask; told in the order in which things depend on each other. */
async function checkAll(context: Context, loaded: LoadedConfig, checksOf: ChecksOf): Promise<void> {
  const { config } = loaded;
  const found = await findRedisInTime(loaded);
  const counts = [
    spellNumber(Object.keys(config.sources).length, 'source'),
    spellNumber(Object.keys(config.datasets).length, 'dataset'),
  ];
  checksOf('config').ok('file', counts.join(', '));
  const redisChecks = checksOf('redis');
  const redis = await checkRedis(redisChecks, found, { config, context });
  const facts =
    redis === null || found.url === null
      ? null
      : await gatherIfServed(redisChecks, () => gather(context, config, { url: found.url, redis }));
  const probing = probeStore({ root: config.store.root, samples: facts?.samples ?? [] }, LIMIT_MS);
  const tellSources = askSources(config, { only: undefined, paused: Object.keys(facts?.pauses ?? {}) });
  const outcomes = await probing;
  const space = outcomes.space?.kind === 'done' ? outcomes.space.result : null;
  checkStore(checksOf('store'), outcomes, {
    config,
    storeIdInRedis: redis?.marker?.storeId ?? null,
    usedBytes: facts?.usedBytes ?? null,
    reserveBytes: space === null ? 0 : reserveOf(storeRules(config), space),
    collectionWaits: redis === null ? null : collectionWait(redis, config),
  });
  if (redis === null || facts === null) {
    const why = redis === null ? 'Redis is away' : 'Redis does not serve';
    for (const area of ['cluster', 'work']) checksOf(area).skipped('all', why);
  } else {
    const { connectedWorkers } = redis;
    const { processes } = facts;
    checkCluster(checksOf('cluster'), { processes, connectedWorkers, config, version: context.version });
    checkWork(checksOf('work'), { redis, fillTimeoutMs: config.limits.fill.timeoutMs, ...facts });
  }
  await tellSources(checksOf);
}

/** As gc decides it: not before pins of the epoch before this one must be over. */
function collectionWait({ marker, pass, nowMs }: RedisInspection, { store }: Config): CollectionWait | null {
  if (marker === null) return null;
  if (pass.completedAtMs === null) return { untilMs: null };
  const untilMs = pass.completedAtMs + PIN_MAX_MS + store.retention.graceMs;
  return nowMs < untilMs ? { untilMs } : null;
}

/** A running `up` leaves the address of its Redis beside the store, which may be on a mount that never answers. */
async function findRedisInTime(loaded: LoadedConfig): Promise<RedisAddressFound> {
  if (loaded.config.redis.url === null) {
    const { reach } = await probeStore({ root: loaded.dataDirectory, samples: null }, LIMIT_MS);
    if (reach?.kind === 'hung') {
      return {
        url: null,
        why: `none is configured, and ${loaded.dataDirectory}, where a running \`parqueue up\` tells its own, does not answer`,
      };
    }
  }
  return await findRedis(loaded);
}

/** A Redis may tell of itself and refuse all else: with a full disk, or one that it may not write to. */
async function gatherIfServed<Facts>(checks: Checks, gathering: () => Promise<Facts>): Promise<Facts | null> {
  try {
    return await gathering();
  } catch (error) {
    if (!isParqueueError(error) || error.code !== 'PQ_COORDINATION_DOWN') throw error;
    checks.fail('commands', error.message, {
      means: 'callers hear 503 PQ_COORDINATION_DOWN; nothing is lost, and it goes on when Redis does',
      todo: 'make room on its disk, or follow what Redis says; docs/operations.md, "Redis is lost"',
    });
    return null;
  }
}

/** All that is read from Redis by names, on connections of their own, without opening an epoch. */
async function gather(
  context: Context,
  config: Config,
  { url, redis }: { readonly url: string; readonly redis: RedisInspection },
) {
  const { clock, randomId } = context;
  const coordination = await openCoordination({ url, storeId: redis.marker?.storeId ?? '', clock, randomId });
  try {
    if (redis.marker?.runId === redis.runId) coordination.register.adopt(redis.marker);
    const { processes, jobBrowser } = coordination;
    const counts = await jobBrowser.counts();
    return {
      processes: await processes.list(),
      chores: await processes.chores(),
      counts,
      pauses: await pausesOf(coordination, [...new Set(counts.map(({ source }) => source))]),
      jobs: await jobBrowser.list({
        states: ['queued', 'running', 'finished'],
        kinds: ['fill', 'probe'],
        limit: JOBS_LOOKED_AT,
      }),
      cooling: await coolingOf(coordination, Object.keys(config.sources)),
      usedBytes: await usedBytes(coordination),
      samples: await headPaths(coordination),
    };
  } finally {
    await coordination.close();
  }
}

async function pausesOf({ jobs }: Coordination, sources: readonly string[]): Promise<Record<string, SourcePause>> {
  const found = await Promise.all(sources.map(async (source) => [source, await jobs.pauseOf(source)] as const));
  return Object.fromEntries(found.flatMap(([source, pause]) => (pause === null ? [] : [[source, pause]])));
}

async function coolingOf({ cooling }: Coordination, sources: readonly string[]) {
  const states = await Promise.all(sources.map(async (source) => [source, await cooling.read(source)] as const));
  return Object.fromEntries(states);
}

/** Null where it cannot be told, as before anything was ever counted. */
async function usedBytes({ usage }: Coordination): Promise<number | null> {
  try {
    return (await usage.read()).bytes;
  } catch (error) {
    if (isParqueueError(error) || isEpochLost(error)) return null;
    throw error;
  }
}

/** Of the first heads there are files on every host, or these are not the same mounts. */
async function headPaths({ entries }: Coordination): Promise<readonly string[]> {
  const page = await entries.list({ prefix: '', dataset: null, limit: HEADS_LOOKED_AT, after: null });
  return page.entries
    .filter(({ head }) => head.damaged === null)
    .map(({ key, head }) => `entries/${shardOf(key)}/${key}/g${head.fence}/part-000.parquet`);
}

interface SourcesToAsk {
  readonly only: string | undefined;
  readonly paused: readonly string[];
}

/**
 * Several at a time, told in the order of the configuration. Who paused a source wants it left alone, by us too: it is
 * asked only where it is named.
 * @returns how to tell what they answered, which waits for it
 */
function askSources(config: Config, { only, paused }: SourcesToAsk): (checksOf: ChecksOf) => Promise<void> {
  const catalog = new Catalog(config);
  const resting = Object.keys(config.sources).filter((name) => paused.includes(name));
  const names =
    only === undefined
      ? Object.keys(config.sources).filter((name) => !paused.includes(name))
      : [catalog.source(only).name];
  const asked: Promise<readonly SourceAnswer[]>[] = [];
  for (const [at, source] of names.entries()) {
    const before = asked[at - SOURCES_AT_ONCE] ?? Promise.resolve([]);
    asked.push(before.then(() => probeSource({ config, source, limitMs: LIMIT_MS })));
  }
  return async (checksOf) => {
    for (const source of resting) {
      const how = `paused: \`parqueue doctor --source ${source}\` asks it all the same`;
      checksOf(`source ${source}`).skipped('all', how);
    }
    for (const [at, source] of names.entries()) {
      const checks = checksOf(`source ${source}`);
      const { kind } = catalog.source(source);
      for (const answer of (await asked[at]) ?? []) checkSource(checks, answer, kind);
    }
  };
}
