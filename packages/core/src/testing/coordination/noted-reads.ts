/** Reads in ranges: remembered by name, pinned, ended by marks, and forgotten within bounds. */
import { describe, expect, it } from 'vitest';
import { KEY, SCOPES, type Bench } from './bench.ts';
import { NOTED_READS, notedPinId, type Recalled } from '../../ports/noted-reads.ts';
import { notedBucket } from '../../redis/noted-reads.ts';

const HOUR_MS = 3_600_000;

export function notedStories(bench: Bench): void {
  const target = { key: KEY, scopes: SCOPES };
  const asked = (range: string, name = 'reader') => ({ name, target, range });
  const begin = async (fence: number, range = '', name = 'reader'): Promise<boolean> =>
    await bench.ports.notedReads.begin({
      ...asked(range, name),
      fence,
      verifiedAtMs: 11,
      committedAtMs: 12,
      plainly: range === '',
    });
  const recall = async (range: string, under: number | 'sole' | 'none' = 'sole'): Promise<Recalled> =>
    await bench.ports.notedReads.recall(asked(range), under);
  const generation = async (fillId: string): Promise<number> => {
    const fence = await bench.granted(fillId);
    await bench.commit(fence, fillId, `checksum:${fillId}`);
    await bench.ports.leases.release(bench.claim(fillId), fence);
    return fence;
  };
  const fences = ({ reads }: Recalled): readonly number[] => reads.map(({ fence }) => fence);

  describe('noted reads', () => {
    it('nobody is known who never began', async () => {
      expect(await recall('0-9')).toMatchObject({ reads: [], noted: null });
    });

    it('a later range is noted under the read that began, whatever the head is by then', async () => {
      const first = await generation('f1');
      expect(await begin(first)).toBe(true);
      await generation('f2');
      await recall('4-9');
      expect(await recall('4-9')).toMatchObject({
        noted: first,
        reads: [{ fence: first, usable: true, verifiedAtMs: 11, committedAtMs: 12, asked: { '4-9': 2 } }],
      });
      expect(await bench.ports.notedReads.recall(asked('4-9', 'another'), 'sole')).toMatchObject({ reads: [] });
    });

    it('of two reads the caller must choose', async () => {
      const first = await generation('f1');
      await begin(first);
      const second = await generation('f2');
      await begin(second);
      const both = await recall('4-9');
      expect([fences(both), both.noted]).toEqual([[first, second], null]);
      expect(await recall('4-9', second)).toMatchObject({ noted: second });
      expect(await recall('4-9', 'none')).toMatchObject({
        noted: null,
        reads: [{ asked: {} }, { asked: { '4-9': 1 } }],
      });
    });

    it('a read that began with a range begins again with the same one; one begun by HEAD does not', async () => {
      const fence = await generation('f1');
      await begin(fence, '0-9');
      expect(await recall('10-19')).toMatchObject({ noted: fence });
      expect(await recall('0-9')).toMatchObject({ noted: null, reads: [{ first: '0-9' }] });
      await begin(fence);
      expect(await recall('0-9')).toMatchObject({ noted: fence });
      await begin(fence, '20-29');
      expect(await recall('20-29')).toMatchObject({ noted: fence });
    });

    it('its generation stays pinned by one pin for all, and is not removed', async () => {
      const fence = await generation('f1');
      await begin(fence);
      await begin(fence, '', 'another');
      await generation('f2');
      const leave = { epoch: 1, graceMs: 0, dryRun: false };
      expect(await bench.ports.retirement.retire({ key: KEY, fence }, leave)).toBe('refused');
      await bench.harness.agePin(KEY, notedPinId(fence));
      expect(await recall('4-9')).toMatchObject({ noted: fence });
      expect(await bench.ports.retirement.retire({ key: KEY, fence }, leave)).toBe('refused');
      await bench.harness.agePin(KEY, notedPinId(fence));
      expect(await bench.ports.retirement.retire({ key: KEY, fence }, leave)).toBe('removable');
      expect(await recall('4-9')).toMatchObject({ noted: null, reads: [{ fence, usable: false }] });
      expect(await begin(fence)).toBe(false);
    });

    it.each(['hard', 'purge'] as const)(
      'a %s mark of key or scope ends it, and the reader is still known',
      async (mode) => {
        const fence = await generation('f1');
        await begin(fence);
        await bench.ports.ticks.invalidate('dataset:prices', mode);
        expect(await recall('4-9')).toMatchObject({ noted: null, reads: [{ fence, usable: false }] });
        const next = await generation('f2');
        await begin(next);
        await bench.ports.ticks.invalidate(`key:${KEY}`, mode);
        expect((await recall('4-9', next)).reads.map(({ usable }) => usable)).toEqual([false, false]);
      },
    );

    it('a damaged head cannot be continued', async () => {
      const fence = await generation('f1');
      await begin(fence);
      await bench.ports.heads.markDamaged(KEY, fence, 'torn');
      expect(await recall('4-9')).toMatchObject({ noted: null, reads: [{ usable: false }] });
    });

    it('it is forgotten when nobody used it for long, or when it began very long ago', async () => {
      const fence = await generation('f1');
      await begin(fence);
      await bench.harness.ageNoted('reader', NOTED_READS.ttlMs - 60_000);
      expect(await recall('4-9')).toMatchObject({ noted: fence });
      await bench.harness.ageNoted('reader', NOTED_READS.ttlMs);
      expect(await recall('4-9')).toMatchObject({ reads: [] });
      await begin(fence);
      for (let aged = 0; aged < HOUR_MS; aged += NOTED_READS.ttlMs / 2) {
        expect(await recall('4-9')).toMatchObject({ noted: fence });
        await bench.harness.ageNoted('reader', NOTED_READS.ttlMs / 2);
      }
      expect(await recall('4-9')).toMatchObject({ reads: [] });
    });

    it('a name remembers so many generations, and counts so many ranges', async () => {
      const all: number[] = [];
      for (let i = 0; i <= NOTED_READS.perNameMax; i += 1) {
        const fence = await generation(`f${i}`);
        all.push(fence);
        await begin(fence);
      }
      expect(fences(await recall('x', 'none'))).toEqual(all.slice(1));
      const last = all.at(-1) ?? 0;
      for (let i = 0; i < NOTED_READS.rangesMax + 3; i += 1) await recall(`${i}-9`, last);
      const { reads } = await recall('0-9', last);
      expect(Object.keys(reads.at(-1)?.asked ?? {})).toHaveLength(NOTED_READS.rangesMax);
      expect(reads.at(-1)?.asked['0-9']).toBe(2);
    });

    it('a bucket holds so many names, and forgets the one that began first', async () => {
      const fence = await generation('f1');
      const bucket = notedBucket('reader');
      await begin(fence);
      for (let i = 0, others = 0; others < NOTED_READS.perBucketMax; i += 1) {
        if (notedBucket(`other-${i}`) !== bucket) continue;
        others += 1;
        expect(fences(await recall('4-9', 'none'))).toEqual([fence]);
        await begin(fence, '', `other-${i}`);
      }
      expect(await recall('4-9')).toMatchObject({ reads: [] });
    });

    it('a Redis that forgot knows of no reads', async () => {
      const fence = await generation('f1');
      await begin(fence);
      await bench.reopen(2);
      expect(await recall('4-9')).toMatchObject({ reads: [], noted: null });
    });
  });
}
