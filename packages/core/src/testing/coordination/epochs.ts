/** Epochs and reconciliation: what happens when Redis forgets (I11). */
import { describe, expect, it } from 'vitest';
import { commitRequest, KEY, openEpoch, PIN, TARGET, type Bench } from './bench.ts';
import { isEpochLost } from '../../ports/coordination.ts';
import { epochStart } from '../../model/ticks.ts';

export function epochStories(bench: Bench): void {
  const { claim, granted, commit, filled, look } = bench;

  describe('epochs', () => {
    it('calls under a marker that is not the current one are refused and tell their process', async () => {
      let lost = 0;
      bench.ports.register.onLost(() => {
        lost += 1;
      });
      const elsewhere = await bench.harness.another();
      await openEpoch({ ...bench.harness, ports: elsewhere }, 2);
      await expect(bench.ports.heads.look(TARGET, null)).rejects.toSatisfy(isEpochLost);
      await expect(bench.ports.ticks.invalidate('source:lake', 'hard')).rejects.toSatisfy(isEpochLost);
      expect(lost).toBeGreaterThan(0);
      expect((await elsewhere.heads.look(TARGET, null)).seen.hard).toBe(0);
    });

    it('only the one who saw the current marker opens the next epoch', async () => {
      const { runId, incarnation } = await bench.ports.register.read();
      const expected = { runId, incarnation };
      const next = { epoch: 2, runId, incarnation: 'two', storeId: bench.harness.storeId };
      expect(await bench.ports.register.open(next, { runId: 'another', incarnation: expected.incarnation }, [])).toBe(
        false,
      );
      expect(await bench.ports.register.open(next, { runId, incarnation: 'none' }, [])).toBe(false);
      expect(await bench.ports.register.open(next, expected, [])).toBe(true);
      expect(await bench.ports.register.open({ ...next, epoch: 3, incarnation: 'three' }, expected, [])).toBe(false);
      expect((await bench.ports.register.read()).marker).toEqual(next);
    });

    it('a memory that was emptied while its opener was on the way refuses that opener', async () => {
      await bench.harness.forget();
      const { runId, incarnation, marker } = await bench.ports.register.read();
      expect(marker).toBeNull();
      expect((await bench.ports.register.read()).incarnation).toBe(incarnation);
      const late = { epoch: 2, runId, incarnation: 'late', storeId: bench.harness.storeId };
      await openEpoch(bench.harness, 3);
      await bench.harness.forget();
      expect(await bench.ports.register.open(late, { runId, incarnation }, [])).toBe(false);
      await bench.ports.register.read();
      expect(await bench.ports.register.open(late, { runId, incarnation }, [])).toBe(false);
    });

    it('opening is repeatable', async () => {
      const { runId, incarnation } = await bench.ports.register.read();
      const next = { epoch: 2, runId, incarnation: 'two', storeId: bench.harness.storeId };
      expect(await bench.ports.register.open(next, { runId, incarnation }, [])).toBe(true);
      expect(await bench.ports.register.open(next, { runId, incarnation }, [])).toBe(true);
    });

    it('a new epoch moves the clock, voids leases, fences their commits and unsettles reconciliation', async () => {
      const old = await filled('f0');
      const fence = await granted('f1');
      await openEpoch(bench.harness, 2);
      expect(await look()).toMatchObject({ lease: null, latestFence: fence, reconciled: false, head: { fence: old } });
      expect(await bench.ports.leases.renew(claim('f1'), fence)).toBe(false);
      expect(await commit(fence, 'f1')).toEqual({ kind: 'fenced', latestFence: fence });
      expect(await bench.ports.leases.acquire(claim('f2'))).toEqual({ kind: 'unreconciled' });
      await bench.ports.reconciler.apply({ key: KEY, epoch: 2, newest: null, others: [], mark: null });
      expect(await granted('f2')).toBe(epochStart(2) + 1);
      expect(await bench.retire(fence, 0)).toBe('refused');
    });

    it('scope marks are restored with the epoch, and raise-only', async () => {
      const mark = { target: 'source:lake', hard: 700, purge: 500 };
      await openEpoch(bench.harness, 2, [mark]);
      expect((await look()).seen).toMatchObject({ hard: 700, purge: 500 });
      const hard = await bench.ports.ticks.invalidate('source:lake', 'hard');
      await bench.ports.ticks.restoreMarks(2, [mark, { target: `key:${KEY}`, hard: 10, purge: 900 }]);
      expect((await look()).seen).toMatchObject({ hard, purge: 900 });
      await expect(bench.ports.ticks.restoreMarks(1, [mark])).rejects.toSatisfy(isEpochLost);
    });
  });

  describe('reconciliation', () => {
    const restored = (fence: number, fillId = `r${fence}`) => ({ ...commitRequest(fence, fillId, 'checksum:old') });
    const apply = async (fence: number | null, others: readonly number[] = [], epoch = 2) => {
      await bench.ports.reconciler.apply({
        key: KEY,
        epoch,
        newest: fence === null ? null : restored(fence),
        others,
        mark: null,
      });
    };

    it('sets a head that Redis forgot, unverified in this epoch', async () => {
      await openEpoch(bench.harness, 2);
      await apply(500, [300, 400]);
      expect(await look()).toMatchObject({ reconciled: true, head: { fence: 500, verified: 500, verifiedAtMs: 1000 } });
      expect(await bench.ports.pins.pinGeneration({ key: KEY, fence: 400 }, PIN)).not.toBeNull();
    });

    it('raises only: an older generation is retired, the head stays', async () => {
      const fence = await filled('f1');
      await openEpoch(bench.harness, 2);
      await apply(500);
      expect((await look()).head?.fence).toBe(fence);
      expect(await bench.retire(500, 0)).toBe('removable');
    });

    it('a head below the newest is replaced and retired', async () => {
      const fence = await filled('f1');
      await openEpoch(bench.harness, 2);
      await apply(fence + 5);
      expect((await look()).head?.fence).toBe(fence + 5);
      expect(await bench.retire(fence, 0)).toBe('removable');
    });

    it('a head that is restored is removable no more, whatever leave was given in the epoch before', async () => {
      await filled('f1');
      const zombie = await granted('f2');
      await bench.harness.ageLease(KEY);
      await granted('f3');
      await bench.ports.retirement.noteOrphans({ key: KEY, dataset: 'prices' }, [zombie]);
      expect(await bench.retire(zombie, 0)).toBe('removable');
      await openEpoch(bench.harness, 2);
      await apply(zombie);
      expect((await look(PIN)).pin).toMatchObject({ fence: zombie });
      await filled('f4');
      expect(await bench.retire(zombie, 0)).toBe('refused');
    });

    it('a generation of this epoch is left to its commit', async () => {
      await openEpoch(bench.harness, 2);
      await apply(epochStart(2) + 1);
      expect(await look()).toMatchObject({ reconciled: true, head: null });
    });

    it('a listing made under another epoch is refused', async () => {
      await openEpoch(bench.harness, 2);
      await expect(apply(500, [], 1)).rejects.toSatisfy(isEpochLost);
      expect((await look()).reconciled).toBe(false);
    });

    it('a pass is resumed within its epoch, and its completion reconciles every key', async () => {
      await openEpoch(bench.harness, 2);
      expect(await bench.ports.reconciler.passPosition(2)).toBeNull();
      expect((await bench.ports.retirement.gate()).reconciledAtMs).toBeNull();
      await bench.ports.reconciler.savePassPosition(2, '7f');
      expect(await bench.ports.reconciler.passPosition(2)).toBe('7f');
      await bench.ports.reconciler.completePass(2);
      const { reconciledAtMs } = await bench.ports.retirement.gate();
      expect(reconciledAtMs).not.toBeNull();
      await bench.ports.reconciler.completePass(2);
      expect((await bench.ports.retirement.gate()).reconciledAtMs).toBe(reconciledAtMs);
      expect((await look()).reconciled).toBe(true);
      await openEpoch(bench.harness, 3);
      expect(await bench.ports.reconciler.passPosition(3)).toBeNull();
      expect((await look()).reconciled).toBe(false);
    });
  });
}
