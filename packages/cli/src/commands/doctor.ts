/**
 * `parqueue doctor`: every part a cluster stands on, looked at from this host, in the order in which they depend on each
 * other. Changes nothing but a small file in the store's trash, which it removes. Nothing it asks can keep it: each
 * question has a time limit.
 */
import { BEAT_EVERY_MS, isEpochLost, isParqueueError, reserveOf, shardOf, type ProcessRecord } from '@parqueue/core';
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
import { checkStore } from '../doctor/store-checks.ts';
import { probeStore } from '../doctor/store-probe.ts';
import { checkWork, type SourcePause } from '../doctor/work-checks.ts';
import { EXIT, type ExitCode } from '../exit.ts';
import { printer } from '../output/checks.ts';
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
  const paused = options.source === undefined ? await checkCommon(context, loaded, checksOf) : [];
  await checkSources(loaded.config, { only: options.source, paused, checksOf });
  print.end(all);
  return all.some(({ status }) => status === 'fail') ? EXIT.failed : EXIT.ok;
}

type ChecksOf = (area: string) => Checks;

/** @returns the sources that somebody paused */
async function checkCommon(context: Context, loaded: LoadedConfig, checksOf: ChecksOf): Promise<readonly string[]> {
  const { config } = loaded;
  const found = await findRedisInTime(loaded);
  checksOf('config').ok(
    'file',
    `${Object.keys(config.sources).length} sources, ${Object.keys(config.datasets).length} datasets`,
  );
  const redis = await checkRedis(checksOf('redis'), found, { config, context });
  const facts = redis === null || found.url === null ? null : await gather(context, config, { url: found.url, redis });
  const samples = facts === null ? [] : facts.samples;
  const outcomes = await probeStore({ root: config.store.root, samples }, LIMIT_MS);
  const space = outcomes.space?.kind === 'done' ? outcomes.space.result : null;
  checkStore(checksOf('store'), outcomes, {
    config,
    storeIdInRedis: redis?.marker?.storeId ?? null,
    usedBytes: facts?.usedBytes ?? null,
    reserveBytes: space === null ? 0 : reserveOf(storeRules(config), space),
  });
  if (redis === null || facts === null) {
    for (const area of ['cluster', 'work']) checksOf(area).skipped('all', 'Redis is away');
    return [];
  }
  checkCluster(checksOf('cluster'), { processes: facts.processes, config, version: context.version });
  checkWork(checksOf('work'), { redis, fillTimeoutMs: config.limits.fill.timeoutMs, ...facts });
  return Object.keys(facts.pauses);
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
      processes: await whoLives(context, processes),
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

/** Who runs tells it again within a beat where Redis has just forgotten: nobody at all is looked for so long. */
async function whoLives({ clock }: Context, processes: Coordination['processes']): Promise<readonly ProcessRecord[]> {
  const found = await processes.list();
  if (found.length > 0) return found;
  await clock.sleep(BEAT_EVERY_MS + 1000);
  return await processes.list();
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

interface SourcesToCheck {
  readonly only: string | undefined;
  readonly paused: readonly string[];
  readonly checksOf: ChecksOf;
}

/**
 * Several at a time, told in the order of the configuration. Who paused a source wants it left alone, by us too: it is
 * asked only where it is named.
 */
async function checkSources(config: Config, { only, paused, checksOf }: SourcesToCheck): Promise<void> {
  const catalog = new Catalog(config);
  for (const source of Object.keys(config.sources).filter((name) => paused.includes(name)))
    checksOf(`source ${source}`).skipped('all', `paused: \`parqueue doctor --source ${source}\` asks it all the same`);
  const names =
    only === undefined
      ? Object.keys(config.sources).filter((name) => !paused.includes(name))
      : [catalog.source(only).name];
  const asked: Promise<readonly SourceAnswer[]>[] = [];
  for (const [at, source] of names.entries()) {
    const before = asked[at - SOURCES_AT_ONCE] ?? Promise.resolve([]);
    asked.push(before.then(() => probeSource({ config, source, limitMs: LIMIT_MS })));
  }
  for (const [at, source] of names.entries()) {
    const checks = checksOf(`source ${source}`);
    for (const answer of (await asked[at]) ?? []) checkSource(checks, answer);
  }
}
