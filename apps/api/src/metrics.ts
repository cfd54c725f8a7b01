/**
 * The API's metrics: what is counted, and with which labels, stands here and nowhere else. Labels are bounded: datasets,
 * sources, operations, formats and codes, never keys. Every combination that can come begins at 0, where it is known.
 */
import { ERROR_CODES } from '@parqueue/core';
import { MetricTable, startAtZero } from '@parqueue/core/telemetry';
import type { Config } from '@parqueue/core/config';
import type { Counter, Gauge, Histogram, Registry } from 'prom-client';
import { clusterGauges } from './cluster-gauges.ts';
import type { ClusterSampler } from './cluster-sample.ts';
import type { DegradedOutcome } from './degraded.ts';

const REQUEST_OUTCOMES = ['hit', 'stale', 'miss', 'collapsed', 'refused', 'error'] as const;
export type RequestOutcome = (typeof REQUEST_OUTCOMES)[number];

/** Kinds of damage readers meet, told from the inspection's words; anything new is `other`. */
const DAMAGE_REASONS = ['absent', 'manifest', 'part-missing', 'part-size', 'part-hash', 'other'] as const;
export type DamageReason = (typeof DAMAGE_REASONS)[number];

/** How a conversion ended. cut-off: its caller took nothing for minutes. refused: with a coded answer, before the first byte. */
export type ConversionOutcome = 'sent' | 'caller-left' | 'cut-off' | 'refused' | 'broken';

/** As the configuration has them under limits of a key. */
const RATE_LIMITS = ['requestsPerSecond', 'concurrent'] as const;

const RESOLVE_BUCKETS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 1800];
/** From what was verified for this very caller to a policy of a week. */
const AGE_BUCKETS = [0.1, 1, 10, 60, 300, 900, 3600, 21_600, 86_400, 604_800];

/** What became of asks while Redis was away (degraded.ts). */
const DEGRADED_OUTCOMES: readonly DegradedOutcome[] = [
  'answered',
  'never-connected',
  'policy',
  'nothing',
  'damaged',
  'forbidden',
  'too-old',
];

export interface ApiMetrics {
  readonly registry: Registry;
  readonly requests: Counter<'dataset' | 'outcome'>;
  readonly resolveSeconds: Histogram;
  readonly answerAgeSeconds: Histogram<'dataset'>;
  readonly verifyFailures: Counter<'reason'>;
  readonly conversions: Counter<'format' | 'outcome'>;
  readonly conversionBytes: Counter<'format' | 'coding'>;
  readonly rateLimited: Counter<'limit'>;
  readonly problems: Counter<'code'>;
  readonly degradedAsks: Counter<'outcome'>;
  readonly httpAnswers: Counter<'operation' | 'status'>;
  readonly eventStreams: Gauge;
  /** Of a request or a manifest, which may be older than the configuration: bounded by what is declared now. */
  datasetLabel(dataset: string | null): string;
}

export interface MetricSources {
  readonly version: string;
  readonly config: Pick<Config, 'sources' | 'datasets' | 'store' | 'limits'>;
  readonly cluster: Pick<ClusterSampler, 'cluster' | 'space'>;
  readonly coordinationUp: () => Promise<boolean>;
  readonly storeUp: () => Promise<boolean>;
  /** Callers that wait for work in this process. */
  readonly waiters: () => number;
  readonly pinsHeld: () => number;
  readonly conversions: { readonly running: number; readonly waiting: number; readonly unsentBytes: number };
  readonly storeCalls: { readonly stuck: number; readonly waiting: number };
}

export function createMetrics(of: MetricSources): ApiMetrics {
  const table = new MetricTable({ version: of.version, component: 'api' });
  clusterGauges(table, of);
  processGauges(table, of);
  const requests = table.counter('requests_total', 'Asks for data by dataset and outcome.', 'dataset', 'outcome');
  const answerAgeSeconds = table.histogram(
    'answer_age_seconds',
    'How old what answered was: since its verification began.',
    {
      buckets: AGE_BUCKETS,
      labelNames: ['dataset'],
    },
  );
  const verifyFailures = table.counter(
    'verify_failures_total',
    'Generations whose files are not what was committed.',
    'reason',
  );
  const rateLimited = table.counter('rate_limited_total', 'Requests refused by the limits of an API key.', 'limit');
  const problems = table.counter('problems_total', 'Requests answered with a problem, by its code.', 'code');
  const degradedAsks = table.counter(
    'degraded_asks_total',
    'Asks while Redis could not be used, by what became of them.',
    'outcome',
  );
  const declared = new Set(Object.keys(of.config.datasets));
  const datasets = [...declared, 'adhoc'];
  startAtZero(requests, { dataset: datasets, outcome: REQUEST_OUTCOMES });
  startAtZero(answerAgeSeconds, { dataset: datasets });
  startAtZero(verifyFailures, { reason: DAMAGE_REASONS });
  startAtZero(problems, { code: Object.keys(ERROR_CODES) });
  startAtZero(rateLimited, { limit: RATE_LIMITS });
  startAtZero(degradedAsks, { outcome: DEGRADED_OUTCOMES });
  return {
    registry: table.registry,
    requests,
    answerAgeSeconds,
    verifyFailures,
    rateLimited,
    resolveSeconds: table.histogram('resolve_seconds', 'From a request to what answers it, waiting included.', {
      buckets: RESOLVE_BUCKETS,
    }),
    conversions: table.counter(
      'conversions_total',
      'Answers converted from Parquet, by format and by how they ended.',
      'format',
      'outcome',
    ),
    conversionBytes: table.counter(
      'conversion_bytes_total',
      'Bytes of converted answers that were taken, as coded.',
      'format',
      'coding',
    ),
    problems,
    degradedAsks,
    httpAnswers: table.counter('http_answers_total', 'HTTP answers by operation and status.', 'operation', 'status'),
    eventStreams: table.gauge('event_streams', 'Streams of events that are open in this process.'),
    datasetLabel: (dataset) => {
      if (dataset === null) return 'adhoc';
      return declared.has(dataset) ? dataset : 'undeclared';
    },
  };
}

/** Of this process alone: summed over processes where that makes sense. */
function processGauges(
  table: MetricTable,
  { config, coordinationUp, storeUp, waiters, pinsHeld, conversions, storeCalls }: MetricSources,
): void {
  const up = 'Whether this process reaches Redis and its epoch is open: 1 or 0.';
  table.sampledBy('coordination_up', up, [], async () => [{ labels: {}, value: (await coordinationUp()) ? 1 : 0 }]);
  table.storeUp(storeUp);
  table.sampled('waiters', 'Callers that wait for work in this process.', waiters);
  table.sampled(
    'waiters_max',
    'Callers that may wait in this process (limits.waiters).',
    () => config.limits.waitersMax,
  );
  table.sampled('pins', 'Generations pinned by transfers of this process.', pinsHeld);
  table.sampled(
    'store_calls_stuck',
    'Calls to the store that were given up and did not come back yet; each keeps a thread.',
    () => storeCalls.stuck,
  );
  table.sampled('store_calls_waiting', 'Calls to the store that wait for a thread.', () => storeCalls.waiting);
  table.sampled('conversions', 'Conversions in threads now.', () => conversions.running);
  table.sampled('conversions_waiting', 'Conversions that wait for others to end.', () => conversions.waiting);
  table.sampled(
    'conversion_unsent_bytes',
    'Converted bytes that wait for their callers.',
    () => conversions.unsentBytes,
  );
}

export function damageReason(reason: string): DamageReason {
  if (/absent/.test(reason)) return 'absent';
  if (/part is missing/.test(reason)) return 'part-missing';
  if (/has \d+ bytes/.test(reason)) return 'part-size';
  if (/part does not match/.test(reason)) return 'part-hash';
  return /manifest/.test(reason) ? 'manifest' : 'other';
}
