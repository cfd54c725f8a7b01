/** Many entries in one store: what each ask, each entry and each walk over all of them costs, against what it costs with a tenth of them. */
import { join } from 'node:path';
import { median, quantile } from '../alternate.ts';
import { Cluster, resolveFile } from '../cluster.ts';
import { ManyEntries } from '../scale/many-entries.ts';
import { walk, WALKS, type Walk, type WalkTime } from '../scale/walks.ts';
import { atMost, type Bench, type Findings, type Measure, type Section } from '../section.ts';

const SIZES = { tiny: [30, 60], short: [300, 3000], long: [10_000, 100_000, 1_000_000] };
const ASKS = { tiny: 20, short: 300, long: 1000 };
const QUESTION = { dataset: 'words' };

const TITLES: Readonly<Record<Walk, string>> = {
  list: 'listing over HTTP',
  gcDryRun: 'gc, dry run',
  gc: 'gc',
  verify: 'verify',
  rebuild: 'rebuild',
};

export const scale: Section = {
  name: 'scale',
  title: 'Many entries in one store',
  about:
    'Entries of one tiny part each, as fills leave them on the disk and in Redis. Each walk over all of them is timed at every size; linear is what takes '
    + 'the same time per entry at the largest size as at the smallest. CPU is that of the process that walks, for the listing with that of the API; Redis’s is not in it. Asks are POST /v1/resolve of one warm entry among them, one after the other.',
  goals: [
    atMost('resolveGrowth', 1.3, 'a warm ask takes as long among the most entries as among the fewest (p50, ≤ 1.3)'),
    atMost('redisBytesPerEntry', 1024, '≤ 1 KB of Redis per entry'),
    ...WALKS.map((name) =>
      atMost(`${name}Growth`, 1.5, `${TITLES[name]}: linear (time per entry, ≤ 1.5 of that at the fewest)`),
    ),
  ],
  run,
};

interface Point {
  readonly entries: number;
  readonly resolveP50Ms: number;
  readonly redisBytes: number;
  /** Per entry. */
  readonly walks: Readonly<Record<Walk, { readonly us: number; readonly cpuUs: number }>>;
}

async function run(bench: Bench): Promise<Findings> {
  await using cluster = await Cluster.start({
    folder: join(bench.scratch, 'cluster'),
    fsync: 'no',
    yaml: 'datasets:\n  words: { source: lake, path: words.parquet, freshness: { maxAge: 1d } }\n',
  });
  const api = await cluster.startApi();
  await using many = await ManyEntries.open(cluster, 'words.parquet');
  const notes: string[] = [];
  const points: Point[] = [];
  // No worker: what those do by themselves is no part of what is measured.
  await many.makeDataset(QUESTION.dataset);
  const emptyBytes = await many.redisBytes();
  for (const size of bench.pick(SIZES)) {
    if (!(await many.hasRoomFor(size))) {
      notes.push(
        `${size.toLocaleString('en')} entries were left out: the filesystem has too few inodes or bytes for them.`,
      );
      break;
    }
    const entries = size.toLocaleString('en');
    bench.progress(`makes ${entries} entries`);
    try {
      await many.growTo(size, bench.signal, (made) => bench.progress(`makes entries: ${made.toLocaleString('en')}`));
      // Of this epoch: each rebuild opened another, in which what was known before would be looked at again.
      await many.makeDataset(QUESTION.dataset);
      points.push(await measured(bench, { many, api, emptyBytes }));
    } catch (error) {
      // What an hour has shown of fewer is not thrown away; the smallest has to come to its end.
      if (points.length === 0 || bench.signal.aborted) throw error;
      notes.push(`${entries} entries came to no end: ${String(error)}`);
      break;
    }
  }
  return { ...findingsOf(points), notes };
}

async function measured(
  bench: Bench,
  told: {
    readonly many: ManyEntries;
    readonly api: Awaited<ReturnType<Cluster['startApi']>>;
    readonly emptyBytes: number;
  },
): Promise<Point> {
  const { many, emptyBytes } = told;
  const { url, process: api } = told.api;
  const entries = many.count;
  const redisBytes = (await many.redisBytes()) - emptyBytes;
  const asks: number[] = [];
  for (let ask = 0; ask < bench.pick(ASKS); ask += 1) {
    const beganMs = performance.now();
    await resolveFile(url, QUESTION);
    asks.push(performance.now() - beganMs);
  }
  const walks: Partial<Record<Walk, Point['walks'][Walk]>> = {};
  for (const name of WALKS) {
    bench.progress(`${entries.toLocaleString('en')} entries: ${TITLES[name]}`);
    // Short ones are taken three times: the first reads what the rest find in memory.
    const rounds = entries < 100 || entries > 1000 ? 1 : 3;
    const times: WalkTime[] = [];
    for (let round = 0; round < rounds; round += 1)
      times.push(await walk(name, { many, url, apiPid: api.pid, signal: bench.signal }));
    const perEntry = (seconds: readonly number[]): number => (median(seconds) * 1e6) / entries;
    walks[name] = {
      us: perEntry(times.map(({ seconds }) => seconds)),
      cpuUs: perEntry(times.map(({ cpuSeconds }) => cpuSeconds)),
    };
    const { us, cpuUs } = walks[name];
    bench.progress(
      `${entries.toLocaleString('en')} entries: ${TITLES[name]} took ${us.toFixed(0)} µs an entry, ${cpuUs.toFixed(0)} of processor time`,
    );
  }
  return { entries, resolveP50Ms: quantile(asks, 0.5), redisBytes, walks: walks as Point['walks'] };
}

function findingsOf(points: readonly Point[]): Omit<Findings, 'notes'> {
  const [first, last] = [points[0], points.at(-1)];
  if (first === undefined || last === undefined) throw new Error('there is no room for the smallest store');
  const name = ({ entries }: Point, what: string): string => `${what}, ${entries.toLocaleString('en')} entries`;
  const measures = points.flatMap((point): readonly Measure[] => [
    { name: name(point, 'warm ask, p50'), role: 'ours', value: point.resolveP50Ms, unit: 'ms' },
    { name: name(point, 'Redis'), role: 'ours', value: point.redisBytes / point.entries, unit: 'B/entry' },
    ...WALKS.map((walked): Measure => {
      const { us, cpuUs } = point.walks[walked];
      const cpu = { value: cpuUs, unit: 'µs/entry' };
      return { name: name(point, TITLES[walked]), role: 'ours', value: us, unit: 'µs/entry', cpu };
    }),
  ]);
  const growth = WALKS.flatMap((walked) => [
    [`${walked}Growth`, last.walks[walked].us / first.walks[walked].us],
    [`${walked}CpuGrowth`, last.walks[walked].cpuUs / first.walks[walked].cpuUs],
  ]);
  return {
    measures,
    figures: {
      entries: last.entries,
      resolveGrowth: last.resolveP50Ms / first.resolveP50Ms,
      redisBytesPerEntry: (last.redisBytes - first.redisBytes) / (last.entries - first.entries),
      ...Object.fromEntries(growth),
    },
    plots: [
      {
        name: 'scale-walks',
        title: 'Walks over all entries',
        kind: 'lines',
        xLabel: 'entries',
        yLabel: 'µs per entry',
        xScale: 'log',
        series: WALKS.map((walked) => ({
          name: TITLES[walked],
          points: points.map(({ entries, walks }) => ({ x: entries, y: walks[walked].us })),
        })),
      },
    ],
  };
}
