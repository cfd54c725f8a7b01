/** What probes share of parts, and how marks of tables reach the views that read them (I13). */
import { describe, expect, it } from 'vitest';
import { KEY, OTHER, type Bench } from './bench.ts';
import type { LookTarget } from '../../ports/coordination.ts';
import { READERS_MAX, TOO_MANY_READERS } from '../../ports/parts.ts';

const SALES = 'wh/APP.SALES';
const REGIONS = 'wh/APP.REGIONS';
const VIEW = 'wh/APP.V_SALES';
const QUESTION = { asked: '0123456789abcdef', targets: [SALES, REGIONS] };
const NOTHING = { record: null, running: null };

const target = (probeTargets: readonly string[]): LookTarget => ({ key: KEY, scopes: [], probeTargets });

export function partStories(bench: Bench): void {
  const announce = { asked: QUESTION.asked, forMs: 60_000 };
  const parts = async (question = QUESTION) => (await bench.ports.parts.read(question)).parts;

  describe('parts', () => {
    it('nothing is known of a part that nobody asked', async () => {
      expect(await parts()).toEqual({ [SALES]: NOTHING, [REGIONS]: NOTHING });
    });

    it('a probe is announced with its tick, raises started of what it asks, and its record ends the announcement', async () => {
      const { tick, nowMs } = await bench.ports.ticks.startProbe(target(QUESTION.targets), announce);
      expect((await parts())[SALES]).toMatchObject({ record: null, running: { tick } });
      const found = { [SALES]: { version: '3@17', costMs: 12.5 } };
      await bench.ports.parts.record(QUESTION, { tick, beganAtMs: nowMs, parts: found });
      expect(await parts()).toEqual({
        [SALES]: { record: { version: '3@17', costMs: 12.5, tick, beganAtMs: nowMs }, running: null },
        [REGIONS]: NOTHING,
      });
      const other = await bench.ports.heads.look({ key: OTHER, scopes: [], probeTargets: [SALES] }, null);
      expect(other.seen.started).toBe(tick);
    });

    it('a tick raises started of the targets named and of no others', async () => {
      await bench.ports.ticks.startProbe(target([SALES]), announce);
      const other = await bench.ports.heads.look({ key: OTHER, scopes: [], probeTargets: [REGIONS] }, null);
      expect(other.seen.started).toBe(0);
    });

    it('an older finding never replaces a newer one, nor does it end the announcement of a newer probe', async () => {
      const first = await bench.ports.ticks.startProbe(target([SALES]), announce);
      const second = await bench.ports.ticks.startProbe(target([SALES]), announce);
      const third = await bench.ports.ticks.startProbe(target([SALES]), announce);
      const record = (tick: number, version: string) =>
        bench.ports.parts.record(QUESTION, { tick, beganAtMs: 5, parts: { [SALES]: { version, costMs: 1 } } });
      await record(second.tick, 'new');
      await record(first.tick, 'old');
      expect((await parts())[SALES]).toMatchObject({
        record: { version: 'new', tick: second.tick },
        running: { tick: third.tick },
      });
    });

    it('a probe that found nothing takes its announcement back and leaves the record as it was', async () => {
      const { tick } = await bench.ports.ticks.startProbe(target([SALES]), announce);
      await bench.ports.parts.record(QUESTION, { tick, beganAtMs: 5, parts: {} });
      expect(await parts()).toEqual({ [SALES]: NOTHING, [REGIONS]: NOTHING });
    });

    it('an announcement that nobody took back ends by itself', async () => {
      await bench.ports.ticks.startProbe(target([SALES]), announce);
      await bench.harness.ageRunning(QUESTION.asked, SALES);
      expect((await parts())[SALES]).toEqual(NOTHING);
    });

    it('answers to another question are other records', async () => {
      const { tick } = await bench.ports.ticks.startProbe(target([SALES]), announce);
      const found = { [SALES]: { version: 'v', costMs: 1 } };
      await bench.ports.parts.record(QUESTION, { tick, beganAtMs: 5, parts: found });
      expect((await parts({ ...QUESTION, asked: 'fedcba9876543210' }))[SALES]).toEqual(NOTHING);
    });
  });

  describe('readers of tables', () => {
    const seenBy = async (name: string) =>
      (await bench.ports.heads.look({ key: OTHER, scopes: [`table:${name}`], probeTargets: [] }, null)).seen;

    it('a view is found by each table that it reads, once', async () => {
      await bench.ports.parts.learn(VIEW, [SALES, REGIONS]);
      await bench.ports.parts.learn(VIEW, [SALES]);
      expect(await bench.ports.parts.readers(SALES)).toEqual([VIEW]);
      expect(await bench.ports.parts.readers(REGIONS)).toEqual([VIEW]);
      expect(await bench.ports.parts.readers(VIEW)).toEqual([]);
    });

    it('a table that was marked before hands its marks to the view, which keeps what is later', async () => {
      const soft = await bench.ports.ticks.invalidate(`table:${SALES}`, 'soft');
      const purge = await bench.ports.ticks.invalidate(`table:${REGIONS}`, 'purge');
      const hard = await bench.ports.ticks.invalidate(`table:${VIEW}`, 'hard');
      await bench.ports.parts.learn(VIEW, [SALES, REGIONS]);
      expect(await seenBy(VIEW)).toMatchObject({ soft, hard, purge });
      expect(await seenBy(SALES)).toMatchObject({ soft, hard: 0, purge: 0 });
    });

    it('a view learned after a purge of its table cannot become a head that was filled before it', async () => {
      const scopes = [`table:${VIEW}`];
      const fence = await bench.granted('f1');
      await bench.ports.ticks.invalidate(`table:${SALES}`, 'purge');
      await bench.ports.parts.learn(VIEW, [SALES]);
      const commit = await bench.ports.heads.commit({ ...bench.request(fence, 'f1'), scopes });
      expect(commit).toMatchObject({ kind: 'fenced' });
    });

    it('more readers than can be kept are told as too many', async () => {
      for (let i = 0; i < READERS_MAX; i += 1) await bench.ports.parts.learn(`wh/APP.V${i}`, [SALES]);
      expect(await bench.ports.parts.readers(SALES)).not.toContain(TOO_MANY_READERS);
      await bench.ports.parts.learn('wh/APP.V7', [SALES]);
      await bench.ports.parts.learn('wh/APP.ONE_MORE', [SALES]);
      const readers = await bench.ports.parts.readers(SALES);
      expect(readers).toContain(TOO_MANY_READERS);
      expect(readers).toHaveLength(READERS_MAX + 1);
    });
  });
}
