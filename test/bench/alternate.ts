/**
 * Contenders that run in turns, A B C A B C …, so that whatever else the machine does meets all of them: medians, spread, and ratios that
 * are taken within each round before their median is.
 */
import type { Bench, Findings, Measure, Ratio, Role } from './section.ts';

export interface Contender {
  readonly name: string;
  readonly role: Role;
  /** Not timed, before each run: a cold state, an empty folder. */
  before?(): Promise<void>;
  /** What is timed. @returns how many units were done. */
  run(): Promise<number | Taken>;
  /** Not timed, after each run. */
  after?(): Promise<void>;
}

/** Of a run that knows better than the clock around it. */
export interface Taken {
  readonly units: number;
  /** Instead of the time around `run`. */
  readonly seconds?: number;
  /** Instead of the CPU time of this process during `run`, where others do the work (process-cpu.ts); NaN: not known, and not told. */
  readonly cpuSeconds?: number;
}

export interface Sample {
  readonly units: number;
  readonly seconds: number;
  readonly cpuSeconds: number;
}

export interface AlternateOptions {
  readonly contenders: readonly Contender[];
  /** One unit: `row`, `MB`, `answer`. */
  readonly unit: string;
  /** Many of them, where no `s` does it: `queries`. */
  readonly units?: string;
  readonly rounds: number;
  /** Rounds before those that count, 1 unless said. */
  readonly warmups?: number;
}

export class Raced {
  readonly #options: AlternateOptions;
  readonly #samples: ReadonlyMap<string, readonly Sample[]>;

  constructor(options: AlternateOptions, samples: ReadonlyMap<string, readonly Sample[]>) {
    this.#options = options;
    this.#samples = samples;
  }

  /** In the order of the rounds. */
  samples(name: string): readonly Sample[] {
    const samples = this.#samples.get(name);
    if (samples === undefined) throw new Error(`no contender is called ${name}`);
    return samples;
  }

  /** Units per second. */
  rate(name: string): number {
    return median(this.#rates(name));
  }

  /** How many times faster than `over`, in the median of the rounds. */
  ratio(ours: string, over: string): Ratio {
    const [mine, theirs] = [this.#rates(ours), this.#rates(over)];
    return { ours, over, ...spreadOf(mine.map((rate, round) => rate / (theirs[round] ?? Number.NaN))) };
  }

  /** CPU time per unit: how many times less than `over` takes. */
  cpuRatio(ours: string, over: string): Ratio {
    const [mine, theirs] = [this.#cpu(ours), this.#cpu(over)];
    return { ours, over, ...spreadOf(mine.map((cpu, round) => (theirs[round] ?? Number.NaN) / cpu)) };
  }

  /** A row for each contender, and ratios of each of ours over each other. */
  get findings(): Pick<Findings, 'measures' | 'ratios'> {
    const { contenders } = this.#options;
    const ours = contenders.filter(({ role }) => role === 'ours');
    const others = contenders.filter(({ role }) => role !== 'ours');
    return {
      measures: contenders.map((contender) => this.#measure(contender)),
      ratios: ours.flatMap(({ name }) => others.map((other) => this.ratio(name, other.name))),
    };
  }

  #measure({ name, role }: Contender): Measure {
    const { unit, units = unit.endsWith('B') ? unit : `${unit}s` } = this.#options;
    const { median: value, ...spread } = spreadOf(this.#rates(name));
    const cpu = { value: median(this.#cpu(name)) * 1e6, unit: `µs/${unit}` };
    return { name, role, value, unit: `${units}/s`, ...spread, ...(Number.isFinite(cpu.value) ? { cpu } : {}) };
  }

  #rates(name: string): readonly number[] {
    return this.samples(name).map(({ units, seconds }) => units / seconds);
  }

  #cpu(name: string): readonly number[] {
    return this.samples(name).map(({ units, cpuSeconds }) => cpuSeconds / units);
  }
}

/** @throws what a contender threw, or the reason of the bench's signal. */
export async function alternate(bench: Bench, options: AlternateOptions): Promise<Raced> {
  const { contenders, rounds, warmups = 1 } = options;
  const samples = new Map(contenders.map(({ name }) => [name, [] as Sample[]]));
  if (samples.size < contenders.length) throw new Error('two contenders have one name');
  for (let round = -warmups; round < rounds; round += 1)
    for (const contender of contenders) {
      bench.signal.throwIfAborted();
      bench.progress(`${round < 0 ? 'warming up' : `round ${round + 1} of ${rounds}`}: ${contender.name}`);
      const sample = await timed(contender);
      if (round >= 0) samples.get(contender.name)?.push(sample);
    }
  return new Raced(options, samples);
}

async function timed(contender: Contender): Promise<Sample> {
  await contender.before?.();
  // What one contender leaves behind is not collected at the cost of the next.
  globalThis.gc?.();
  const cpuBefore = process.cpuUsage();
  const beganMs = performance.now();
  const told = await contender.run();
  const seconds = (performance.now() - beganMs) / 1000;
  const { user, system } = process.cpuUsage(cpuBefore);
  await contender.after?.();
  const taken = typeof told === 'number' ? { units: told } : told;
  const sample = { seconds, cpuSeconds: (user + system) / 1e6, ...taken };
  if (!(sample.units > 0 && sample.seconds > 0)) throw new Error(`${contender.name} did nothing that can be timed`);
  return sample;
}

export function median(values: readonly number[]): number {
  if (values.length === 0) throw new Error('of no values there is no median');
  const sorted = values.toSorted((a, b) => a - b);
  const half = sorted.length >> 1;
  const upper = sorted[half] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : ((sorted[half - 1] ?? Number.NaN) + upper) / 2;
}

/** The value below which this share (0 to 1) of the values lies, the nearest rank. */
export function quantile(values: readonly number[], share: number): number {
  if (values.length === 0) throw new Error('of no values there is no quantile');
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? Number.NaN;
}

export function spreadOf(values: readonly number[]): Pick<Ratio, 'median' | 'min' | 'max' | 'rounds'> {
  return { median: median(values), min: Math.min(...values), max: Math.max(...values), rounds: values.length };
}

/** Of what was taken by hand, in milliseconds. */
export function milliseconds(name: string, role: Role, values: readonly number[]): Measure {
  const { median: value, ...spread } = spreadOf(values);
  return { name, role, value, unit: 'ms', ...spread };
}
