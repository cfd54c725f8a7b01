/** What differential.test.ts does for keys and heads, for the reads noted beside them: random sequences are answered alike. */
import fc from 'fast-check';
import { afterAll, describe, expect, inject, test } from 'vitest';
import { notedPinId } from '../ports/noted-reads.ts';
import { commitRequest, openEpoch } from '../testing/coordination-contract.ts';
import { KEY } from '../testing/coordination/bench.ts';
import type { CoordinationHarness } from '../testing/coordination-harness.ts';
import { memoryHarness } from '../testing/memory-harness.ts';
import { redisHarness } from '../testing/redis-harness.ts';

const target = { key: KEY, scopes: ['source:lake', 'dataset:prices'] };
const name = fc.constantFrom('r1', 'r2');
const range = fc.constantFrom<string>('0-3', '4-9', '10-99');
const pick = fc.nat({ max: 3 });

const command = fc.oneof(
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('commit') }) },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('begin'), name, range, pick, plainly: fc.boolean() }) },
  { weight: 6, arbitrary: fc.record({ kind: fc.constant('recall'), name, range, pick: fc.option(pick) }) },
  fc.record({ kind: fc.constant('none'), name, range }),
  fc.record({
    kind: fc.constant('mark'),
    on: fc.constantFrom('source:lake', `key:${KEY}`),
    mode: fc.constantFrom('soft', 'hard', 'purge'),
  }),
  fc.record({ kind: fc.constant('damage'), pick }),
  fc.record({ kind: fc.constant('retire'), pick }),
  fc.record({ kind: fc.constant('age-pin'), pick }),
  fc.record({ kind: fc.constant('age'), name, byMs: fc.constantFrom(300_000, 700_000) }),
);

type Command = typeof command extends fc.Arbitrary<infer T> ? T : never;

/** Played before all random ones, so that each of the interesting answers is certain to be met. */
const ALL_ANSWERS: readonly Command[] = [
  { kind: 'recall', name: 'r1', range: '0-3', pick: null },
  { kind: 'recall', name: 'r2', range: '0-3', pick: null },
  { kind: 'recall', name: 'r1', range: '0-3', pick: 3 },
  { kind: 'mark', on: `key:${KEY}`, mode: 'hard' },
  { kind: 'recall', name: 'r1', range: '0-3', pick: null },
];

async function answer(harness: CoordinationHarness, fences: readonly number[], step: Command): Promise<unknown> {
  const { notedReads, ticks, heads, leases, retirement } = harness.ports;
  const fenceAt = (index: number): number => fences.at(-1 - index) ?? 1;
  switch (step.kind) {
    case 'commit': {
      const fillId = `f${fences.length}`;
      const claim = { key: KEY, fillId, holder: 'h', ttlMs: 60_000, scopes: [] };
      const grant = await leases.acquire(claim);
      if (grant.kind !== 'granted') return grant.kind;
      await heads.commit(commitRequest(grant.fence, fillId, `v${fillId}`));
      await leases.release(claim, grant.fence);
      return grant.fence;
    }
    case 'begin': {
      const read = { fence: fenceAt(step.pick), verifiedAtMs: 11, committedAtMs: 12, plainly: step.plainly };
      return await notedReads.begin({ name: step.name, target, range: step.range, ...read });
    }
    case 'recall': {
      const under = step.pick === null ? 'sole' : fenceAt(step.pick);
      return await notedReads.recall({ name: step.name, target, range: step.range }, under);
    }
    case 'none':
      return await notedReads.recall({ name: step.name, target, range: step.range }, 'none');
    case 'mark':
      return await ticks.invalidate(step.on, step.mode);
    case 'damage':
      return await heads.markDamaged(KEY, fenceAt(step.pick), 'short');
    case 'retire':
      return await retirement.retire({ key: KEY, fence: fenceAt(step.pick) }, { epoch: 1, graceMs: 0, dryRun: false });
    case 'age-pin':
      return await harness.agePin(KEY, notedPinId(fenceAt(step.pick)));
    case 'age':
      return await harness.ageNoted(step.name, step.byMs);
  }
}

/** Absolute times differ between the sides; what the caller told must not. */
function comparable(value: unknown): unknown {
  return JSON.parse(
    JSON.stringify(value ?? null, (member, content: unknown) =>
      /^(now|begunAt|usedAt)Ms$/.test(member) ? 'some time' : content,
    ),
  );
}

const redis = await redisHarness(`${inject('redisUrl')}/106`);
afterAll(() => redis.close());

describe('memory and Redis', () => {
  test('answer every random sequence about noted reads alike', async () => {
    const seen = new Set<string>();
    await fc.assert(
      fc.asyncProperty(fc.array(command, { minLength: 10, maxLength: 50 }), async (steps) => {
        const memory = memoryHarness();
        await redis.redis.flushdb();
        for (const side of [memory, redis]) {
          await openEpoch(side, 1);
          await side.ports.reconciler.completePass(1);
        }
        const fences: number[] = [];
        const begun: Command[] = [{ kind: 'commit' }, { kind: 'begin', name: 'r1', range: '', pick: 0, plainly: true }];
        for (const step of [...begun, ...steps, { kind: 'none', name: 'r1', range: '4-9' } as const]) {
          const inMemory = comparable(await answer(memory, fences, step));
          expect({ step, answer: comparable(await answer(redis, fences, step)) }).toEqual({ step, answer: inMemory });
          if (step.kind === 'commit' && typeof inMemory === 'number') fences.push(inMemory);
          if (step.kind === 'recall') seen.add(kindOf(inMemory as Parameters<typeof kindOf>[0]));
        }
      }),
      { numRuns: 100, examples: [[[...ALL_ANSWERS]]] },
    );
    // The sequences are worth something only if they reach the interesting answers.
    expect([...seen].toSorted()).toEqual(['choose', 'ended', 'nobody', 'noted']);
  });
});

function kindOf({ noted, reads }: { noted: unknown; reads: readonly { usable: boolean }[] }): string {
  if (noted !== null) return 'noted';
  if (reads.length === 0) return 'nobody';
  return reads.some(({ usable }) => usable) ? 'choose' : 'ended';
}
