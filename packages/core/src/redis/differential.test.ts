/**
 * Random command sequences answer alike on the memory ports and on Redis. The memory ports are what the simulation
 * proves; this is what carries its verdict over to the Lua scripts. Times are ignored, everything else is compared:
 * expiry is a command of its own that ages the data on both sides. A failure prints its seed and the shrunk sequence.
 */
import fc from 'fast-check';
import { afterAll, describe, expect, inject, test } from 'vitest';
import { isParqueueError } from '../model/errors.ts';
import { isEpochLost } from '../ports/coordination.ts';
import { openEpoch } from '../testing/coordination-contract.ts';
import type { CoordinationHarness, CoordinationPorts } from '../testing/coordination-harness.ts';
import { memoryHarness } from '../testing/memory-harness.ts';
import { redisHarness, STORE_ID } from '../testing/redis-harness.ts';

const NAMES = ['a-00000000000000000000000000000000', 'b-11111111111111111111111111111111'] as const;
const SCOPES = ['source:s', 'dataset:d'] as const;
const FILLS = ['f1', 'f2', 'f3'] as const;
const VERSIONS = ['v1', 'v2'] as const;
/** One more than a key may have. */
const PINS = ['p1', 'p2'] as const;

/** Fences are picked among those handed out so far, and a few that never were. */
interface World {
  readonly fences: number[];
  epoch: number;
}

interface Side {
  readonly harness: CoordinationHarness;
  readonly processes: readonly CoordinationPorts[];
}

const key = fc.constantFrom(...NAMES);
const fill = fc.constantFrom(...FILLS);
const version = fc.constantFrom(...VERSIONS);
const pinId = fc.constantFrom(...PINS);
const pick = fc.nat({ max: 30 });
const process = fc.nat({ max: 1 });
const markTarget = fc.constantFrom(...SCOPES, ...NAMES.map((name) => `key:${name}`));
const scopes = fc.subarray([...SCOPES]);

const command = fc.oneof(
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('acquire'), process, key, fill }) },
  { weight: 5, arbitrary: fc.record({ kind: fc.constant('commit'), process, key, fill, pick, version, scopes }) },
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant('look'),
      process,
      key,
      scopes,
      pinId: fc.constantFrom(...PINS, 'read', null),
    }),
  },
  fc.record({ kind: fc.constant('renew'), process, key, fill, pick }),
  fc.record({ kind: fc.constant('release'), process, key, fill, pick }),
  fc.record({ kind: fc.constant('probe'), process, key }),
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('verified'), process, key, version, pick }) },
  fc.record({ kind: fc.constant('damaged'), process, key, pick }),
  fc.record({ kind: fc.constant('invalidate'), process, markTarget, mode: fc.constantFrom('soft', 'hard', 'purge') }),
  fc.record({ kind: fc.constant('pin'), process, key, pick, pinId }),
  fc.record({ kind: fc.constant('renew-pin'), process, key, pinId }),
  fc.record({ kind: fc.constant('release-pin'), process, key, pinId }),
  fc.record({ kind: fc.constant('orphans'), process, key, picks: fc.array(pick, { maxLength: 3 }) }),
  {
    weight: 3,
    arbitrary: fc.record({ kind: fc.constant('retire'), process, key, pick, graceMs: fc.constantFrom(0, 600_000) }),
  },
  fc.record({ kind: fc.constant('grace'), process, key, pick }),
  fc.record({ kind: fc.constant('removed'), process, key, pick }),
  fc.record({ kind: fc.constant('restore-marks'), process, markTarget, pick, purgePick: pick }),
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('reconcile'),
      process,
      key,
      pick: fc.option(pick),
      others: fc.array(pick, { maxLength: 3 }),
      fill,
      version,
      markPick: fc.option(pick),
    }),
  },
  fc.record({ kind: fc.constant('pass'), process, step: fc.constantFrom('save', 'position', 'complete', 'gate') }),
  fc.record({ kind: fc.constant('epoch'), process, markPick: fc.option(pick) }),
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('adopt'), process }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('age-lease'), key }) },
  fc.record({ kind: fc.constant('age-pin'), key, pinId }),
  fc.record({ kind: fc.constant('age-retired'), key, pick }),
);

/** Fills under way are read without the marker: compared once, at the end. */
type Command =
  | (typeof command extends fc.Arbitrary<infer T> ? T : never)
  | { readonly kind: 'fills'; readonly process: number };

/** By chance alone a head is seldom pinned twice, and a generation seldom gets so far that it may be removed. */
const [first] = NAMES;
const FILLED: readonly Command[] = [
  { kind: 'acquire', process: 0, key: first, fill: 'f1' },
  { kind: 'commit', process: 0, key: first, fill: 'f1', pick: 0, version: 'v1', scopes: [] },
];
const PINNED_TWICE: readonly Command[] = PINS.map((pin) => ({
  kind: 'look',
  process: 0,
  key: first,
  scopes: [],
  pinId: pin,
}));
const REPLACED_AND_REMOVED: readonly Command[] = [
  { kind: 'age-lease', key: first },
  { kind: 'acquire', process: 0, key: first, fill: 'f2' },
  { kind: 'commit', process: 0, key: first, fill: 'f2', pick: 0, version: 'v2', scopes: [] },
  { kind: 'retire', process: 0, key: first, pick: 1, graceMs: 0 },
];

/** Played before all random ones, so that each of the interesting answers is certain to be met. */
const ALL_ANSWERS: readonly Command[] = [
  ...FILLED,
  { kind: 'acquire', process: 0, key: first, fill: 'f2' },
  ...PINNED_TWICE,
  { kind: 'retire', process: 0, key: first, pick: 0, graceMs: 0 },
  { kind: 'release-pin', process: 0, key: first, pinId: 'p1' },
  { kind: 'commit', process: 0, key: first, fill: 'f3', pick: 1, version: 'v1', scopes: [] },
  ...REPLACED_AND_REMOVED,
  { kind: 'pass', process: 0, step: 'complete' },
  { kind: 'retire', process: 0, key: first, pick: 1, graceMs: 0 },
  { kind: 'epoch', process: 0, markPick: null },
  { kind: 'look', process: 1, key: first, scopes: [], pinId: null },
  { kind: 'acquire', process: 0, key: first, fill: 'f3' },
];

const PURGED: Command = { kind: 'invalidate', process: 0, markTarget: `key:${first}`, mode: 'purge' };
const SCOPE_PURGED: Command = { ...PURGED, markTarget: 'source:s' };
const NEXT_EPOCH: Command = { kind: 'epoch', process: 0, markPick: null };
const compared = (pick: number | null, fill: (typeof FILLS)[number]): Command => ({
  kind: 'reconcile',
  process: 0,
  key: first,
  pick,
  others: [],
  fill,
  version: 'v1',
  markPick: null,
});
const [GRANTED, COMMITTED] = FILLED as readonly [Command, Command];

/** Rules that chance meets too seldom to miss them: each story is answered otherwise where one is taken out of a script. */
const RULES: readonly (readonly Command[])[] = [
  // A purge forbids the commit of what was being loaded, and ends its lease.
  [GRANTED, PURGED, COMMITTED],
  [
    GRANTED,
    SCOPE_PURGED,
    { kind: 'commit', process: 0, key: first, fill: 'f1', pick: 0, version: 'v1', scopes: ['source:s'] },
  ],
  [GRANTED, PURGED, { kind: 'renew', process: 0, key: first, fill: 'f1', pick: 0 }],
  // A purged head is not shown.
  [...FILLED, SCOPE_PURGED, { kind: 'look', process: 0, key: first, scopes: ['source:s'], pinId: 'p1' }],
  // What an epoch granted neither commits in the next one, nor keeps anybody from loading.
  [GRANTED, NEXT_EPOCH, COMMITTED],
  [GRANTED, NEXT_EPOCH, compared(null, 'f1'), { kind: 'acquire', process: 0, key: first, fill: 'f2' }],
  // A comparison with the store raises only.
  [...FILLED, NEXT_EPOCH, compared(1, 'f3')],
  // An orphan that may go becomes the head, is pinned and replaced: then it may not.
  [
    ...FILLED,
    { kind: 'age-lease', key: first },
    { kind: 'acquire', process: 0, key: first, fill: 'f2' },
    { kind: 'age-lease', key: first },
    { kind: 'acquire', process: 0, key: first, fill: 'f3' },
    { kind: 'orphans', process: 0, key: first, picks: [1] },
    { kind: 'retire', process: 0, key: first, pick: 1, graceMs: 0 },
    NEXT_EPOCH,
    compared(1, 'f2'),
    { kind: 'look', process: 0, key: first, scopes: [], pinId: 'p1' },
    ...FILLED,
    { kind: 'retire', process: 0, key: first, pick: 2, graceMs: 0 },
  ],
];

/** Such stories come about once in fifty commands, whole, amid the others; half the sequences begin with a head. */
const commands = fc
  .tuple(
    fc.boolean(),
    fc.array(
      fc.oneof(
        { weight: 98, arbitrary: command.map((one) => [one]) },
        { weight: 2, arbitrary: fc.constantFrom(PINNED_TWICE, REPLACED_AND_REMOVED) },
      ),
      { minLength: 10, maxLength: 60 },
    ),
  )
  .map(([filled, drawn]) => [...(filled ? FILLED : []), ...drawn.flat()]);

async function answer(side: Side, world: World, step: Command): Promise<unknown> {
  const ports = side.processes['process' in step ? step.process : 0];
  if (ports === undefined) throw new Error('no such process');
  const fenceAt = (index: number): number => world.fences[index % world.fences.length] ?? 1;
  const claim = (at: { readonly key: string; readonly fill: string }) => ({
    key: at.key,
    fillId: at.fill,
    holder: 'h',
    ttlMs: 3_600_000,
    scopes: at.fill === 'f2' ? [...SCOPES] : [],
  });
  const generation = (at: { readonly fill: string; readonly version: string }, fence: number) => ({
    fence,
    fillId: at.fill,
    version: at.version,
    sha256: 'ab',
    bytes: 7,
    rows: 3,
    consistency: 'exact' as const,
    source: 's',
    dataset: fence % 2 === 0 ? 'd' : null,
    startedAtMs: 12_345,
  });
  const target = (name: string, named: readonly string[]) => ({
    key: name,
    scopes: named,
    probeTargets: ['t', `t:${name}`],
  });
  switch (step.kind) {
    case 'acquire':
      return await ports.leases.acquire(claim(step));
    case 'commit':
      return await ports.heads.commit({ key: step.key, scopes: step.scopes, ...generation(step, fenceAt(step.pick)) });
    case 'look':
      return await ports.heads.look(
        target(step.key, step.scopes),
        step.pinId === null || step.pinId === 'read' ? step.pinId : { id: step.pinId, ttlMs: 3_600_000 },
      );
    case 'renew':
      return await ports.leases.renew(claim(step), fenceAt(step.pick));
    case 'release':
      return await ports.leases.release(claim(step), fenceAt(step.pick));
    case 'fills':
      return await ports.leases.list();
    case 'probe':
      return await ports.ticks.startProbe(target(step.key, []));
    case 'verified':
      return await ports.heads.markVerified(step.key, {
        version: step.version,
        tick: fenceAt(step.pick),
        beganAtMs: 99 + step.pick,
      });
    case 'damaged':
      return await ports.heads.markDamaged(step.key, fenceAt(step.pick), 'short');
    case 'invalidate':
      return await ports.ticks.invalidate(step.markTarget, step.mode);
    case 'pin':
      return await ports.pins.pinGeneration(
        { key: step.key, fence: fenceAt(step.pick) },
        { id: step.pinId, ttlMs: 3_600_000 },
      );
    case 'renew-pin':
      return await ports.pins.renew(step.key, step.pinId, 3_600_000);
    case 'release-pin':
      return await ports.pins.release(step.key, step.pinId);
    case 'orphans':
      return await ports.retirement.noteOrphans({ key: step.key, dataset: null }, step.picks.map(fenceAt));
    case 'retire':
      return await ports.retirement.retire(
        { key: step.key, fence: fenceAt(step.pick) },
        { epoch: world.epoch, graceMs: step.graceMs, dryRun: false },
      );
    case 'grace':
      return await ports.retirement.restartGrace({ key: step.key, fence: fenceAt(step.pick) });
    case 'removed':
      return await ports.retirement.removed({ key: step.key, fence: fenceAt(step.pick) });
    case 'restore-marks': {
      const mark = { target: step.markTarget, hard: fenceAt(step.pick), purge: fenceAt(step.purgePick) };
      return await ports.ticks.restoreMarks(world.epoch, [mark]);
    }
    case 'reconcile':
      return await ports.reconciler.apply({
        key: step.key,
        epoch: world.epoch,
        newest: step.pick === null ? null : generation(step, fenceAt(step.pick)),
        others: step.others.map(fenceAt),
        mark: step.markPick === null ? null : { target: `key:${step.key}`, hard: fenceAt(step.markPick), purge: 0 },
      });
    case 'pass':
      return await passStep(ports, world.epoch, step.step);
    case 'epoch': {
      const marks = step.markPick === null ? [] : [{ target: 'source:s', hard: fenceAt(step.markPick), purge: 0 }];
      return await openEpoch({ ports, storeId: STORE_ID }, world.epoch + 1, marks);
    }
    case 'adopt':
      return await adopt(ports);
    case 'age-lease':
      return await side.harness.ageLease(step.key);
    case 'age-pin':
      return await side.harness.agePin(step.key, step.pinId);
    case 'age-retired':
      return await side.harness.ageRetired(step.key, fenceAt(step.pick), 900_000);
  }
}

async function passStep(ports: CoordinationPorts, epoch: number, step: string): Promise<unknown> {
  if (step === 'save') return await ports.reconciler.savePassPosition(epoch, '3f');
  if (step === 'position') return await ports.reconciler.passPosition(epoch);
  if (step === 'complete') return await ports.reconciler.completePass(epoch);
  const { reconciledAtMs } = await ports.retirement.gate();
  return reconciledAtMs === null ? 'closed' : 'open';
}

async function adopt(ports: CoordinationPorts): Promise<void> {
  const { marker } = await ports.register.read();
  if (marker !== null) ports.register.adopt(marker);
}

/** Absolute times differ between the sides; `verifiedAtMs` is told by the caller and must not. */
function comparable(value: unknown): unknown {
  return JSON.parse(
    JSON.stringify(value ?? null, (name, member: unknown) =>
      /^(now|expiresAt|grantedAt|committedAt)Ms$/.test(name) && member !== null ? 'some time' : member,
    ),
  );
}

async function outcome(side: Side, world: World, step: Command): Promise<unknown> {
  try {
    return comparable(await answer(side, world, step));
  } catch (error) {
    if (isEpochLost(error)) return 'EpochLost';
    if (isParqueueError(error)) return error.code;
    throw error;
  }
}

const redis = await redisHarness(`${inject('redisUrl')}/102`);
const redisProcesses = [redis.ports, await redis.another()];
afterAll(() => redis.close());

describe('memory and Redis', () => {
  test('answer every random command sequence alike', async () => {
    const seen = new Set<string>();
    await fc.assert(
      fc.asyncProperty(commands, async (steps) => {
        const memory = memoryHarness();
        await redis.redis.flushdb();
        const sides: readonly Side[] = [
          { harness: memory, processes: [memory.ports, await memory.another()] },
          { harness: redis, processes: redisProcesses },
        ];
        const world: World = { fences: [17, 18], epoch: 1 };
        for (const side of sides) await startUp(side);
        const looks = NAMES.map((name): Command => ({
          kind: 'look',
          process: 0,
          key: name,
          scopes: [...SCOPES],
          pinId: null,
        }));
        for (const step of [
          ...steps,
          { kind: 'adopt', process: 0 } as const,
          { kind: 'fills', process: 0 } as const,
          ...looks,
        ]) {
          const [inMemory, onRedis] = [
            await outcome(sides[0] as Side, world, step),
            await outcome(sides[1] as Side, world, step),
          ];
          expect({ step, answer: onRedis }).toEqual({ step, answer: inMemory });
          note(world, step, inMemory, seen);
        }
      }),
      { numRuns: 150, examples: [ALL_ANSWERS, ...RULES].map((steps) => [[...steps]]) },
    );
    // The sequences are worth something only if they reach the interesting answers.
    expect([...seen].toSorted()).toEqual(
      expect.arrayContaining([
        'EpochLost',
        'PQ_RATE_LIMITED',
        'busy',
        'committed',
        'fenced',
        'granted',
        'refused',
        'removable',
        'unreconciled',
      ]),
    );
  });
});

async function startUp({ processes: [first, second] }: Side): Promise<void> {
  if (first === undefined || second === undefined) throw new Error('two processes are needed');
  await openEpoch({ ports: first, storeId: STORE_ID }, 1);
  await adopt(second);
  for (const name of NAMES) await first.reconciler.apply({ key: name, epoch: 1, newest: null, others: [], mark: null });
}

/** Fences granted become known to later commands, and the epoch moves on. */
function note(world: World, step: Command, result: unknown, seen: Set<string>): void {
  if (typeof result === 'string') seen.add(result);
  if (step.kind === 'epoch') world.epoch += 1;
  if (typeof result !== 'object' || result === null) return;
  if ('kind' in result && typeof result.kind === 'string') seen.add(result.kind);
  if ('fence' in result && typeof result.fence === 'number') world.fences.unshift(result.fence);
}
