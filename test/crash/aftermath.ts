/**
 * What must be so when a fault is over and the cluster has come to rest, whatever the fault was. Each check says what it
 * found wrong; nothing found is nothing said.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { collectGarbage, epochOf, PIN_MAX_MS, verifyStore, type Heads } from '@parqueue/core';
import { storeRules } from '@parqueue/core/config';
import { connectRedis } from '@parqueue/core/redis';
import type { Fault } from './cells.ts';
import { LEASE_TTL_MS, randomId, type Stage } from './stage.ts';
import type { Subject } from './subjects.ts';

const REST_LIMIT_MS = 60_000;
const ENDS_WITHIN_MS = 6 * LEASE_TTL_MS;
/** The first one begins the grace of what nobody named yet, the next one ends it. */
const COLLECTIONS_MAX = 5;

const RESERVED = '{pq}:reserved';

type Redis = ReturnType<typeof connectRedis>;

export interface AftermathOf {
  readonly stage: Stage;
  readonly subject: Subject;
  readonly fault: Fault;
  /** Generations that head.json named meanwhile. */
  readonly named: readonly number[];
  /** What was reserved before: by the dead of the cell that was played here just before, whose minute is not over. */
  readonly reservedBefore: ReadonlySet<string>;
}

/** What a load reserves for its part's size, when that is known, ends by itself within a minute (docs/redis-keyspace.md). */
const ROOM_ENDS_WITHIN_MS = 60_000;

/** Who is gone, or has no Redis to give it back to, leaves its lease and its room to run out. */
const TAKES_THE_LEAVING: ReadonlySet<Fault> = new Set(['SIGKILL', 'out of memory', 'Redis killed', 'Redis paused']);

export interface Aftermath {
  readonly wrong: readonly string[];
  /** Commits of the current version, by Redis's log of changes; 0 where Redis forgot and the store told it. */
  readonly commits: number;
}

export async function aftermathOf({ stage, subject, fault, named, reservedBefore }: AftermathOf): Promise<Aftermath> {
  const redis = connectRedis({ url: stage.redis.url }, 'worker');
  try {
    const wrong = [...(await atRest(stage)), ...(await verified(stage))];
    if (!TAKES_THE_LEAVING.has(fault)) wrong.push(...(await leasesKept(stage, subject, redis)));
    // A collection takes them away, whoever left them.
    wrong.push(...(await stagingLeft(stage, subject)), ...(await pinsForEver(redis)));
    wrong.push(...(await collected(stage, subject, redis)));
    wrong.push(
      ...(await leftForEver(async () => [
        ...(await leaseLeft(stage, subject)),
        ...(await roomLeft(redis, { reservedBefore, forMs: TAKES_THE_LEAVING.has(fault) ? ROOM_ENDS_WITHIN_MS : 0 })),
        ...(await keysLeft(redis)),
      ])),
    );
    const { commits, odd } = await commitsOf(stage, { subject, named, redis });
    return { wrong: [...wrong, ...odd], commits };
  } finally {
    redis.disconnect();
  }
}

/** A fill gives its lease back when it is over, however it ended, and before its job is. */
async function leasesKept(stage: Stage, subject: Subject, redis: Redis): Promise<readonly string[]> {
  const kept = await redis.hgetall(`{pq}:lease:${stage.keyOf(subject)}`);
  return Object.keys(kept).length === 0 ? [] : [`a lease was not given back: ${JSON.stringify(kept)}`];
}

/** A fill takes its own staging along, and what those before it left. */
async function stagingLeft(stage: Stage, subject: Subject): Promise<readonly string[]> {
  const { staging } = await stage.store.directories.list(stage.keyOf(subject));
  return staging.map(({ fence, fillId }) => `staging is left: ${fence}-${fillId}`);
}

/** No job waits, runs or sleeps: those of dead workers were run again, or given up. */
export async function atRest({ coordination }: Pick<Stage, 'coordination'>): Promise<readonly string[]> {
  for (const deadline = Date.now() + REST_LIMIT_MS; ; await sleep(50)) {
    const busy = (await coordination.jobBrowser.counts()).flatMap(({ queue, counts }) =>
      ['waiting', 'prioritized', 'delayed', 'active'].flatMap((state) =>
        (counts[state] ?? 0) === 0 ? [] : [`${queue}: ${counts[state]} ${state}`],
      ),
    );
    if (busy.length === 0) return [];
    if (Date.now() > deadline) return [`no rest: ${busy.join(', ')}`];
  }
}

/** `parqueue verify --all`. */
export async function verified({
  store,
  coordination,
  epochs,
}: Pick<Stage, 'store' | 'coordination' | 'epochs'>): Promise<readonly string[]> {
  const { heads } = coordination;
  const asServersDo: Pick<Heads, 'look' | 'markDamaged'> = {
    look: (...args) => epochs.run(() => heads.look(...args)),
    markDamaged: (...args) => epochs.run(() => heads.markDamaged(...args)),
  };
  const { findings } = await verifyStore(
    { reader: store.reader, directories: store.directories, heads: asServersDo, onStep: () => undefined },
    { key: null, generations: 'all', signal: new AbortController().signal, onProgress: () => undefined },
  );
  return findings.map(({ key, fence, kind, reason }) => `verify: ${key} g${fence} is ${kind}: ${reason}`);
}

/**
 * A collection as if all graces and pins were over: afterwards there is one generation, the head's, head.json names it,
 * and neither staging nor trash holds anything.
 */
async function collected(stage: Stage, subject: Subject, redis: Redis): Promise<readonly string[]> {
  const key = stage.keyOf(subject);
  await reconciled(stage);
  let left: readonly string[] = [];
  for (let round = 1; round <= COLLECTIONS_MAX; round += 1) {
    await redis.del(`{pq}:pins:${key}`, `{pq}:pinned:${key}`);
    const waitingFor = await collect(stage);
    left = waitingFor === null ? await leftovers(stage, subject) : [`gc waits for ${waitingFor}`];
    if (left.length === 0) return [];
    await sleep(200);
  }
  return left;
}

/** A new epoch's pass over the store is a chore of the workers; until it is done nothing is collected. */
export async function reconciled({ coordination, epochs }: Pick<Stage, 'coordination' | 'epochs'>): Promise<void> {
  for (const deadline = Date.now() + REST_LIMIT_MS; Date.now() < deadline; await sleep(100)) {
    const { reconciledAtMs } = await epochs.run(() => coordination.retirement.gate());
    if (reconciledAtMs !== null) return;
  }
}

async function collect({ store, coordination, config, epochs }: Stage): Promise<string | null> {
  const { heads, leases, retirement, eviction, usage } = coordination;
  const { directories, marks, space } = store;
  const onStep = (): void => undefined;
  const { waitingFor } = await epochs.run(() =>
    collectGarbage(
      { heads, leases, retirement, eviction, usage, directories, marks, space, randomId, onStep },
      {
        rules: { ...storeRules(config), graceMs: 0 },
        pinMaxMs: 0,
        dryRun: false,
        signal: new AbortController().signal,
      },
    ),
  );
  return waitingFor;
}

async function leftovers(stage: Stage, subject: Subject): Promise<readonly string[]> {
  const key = stage.keyOf(subject);
  const { head } = await stage.look(subject);
  const { generations, staging } = await stage.store.directories.list(key);
  const named = await stage.store.marks.readHead(key);
  const trash = await readdir(join(stage.store.root, 'trash'));
  return [
    ...staging.map(({ fence, fillId }) => `staging is left: ${fence}-${fillId}`),
    ...generations.filter((fence) => fence !== head?.fence).map((fence) => `g${fence} is left beside g${head?.fence}`),
    ...(named?.fence === head?.fence ? [] : [`head.json names g${named?.fence}, the head is g${head?.fence}`]),
    ...trash.map((name) => `trash holds ${name}`),
  ];
}

/** What ends by itself within a few leases, a chore that runs just now among it, is not left for ever. */
export async function leftForEver(look: () => Promise<readonly string[]>): Promise<readonly string[]> {
  for (const deadline = Date.now() + ENDS_WITHIN_MS; ; await sleep(100)) {
    const left = await look();
    if (left.length === 0 || Date.now() > deadline) return left;
  }
}

async function leaseLeft(stage: Stage, subject: Subject): Promise<readonly string[]> {
  const { lease, nowMs } = await stage.look(subject);
  return lease === null || lease.expiresAtMs <= nowMs ? [] : [`a lease lives: ${JSON.stringify(lease)}`];
}

/** Fills for which room is reserved. */
export async function reserved(stage: Stage): Promise<ReadonlySet<string>> {
  const redis = connectRedis({ url: stage.redis.url }, 'worker');
  try {
    return new Set(await redis.hkeys(RESERVED));
  } finally {
    redis.disconnect();
  }
}

/** @param at.forMs how long what is reserved may still last: nobody gives back what the dead had */
async function roomLeft(
  redis: Redis,
  { reservedBefore, forMs }: { readonly reservedBefore: ReadonlySet<string>; readonly forMs: number },
): Promise<readonly string[]> {
  const [seconds] = await redis.time();
  const latestMs = (Number(seconds) + 1) * 1000 + forMs;
  const held = Object.entries(await redis.hgetall(RESERVED)).filter(
    ([fillId, text]) => !reservedBefore.has(fillId) && Number(text.split(':')[1]) > latestMs,
  );
  return held.map(([fillId]) => `room is reserved: ${fillId}`);
}

/** Keys that may be there for ever: of the store, of an entry, of a queue. docs/redis-keyspace.md says why for each. */
const LASTING: readonly RegExp[] = [
  /^\{pq\}:(marker|clock|pass|entries|reads|changes|queues|leases|processes|chores|usage|reserved)$/,
  /^\{pq\}:(head|key|lease|pins|pinned|retired|sizes|scope|target|dataset):/,
  /^\{pq\}:[a-z]+(-[a-z]+)?:(meta|id|events|completed|failed|marker|stalled)$/,
];

/** Everything else has a time to live, or is the record of a finished job, of which each queue keeps so many. */
export async function keysLeft(redis: Redis): Promise<readonly string[]> {
  const unlisted = (await redis.keys('*')).filter((key) => !LASTING.some((pattern) => pattern.test(key)));
  const lives = await Promise.all(unlisted.map((key) => redis.pttl(key)));
  const odd: string[] = [];
  for (const key of unlisted.filter((_, at) => lives[at] === -1)) {
    const [, queue = '', id = ''] = /^(\{pq\}:[^:]+):([^:]+)$/.exec(key) ?? [];
    const ends = await Promise.all(['completed', 'failed'].map((state) => redis.zscore(`${queue}:${state}`, id)));
    if (ends.every((end) => end === null)) odd.push(`a key of Redis is left for ever: ${key}`);
  }
  return odd;
}

/** Pins of the dead go with the next look after their time: they have one, each of them. */
export async function pinsForEver(redis: Redis): Promise<readonly string[]> {
  const longest = Date.now() + PIN_MAX_MS;
  const odd: string[] = [];
  for (const key of await redis.keys('{pq}:pins:*'))
    if ((await redis.zcount(key, longest, '+inf')) > 0) odd.push(`a pin for ever: ${key}`);
  return odd;
}

/** What Redis's log of changes tells of this epoch. */
async function commitsOf(
  stage: Stage,
  { subject, named, redis }: { readonly subject: Subject; readonly named: readonly number[]; readonly redis: Redis },
): Promise<{ readonly commits: number; readonly odd: readonly string[] }> {
  const key = stage.keyOf(subject);
  const { head, seen } = await stage.look(subject);
  const { epoch } = seen;
  const all: number[] = [];
  const fences = new Map<string, number[]>();
  for (const [, fields] of await redis.xrange('{pq}:changes', '-', '+')) {
    const change = Object.fromEntries(
      Array.from({ length: fields.length / 2 }, (_, at) => [fields[2 * at] ?? '', fields[2 * at + 1] ?? '']),
    );
    if (change['kind'] !== 'commit' || change['key'] !== key) continue;
    const version = change['version'] ?? '';
    const fence = Number(change['fence']);
    all.push(fence);
    fences.set(version, [...(fences.get(version) ?? []), fence]);
  }
  const twice = [...fences]
    .filter(([, of]) => of.length > 1)
    .map(([version, of]) => `${version} was committed as ${of.join(' and ')}`);
  const back = all.some((fence, at) => fence <= (all[at - 1] ?? 0)) ? [`the head went back: ${all.join(' ')}`] : [];
  const early = named
    .filter((fence) => epochOf(fence) === epoch && !all.includes(fence))
    .map((fence) => `head.json named g${fence}, which was never committed`);
  return { commits: fences.get(head?.version ?? '')?.length ?? 0, odd: [...twice, ...back, ...early] };
}
