/** Ticks, leases, commits, verification and damage: how a head comes to be and stays right (I3, I7, I13). */
import { describe, expect, it } from 'vitest';
import { KEY, OTHER, PIN, SCOPES, TARGET, type Bench } from './bench.ts';
import { epochStart } from '../../model/ticks.ts';

export function fillStories(bench: Bench): void {
  const { claim, granted, commit, filled, look } = bench;

  describe('clock and looks', () => {
    it('an unknown key has no head, no ticks and no lease', async () => {
      const seen = await look(PIN);
      expect(seen).toMatchObject({ head: null, pin: null, lease: null, latestFence: 0, reconciled: true });
      expect(seen.seen).toEqual({ epoch: 1, started: 0, soft: 0, hard: 0, purge: 0, clock: epochStart(1), learned: 0 });
    });

    it('ticks of probes, grants and invalidations only grow and name their epoch', async () => {
      const ticks = [
        (await bench.ports.ticks.startProbe(TARGET)).tick,
        await granted('f1'),
        await bench.ports.ticks.invalidate('source:lake', 'soft'),
      ];
      expect(ticks).toEqual([epochStart(1) + 1, epochStart(1) + 2, epochStart(1) + 3]);
    });

    it("a probe's tick is seen by every key that shares a probe target", async () => {
      const { tick } = await bench.ports.ticks.startProbe(TARGET);
      const other = await bench.ports.heads.look({ key: OTHER, scopes: [], probeTargets: TARGET.probeTargets }, null);
      expect(other.seen.started).toBe(tick);
      expect((await bench.ports.heads.look({ key: OTHER, scopes: [], probeTargets: [] }, null)).seen.started).toBe(0);
    });

    it('marks of key and scopes are seen as maxima, and a purge is a hard mark', async () => {
      await bench.ports.ticks.invalidate('dataset:prices', 'soft');
      const soft = await bench.ports.ticks.invalidate(`key:${KEY}`, 'soft');
      const hard = await bench.ports.ticks.invalidate('source:lake', 'hard');
      expect((await look()).seen).toMatchObject({ soft, hard, purge: 0 });
      const purge = await bench.ports.ticks.invalidate('dataset:prices', 'purge');
      expect((await look()).seen).toMatchObject({ soft, hard: purge, purge });
    });
  });

  describe('leases', () => {
    it('one holder at a time, and the holder is named to others', async () => {
      const fence = await granted('f1');
      const other = await bench.ports.leases.acquire(claim('f2'));
      expect(other).toMatchObject({ kind: 'busy', holder: { fence, fillId: 'f1', holder: 'worker-1' } });
      expect((await look()).lease).toMatchObject({ fence, fillId: 'f1' });
    });

    it('fills under way are told with what a purge of them can be called, until they give their lease back', async () => {
      const fence = await granted('f1');
      const other = await granted('f2', OTHER);
      expect(await bench.ports.leases.list()).toEqual([
        { key: OTHER, fence: other, scopes: [] },
        { key: KEY, fence, scopes: SCOPES },
      ]);
      await bench.ports.leases.release(claim('f1'), fence);
      expect(await bench.ports.leases.list()).toEqual([{ key: OTHER, fence: other, scopes: [] }]);
    });

    it.each([`key:${KEY}`, ...SCOPES])(
      'a purge of %s ends the fill: it cannot renew, and another may begin',
      async (target) => {
        const fence = await granted('f1');
        await bench.ports.ticks.invalidate(target, 'hard');
        expect(await bench.ports.leases.renew(claim('f1'), fence)).toBe(true);
        await bench.ports.ticks.invalidate(target, 'purge');
        expect(await bench.ports.leases.renew(claim('f1'), fence)).toBe(false);
        expect(await bench.ports.leases.list()).toEqual([]);
        expect(await granted('f2')).toBeGreaterThan(fence);
      },
    );

    it('asking again with the same fillId returns the same grant', async () => {
      const first = await bench.ports.leases.acquire(claim('f1'));
      expect(await bench.ports.leases.acquire(claim('f1'))).toEqual(first);
    });

    it('an expired lease is taken over with a higher fence, and its holder cannot renew any more', async () => {
      const fence = await granted('f1');
      await bench.harness.ageLease(KEY);
      const later = await granted('f2');
      expect(later).toBeGreaterThan(fence);
      expect(await bench.ports.leases.renew(claim('f1'), fence)).toBe(false);
      expect(await bench.ports.leases.renew(claim('f2'), later)).toBe(true);
    });

    it('an expired lease that nobody took is renewed', async () => {
      const fence = await granted('f1');
      await bench.harness.ageLease(KEY);
      expect((await look()).lease).toBeNull();
      expect(await bench.ports.leases.renew(claim('f1'), fence)).toBe(true);
      expect((await look()).lease).toMatchObject({ fence });
    });

    it('release gives up only the own lease', async () => {
      const fence = await granted('f1');
      await bench.ports.leases.release(claim('f2'), fence);
      await bench.ports.leases.release(claim('f1'), fence - 1);
      expect((await look()).lease).toMatchObject({ fence });
      await bench.ports.leases.release(claim('f1'), fence);
      expect(await look()).toMatchObject({ lease: null, latestFence: fence });
      expect(await bench.ports.leases.renew(claim('f1'), fence)).toBe(false);
    });
  });

  describe('commits', () => {
    it('the latest grant commits; head, filled and verified are its fence', async () => {
      const fence = await filled('f1');
      expect((await look()).head).toMatchObject({
        fence,
        fillId: 'f1',
        version: 'checksum:a',
        verified: fence,
        verifiedAtMs: 1000,
        damaged: null,
        dataset: 'prices',
      });
    });

    it('an earlier grant is fenced even while the later one has not committed', async () => {
      const zombie = await granted('f1');
      await bench.harness.ageLease(KEY);
      const fence = await granted('f2');
      expect(await commit(zombie, 'f1')).toEqual({ kind: 'fenced', latestFence: fence });
      expect(await commit(fence, 'f2')).toEqual({ kind: 'committed' });
    });

    it('the latest fence under another fillId is fenced', async () => {
      const fence = await granted('f1');
      expect(await commit(fence, 'f2')).toEqual({ kind: 'fenced', latestFence: fence });
    });

    it('a repeated commit is committed, as head and after a later fill replaced it', async () => {
      const fence = await filled('f1');
      expect(await commit(fence, 'f1')).toEqual({ kind: 'committed' });
      const later = await filled('f2');
      expect(await commit(fence, 'f1')).toEqual({ kind: 'committed' });
      expect((await look()).head?.fence).toBe(later);
    });

    it.each(['source:lake', 'dataset:prices', `key:${KEY}`])(
      'a purge of %s after the grant forbids the commit',
      async (target) => {
        const fence = await granted('f1');
        await bench.ports.ticks.invalidate(target, 'purge');
        expect(await commit(fence, 'f1')).toEqual({ kind: 'fenced', latestFence: fence });
      },
    );

    it('a hard mark after the grant does not', async () => {
      const fence = await granted('f1');
      await bench.ports.ticks.invalidate('source:lake', 'hard');
      expect(await commit(fence, 'f1')).toEqual({ kind: 'committed' });
    });
  });

  describe('verification and damage', () => {
    it('raises verified and its time, never lowers them', async () => {
      await filled('f1');
      const first = (await bench.ports.ticks.startProbe(TARGET)).tick;
      const second = (await bench.ports.ticks.startProbe(TARGET)).tick;
      const proof = (tick: number, beganAtMs: number) => ({ version: 'checksum:a', tick, beganAtMs });
      expect(await bench.ports.heads.markVerified(KEY, proof(second, 5000))).toBe(true);
      expect(await bench.ports.heads.markVerified(KEY, proof(first, 4000))).toBe(true);
      expect((await look()).head).toMatchObject({ verified: second, verifiedAtMs: 5000 });
    });

    it('another version proves nothing', async () => {
      const fence = await filled('f1');
      const { tick } = await bench.ports.ticks.startProbe(TARGET);
      expect(await bench.ports.heads.markVerified(KEY, { version: 'checksum:b', tick, beganAtMs: 1 })).toBe(false);
      expect((await look()).head?.verified).toBe(fence);
    });

    it('a damaged head is returned, not pinned and not verified, until a fill replaces it', async () => {
      const fence = await filled('f1');
      await bench.ports.heads.markDamaged(KEY, fence - 1, 'another one');
      expect((await look()).head?.damaged).toBeNull();
      await bench.ports.heads.markDamaged(KEY, fence, 'the part is short');
      expect(await look(PIN)).toMatchObject({ head: { fence, damaged: 'the part is short' }, pin: null });
      const { tick } = await bench.ports.ticks.startProbe(TARGET);
      expect(await bench.ports.heads.markVerified(KEY, { version: 'checksum:a', tick, beganAtMs: 1 })).toBe(false);
      expect(await bench.ports.pins.pinGeneration({ key: KEY, fence }, PIN)).toBeNull();
      await filled('f2');
      expect((await look()).head?.damaged).toBeNull();
    });
  });
}
