/**
 * Readers of Parquet from PyPI read by URL while the head moves under them: every value they return is of one generation.
 * What they send is counted. PARQUEUE_READS=100 (`npm run readers`) reads longer.
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { moveHead, RANGES_DATASETS, tellingOf } from '../e2e/ranges-stage.ts';
import { Stage } from '../e2e/api-stage.ts';
import { countingProxy, type Passed } from '../fixtures/counting-proxy.ts';
import { hasPython } from '../python/environment.ts';
import { readWithPython } from './python.ts';

const TIMES = Number(process.env['PARQUEUE_READS'] ?? 4);

/** Those that read by ranges; pandas by itself fetches the whole file. */
const RANGE_READERS = [
  'polars',
  'polars read_parquet',
  'pyarrow',
  'pyarrow ParquetFile',
  'duckdb httpfs',
  'duckdb fsspec',
];
/** Open the URL more than once for one read, and fetch more than they need: docs/reading.md. */
const REOPENING = ['pyarrow', 'duckdb fsspec'];
const ALL_READERS = [...RANGE_READERS, 'pandas'];

describe.skipIf(!hasPython)('Python readers (skipped without Python 3.11 and PyPI: scripts/setup-python.mjs)', () => {
  let stage: Stage;
  beforeAll(async () => {
    stage = await Stage.open({ datasets: RANGES_DATASETS });
    // A file of its own for each reader, so that one does not move the head under another.
    await moveHead(stage, 'counted', tellingOf(1, { rows: 60_000, rowGroupRows: 20_000 }));
  });
  afterAll(async () => await stage[Symbol.asyncDispose]());

  /** The server of this suite knows no keys; what counts is that it arrives with every request. */
  const headers = { authorization: 'Bearer of-this-test' };
  const path = (file: string): string => `/v1/datasets/orders.parquet?file=${file}`;

  test.each(ALL_READERS)('%s reads one generation each time, while the head moves', async (reader) => {
    const file = reader.replaceAll(/\W/g, '-');
    // One that opens the URL over and over needs some peace to find it the same twice.
    const pauseMs = REOPENING.includes(reader) ? 1_500 : 100;
    let done = false;
    let generation = 1;
    const advance = async (): Promise<void> => {
      await moveHead(stage, file, tellingOf(generation));
      expect((await stage.get(path(file), headers, 'HEAD')).status).toBe(200);
    };
    await advance();
    const moving = (async () => {
      while (!done) {
        generation += 1;
        await advance();
        await new Promise((resolve) => setTimeout(resolve, pauseMs));
      }
    })();
    const reads = await readWithPython({
      reader,
      url: `${stage.url}${path(file)}`,
      columns: ['g', 'n3', 'n7'],
      times: REOPENING.includes(reader) ? Math.ceil(TIMES / 2) : TIMES,
      headers,
    }).finally(() => (done = true));
    await moving;
    const errors = reads.flatMap(({ error }) => error ?? []);
    console.log(`${reader}: ${reads.length} reads over ${generation} generations, errors: ${JSON.stringify(errors)}`);
    for (const { generations = [], rows } of reads.filter(({ error }) => error === undefined)) {
      expect(generations).toHaveLength(1);
      expect(rows).toBe(tellingOf(generations[0] ?? 0).rows);
    }
    // Those that open the file several times for one read may find it changed in between, and say so.
    if (!REOPENING.includes(reader)) expect(errors).toEqual([]);
  });

  test.each(RANGE_READERS)('%s fetches one column of many in much less than the file', async (reader) => {
    await using proxy = await countingProxy(stage.url);
    const url = `${proxy.url}${path('counted')}`;
    const [read] = await readWithPython({ reader, url, columns: ['g'], times: 1, headers });
    expect(read).toEqual({ generations: [1], rows: 60_000 });
    const whole = Number((await stage.get(path('counted'), headers, 'HEAD')).headers.get('content-length'));
    const bytes = proxy.passed.reduce((sum, passed) => sum + passed.bytes, 0);
    console.log(`${reader}: ${proxy.passed.map(told).join(', ')}; ${bytes} of ${whole} bytes`);
    for (const { headers: sent, status } of proxy.passed) {
      if (!reader.startsWith('polars')) expect(sent['authorization']).toBe(headers.authorization);
      expect([200, 206]).toContain(status);
    }
    if (!REOPENING.includes(reader)) expect(bytes).toBeLessThan(whole / 5);
  });
});

function told({ method, range, bytes }: Passed): string {
  return method === 'HEAD' ? 'HEAD' : `${range ?? 'whole'} (${bytes})`;
}
