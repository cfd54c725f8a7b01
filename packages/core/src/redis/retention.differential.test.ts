/**
 * What differential.test.ts does for keys and heads, for what gc and admission ask: surveys, evictions, sizes and room. The
 * memory ports add all sizes up afresh, Redis keeps counters: after every command the two must tell the same usage.
 */
import fc from 'fast-check';
import { afterAll, describe, expect, inject, test } from 'vitest';
import { isEpochLost } from '../ports/coordination.ts';
import { openEpoch } from '../testing/coordination-contract.ts';
import type { CoordinationHarness } from '../testing/coordination-harness.ts';
import { memoryHarness } from '../testing/memory-harness.ts';
import { redisHarness, STORE_ID } from '../testing/redis-harness.ts';
import { KEYS as KEYS_OF_REDIS } from './keys.ts';

const KEYS = ['a-00000000000000000000000000000000', 'b-11111111111111111111111111111111'] as const;
const HOUR_MS = 3_600_000;

const key = fc.constantFrom(...KEYS);
const fill = fc.constantFrom('f1', 'f2', 'f3');
const pick = fc.nat({ max: 12 });
const bytes = fc.constantFrom(0, 5, 12, 20);
const dataset = fc.constantFrom('d', null);

const command = fc.oneof(
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('fill'), key, fill, bytes, dataset }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('acquire'), key, fill }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('commit'), key, fill, pick, bytes, dataset }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('read'), key, wish: fc.constantFrom('pin', 'read') }) },
  fc.record({ kind: fc.constant('pin'), key, pick }),
  fc.record({ kind: fc.constant('release-pin'), key }),
  fc.record({ kind: fc.constant('purge'), key }),
  {
    weight: 5,
    arbitrary: fc.record({
      kind: fc.constant('evict'),
      key,
      told: fc.constantFrom('seen', 'seen', 'seen', 'stale'),
      reason: fc.constantFrom('quota', 'unread'),
      dryRun: fc.constantFrom(false, false, true),
    }),
  },
  fc.record({ kind: fc.constant('forget'), key, toldMs: fc.constantFrom(0, 0, HOUR_MS) }),
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('retire'), key, pick, dryRun: fc.boolean() }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('removed'), key, pick }) },
  fc.record({ kind: fc.constant('orphans'), key, picks: fc.array(pick, { maxLength: 3 }) }),
  {
    weight: 2,
    arbitrary: fc.record({ kind: fc.constant('measure'), key, picks: fc.array(pick, { maxLength: 3 }), bytes }),
  },
  fc.record({ kind: fc.constant('reconcile'), key, pick, others: fc.array(pick, { maxLength: 2 }), bytes, dataset }),
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant('reserve'),
      fill,
      bytes,
      dataset,
      quota: fc.constantFrom(20, null),
      datasetQuota: fc.constantFrom(12, null),
    }),
  },
  fc.record({ kind: fc.constant('release'), fill }),
  fc.record({ kind: fc.constant('outgrown'), bytes }),
  fc.record({ kind: fc.constant('age-reservation'), fill }),
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('age-lease'), key }) },
  fc.record({ kind: fc.constant('epoch') }),
);

type Command = typeof command extends fc.Arbitrary<infer T> ? T : never;

/** What chance alone would seldom bring about in a row is drawn whole. */
const [first] = KEYS;
const EVICTED_AND_REMOVED: readonly Command[] = [
  { kind: 'age-lease', key: first },
  { kind: 'fill', key: first, fill: 'f1', bytes: 12, dataset: 'd' },
  { kind: 'evict', key: first, told: 'seen', reason: 'quota', dryRun: false },
  { kind: 'retire', key: first, pick: 0, dryRun: false },
  { kind: 'removed', key: first, pick: 0 },
  { kind: 'forget', key: first, toldMs: 0 },
];
const PINNED: readonly Command[] = [
  { kind: 'age-lease', key: first },
  { kind: 'fill', key: first, fill: 'f2', bytes: 5, dataset: null },
  { kind: 'read', key: first, wish: 'pin' },
  { kind: 'evict', key: first, told: 'seen', reason: 'quota', dryRun: false },
  { kind: 'reserve', fill: 'f1', bytes: 20, dataset: 'd', quota: 20, datasetQuota: null },
];
/** Played before all random ones, so that each of the interesting answers is certain to be met. */
const ALL_ANSWERS: readonly (readonly Command[])[] = [
  EVICTED_AND_REMOVED,
  [...PINNED, { kind: 'forget', key: first, toldMs: 0 }],
];

const commands = fc
  .array(
    fc.oneof(
      { weight: 30, arbitrary: command.map((one) => [one]) },
      { weight: 1, arbitrary: fc.constantFrom(EVICTED_AND_REMOVED, PINNED) },
    ),
    { minLength: 10, maxLength: 50 },
  )
  .map((drawn) => drawn.flat());

interface World {
  readonly fences: number[];
  epoch: number;
}

async function answer({ ports, ...harness }: CoordinationHarness, world: World, step: Command): Promise<unknown> {
  const fenceAt = (index: number): number => world.fences[index % world.fences.length] ?? 1;
  const claim = (at: { readonly key: string; readonly fill: string }) => ({
    key: at.key,
    fillId: at.fill,
    holder: 'h',
    scopes: [],
    ttlMs: HOUR_MS,
  });
  const generation = (
    of: { readonly bytes: number; readonly dataset: string | null },
    fence: number,
    fillId: string,
  ) => ({
    ...{ fence, fillId, version: 'v', sha256: 'ab', bytes: of.bytes, rows: 1, consistency: 'exact' as const },
    ...{ source: 's', dataset: of.dataset, startedAtMs: 12_345 },
  });
  const target = (of: string) => ({ key: of, scopes: [], probeTargets: [] });
  switch (step.kind) {
    case 'fill': {
      const grant = await ports.leases.acquire(claim(step));
      if (grant.kind !== 'granted') return grant.kind;
      const request = { key: step.key, scopes: [], ...generation(step, grant.fence, step.fill) };
      const result = await ports.heads.commit(request);
      await ports.leases.release(claim(step), grant.fence);
      return { ...result, fence: grant.fence };
    }
    case 'acquire':
      return await ports.leases.acquire(claim(step));
    case 'commit':
      return await ports.heads.commit({
        key: step.key,
        scopes: [],
        ...generation(step, fenceAt(step.pick), step.fill),
      });
    case 'read':
      return await ports.heads.look(target(step.key), step.wish === 'read' ? 'read' : { id: 'p', ttlMs: HOUR_MS });
    case 'pin':
      return await ports.pins.pinGeneration({ key: step.key, fence: fenceAt(step.pick) }, { id: 'p', ttlMs: HOUR_MS });
    case 'release-pin':
      return await ports.pins.release(step.key, 'p');
    case 'purge':
      return await ports.ticks.invalidate(`key:${step.key}`, 'purge');
    case 'evict': {
      const [seen] = (await ports.eviction.survey([step.key])).keys;
      const { fence = fenceAt(0), dataset: of = null, readAtMs = null } = seen?.head ?? {};
      const told = step.told === 'seen' ? readAtMs : 1;
      const { reason, dryRun } = step;
      const head = { key: step.key, fence, dataset: of, readAtMs: told };
      return await ports.eviction.evict(head, { epoch: world.epoch, reason, dryRun });
    }
    case 'forget':
      return await ports.eviction.forget(step.key, { epoch: world.epoch, toldMs: step.toldMs });
    case 'retire': {
      const leave = { epoch: world.epoch, graceMs: 0, dryRun: step.dryRun };
      return await ports.retirement.retire({ key: step.key, fence: fenceAt(step.pick) }, leave);
    }
    case 'removed':
      return await ports.retirement.removed({ key: step.key, fence: fenceAt(step.pick) });
    case 'orphans':
      return await ports.retirement.noteOrphans({ key: step.key, dataset: 'd' }, step.picks.map(fenceAt));
    case 'measure': {
      const found = new Map(step.picks.map((at) => [fenceAt(at), { bytes: step.bytes, dataset: 'd' }]));
      return await ports.usage.measure(step.key, found);
    }
    case 'reconcile':
      return await ports.reconciler.apply({
        key: step.key,
        epoch: world.epoch,
        newest: generation(step, fenceAt(step.pick), 'f1'),
        others: step.others.map(fenceAt),
        mark: null,
      });
    case 'reserve':
      return await ports.usage.reserve({
        key: first,
        fillId: step.fill,
        dataset: step.dataset,
        bytes: step.bytes,
        ttlMs: HOUR_MS,
        quotaBytes: step.quota,
        datasetQuotaBytes: step.dataset === null ? null : step.datasetQuota,
      });
    case 'release':
      return await ports.usage.release(step.fill);
    case 'outgrown':
      return await ports.usage.outgrown(first, step.bytes, HOUR_MS);
    case 'age-reservation':
      return await harness.ageReservation(step.fill);
    case 'age-lease':
      return await harness.ageLease(step.key);
    case 'epoch': {
      await openEpoch({ ports, storeId: STORE_ID }, world.epoch + 1);
      for (const name of KEYS) await settle(ports, world.epoch + 1, name);
      return 'opened';
    }
  }
}

async function settle(ports: CoordinationHarness['ports'], epoch: number, name: string): Promise<void> {
  await ports.reconciler.apply({ key: name, epoch, newest: null, others: [], mark: null });
}

/** All that a survey and the counters tell, in one order. */
async function standing({ ports }: CoordinationHarness): Promise<unknown> {
  const { keys } = await ports.eviction.survey([...KEYS]);
  return {
    usage: await ports.usage.read(),
    keys: keys.map(({ retired, removing, sizes, ...rest }) => ({
      ...rest,
      retired: retired.toSorted((a, b) => a.fence - b.fence),
      removing: removing.toSorted((a, b) => a - b),
      sizes: [...sizes].toSorted(([a], [b]) => a - b),
    })),
  };
}

/** Absolute times differ between the sides; whether there is one does not. */
function comparable(value: unknown): unknown {
  return JSON.parse(
    JSON.stringify(value ?? null, (name, member: unknown) =>
      /^(now|expiresAt|grantedAt|committedAt|verifiedAt|restoredAt|retiredAt|readAt|at)Ms$/.test(name)
      && member !== null
        ? 'some time'
        : member,
    ),
  );
}

async function outcome(harness: CoordinationHarness, world: World, step: Command): Promise<unknown> {
  try {
    return comparable({ answer: await answer(harness, world, step), standing: await standing(harness) });
  } catch (error) {
    if (isEpochLost(error)) return 'EpochLost';
    throw error;
  }
}

const redis = await redisHarness(`${inject('redisUrl')}/107`);
afterAll(() => redis.close());

describe('memory and Redis', () => {
  test('count, evict and reserve alike on every random sequence of commands', async () => {
    const seen = new Set<string>();
    await fc.assert(
      fc.asyncProperty(commands, async (steps) => {
        const memory = memoryHarness();
        await redis.redis.flushdb();
        for (const harness of [memory, redis]) {
          await openEpoch(harness, 1);
          for (const name of KEYS) await settle(harness.ports, 1, name);
        }
        const world: World = { fences: [17, 18], epoch: 1 };
        for (const step of steps) {
          const [inMemory, onRedis] = [await outcome(memory, world, step), await outcome(redis, world, step)];
          expect({ step, ...Object(onRedis) }).toEqual({ step, ...Object(inMemory) });
          note(world, step, (inMemory as { readonly answer: unknown }).answer, seen);
        }
      }),
      { numRuns: 100, examples: ALL_ANSWERS.map((steps) => [[...steps]]) },
    );
    // The sequences are worth something only if they reach the interesting answers.
    expect([...seen]).toEqual(
      expect.arrayContaining([
        'evict evicted',
        'evict refused',
        'forget forgotten',
        'forget refused',
        'retire removable',
        'reserve passed',
      ]),
    );
  });
});

test('a measurement takes off what a release that counts nothing removed', async () => {
  await redis.redis.flushdb();
  await openEpoch(redis, 1);
  await redis.redis.hset(KEYS_OF_REDIS.sizes(first), { 17: '12:d', 18: '5:' });
  await redis.redis.hset(KEYS_OF_REDIS.usage, { bytes: 17, generations: 2, 'dataset:d': 12, 'dataset:': 5 });
  await redis.redis.hset(KEYS_OF_REDIS.retired(first), { 18: '1:f' });
  await redis.ports.usage.measure(first, new Map());
  expect(await redis.ports.usage.read()).toMatchObject({ bytes: 5, generations: 1, datasets: { '': 5 } });
});

function note(world: World, step: Command, given: unknown, seen: Set<string>): void {
  if (step.kind === 'epoch') world.epoch += 1;
  if (typeof given === 'string') seen.add(`${step.kind} ${given}`);
  if (typeof given !== 'object' || given === null) return;
  if ('kind' in given) seen.add(`${step.kind} ${String(given.kind)}`);
  if ('fence' in given && typeof given.fence === 'number') world.fences.unshift(given.fence);
}
