/** What the API counts. Labels are bounded: datasets and sources, never keys. */
import { Counter, Gauge, Histogram, Registry, collectDefaultMetrics } from 'prom-client';

export type RequestOutcome = 'hit' | 'stale' | 'miss' | 'collapsed' | 'error';

/** Kinds of damage readers meet, told from the inspection's words; anything new is `other`. */
export type DamageReason = 'absent' | 'manifest' | 'part-missing' | 'part-size' | 'part-hash' | 'other';

export interface ApiMetrics {
  readonly registry: Registry;
  readonly requests: Counter<'dataset' | 'outcome'>;
  readonly resolveSeconds: Histogram;
  readonly verifyFailures: Counter<'reason'>;
  readonly datasetAgeSeconds: Gauge<'dataset'>;
  readonly conversions: Counter<'format' | 'outcome'>;
  readonly conversionBytes: Counter<'format' | 'coding'>;
}

/** How a conversion ended. cut-off: its caller took nothing for minutes. refused: with a coded answer, before the first byte. */
export type ConversionOutcome = 'sent' | 'caller-left' | 'cut-off' | 'refused' | 'broken';

export interface QueueGauge {
  readonly queue: string;
  readonly counts: Readonly<Record<string, number>>;
}

export interface MetricSources {
  readonly version: string;
  /** Read at each scrape; empty while Redis does not answer. */
  readonly queues: () => Promise<readonly QueueGauge[]>;
  readonly pinsHeld: () => number;
  readonly conversions: { readonly running: number; readonly waiting: number; readonly unsentBytes: number };
}

export function createMetrics({ version, queues, pinsHeld, conversions }: MetricSources): ApiMetrics {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  const registers = [registry];
  new Gauge({
    name: 'parqueue_build_info',
    help: 'Always 1; the labels say what runs',
    labelNames: ['version', 'component'],
    registers,
  })
    .labels(version, 'api')
    .set(1);
  new Gauge({
    name: 'parqueue_queue_jobs',
    help: 'Jobs by queue and state',
    labelNames: ['queue', 'state'],
    registers,
    async collect() {
      const gauges = await queues();
      this.reset();
      for (const { queue, counts } of gauges) {
        for (const [state, jobs] of Object.entries(counts)) this.labels(queue, state).set(jobs);
      }
    },
  });
  new Gauge({
    name: 'parqueue_pins',
    help: 'Generations pinned by transfers of this process',
    registers,
    collect() {
      this.set(pinsHeld());
    },
  });
  conversionGauges(conversions, registers);
  return {
    registry,
    conversions: new Counter({
      name: 'parqueue_conversions_total',
      help: 'Answers converted from Parquet, by format and by how they ended',
      labelNames: ['format', 'outcome'],
      registers,
    }),
    conversionBytes: new Counter({
      name: 'parqueue_conversion_bytes_total',
      help: 'Bytes of converted answers that were taken, as coded',
      labelNames: ['format', 'coding'],
      registers,
    }),
    requests: new Counter({
      name: 'parqueue_requests_total',
      help: 'Asks for data by dataset and outcome',
      labelNames: ['dataset', 'outcome'],
      registers,
    }),
    resolveSeconds: new Histogram({
      name: 'parqueue_resolve_seconds',
      help: 'From a request to its pinned generation, waiting included',
      buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 1800],
      registers,
    }),
    verifyFailures: new Counter({
      name: 'parqueue_verify_failures_total',
      help: 'Generations whose files are not what was committed',
      labelNames: ['reason'],
      registers,
    }),
    datasetAgeSeconds: new Gauge({
      name: 'parqueue_dataset_age_seconds',
      help: 'Age of the last answer, from the beginning of its verification',
      labelNames: ['dataset'],
      registers,
    }),
  };
}

function conversionGauges(conversions: MetricSources['conversions'], registers: Registry[]): void {
  const gauges = [
    ['parqueue_conversions', 'Conversions in threads now', () => conversions.running],
    ['parqueue_conversions_waiting', 'Conversions that wait for others to end', () => conversions.waiting],
    ['parqueue_conversion_unsent_bytes', 'Converted bytes that wait for their callers', () => conversions.unsentBytes],
  ] as const;
  for (const [name, help, value] of gauges) {
    new Gauge({
      name,
      help,
      registers,
      collect() {
        this.set(value());
      },
    });
  }
}

export function damageReason(reason: string): DamageReason {
  if (/absent/.test(reason)) return 'absent';
  if (/part is missing/.test(reason)) return 'part-missing';
  if (/has \d+ bytes/.test(reason)) return 'part-size';
  if (/part does not match/.test(reason)) return 'part-hash';
  return /manifest/.test(reason) ? 'manifest' : 'other';
}
