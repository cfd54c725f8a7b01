/**
 * Damaged files of every format, loaded by a real worker: the process lives, each load ends in time with rows that another
 * reader confirms or with a code that blames the file, and the memory that it takes is bounded.
 */
import fc from 'fast-check';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { damaged, damages, type Damage } from './file-damage.ts';
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
 * again, WebAssembly and Node.
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

/** Found by earlier searches: what was damaged, and what it did before it was mended. */
const KEPT: readonly {
  readonly route: FileRoute;
  readonly name: string;
  readonly damage: readonly Damage[];
  readonly did: string;
}[] = [
  {
    route: 'decoded',
    name: 'flat, snappy, pages v1',
    damage: [{ kind: 'repeat', at: { region: 'anywhere', share: 0 }, length: 4, times: 2 }],
    did: 'trapped WebAssembly: PQ_WORKER_CRASHED, and another try for each caller',
  },
  {
    route: 'csv',
    name: 'CSV',
    damage: [{ kind: 'remove', at: { region: 'anywhere', share: 0 }, length: 22 }],
    did: 'was loaded as a file without rows: an open quote in the header took them all along',
  },
  {
    route: 'csv',
    name: 'CSV with CRLF and a mark',
    damage: [{ kind: 'set', at: { region: 'anywhere', share: 0 }, bytes: [91] }],
    did: 'was loaded with names in which bytes were replaced',
  },
  {
    route: 'arrow',
    name: 'Arrow file',
    damage: [{ kind: 'remove', at: { region: 'anywhere', share: 0 }, length: 17 }],
    did: 'was a defect of ours (PQ_INTERNAL): a reader without a schema',
  },
];

describe('files that were kept', () => {
  test.each(KEPT)('$route, $name: $did', async ({ route, name, damage }) => {
    const specimen = corpus.find((candidate) => candidate.name === name);
    expect(specimen).toBeDefined();
    const loaded = await stage.load(route, damaged(specimen?.bytes ?? Buffer.alloc(0), damage));
    expect(loaded).toMatchObject({ kind: 'refused', code: 'PQ_MALFORMED_SOURCE' });
    // The same worker goes on, whatever became of the thread.
    expect(await stage.load('csv', Buffer.from('a\n1\n'))).toMatchObject({ kind: 'rows', rows: 1 });
  });
});

/** A text of this many brackets ended the whole process of the worker, and of the next one that took the job. */
test('JSON that nests 100,000 deep is refused, and the worker lives', async () => {
  const deep = Buffer.from(`[{"a":${'['.repeat(100_000)}${']'.repeat(100_000)}}]`);
  expect(await stage.load('json', deep)).toMatchObject({ kind: 'refused', code: 'PQ_UNSUPPORTED_TYPE' });
  expect(await stage.load('ndjson', Buffer.from('{"a":1}\n'))).toMatchObject({ kind: 'rows', rows: 1 });
});

describe('damaged files', () => {
  const runs = { copied: 12, decoded: 32, csv: 32, ndjson: 20, json: 20, arrow: 32 } satisfies Record<
    FileRoute,
    number
  >;
  for (const [route, count] of Object.entries(runs) as [FileRoute, number][]) {
    asyncClaim(
      `${route}: rows that others confirm, or a code`,
      // A file that is taken for malformed is looked at again a moment later; the worker has two threads.
      { runs: count, atOnce: 2, values: fc.record({ specimen: of(route), damage: damages }) },
      async ({ specimen, damage }) => await judge(route, damaged(specimen.bytes, damage)),
    );
  }
});
