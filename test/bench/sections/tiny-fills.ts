/** Distinct fills of tiny files: what Parqueue itself costs where the rows cost nothing. */
import { join } from 'node:path';
import { alternate, type Contender, type Raced } from '../alternate.ts';
import { Publishers } from '../fills/publishers.ts';
import { TinyFillsStage } from '../fills/tiny-fills-stage.ts';
import { atLeast, type Bench, type Findings, type Section } from '../section.ts';

const WORKERS = { tiny: [1], short: [1, 2, 4], long: [1, 2, 4] };
const FILLS = { tiny: 10, short: 70, long: 600 };
const ROUNDS = { tiny: 1, short: 3, long: 7 };
const MANIFEST_BYTES = 1200;

export const tinyFills: Section = {
  name: 'tiny-fills',
  title: 'Distinct fills of tiny files',
  about:
    'Parquet files of 100 rows, each filled once: 1, 2 and 4 workers of one thread each, which take jobs from the queue, open, copy and hash the file, '
    + 'check its pages, publish and commit; against as many processes that only make the directories, write part and manifest, fsync both and each '
    + 'directory, rename, and run one script.',
  goals: [
    atLeast('overLoop1', 0.5, '≥ 0.5 of the bare publish loop, one worker'),
    atLeast('overLoop2', 0.5, '≥ 0.5 of two bare publish loops, two workers'),
    atLeast('overLoop4', 0.5, '≥ 0.5 of four bare publish loops, four workers'),
    atLeast('twoOverOne', 1.2, 'two workers fill more than one does'),
  ],
  run,
};

async function run(bench: Bench): Promise<Findings> {
  const raced = new Map<number, Raced>();
  for (const workers of bench.pick(WORKERS)) raced.set(workers, await race(bench, workers));
  const all = [...raced];
  const rate = (workers: number): number => raced.get(workers)?.rate(ours(workers)) ?? Number.NaN;
  return {
    measures: all.flatMap(([, one]) => one.findings.measures),
    ratios: all.flatMap(([, one]) => one.findings.ratios ?? []),
    figures: {
      ...Object.fromEntries(
        all.flatMap(([workers, one]) => [
          [`overLoop${workers}`, one.ratio(ours(workers), floor(workers)).median],
          [`fillsPerSecond${workers}`, one.rate(ours(workers))],
        ]),
      ),
      ...(raced.has(2) ? { twoOverOne: rate(2) / rate(1) } : {}),
    },
    notes: [`${bench.pick(FILLS)} fills a round; Redis with appendfsync everysec; the same filesystem for both.`],
    plots: [
      {
        name: 'tiny-fills',
        title: 'Distinct fills of tiny files',
        kind: 'bars',
        xLabel: 'workers, or loops',
        yLabel: 'per second',
        series: [
          {
            name: 'Parqueue',
            points: all.map(([workers, one]) => ({ x: String(workers), y: one.rate(ours(workers)) })),
          },
          {
            name: 'bare publish loop',
            points: all.map(([workers, one]) => ({ x: String(workers), y: one.rate(floor(workers)) })),
          },
        ],
      },
    ],
  };
}

const ours = (workers: number): string => `Parqueue, ${workers} worker${workers === 1 ? '' : 's'}`;
const floor = (loops: number): string => `${loops} bare publish loop${loops === 1 ? '' : 's'}`;

async function race(bench: Bench, workers: number): Promise<Raced> {
  bench.progress(`starts ${workers} worker${workers === 1 ? '' : 's'}`);
  await using stage = await TinyFillsStage.start(join(bench.scratch, `workers-${workers}`), workers);
  const { partBytes, redisUrl } = stage;
  const folder = join(bench.scratch, `loops-${workers}`);
  await using publishers = await Publishers.start(workers, {
    folder,
    redisUrl,
    partBytes,
    manifestBytes: MANIFEST_BYTES,
  });
  const count = bench.pick(FILLS);
  const contenders: readonly Contender[] = [
    {
      name: ours(workers),
      role: 'ours',
      before: () => stage.prepare(count),
      run: () => stage.fill(count, bench.signal),
    },
    { name: floor(workers), role: 'floor', run: () => publishers.publish(count) },
  ];
  return await alternate(bench, { contenders, unit: 'fill', rounds: bench.pick(ROUNDS) });
}
