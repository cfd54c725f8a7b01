/**
 * What a section of `npm run bench` is, and what it gives. How to write one:
 *
 * - One file, sections/<name>.ts, exporting `const <name>: Section`, and a line in sections/index.ts. What sections share for their
 *   set-up (servers, files, children) stands beside them in files of its own.
 * - `run` makes everything it needs in `bench.scratch` (an empty folder of its own, on a real disk, removed afterwards), on servers that
 *   it starts itself, and has ended all of it when it returns or throws (`await using`). It looks at `bench.signal` between
 *   rounds; `alternate` and `bench.pause` do so by themselves. Sizes are chosen by `bench.pick({ tiny, short, long })`.
 * - Contenders that are compared go through `alternate` (alternate.ts): A B C A B C …, medians, spread, ratios paired by round. Spread its
 *   result into the findings: `{ ...raced.findings, figures: { overFloor: raced.ratio('Parqueue', 'driver').median } }`.
 * - A contender whose work is in another process gives `{ units, cpuSeconds }` or `{ units, seconds }` instead of its units (`alternate`
 *   counts the CPU of this process and its threads only; process-cpu.ts tells that of others). cluster.ts starts `parqueue api` and
 *   `parqueue worker` as production runs them, log off. What is not to be timed goes into `before` and `after`.
 * - Each section runs in a process of its own, with `TMPDIR` in its scratch folder: what `mkdtemp(join(tmpdir(), …))` makes is removed with it. Test it by
 *   `npm run bench -- NAME --tiny` (after a build: `node test/dist/bench/main.js NAME --tiny`) and `npx vitest run test/bench/smoke.test.ts --project processes -t NAME`.
 * - Prose on a section (why a floor is not reached, with the profile) stands in docs/performance.md below its marks; `--write` leaves it.
 * - `figures` are what goals are judged by and what is compared with other runs: short camel-case names, units last
 *   (`p50Ms`, `rssGrowthMiB`); a ratio has none (`overFloor`). At `tiny` give all of them that can be had: the smoke test asserts that each one is
 *   a finite number, and never what it is. A figure that a scale does not measure is left out; its goal is then told as not measured.
 * - Nothing is printed: `bench.progress(text)` is the line on the terminal.
 */
import { setTimeout as sleep } from 'node:timers/promises';

/** tiny: a second or two, shows that it works; short: the whole bench within 5 minutes on two quiet cores; long: by hand. */
export type Scale = 'tiny' | 'short' | 'long';

export interface Section {
  /** As on the command line: `oracle-fill`. */
  readonly name: string;
  /** `Oracle cold fill`. */
  readonly title: string;
  /** What is measured against what, and what ours includes (hash, fsync, publish): one to three sentences for docs/performance.md. */
  readonly about: string;
  readonly goals: readonly Goal[];
  run(bench: Bench): Promise<Findings>;
}

export interface Goal {
  /** Unique in its section. */
  readonly name: string;
  /** `≥ 0.95 of one driver that drops its rows`. */
  readonly text: string;
  /** @returns null when this scale does not measure what it needs. */
  reached(figures: Figures): boolean | null;
}

export type Figures = Readonly<Record<string, number>>;

export class Bench {
  readonly scale: Scale;
  /** An empty folder of this section. */
  readonly scratch: string;
  /** Fires at Ctrl-C. */
  readonly signal: AbortSignal;
  readonly #progress: (text: string) => void;

  constructor(options: Pick<Bench, 'scale' | 'scratch' | 'signal' | 'progress'>) {
    this.scale = options.scale;
    this.scratch = options.scratch;
    this.signal = options.signal;
    this.#progress = options.progress;
  }

  /** What is being done now, for the terminal. */
  progress(text: string): void {
    this.#progress(text);
  }

  pick<T>(sizes: Readonly<Record<Scale, T>>): T {
    return sizes[this.scale];
  }

  /** @throws the reason of the signal when the bench is ended meanwhile. */
  async pause(ms: number): Promise<void> {
    await sleep(ms, undefined, { signal: this.signal });
  }
}

export interface Findings {
  /** Rows of the section's table. */
  readonly measures: readonly Measure[];
  /** Rows of its table of ratios. */
  readonly ratios?: readonly Ratio[];
  readonly figures: Figures;
  /** Sentences below the tables: sizes, settings, what could not be had on this machine. */
  readonly notes: readonly string[];
  readonly plots?: readonly Plot[];
}

/** ours: what the goals are about; floor: what hardware and drivers allow; peer: what a user would pick instead. */
export type Role = 'ours' | 'floor' | 'peer';

export interface Measure {
  readonly name: string;
  readonly role: Role;
  /** The median of the rounds, or the one value there is. */
  readonly value: number;
  /** `rows/s`, `ms`, `MiB`. */
  readonly unit: string;
  readonly min?: number;
  readonly max?: number;
  readonly rounds?: number;
  /** Processor time of one unit of work, `unit`: `µs/row`. */
  readonly cpu?: { readonly value: number; readonly unit: string };
}

/** Of the speeds in one round; above 1, ours is the faster one. */
export interface Ratio {
  readonly ours: string;
  readonly over: string;
  readonly median: number;
  readonly min: number;
  readonly max: number;
  readonly rounds: number;
}

export interface Plot {
  /** Its file is docs/images/bench-<name>.svg: kebab-case, beginning with the name of its section. */
  readonly name: string;
  readonly title: string;
  /** bars: one group for each point of the first series, which all have the same `x`; lines: `x` are numbers. */
  readonly kind: 'bars' | 'lines';
  readonly xLabel: string;
  readonly yLabel: string;
  readonly xScale?: 'linear' | 'log';
  readonly series: readonly Series[];
}

export interface Series {
  readonly name: string;
  readonly points: readonly PlotPoint[];
}

export interface PlotPoint {
  readonly x: number | string;
  readonly y: number;
  /** The spread, drawn as a whisker. */
  readonly min?: number;
  readonly max?: number;
}

export function atLeast(figure: string, limit: number, text: string): Goal {
  const reached: Goal['reached'] = (figures) => judged(figures[figure], (value) => value >= limit);
  return { name: `${figure} ≥ ${limit}`, text, reached };
}

export function atMost(figure: string, limit: number, text: string): Goal {
  const reached: Goal['reached'] = (figures) => judged(figures[figure], (value) => value <= limit);
  return { name: `${figure} ≤ ${limit}`, text, reached };
}

function judged(value: number | undefined, isReached: (value: number) => boolean): boolean | null {
  return value === undefined ? null : isReached(value);
}
