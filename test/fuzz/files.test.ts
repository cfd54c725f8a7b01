/**
 * Damaged files of every format, loaded by a real worker: the process lives, each load ends in time with rows that another
 * reader confirms or with a code that blames the file, and the memory that it takes is bounded.
 */
import fc from 'fast-check';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { damaged, damages } from './file-damage.ts';
import { specimens, type Specimen } from './file-corpus.ts';
import { wrongIn } from './file-oracle.ts';
import { endReading } from './file-pyarrow.ts';
import { FileStage, type FileRoute } from './file-stage.ts';
import { asyncClaim } from './fuzz.ts';

/** Codes that tell the owner of a file what is wrong with it. PQ_INTERNAL and PQ_WORKER_CRASHED are ours, and no answer. */
const BLAMES_THE_FILE = new Set([
  'PQ_MALFORMED_SOURCE',
  'PQ_UNSUPPORTED_TYPE',
  'PQ_VALUE_OUT_OF_RANGE',
  'PQ_LIMIT_EXCEEDED',
]);

/**
 * The worker of the stage: heaps of 256 MiB and DuckDB of 128 MiB for each of two threads, which DuckDB may pass by as much
 * again, WebAssembly and Node. Measured at rest after its drivers were loaded it holds 190 MiB.
 */
const PEAK_BYTES_MAX = 1024 * 1024 * 1024;

let stage: FileStage;
const corpus: readonly Specimen[] = await specimens();

beforeAll(async () => {
  stage = await FileStage.open();
});

afterEach(async () => {
  const peak = await stage.peakBytes();
  if (peak !== null) expect(peak).toBeLessThan(PEAK_BYTES_MAX);
});

afterAll(async () => {
  endReading();
  await stage[Symbol.asyncDispose]();
});

async function judge(route: FileRoute, bytes: Buffer): Promise<void> {
  const loaded = await stage.load(route, bytes);
  if (loaded.kind === 'refused') {
    if (BLAMES_THE_FILE.has(loaded.code)) return;
    throw new Error(`${loaded.code}: ${loaded.message}`);
  }
  if (loaded.kind !== 'rows') throw new Error(`the worker ${loaded.kind}`);
  const wrong = await wrongIn(route, loaded);
  if (wrong !== null) throw new Error(wrong);
}

const of = (route: FileRoute): fc.Arbitrary<Specimen> =>
  fc.constantFrom(...corpus.filter(({ routes }) => routes.includes(route))).map((specimen) => ({
    ...specimen,
    toString: () => specimen.name,
  }));

describe('whole files', () => {
  test.each(corpus.flatMap((specimen) => specimen.routes.map((route) => ({ ...specimen, route }))))(
    '$name, $route, is loaded as others read it',
    async ({ route, bytes }) => {
      const loaded = await stage.load(route, bytes);
      if (loaded.kind !== 'rows') throw new Error(JSON.stringify(loaded));
      expect(await wrongIn(route, loaded)).toBeNull();
    },
  );
});

describe('damaged files', () => {
  const runs = { copied: 20, decoded: 80, csv: 40, ndjson: 40, json: 30, arrow: 60 } satisfies Record<
    FileRoute,
    number
  >;
  for (const [route, count] of Object.entries(runs) as [FileRoute, number][]) {
    asyncClaim(
      `${route}: rows that others confirm, or a code`,
      { runs: count, values: fc.record({ specimen: of(route), damage: damages }) },
      async ({ specimen, damage }) => await judge(route, damaged(specimen.bytes, damage)),
    );
  }
});
