/**
 * What differential.test.ts does for keys and heads, for what hangs beside them: records of parts, readers of tables, and
 * the cool-down of sources. Commands in a mix of their own, so that each meets the others often enough to matter.
 */
import fc from 'fast-check';
import { afterAll, describe, expect, inject, test } from 'vitest';
import { isEpochLost } from '../ports/coordination.ts';
import { COOLING, type Verdict } from '../ports/cooling.ts';
import { openEpoch } from '../testing/coordination-contract.ts';
import type { CoordinationHarness } from '../testing/coordination-harness.ts';
import { memoryHarness } from '../testing/memory-harness.ts';
import { redisHarness } from '../testing/redis-harness.ts';

const KEY = 'a-00000000000000000000000000000000';
const TABLES = ['s/t', 's/u'] as const;
const VIEWS = ['s/v', 's/w'] as const;
const SCOPES = [...TABLES, ...VIEWS].map((name) => `table:${name}`);

const asked = fc.constantFrom('q1', 'q2');
const target = fc.constantFrom(...TABLES);
const targets = fc.subarray([...TABLES], { minLength: 1 });
const version = fc.constantFrom('v1', 'v2');
const verdict = fc.constantFrom('answered', 'unavailable', 'unavailable', 'unavailable', 'unknown');

const command = fc.oneof(
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('ask'), asked, targets, announced: fc.boolean() }) },
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant('record'),
      asked,
      targets,
      found: targets,
      pick: fc.nat({ max: 9 }),
      version,
    }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('read'), asked, targets }) },
  fc.record({ kind: fc.constant('age-running'), asked, target }),
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('learn'), view: fc.constantFrom(...VIEWS), targets }) },
  fc.record({ kind: fc.constant('readers'), target }),
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('invalidate'),
      scope: fc.constantFrom(...SCOPES),
      mode: fc.constantFrom('soft', 'hard', 'purge'),
    }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('look'), scopes: fc.subarray([...SCOPES]), targets }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('admit') }) },
  { weight: 5, arbitrary: fc.record({ kind: fc.constant('tell'), verdict, trial: fc.boolean() }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('age-cooling') }) },
  fc.record({ kind: fc.constant('forget') }),
);

type Command = typeof command extends fc.Arbitrary<infer T> ? T : never;

/** A source that fails until it cools, and is asked while and after it does: by chance alone this is rare. */
const COOLED_AND_TRIED: readonly Command[] = [
  ...Array.from({ length: COOLING.failuresMax }, (): Command => ({
    kind: 'tell',
    verdict: 'unavailable',
    trial: false,
  })),
  { kind: 'admit' },
  { kind: 'age-cooling' },
  { kind: 'admit' },
];

/** Played before all random ones, so that each of the interesting answers is certain to be met. */
const ALL_ANSWERS: readonly Command[] = [
  { kind: 'admit' },
  { kind: 'ask', asked: 'q1', targets: [...TABLES], announced: true },
  { kind: 'read', asked: 'q1', targets: [...TABLES] },
  { kind: 'record', asked: 'q1', targets: [...TABLES], found: [...TABLES], pick: 0, version: 'v1' },
  { kind: 'read', asked: 'q1', targets: [...TABLES] },
  { kind: 'learn', view: VIEWS[0], targets: [...TABLES] },
  { kind: 'readers', target: TABLES[0] },
  ...COOLED_AND_TRIED,
];

/** The story comes about once in a hundred commands, whole, amid the others. */
const commands = fc
  .array(
    fc.oneof(
      { weight: 99, arbitrary: command.map((one) => [one]) },
      { weight: 1, arbitrary: fc.constant(COOLED_AND_TRIED) },
    ),
    { minLength: 10, maxLength: 60 },
  )
  .map((parts) => parts.flat());

/** Ticks that probes took, the latest first. */
interface World {
  readonly ticks: number[];
  epoch: number;
}

async function answer(harness: CoordinationHarness, world: World, step: Command): Promise<unknown> {
  const { ticks, parts, heads, cooling } = harness.ports;
  switch (step.kind) {
    case 'ask': {
      const announcement = step.announced ? { asked: step.asked, forMs: 3_600_000 } : undefined;
      return await ticks.startProbe({ key: KEY, scopes: [], probeTargets: step.targets }, announcement);
    }
    case 'record': {
      const found = step.found.map((name) => [name, { version: step.version, costMs: 1.5 }] as const);
      const tick = world.ticks[step.pick] ?? 1;
      return await parts.record(step, { tick, beganAtMs: 77 + step.pick, parts: Object.fromEntries(found) });
    }
    case 'read':
      return await parts.read(step);
    case 'age-running':
      return await harness.ageRunning(step.asked, step.target);
    case 'learn':
      return await parts.learn(step.view, step.targets);
    case 'readers':
      return (await parts.readers(step.target)).toSorted();
    case 'invalidate':
      return await ticks.invalidate(step.scope, step.mode);
    case 'look':
      return await heads.look({ key: KEY, scopes: step.scopes, probeTargets: step.targets }, null);
    case 'admit':
      return await cooling.admit('s');
    case 'tell':
      return await cooling.tell('s', verdictOf(step.verdict), step.trial);
    case 'age-cooling':
      return await harness.ageCooling('s');
    case 'forget':
      await harness.forget();
      return await openEpoch(harness, world.epoch + 1);
  }
}

function verdictOf(kind: 'answered' | 'unavailable' | 'unknown'): Verdict {
  const failure = { code: 'PQ_SOURCE_UNAVAILABLE', message: 'down', retryable: true } as const;
  return kind === 'unavailable' ? { kind, failure } : { kind };
}

/** Absolute times differ between the sides; `beganAtMs` of records is told by the caller and must not. */
function comparable(value: unknown): unknown {
  return JSON.parse(
    JSON.stringify(value ?? null, (name, member: unknown) =>
      /^(now|until|coolingUntil)Ms$/.test(name) && member !== null ? 'some time' : member,
    ),
  );
}

async function outcome(harness: CoordinationHarness, world: World, step: Command): Promise<unknown> {
  try {
    return comparable(await answer(harness, world, step));
  } catch (error) {
    if (isEpochLost(error)) return 'EpochLost';
    throw error;
  }
}

const redis = await redisHarness(`${inject('redisUrl')}/105`);
afterAll(() => redis.close());

describe('memory and Redis', () => {
  test('answer every random sequence about parts, readers and cooling alike', async () => {
    const seen = new Set<string>();
    await fc.assert(
      fc.asyncProperty(commands, async (steps) => {
        const memory = memoryHarness();
        await redis.redis.flushdb();
        const world: World = { ticks: [], epoch: 1 };
        for (const side of [memory, redis]) await openEpoch(side, 1);
        const reads = (['q1', 'q2'] as const).map((name): Command => ({
          kind: 'read',
          asked: name,
          targets: [...TABLES],
        }));
        for (const step of [...steps, ...reads]) {
          const inMemory = await outcome(memory, world, step);
          expect({ step, answer: await outcome(redis, world, step) }).toEqual({ step, answer: inMemory });
          note(world, step, inMemory, seen);
        }
      }),
      { numRuns: 150, examples: [[[...ALL_ANSWERS]]] },
    );
    // The sequences are worth something only if they reach the interesting answers.
    expect([...seen].toSorted()).toEqual(['cooling', 'found', 'open', 'readers', 'running', 'trial']);
  });
});

function note(world: World, step: Command, result: unknown, seen: Set<string>): void {
  if (step.kind === 'forget') world.epoch += 1;
  if (step.kind === 'ask') world.ticks.unshift((result as { readonly tick: number }).tick);
  if (step.kind === 'admit') seen.add((result as { readonly kind: string }).kind);
  if (step.kind === 'readers' && (result as readonly string[]).length > 0) seen.add('readers');
  if (step.kind !== 'read') return;
  for (const part of Object.values((result as { readonly parts: Record<string, Record<string, unknown>> }).parts)) {
    if (part['record'] !== null) seen.add('found');
    if (part['running'] !== null) seen.add('running');
  }
}
