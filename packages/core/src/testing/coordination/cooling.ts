/** When a failing source is left alone, and when it is asked again. */
import { describe, expect, it } from 'vitest';
import type { Bench } from './bench.ts';
import { COOLING, type Verdict } from '../../ports/cooling.ts';
import type { Failure } from '../../model/errors.ts';

const WH = 'wh';
const FAILURE: Failure = {
  code: 'PQ_SOURCE_UNAVAILABLE',
  message: 'no listener',
  retryable: true,
  details: { database: 'ORA-12541' },
};
const UNAVAILABLE: Verdict = { kind: 'unavailable', failure: FAILURE };

export function coolingStories(bench: Bench): void {
  const admit = () => bench.ports.cooling.admit(WH);
  const tell = (verdict: Verdict, trial = false) => bench.ports.cooling.tell(WH, verdict, trial);
  const fail = async (times: number): Promise<void> => {
    for (let i = 0; i < times; i += 1) await tell(UNAVAILABLE);
  };
  const lengthMs = async (): Promise<number> => {
    const { coolingUntilMs, nowMs } = await bench.ports.cooling.read(WH);
    return coolingUntilMs === null ? 0 : coolingUntilMs - nowMs;
  };

  describe('cooling', () => {
    it('an unknown source is open', async () => {
      expect(await admit()).toEqual({ kind: 'open' });
      expect(await bench.ports.cooling.read(WH)).toMatchObject({ failures: 0, coolingUntilMs: null, failure: null });
    });

    it('it begins with the third failure in a row, and says until when and why', async () => {
      await fail(COOLING.failuresMax - 1);
      expect(await admit()).toEqual({ kind: 'open' });
      await fail(1);
      expect(await admit()).toMatchObject({ kind: 'cooling', failures: 3, failure: FAILURE });
      expect(await lengthMs()).toBeGreaterThan(COOLING.firstMs - 1000);
      expect(await lengthMs()).toBeLessThanOrEqual(COOLING.firstMs);
      expect(await bench.ports.cooling.admit('another')).toEqual({ kind: 'open' });
    });

    it('an answer in between starts the count anew, an unknown end does not', async () => {
      await fail(2);
      await tell({ kind: 'answered' });
      await fail(2);
      await tell({ kind: 'unknown' });
      expect(await admit()).toEqual({ kind: 'open' });
      await fail(1);
      expect(await admit()).toMatchObject({ kind: 'cooling', failures: 3 });
    });

    it('failures of work that was under way lengthen nothing', async () => {
      await fail(3);
      await fail(5);
      expect(await lengthMs()).toBeLessThanOrEqual(COOLING.firstMs);
      expect(await admit()).toMatchObject({ kind: 'cooling', failures: 8 });
    });

    it('when the time is over one trial goes first, and others wait for what it finds', async () => {
      await fail(3);
      await bench.harness.ageCooling(WH);
      expect(await admit()).toEqual({ kind: 'trial' });
      const other = await admit();
      expect(other).toMatchObject({ kind: 'cooling', failure: FAILURE });
      await tell({ kind: 'answered' }, true);
      expect(await admit()).toEqual({ kind: 'open' });
      await fail(2);
      expect(await admit()).toEqual({ kind: 'open' });
    });

    it('a trial that ends without a word, or never, leaves its place to another', async () => {
      await fail(3);
      await bench.harness.ageCooling(WH);
      expect(await admit()).toEqual({ kind: 'trial' });
      await tell({ kind: 'unknown' }, true);
      expect(await admit()).toEqual({ kind: 'trial' });
      await tell({ kind: 'unknown' }, false);
      expect(await admit()).toMatchObject({ kind: 'cooling' });
      await bench.harness.ageCooling(WH);
      expect(await admit()).toEqual({ kind: 'trial' });
    });

    it('each trial that fails doubles the time, up to the longest', async () => {
      await fail(3);
      const lengths = [];
      for (let trial = 0; trial < 6; trial += 1) {
        await bench.harness.ageCooling(WH);
        expect(await admit()).toEqual({ kind: 'trial' });
        await tell(UNAVAILABLE, true);
        lengths.push(Math.ceil((await lengthMs()) / 1000) * 1000);
      }
      expect(lengths).toEqual([10_000, 20_000, 40_000, COOLING.maxMs, COOLING.maxMs, COOLING.maxMs]);
    });

    it('a Redis that forgot asks the source as if nothing had been', async () => {
      await fail(3);
      await bench.reopen(2);
      expect(await admit()).toEqual({ kind: 'open' });
    });
  });
}
