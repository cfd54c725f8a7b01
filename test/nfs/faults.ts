/**
 * What the API on one host and the worker on the other do while a link is cut or the server crashes, and afterwards. Nobody is
 * told anything wrong, whoever cannot be answered hears a coded error, and all goes on by itself.
 */
import { expect, test } from 'vitest';
import { setTimeout as sleep } from 'node:timers/promises';
import type { NfsLab } from './nfs-lab.ts';
import { textOf, type Dataset, type Heard, type Stage } from './stage.ts';
import { Swarm } from './swarm.ts';

const RECOVERY = { timeout: 180_000, interval: 500 };
/** What callers may hear while the store does not answer the API, the worker or the thread that loads. */
const EXPECTED: readonly string[] = ['PQ_STORE_IO', 'PQ_FILL_TIMEOUT', 'PQ_SOURCE_UNAVAILABLE', 'PQ_SOURCE_UNSTABLE'];

export interface Told {
  readonly lab: NfsLab;
  readonly stage: Stage;
  readonly crashes: number;
  /** How long a link is cut after all has been looked at. */
  readonly cutMs: number;
}

export function faults(told: () => Told, isLong: boolean): void {
  test('cut off from the server, the API refuses with a code, three threads hang and no more, it lives and is not ready; then it goes on', async () => {
    const { lab, stage, cutMs } = told();
    const before = await stage.mustAnswer('kept');
    expect((await stage.get('/readyz')).status).toBe(200);

    await lab.cut('c1');
    try {
      // The worker goes on: it loads a generation that this host has never seen.
      await stage.write('c2', 'facts');
      for (let round = 1; round <= 3; round += 1) {
        // Whoever asks first waits for the patience; then everybody is refused before the filesystem is asked.
        for (const { status, code, headers } of await Promise.all(
          Array.from({ length: 20 }, () => stage.ask('facts')),
        )) {
          expect([status, code]).toEqual([503, 'PQ_STORE_IO']);
          expect(headers['retry-after']).toBeTruthy();
        }
        // What v4 has delegated to this host may be read without the server; it cannot have changed.
        const kept = await stage.ask('kept');
        if (kept.code === null) expect(textOf(kept, 'etag')).toBe(textOf(before, 'etag'));
        else expect(kept.code).toBe('PQ_STORE_IO');
        const stuck = await stage.metric('parqueue_store_calls_stuck');
        expect(stuck).toBeGreaterThan(0);
        expect(stuck).toBeLessThanOrEqual(3);
        expect((await stage.get('/healthz')).status).toBe(200);
        expect((await stage.get('/readyz')).status).toBe(503);
      }
      await sleep(cutMs);
    } finally {
      await lab.heal('c1');
    }
    await expect.poll(async () => (await stage.get('/readyz')).status, RECOVERY).toBe(200);
    await expect.poll(() => stage.metric('parqueue_store_calls_stuck'), RECOVERY).toBe(0);
    expect(textOf(await eventually(stage, 'kept'), 'etag')).toBe(textOf(before, 'etag'));
    await eventually(stage, 'facts');
  }, 600_000);

  test.runIf(isLong)(
    'cut off from the server in the middle of a load, the worker publishes nothing torn, what is cached is answered, and who asked is answered afterwards',
    async () => {
      const { lab, stage, cutMs } = told();
      const before = await stage.mustAnswer('kept');
      await stage.write('c1', 'long', 'facts');
      const firstBatch = await stage.nextStep('first-batch');
      const asked = stage.ask('long');
      await firstBatch();
      await lab.cut('c2');
      const waiting = stage.ask('facts');
      try {
        // Longer than the lease: another worker could have been granted it.
        await sleep(Math.max(cutMs, 8000));
        expect(textOf(await stage.mustAnswer('kept'), 'etag')).toBe(textOf(before, 'etag'));
      } finally {
        await lab.heal('c2');
      }
      for (const [dataset, heard] of [
        ['long', await asked],
        ['facts', await waiting],
      ] as const) {
        if (heard.code === null) expect(stage.revisionIn(heard)).toBe(stage.current[dataset]);
        else expect(EXPECTED).toContain(heard.code);
        const key = textOf(await eventually(stage, dataset), 'parqueue-key');
        for (const on of ['c1', 'c2'] as const) expect(await stage.mustBeWhole(on, key)).toBeGreaterThan(0);
      }
    },
    900_000,
  );

  test('the server crashes right after a commit: what was answered is there afterwards, whole, and nobody was told anything wrong meanwhile', async () => {
    const { lab, stage, crashes } = told();
    for (let crash = 1; crash <= crashes; crash += 1) {
      const swarm = new Swarm(stage);
      let committed: Heard;
      try {
        await swarm.write('c2');
        committed = await stage.mustAnswer('facts');
        // The crash bites: what nobody synced is lost.
        const unsynced = `/mnt/srv/share/unsynced-${crash}`;
        await lab.exec('srv', `head -c 65536 /dev/zero > ${unsynced}`);
        await lab.crashServer();
        await lab.startServer();
        expect(Number(await lab.exec('srv', `stat -c %s ${unsynced} 2> /dev/null || echo 0`))).toBe(0);
        await eventually(stage, 'facts');
      } finally {
        const { read, refused, wrong } = await swarm.stop();
        const heard = `${read.facts} strict answers, ${read.aged} with an age, refused ${JSON.stringify(refused)}`;
        console.log(`server crash ${crash}: ${heard}`);
        expect(wrong).toEqual([]);
        expect(Object.keys(refused).filter((code) => !EXPECTED.includes(code))).toEqual([]);
      }
      for (const on of ['c1', 'c2'] as const) {
        const { judged } = await lab[on].does('verify', textOf(committed, 'parqueue-key'));
        expect(judged[Number(textOf(committed, 'parqueue-generation'))]).toBe('whole');
        expect(new Set(Object.values(judged))).toEqual(new Set(['whole']));
      }
      await stage.write('c1', 'facts');
      await eventually(stage, 'facts');
    }
  }, 900_000);
}

/** Asks until it is answered, with the current revision; every refusal on the way has a code that was to be expected. */
async function eventually(stage: Stage, dataset: Dataset): Promise<Heard> {
  for (const limit = Date.now() + RECOVERY.timeout; ; await sleep(RECOVERY.interval)) {
    const heard = await stage.ask(dataset);
    if (heard.code === null) {
      expect(stage.revisionIn(heard)).toBe(stage.current[dataset]);
      return heard;
    }
    expect(EXPECTED).toContain(heard.code);
    if (Date.now() > limit) throw new Error(`${dataset} is still refused: ${heard.body.toString()}`);
  }
}
