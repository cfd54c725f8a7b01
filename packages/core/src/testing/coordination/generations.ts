/** Pins and retirement: what keeps or ends a generation (I6, I7). */
import { describe, expect, it } from 'vitest';
import { KEY, openEpoch, PIN, TARGET, type Bench } from './bench.ts';
import { isEpochLost } from '../../ports/coordination.ts';
import { PINS_PER_KEY_MAX_UNDER_TEST } from '../coordination-harness.ts';

export function generationStories(bench: Bench): void {
  const { granted, filled, look } = bench;

  describe('pins', () => {
    it('a look pins the head it returns, and repeating it leaves one pin', async () => {
      const fence = await filled('f1');
      const { pin } = await look(PIN);
      expect(pin).toMatchObject({ id: 'pin-1', key: KEY, fence });
      await look(PIN);
      await filled('f2');
      await bench.ports.pins.release(KEY, 'pin-1');
      expect(await bench.retire(fence, 0)).toBe('removable');
    });

    it('a pin is renewed until it expires or is released', async () => {
      const fence = await filled('f1');
      await look(PIN);
      expect(await bench.ports.pins.renew(KEY, 'pin-1', 1000)).toMatchObject({ fence, id: 'pin-1' });
      await bench.harness.agePin(KEY, 'pin-1');
      expect(await bench.ports.pins.renew(KEY, 'pin-1', 1000)).toBeNull();
      await look(PIN);
      await bench.ports.pins.release(KEY, 'pin-1');
      expect(await bench.ports.pins.renew(KEY, 'pin-1', 1000)).toBeNull();
    });

    it('a look to read pins nothing', async () => {
      const fence = await filled('f1');
      expect(await look('read')).toMatchObject({ head: { fence }, pin: null });
      await filled('f2');
      expect(await bench.retire(fence, 0)).toBe('removable');
    });

    it('a key has so many pins and no more, until one is released or expires', async () => {
      const fence = await filled('f1');
      const pin = async (id: string) =>
        await bench.ports.pins.pinGeneration({ key: KEY, fence }, { id, ttlMs: 60_000 });
      for (let at = 1; at <= PINS_PER_KEY_MAX_UNDER_TEST; at += 1) await look({ id: `pin-${at}`, ttlMs: 60_000 });
      const refused = { code: 'PQ_RATE_LIMITED', retryable: true };
      await expect(look({ id: 'one-more', ttlMs: 60_000 })).rejects.toMatchObject(refused);
      await expect(pin('one-more')).rejects.toMatchObject(refused);
      // A call that is repeated, and a look that moves its pin, add none.
      expect((await look(PIN)).pin).not.toBeNull();
      expect(await pin('pin-1')).not.toBeNull();
      expect((await look('read')).head?.fence).toBe(fence);

      await bench.harness.agePin(KEY, 'pin-1');
      expect(await pin('one-more')).not.toBeNull();
      await expect(pin('pin-1')).rejects.toMatchObject(refused);
      await bench.ports.pins.release(KEY, 'one-more');
      expect((await look(PIN)).pin).not.toBeNull();
    });

    it('a purge hides the head from looks, ends its pins and forbids new ones', async () => {
      const fence = await filled('f1');
      await look(PIN);
      await bench.ports.ticks.invalidate(`key:${KEY}`, 'purge');
      expect(await look({ id: 'pin-2', ttlMs: 1000 })).toMatchObject({ head: null, pin: null });
      expect(await bench.ports.pins.renew(KEY, 'pin-1', 1000)).toBeNull();
      expect(await bench.ports.pins.pinGeneration({ key: KEY, fence }, PIN)).toBeNull();
    });

    it('a purge of a scope hides the heads of keys that name it', async () => {
      await filled('f1');
      await bench.ports.ticks.invalidate('dataset:prices', 'purge');
      expect((await look(PIN)).head).toBeNull();
      expect((await bench.ports.heads.look({ ...TARGET, scopes: [] }, PIN)).head).not.toBeNull();
    });

    it('a retired generation can be pinned by name, an unknown one cannot', async () => {
      const old = await filled('f1');
      await filled('f2');
      expect(await bench.ports.pins.pinGeneration({ key: KEY, fence: old }, PIN)).toMatchObject({ fence: old });
      expect(await bench.ports.pins.pinGeneration({ key: KEY, fence: old + 500 }, PIN)).toBeNull();
    });
  });

  describe('retirement', () => {
    it('refuses the head, what is pinned, what is within its grace and what nobody retired', async () => {
      const old = await filled('f1');
      await look(PIN);
      expect(await bench.retire(old, 0)).toBe('refused');
      await filled('f2');
      expect(await bench.retire(old, 0)).toBe('refused');
      await bench.ports.pins.release(KEY, 'pin-1');
      expect(await bench.retire(old, 600_000)).toBe('refused');
      expect(await bench.retire(old - 1, 0)).toBe('refused');
      await bench.harness.ageRetired(KEY, old, 600_001);
      expect(await bench.retire(old, 600_000)).toBe('removable');
    });

    it('what may be removed cannot be pinned, and asking again says the same', async () => {
      const old = await filled('f1');
      await filled('f2');
      expect(await bench.retire(old, 0)).toBe('removable');
      expect(await bench.ports.pins.pinGeneration({ key: KEY, fence: old }, PIN)).toBeNull();
      expect(await bench.retire(old, 0)).toBe('removable');
      await bench.ports.retirement.removed({ key: KEY, fence: old });
      expect(await bench.retire(old, 0)).toBe('refused');
    });

    it('an orphan starts its grace; a fence that may still commit is none', async () => {
      const zombie = await granted('f1');
      await bench.ports.retirement.noteOrphans({ key: KEY, dataset: 'prices' }, [zombie]);
      expect(await bench.retire(zombie, 0)).toBe('refused');
      await bench.harness.ageLease(KEY);
      await granted('f2');
      await bench.ports.retirement.noteOrphans({ key: KEY, dataset: 'prices' }, [zombie]);
      expect(await bench.retire(zombie, 0)).toBe('removable');
    });

    it('a head that a purge ended is an orphan, and may go although no later fence was granted', async () => {
      const fence = await filled('f1');
      await bench.ports.retirement.noteOrphans({ key: KEY, dataset: 'prices' }, [fence]);
      expect((await look()).head?.fence).toBe(fence);
      await bench.ports.ticks.invalidate(`key:${KEY}`, 'purge');
      await bench.ports.retirement.noteOrphans({ key: KEY, dataset: 'prices' }, [fence]);
      expect(await bench.retire(fence, 600_000)).toBe('refused');
      expect(await bench.commit(fence, 'f1')).toEqual({ kind: 'committed' });
      expect(await bench.retire(fence, 0)).toBe('removable');
      expect(await bench.commit(fence, 'f1')).toMatchObject({ kind: 'fenced' });
    });

    it('leave to remove is asked for in the epoch whose gate was open, or not given', async () => {
      const old = await filled('f1');
      await filled('f2');
      const { epoch } = await bench.ports.retirement.gate();
      await openEpoch(bench.harness, epoch + 1);
      const leave = { epoch, graceMs: 0, dryRun: false };
      await expect(bench.ports.retirement.retire({ key: KEY, fence: old }, leave)).rejects.toSatisfy(isEpochLost);
      expect(await bench.ports.pins.pinGeneration({ key: KEY, fence: old }, PIN)).not.toBeNull();
    });

    it('grace starts again when something still named the generation', async () => {
      const old = await filled('f1');
      await filled('f2');
      await bench.harness.ageRetired(KEY, old, 600_001);
      await bench.ports.retirement.restartGrace({ key: KEY, fence: old });
      expect(await bench.retire(old, 600_000)).toBe('refused');
    });
  });
}
