/** Heads that go without a successor, what the store holds, and room for fills (I6, I9). */
import { describe, expect, it } from 'vitest';
import type { KeySurvey, RoomWish } from '../../ports/retention.ts';
import { KEY, OTHER, PIN, type Bench } from './bench.ts';

export function retentionStories(bench: Bench): void {
  const { granted, filled, look } = bench;

  const surveyed = async (): Promise<KeySurvey> => {
    const [seen] = (await bench.ports.eviction.survey([KEY])).keys;
    if (seen === undefined) throw new Error('a survey tells of each key');
    return seen;
  };
  const evict = async (seen: KeySurvey, dryRun = false): Promise<'evicted' | 'refused'> => {
    const { fence = 0, dataset = null, readAtMs = null } = seen.head ?? {};
    const epoch = await bench.ports.ticks.epoch();
    return await bench.ports.eviction.evict({ key: KEY, fence, dataset, readAtMs }, { epoch, reason: 'quota', dryRun });
  };

  describe('eviction', () => {
    it('retires the head: asks miss, its grace begins, and the key can be filled again', async () => {
      const fence = await filled('f1');
      expect(await evict(await surveyed())).toBe('evicted');
      expect(await look(PIN)).toMatchObject({ head: null, pin: null });
      expect(await bench.retire(fence, 600_000)).toBe('refused');
      expect(await surveyed()).toMatchObject({
        head: null,
        retired: [{ fence, committed: true }],
        evicted: { fence, reason: 'quota' },
      });
      await bench.harness.ageRetired(KEY, fence, 600_001);
      expect(await bench.retire(fence, 600_000)).toBe('removable');
      expect((await look()).head).toBeNull();
      const again = await filled('f2');
      expect((await look()).head?.fence).toBe(again);
    });

    it('is refused while the head is pinned, and after that pin is released it is not', async () => {
      await filled('f1');
      await look(PIN);
      const seen = await surveyed();
      expect(await evict(seen)).toBe('refused');
      await bench.ports.pins.release(KEY, PIN.id);
      expect(await evict(seen)).toBe('evicted');
    });

    it('is refused where the head was read since the survey, pinned or not', async () => {
      await filled('f1');
      const never = await surveyed();
      expect(never.head?.readAtMs).toBeNull();
      await look('read');
      expect(await evict(never)).toBe('refused');
      expect(await evict(await surveyed())).toBe('evicted');
      await filled('f2');
      expect((await surveyed()).head?.readAtMs).toBeNull();
    });

    it('is refused while the key is being filled, and of a head that was replaced', async () => {
      await filled('f1');
      const seen = await surveyed();
      const fence = await granted('f2');
      expect(await evict(seen)).toBe('refused');
      await bench.commit(fence, 'f2');
      await bench.ports.leases.release(bench.claim('f2'), fence);
      expect(await evict(seen)).toBe('refused');
      expect((await look()).head?.fence).toBe(fence);
    });

    it('says the same when it is repeated, and nothing is done when it is asked dry', async () => {
      const fence = await filled('f1');
      const seen = await surveyed();
      expect(await evict(seen, true)).toBe('evicted');
      expect((await look()).head?.fence).toBe(fence);
      expect(await evict(seen)).toBe('evicted');
      expect(await evict(seen)).toBe('evicted');
      expect((await surveyed()).retired).toHaveLength(1);
    });

    it('a commit that is sent again says committed while the files are there, and brings no removed ones back', async () => {
      const fence = await filled('f1');
      await evict(await surveyed());
      expect(await bench.commit(fence, 'f1')).toEqual({ kind: 'committed' });
      expect((await look()).head).toBeNull();
      expect(await bench.retire(fence, 0)).toBe('removable');
      expect(await bench.commit(fence, 'f1')).toMatchObject({ kind: 'fenced' });
      expect((await look()).head).toBeNull();
    });

    it('fences out a fill whose lease ran out: what gc then takes for settled is', async () => {
      await filled('f1');
      const slow = await granted('f2');
      await bench.harness.ageLease(KEY);
      expect(await evict(await surveyed())).toBe('evicted');
      expect(await bench.ports.leases.renew(bench.claim('f2'), slow)).toBe(false);
      expect(await bench.commit(slow, 'f2')).toMatchObject({ kind: 'fenced' });
      expect(await bench.ports.leases.list()).toEqual([]);
    });

    it('is not undone by a comparison with the store that was slow, nor by one in a later epoch', async () => {
      const fence = await filled('f1');
      await evict(await surveyed());
      const told = { ...bench.request(fence, 'f1'), dataset: null };
      await bench.reopenKeeping(2);
      await bench.ports.reconciler.apply({ key: KEY, epoch: 2, newest: told, others: [], mark: null });
      expect((await look()).head).toBeNull();
      expect((await surveyed()).retired).toMatchObject([{ fence }]);
    });

    it('a dry question for leave to remove gives none', async () => {
      const old = await filled('f1');
      await filled('f2');
      const leave = { epoch: await bench.ports.ticks.epoch(), graceMs: 0, dryRun: true };
      expect(await bench.ports.retirement.retire({ key: KEY, fence: old }, leave)).toBe('removable');
      expect(await bench.ports.pins.pinGeneration({ key: KEY, fence: old }, PIN)).not.toBeNull();
      expect(await bench.ports.retirement.retire({ key: KEY, fence: old }, leave)).toBe('refused');
    });
  });

  describe('forgetting a key', () => {
    const forget = async (toldMs = 0): Promise<'forgotten' | 'refused'> =>
      await bench.ports.eviction.forget(KEY, { epoch: await bench.ports.ticks.epoch(), toldMs });

    it('is refused while it has a fill, a head, or a generation that is not gone', async () => {
      const fence = await granted('f1');
      expect(await forget()).toBe('refused');
      await bench.commit(fence, 'f1');
      await bench.ports.leases.release(bench.claim('f1'), fence);
      expect(await forget()).toBe('refused');
      await evict(await surveyed());
      expect(await forget()).toBe('refused');
      await bench.retire(fence, 0);
      expect(await forget()).toBe('refused');
      await bench.ports.retirement.removed({ key: KEY, fence });
      expect(await forget(600_000)).toBe('refused');
      expect((await surveyed()).evicted).toMatchObject({ fence, atMs: expect.any(Number) });
      expect(await forget()).toBe('forgotten');
      expect(await surveyed()).toMatchObject({ latestFence: 0, evicted: null, retired: [], purge: 0 });
      expect(await forget()).toBe('forgotten');
    });

    it('ends what was granted: nothing of it is renewed or committed, and what it published is an orphan', async () => {
      const slow = await granted('f1');
      await bench.harness.ageLease(KEY);
      expect(await forget()).toBe('forgotten');
      expect(await bench.ports.leases.list()).toEqual([]);
      expect(await bench.ports.leases.renew(bench.claim('f1'), slow)).toBe(false);
      expect(await bench.commit(slow, 'f1')).toMatchObject({ kind: 'fenced' });
      await bench.ports.retirement.noteOrphans({ key: KEY, dataset: null }, [slow]);
      expect(await bench.retire(slow, 0)).toBe('removable');
      await bench.ports.retirement.removed({ key: KEY, fence: slow });
      const later = await filled('f2');
      expect(later).toBeGreaterThan(slow);
      expect((await look()).head?.fence).toBe(later);
    });
  });

  it('a pin counts as a read of the entry, and of none that has no head', async () => {
    const fence = await filled('f1');
    await bench.ports.pins.pinGeneration({ key: KEY, fence }, PIN);
    await bench.ports.pins.release(KEY, PIN.id);
    expect((await surveyed()).head?.readAtMs).not.toBeNull();
    await evict(await surveyed());
    expect(await bench.ports.pins.pinGeneration({ key: KEY, fence }, PIN)).not.toBeNull();
    await filled('f2');
    expect((await surveyed()).head?.readAtMs).toBeNull();
  });

  it('a head that a purge ended went for that, and its read is forgotten', async () => {
    const fence = await filled('f1');
    await look('read');
    await bench.ports.ticks.invalidate(`key:${KEY}`, 'purge');
    await bench.ports.retirement.noteOrphans({ key: KEY, dataset: 'prices' }, []);
    expect(await surveyed()).toMatchObject({ head: null, evicted: { fence, reason: 'purged' } });
    await filled('f2');
    expect((await surveyed()).head?.readAtMs).toBeNull();
  });

  describe('usage', () => {
    const usage = async () => await bench.ports.usage.read();

    it('counts each generation from its commit to its removal, once', async () => {
      expect(await usage()).toEqual({ bytes: 0, generations: 0, datasets: {}, reservedBytes: 0, reservedOf: {} });
      const old = await filled('f1');
      await bench.commit(old, 'f1');
      await filled('f2');
      expect(await usage()).toMatchObject({ bytes: 20, generations: 2, datasets: { prices: 20 } });
      await bench.retire(old, 0);
      expect((await usage()).bytes).toBe(20);
      await bench.ports.retirement.removed({ key: KEY, fence: old });
      await bench.ports.retirement.removed({ key: KEY, fence: old });
      expect(await usage()).toMatchObject({ bytes: 10, generations: 1, datasets: { prices: 10 } });
    });

    it('an evicted head is counted until its files are gone', async () => {
      const fence = await filled('f1');
      await evict(await surveyed());
      expect((await usage()).bytes).toBe(10);
      await bench.retire(fence, 0);
      await bench.ports.retirement.removed({ key: KEY, fence });
      expect(await usage()).toMatchObject({ bytes: 0, generations: 0, datasets: {} });
    });

    it('measures what nobody counted, and takes off what is known no more', async () => {
      const orphan = await granted('f1');
      await bench.harness.ageLease(KEY);
      const fence = await filled('f2');
      const sizes = new Map([orphan, fence, fence + 1].map((at) => [at, { bytes: 7, dataset: 'prices' }]));
      await bench.ports.usage.measure(KEY, sizes);
      expect((await usage()).bytes).toBe(10);
      await bench.ports.retirement.noteOrphans({ key: KEY, dataset: 'prices' }, [orphan]);
      await bench.ports.usage.measure(KEY, sizes);
      expect(await usage()).toMatchObject({ bytes: 17, generations: 2 });
      // What has its leave is on the store until it is said to be gone.
      expect(await bench.retire(orphan, 0)).toBe('removable');
      await bench.ports.usage.measure(KEY, new Map());
      expect(await usage()).toMatchObject({ bytes: 17, generations: 2 });
      expect((await surveyed()).sizes).toEqual(
        new Map([
          [orphan, { bytes: 7, dataset: 'prices' }],
          [fence, { bytes: 10, dataset: 'prices' }],
        ]),
      );
    });

    it('heads that are rebuilt when Redis forgot are counted again', async () => {
      const fence = await filled('f1');
      await bench.reopen(2);
      expect((await usage()).bytes).toBe(0);
      const told = { ...bench.request(fence, 'f1'), dataset: null };
      const reconciliation = { key: KEY, epoch: 2, newest: told, others: [], mark: null };
      await bench.ports.reconciler.apply(reconciliation);
      await bench.ports.reconciler.apply(reconciliation);
      expect(await usage()).toMatchObject({ bytes: 10, generations: 1, datasets: { '': 10 } });
      expect((await surveyed()).head?.restoredAtMs).not.toBeNull();
    });
  });

  describe('room', () => {
    const wish = (fillId: string, bytes: number, limits: Partial<RoomWish> = {}): RoomWish => ({
      key: KEY,
      fillId,
      dataset: 'prices',
      bytes,
      ttlMs: 60_000,
      quotaBytes: 30,
      datasetQuotaBytes: null,
      ...limits,
    });
    const reserve = async (...args: Parameters<typeof wish>) => await bench.ports.usage.reserve(wish(...args));

    it('is there for what the store holds and all fills have reserved together', async () => {
      await filled('f1');
      expect(await reserve('a', 10)).toEqual({ kind: 'reserved', bytes: 10 });
      expect(await reserve('b', 11)).toEqual({ kind: 'passed', bytes: 11, quota: 'store', othersBytes: 20 });
      expect(await reserve('b', 10, { dataset: null })).toMatchObject({ kind: 'reserved' });
      expect(await bench.ports.usage.read()).toMatchObject({ reservedBytes: 20, reservedOf: { prices: 10, '': 10 } });
    });

    it('a fill raises what it reserved, keeps that where it is refused more, and gives it back', async () => {
      expect(await reserve('a', 10)).toEqual({ kind: 'reserved', bytes: 10 });
      expect(await reserve('a', 25)).toMatchObject({ kind: 'reserved' });
      expect(await reserve('a', 31)).toMatchObject({ kind: 'passed', othersBytes: 0 });
      expect((await bench.ports.usage.read()).reservedBytes).toBe(25);
      await bench.ports.usage.release('a');
      expect((await bench.ports.usage.read()).reservedBytes).toBe(0);
    });

    it('of a dataset ends before that of the store, and others have none of it', async () => {
      await filled('f1');
      expect(await reserve('a', 6, { datasetQuotaBytes: 15 })).toEqual({
        kind: 'passed',
        bytes: 6,
        quota: 'dataset',
        othersBytes: 10,
      });
      expect(await reserve('a', 6, { dataset: null })).toMatchObject({ kind: 'reserved' });
      expect(await reserve('b', 5, { datasetQuotaBytes: 15 })).toMatchObject({ kind: 'reserved' });
      expect(await reserve('c', 1, { datasetQuotaBytes: 15 })).toMatchObject({ quota: 'dataset', othersBytes: 15 });
    });

    it('that a dead worker reserved is free when its time is over', async () => {
      await reserve('dead', 30);
      expect(await reserve('a', 1)).toMatchObject({ kind: 'passed' });
      await bench.harness.ageReservation('dead');
      expect(await reserve('a', 30)).toMatchObject({ kind: 'reserved' });
    });

    it('that was reserved is of the commit from that step on, and counted once', async () => {
      const fence = await granted('f1');
      await reserve('f1', 25);
      expect(await bench.commit(fence, 'f1')).toEqual({ kind: 'committed' });
      expect(await bench.ports.usage.read()).toMatchObject({ bytes: 10, reservedBytes: 0 });
    });

    it('is asked for what a fill of the key outgrew, until that is forgotten', async () => {
      const { usage } = bench.ports;
      await usage.outgrown(KEY, 20, 60_000);
      await usage.outgrown(KEY, 15, 60_000);
      expect(await reserve('a', 1)).toEqual({ kind: 'reserved', bytes: 20 });
      expect(await reserve('b', 1)).toEqual({ kind: 'passed', bytes: 20, quota: 'store', othersBytes: 20 });
      expect(await reserve('b', 5, { key: OTHER })).toEqual({ kind: 'reserved', bytes: 5 });
      expect(await reserve('a', 25)).toEqual({ kind: 'reserved', bytes: 25 });
      await usage.outgrown(OTHER, 31, 60_000);
      await bench.harness.ageOutgrown(OTHER);
      expect(await reserve('b', 5, { key: OTHER })).toMatchObject({ kind: 'reserved' });
    });
  });

  describe('a survey', () => {
    it('takes for a fill under way no lease that ran out or is of an older epoch', async () => {
      await granted('f1');
      expect((await surveyed()).leased).toBe(true);
      await bench.reopenKeeping(2);
      expect((await surveyed()).leased).toBe(false);
      await bench.ports.reconciler.apply({ key: KEY, epoch: 2, newest: null, others: [], mark: null });
      await granted('f2');
      expect((await surveyed()).leased).toBe(true);
      await bench.harness.ageLease(KEY);
      expect((await surveyed()).leased).toBe(false);
    });

    it('tells of keys in the order asked for, also of one that nobody has', async () => {
      const fence = await filled('f1');
      await granted('f2');
      const { keys } = await bench.ports.eviction.survey([OTHER, KEY]);
      expect(keys).toMatchObject([
        { key: OTHER, head: null, latestFence: 0, leased: false, retired: [], removing: [], evicted: null },
        {
          key: KEY,
          head: {
            fence,
            source: 'lake',
            dataset: 'prices',
            restoredAtMs: null,
            verifiedAtMs: bench.request(fence, 'f1').startedAtMs,
          },
          leased: true,
        },
      ]);
    });
  });
}
