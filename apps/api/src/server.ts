/**
 * Composition root of the API: opens the store, ties the process to Redis, builds the application, listens; and takes
 * all of it down again, callers first.
 */
import { setMaxListeners } from 'node:events';
import { readFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { ParqueueError, Presence, toFailure, type Clock, type RandomId } from '@parqueue/core';
import { Catalog, configDigests, isLoopback, type ApiKey, type Config } from '@parqueue/core/config';
import { openCoordination } from '@parqueue/core/redis';
import { openTraces, stepLines } from '@parqueue/core/telemetry';
import { openStore, StoreReach, type MigrationProgress, type StoreCallOptions } from '@parqueue/core/store';
import { pino, type Logger } from 'pino';
import { buildApp } from './app.ts';
import { AskTally } from './ask-tally.ts';
import { tellKeys } from './access/key-news.ts';
import { Gatekeeper } from './auth.ts';
import type { ApiContext } from './context.ts';
import { serverCloser } from './close-server.ts';
import { ConversionPool } from './conversions/conversion-pool.ts';
import { ClusterSampler } from './cluster-sample.ts';
import { CoordinationLink } from './coordination-link.ts';
import { DatasetFacts } from './dataset-facts.ts';
import { DegradedMode } from './degraded.ts';
import { SendMemory } from './http/send-memory.ts';
import { PartLayouts } from './part-layouts.ts';
import { createMetrics } from './metrics.ts';
import { pinsHeld } from './pin-keeper.ts';
import { randomIds } from './random-ids.ts';
import { RedisTime } from './redis-time.ts';

export interface StartApiOptions {
  readonly config: Config;
  readonly log?: Logger;
  readonly clock?: Clock;
  readonly randomId?: RandomId;
  /** How often counts of asks are told to Redis. */
  readonly tellAsksMs?: number;
  /** How often this process tells that it lives. */
  readonly beatMs?: number;
  /** How many calls to the store there may be at once, below the threads that Node has for them; and how long one may take. */
  readonly storeCalls?: Partial<StoreCallOptions>;
}

export interface RunningApi {
  readonly url: string;
  /**
   * Other API keys from now on; requests under way go on. Never none where there were some.
   * @throws ParqueueError PQ_CONFIG
   */
  replaceKeys(keys: readonly ApiKey[]): void;
  /** Takes no new connections, lets callers finish for a while, then leaves. */
  close(): Promise<void>;
}

const SYSTEM_CLOCK: Clock = {
  now: () => Date.now(),
  sleep: async (ms, signal) => {
    // Node's timers take at most 2³¹ - 1 ms; nothing here needs to be woken later than that.
    await sleep(Math.min(ms, 2 ** 31 - 1), undefined, signal === undefined ? {} : { signal });
  },
};

/** A failover of Redis takes about a second; callers wait for that, and not much longer. */
const RECONNECT_MS = 2_000;

/** Above the pauses of an NFS server that was restarted or whose link was cut for seconds; callers do not wait much longer. */
const STORE_PATIENCE_MS = 10_000;

/** @throws ParqueueError PQ_CONFIG, PQ_STORE_IO; EADDRINUSE as Node words it */
export async function startApi(options: StartApiOptions): Promise<RunningApi> {
  const { config, clock = SYSTEM_CLOCK, randomId = randomIds() } = options;
  const log = options.log ?? pino();
  requireSafeAddress(config);
  const redisUrl = config.redis.url;
  if (redisUrl === null)
    throw new ParqueueError(
      'PQ_CONFIG',
      'redis.url is missing: the API by itself needs one; `parqueue up` brings its own',
    );

  const stopping = new AbortController();
  // One listener per caller in flight: their number is bounded by limits.waiters, not by Node's guess at a leak.
  setMaxListeners(0, stopping.signal);
  const { root, fileMode } = config.store;
  const onMigration = (progress: MigrationProgress): void => log.info({ ...progress }, 'the store is being migrated');
  const calls = { patienceMs: STORE_PATIENCE_MS, ...options.storeCalls };
  const store = await openStore({ root, fileMode, randomId, calls, onMigration });
  const storeReach = new StoreReach({ clock, look: () => store.space.free() });
  const link = new CoordinationLink({
    connect: () =>
      openCoordination({
        url: redisUrl,
        storeId: store.storeId,
        clock,
        randomId,
        log,
        reconnectMs: RECONNECT_MS,
        queuePerSource: config.limits.queuePerSource,
      }),
    store,
    clock,
    randomId,
    log,
    onStep: stepLines(log),
    waitersMax: config.limits.waitersMax,
  });
  const redisTime = new RedisTime(clock);
  const version = ownVersion();
  const conversions = new ConversionPool({
    clock,
    onTrouble: (error) => log.error({ reason: toFailure(error).message }, 'a conversion thread had trouble'),
  });
  const { tellAsksMs } = options;
  const everyMs = tellAsksMs === undefined ? {} : { everyMs: tellAsksMs };
  const asks = new AskTally({ link, clock, randomId, log, ...everyMs });
  const datasetFacts = new DatasetFacts({ link, clock });
  const traces = await openTraces(config, { service: 'parqueue-api', version, instance: randomId(), log });
  const gatekeeper = new Gatekeeper(config.auth.apiKeys, clock);
  const catalog = new Catalog(config);
  const metrics = createMetrics({
    version,
    config,
    cluster: new ClusterSampler({
      config,
      link,
      datasetFacts,
      store,
      clock,
      onTrouble: (reason) => tellScrape(log, reason),
    }),
    coordinationUp: () => link.answers(),
    storeUp: async () => (await storeReach.ask()) === 'ok',
    waiters: () => link.waiters,
    pinsHeld,
    conversions,
    storeCalls: store.calls,
  });
  const context: ApiContext = {
    config,
    version,
    store,
    storeReach,
    layouts: new PartLayouts(store),
    sendMemory: new SendMemory(),
    link,
    degraded: new DegradedMode({
      store,
      time: redisTime,
      policies: [
        ...catalog.datasets().map(({ freshness }) => freshness),
        ...catalog.sources().map(({ adhoc }) => (adhoc !== null && 'freshness' in adhoc ? adhoc.freshness : adhoc)),
      ],
      count: (outcome) => metrics.degradedAsks.labels(outcome).inc(),
    }),
    conversions,
    asks,
    datasetFacts,
    clock,
    randomId,
    log,
    catalog,
    gatekeeper,
    metrics,
    tracer: traces?.tracer ?? null,
    stopping: stopping.signal,
  };
  const app = await buildApp(context);
  const closeServer = serverCloser(app);
  const presence: { told: Presence | null } = { told: null };
  const close = async (): Promise<void> => {
    await closeServer({ clock, stopping });
    await conversions.close();
    await traces?.[Symbol.asyncDispose]();
    await asks.close();
    await presence.told?.stop();
    await link.close();
  };
  try {
    await link.start();
    asks.start();
    const url = await app.listen({ host: config.listen.host, port: config.listen.port });
    presence.told = presenceOf(options, { link, clock, randomId, url, version, redisTime });
    presence.told.start();
    log.info({ url, version }, 'the API listens');
    tellKeys(config.auth.apiKeys, { log, clock });
    const replaceKeys = (keys: readonly ApiKey[]): void => {
      gatekeeper.replace(keys);
      presence.told?.configured(configDigests({ ...config, auth: { ...config.auth, apiKeys: keys } }));
      tellKeys(keys, { log, clock });
    };
    return { url, replaceKeys, close };
  } catch (error) {
    await close();
    throw error;
  }
}

interface Self {
  readonly link: CoordinationLink;
  readonly clock: Clock;
  readonly randomId: RandomId;
  readonly url: string;
  readonly version: string;
  readonly redisTime: RedisTime;
}

function presenceOf({ config, beatMs }: StartApiOptions, self: Self): Presence {
  const { link, clock, randomId, url, version, redisTime } = self;
  const host = hostname();
  return new Presence(
    {
      id: `api:${host}:${process.pid}:${randomId().slice(0, 8)}`,
      role: 'api',
      host,
      pid: process.pid,
      version,
      node: process.version,
      url,
      startedAtMs: clock.now(),
      config: configDigests(config),
    },
    {
      processes: () => link.coordination?.processes ?? null,
      clock,
      onTime: (redisMs, askedAtMs) => redisTime.hear(redisMs, askedAtMs),
      ...(beatMs === undefined ? {} : { everyMs: beatMs }),
    },
  );
}

function requireSafeAddress({ listen, auth }: Config): void {
  if (auth.apiKeys.length > 0 || isLoopback(listen.host)) return;
  throw new ParqueueError(
    'PQ_CONFIG',
    `listen.host is ${listen.host} and there are no auth.apiKeys: anybody could ask. Add a key (\`parqueue key new\`) or listen on 127.0.0.1`,
  );
}

function tellScrape(log: Logger, reason: string): void {
  log.warn({ reason }, 'a scrape went without the numbers of the cluster');
}

function ownVersion(): string {
  const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as {
    version: string;
  };
  return version;
}
