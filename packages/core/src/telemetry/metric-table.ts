/**
 * Metrics of one process: a registry and short ways to add to it. Owns the prefix, and what every process tells of itself:
 * release, memory, processor time, event loop, garbage collection, and whether it reaches the store.
 */
import { Counter, Gauge, Histogram, Registry, collectDefaultMetrics } from 'prom-client';

/** Gauges of prom-client's that call themselves totals, which only counters may: `promtool check metrics` refuses them. */
const MISNAMED = ['nodejs_active_handles_total', 'nodejs_active_requests_total', 'nodejs_active_resources_total'];

export interface Build {
  readonly version: string;
  readonly component: 'api' | 'worker';
}

export interface Sample<Label extends string> {
  readonly labels: Readonly<Record<Label, string>>;
  readonly value: number;
}

export class MetricTable {
  readonly registry = new Registry();

  constructor({ version, component }: Build) {
    collectDefaultMetrics({ register: this.registry });
    for (const name of MISNAMED) this.registry.removeSingleMetric(name);
    const labels = { version, component, node: process.version };
    this.gauge('build_info', 'What runs; always 1.', ...(['version', 'component', 'node'] as const)).set(labels, 1);
  }

  counter<Label extends string>(name: string, help: string, ...labelNames: Label[]): Counter<Label> {
    return new Counter({ ...this.#named(name, help), labelNames });
  }

  gauge<Label extends string>(name: string, help: string, ...labelNames: Label[]): Gauge<Label> {
    return new Gauge({ ...this.#named(name, help), labelNames });
  }

  histogram<Label extends string>(
    name: string,
    help: string,
    { buckets, labelNames = [] }: { readonly buckets: readonly number[]; readonly labelNames?: readonly Label[] },
  ): Histogram<Label> {
    return new Histogram({ ...this.#named(name, help), labelNames: [...labelNames], buckets: [...buckets] });
  }

  /** Asked at each scrape. null: nothing can be told now, and nothing is. */
  sampled(name: string, help: string, value: () => number | null): void {
    this.sampledBy(name, help, [], () => {
      const now = value();
      return now === null ? [] : [{ labels: {}, value: now }];
    });
  }

  /** Asked at each scrape for all its samples: what is not among them any more is not shown any more. */
  sampledBy<Label extends string>(
    name: string,
    help: string,
    labelNames: readonly Label[],
    samples: () => readonly Sample<Label>[] | Promise<readonly Sample<Label>[]>,
  ): void {
    new Gauge<Label>({
      ...this.#named(name, help),
      labelNames: [...labelNames],
      async collect() {
        const found = await samples();
        this.reset();
        // A gauge without labels begins at 0, which would be a claim.
        if (labelNames.length === 0) this.remove();
        for (const { labels, value } of found) this.set(labels, value);
      },
    });
  }

  /** Of every process for itself: a mount hangs on one host and not on the next. */
  storeUp(ask: () => Promise<boolean>): void {
    this.sampledBy('store_up', 'Whether this process reaches its store: 1 or 0.', [], async () => [
      { labels: {}, value: (await ask()) ? 1 : 0 },
    ]);
  }

  #named(name: string, help: string): { name: string; help: string; registers: Registry[] } {
    return { name: `parqueue_${name}`, help, registers: [this.registry] };
  }
}

/** A counter that is not there yet hides its first increase from `rate()`: every combination that can come begins at 0. */
export function startAtZero<Label extends string>(
  metric: Counter<Label> | Histogram<Label>,
  labels: Readonly<Record<Label, readonly string[]>>,
): void {
  let combinations: Partial<Record<Label, string>>[] = [{}];
  for (const [label, values] of Object.entries<readonly string[]>(labels)) {
    combinations = combinations.flatMap((one) => values.map((value) => ({ ...one, [label]: value })));
  }
  for (const combination of combinations) {
    if (metric instanceof Counter) metric.inc(combination, 0);
    else metric.zero(combination);
  }
}
