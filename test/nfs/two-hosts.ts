/** What the API on one host and the worker on the other do together while nothing is broken but caches and handles. */
import { expect, test } from 'vitest';
import type { NfsLab } from './nfs-lab.ts';
import { bodyOf, textOf, type Stage } from './stage.ts';
import { Swarm } from './swarm.ts';

const LONG = '/v1/datasets/long.parquet';
const REFUSALS_OF_PATIENCE: readonly string[] = ['PQ_SOURCE_UNSTABLE'];

interface Told {
  readonly lab: NfsLab;
  readonly stage: Stage;
  readonly changes: number;
}

export function twoHosts(told: () => Told, isLong: boolean): void {
  test('every answer is right while either host changes the source: the last revision to strict callers, none older than maxAge to others', async () => {
    const { stage, changes } = told();
    const swarm = new Swarm(stage);
    let fences = 0;
    try {
      for (let change = 1; change <= changes; change += 1) {
        await swarm.write(change % 2 === 0 ? 'c1' : 'c2');
        const heard = await stage.mustAnswer('facts');
        const fence = Number(textOf(heard, 'parqueue-generation'));
        expect(fence).toBeGreaterThan(fences);
        fences = fence;
      }
    } finally {
      const { read, refused, wrong } = await swarm.stop();
      console.log(
        `swarm: ${changes} changes, ${read.facts} strict answers, ${read.aged} with an age, refused ${JSON.stringify(refused)}`,
      );
      expect(wrong).toEqual([]);
      expect(Object.keys(refused).filter((code) => !REFUSALS_OF_PATIENCE.includes(code))).toEqual([]);
    }
    const key = textOf(await stage.mustAnswer('facts'), 'parqueue-key');
    expect(await stage.mustBeWhole('c1', key)).toBeGreaterThan(0);
  }, 1_200_000);

  test('a file that was asked for before it was there is answered as soon as the other host made it', async () => {
    const { lab, stage } = told();
    const current = `${lab.root}/lake/kept.parquet`;
    for (const [name, on] of [
      ['one', 'c1'],
      ['two', 'c1'],
    ] as const) {
      const path = `/v1/datasets/late.parquet?name=${name}`;
      expect((await stage.get(path)).code).toBe('PQ_NOT_FOUND');
      await stage.put(on, current, `late/${name}.parquet`);
      expect(stage.revisionIn(await stage.get(path))).toBe(stage.current.kept);
    }
  }, 300_000);

  test('a long answer under way keeps its generation whole while gc runs on the other host', async () => {
    const { lab, stage } = told();
    await stage.write('c1', 'long');
    const begun = await stage.begin(LONG);
    expect(begun.statusCode).toBe(200);
    const first = await firstOf(begun);
    const ref = { key: textOf(begun, 'parqueue-key'), fence: Number(textOf(begun, 'parqueue-generation')) };

    await stage.write('c2', 'long');
    const next = await stage.mustAnswer('long');
    expect(Number(textOf(next, 'parqueue-generation'))).toBeGreaterThan(ref.fence);

    for (let collection = 1; collection <= 2; collection += 1) await lab.c2.does('gc', ref.key);
    expect(await lab.c2.does('inspect', ref)).toBe('whole');
    const body = Buffer.concat([first, await bodyOf(begun)]);
    expect(stage.revisionIn({ status: 200, headers: begun.headers, code: null, body })).toBe(stage.current.long - 1);
  }, 300_000);

  test.runIf(isLong)(
    'a generation that somebody removes under a long answer: all its bytes come or the connection breaks, and the next ask is answered',
    async () => {
      const { lab, stage } = told();
      await stage.write('c1', 'long');
      const begun = await stage.begin(LONG);
      const first = await firstOf(begun);
      const ref = { key: textOf(begun, 'parqueue-key'), fence: Number(textOf(begun, 'parqueue-generation')) };
      await lab.c2.does('remove', ref);
      const rest = await bodyOf(begun).catch((error: unknown) => String(error));
      console.log(`removed under a long answer: ${typeof rest === 'string' ? `it broke (${rest})` : 'all bytes came'}`);
      if (typeof rest !== 'string') {
        const body = Buffer.concat([first, rest]);
        expect(stage.revisionIn({ status: 200, headers: begun.headers, code: null, body })).toBe(stage.current.long);
      }
      const again = await stage.mustAnswer('long');
      expect(Number(textOf(again, 'parqueue-generation'))).toBeGreaterThan(ref.fence);
    },
    300_000,
  );

  test('a head that is gone from the store is loaded again, whatever this host remembers of its files', async () => {
    const { lab, stage } = told();
    const before = await stage.mustAnswer('facts');
    const ref = { key: textOf(before, 'parqueue-key'), fence: Number(textOf(before, 'parqueue-generation')) };
    await lab.c2.does('remove', ref);
    // Every answer is right from the first on; that the files are gone this host learns within its attribute cache's time.
    const generation = async (): Promise<number> =>
      Number(textOf(await stage.mustAnswer('facts'), 'parqueue-generation'));
    await expect.poll(generation, { timeout: 120_000, interval: 500 }).toBeGreaterThan(ref.fence);
  }, 300_000);
}

/** Some bytes have come, and nothing more is read for now. */
async function firstOf(response: Awaited<ReturnType<Stage['begin']>>): Promise<Buffer> {
  const chunk = await new Promise<Buffer>((resolve, reject) => {
    response.once('data', (bytes: Buffer) => {
      response.pause();
      resolve(bytes);
    });
    response.once('error', reject);
  });
  return chunk;
}
