/**
 * Gauges of the cluster: the same from every API process, which is why their help says `Of the cluster`, and why they are
 * aggregated by `max` and never summed (docs/monitoring.md). What cannot be told at a scrape is absent from it.
 */
import { reserveOf } from '@parqueue/core';
import { storeRules, type Config } from '@parqueue/core/config';
import type { MetricTable, Sample } from '@parqueue/core/telemetry';
import type { ClusterSample, ClusterSampler, StoreSpace } from './cluster-sample.ts';

export interface ClusterGaugeSources {
  readonly config: Pick<Config, 'sources' | 'datasets' | 'store'>;
  readonly cluster: Pick<ClusterSampler, 'cluster' | 'space'>;
}

/** Name, help, labels, and where the samples come from. */
type Gauge<From, Label extends string> = readonly [
  name: string,
  help: string,
  labels: readonly Label[],
  samples: (from: From) => readonly Sample<Label>[],
];

export function clusterGauges(table: MetricTable, { config, cluster }: ClusterGaugeSources): void {
  const add = <From, Label extends string>(
    look: () => Promise<From | null>,
    [name, help, labels, samples]: Gauge<From, Label>,
  ): void => {
    table.sampledBy(name, `Of the cluster: ${help}`, labels, async () => {
      const from = await look();
      return from === null ? [] : samples(from);
    });
  };
  const look = (): Promise<ClusterSample | null> => cluster.cluster();
  add(look, QUEUE_JOBS);
  add(look, SOURCE_PAUSED);
  for (const gauge of OF_CLUSTER) add(look, gauge);
  for (const gauge of OF_DATASETS) add(look, ofDeclared(gauge, config));
  for (const gauge of spaceGauges(config)) add(() => cluster.space(), gauge);
  add(() => Promise.resolve(config), SOURCE_FILLS_MAX);
  add(() => Promise.resolve(config), DATASET_QUOTA_BYTES);
  add(() => Promise.resolve(config), STORE_QUOTA_BYTES);
}

const QUEUE_JOBS: Gauge<ClusterSample, 'queue' | 'state'> = [
  'queue_jobs',
  'jobs by queue and state.',
  ['queue', 'state'],
  ({ queues }) =>
    queues.flatMap(({ queue, counts }) =>
      Object.entries(counts).map(([state, value]) => ({ labels: { queue, state }, value })),
    ),
];

const SOURCE_PAUSED: Gauge<ClusterSample, 'source'> = [
  'source_paused',
  'whether an operator paused the source: 1 or 0.',
  ['source'],
  ({ paused }) => Object.entries(paused).map(([source, is]) => ({ labels: { source }, value: is ? 1 : 0 })),
];

const OF_CLUSTER: readonly Gauge<ClusterSample, never>[] = [
  ['epoch', 'the number of the epoch. It rises when Redis forgot.', [], ({ epoch }) => alone(epoch)],
  ['store_bytes', 'bytes of all generations.', [], ({ storeBytes }) => alone(storeBytes)],
  ['store_generations', 'generations in the store.', [], ({ storeGenerations }) => alone(storeGenerations)],
  ['store_reserved_bytes', 'room promised to running fills.', [], ({ reservedBytes }) => alone(reservedBytes)],
];

const OF_DATASETS: readonly Gauge<ClusterSample, 'dataset'>[] = [
  [
    'dataset_age_seconds',
    'since the newest verification of a head began.',
    ['dataset'],
    ({ ageSeconds }) => byDataset(ageSeconds),
  ],
  [
    'dataset_bytes',
    'bytes of the generations of a dataset.',
    ['dataset'],
    ({ datasetBytes }) => byDataset(datasetBytes),
  ],
];

const SOURCE_FILLS_MAX: Gauge<Pick<Config, 'sources'>, 'source'> = [
  'source_fills_max',
  'fills of a source at one time, by configuration.',
  ['source'],
  ({ sources }) =>
    Object.values(sources).map(({ name: source, maxConcurrentFills: value }) => ({ labels: { source }, value })),
];

const DATASET_QUOTA_BYTES: Gauge<Pick<Config, 'datasets' | 'store'>, 'dataset'> = [
  'dataset_quota_bytes',
  'bytes that the generations of a dataset may take; absent without a quota of its own.',
  ['dataset'],
  (config) =>
    Object.entries(storeRules(config).datasets).flatMap(([dataset, { quotaBytes }]) =>
      quotaBytes === null ? [] : [{ labels: { dataset }, value: quotaBytes }],
    ),
];

const STORE_QUOTA_BYTES: Gauge<Pick<Config, 'store'>, never> = [
  'store_quota_bytes',
  'bytes the store may hold; absent without a quota.',
  [],
  ({ store: { quotaBytes } }) => (quotaBytes === null ? [] : alone(quotaBytes)),
];

function spaceGauges(config: Pick<Config, 'datasets' | 'store'>): readonly Gauge<StoreSpace, never>[] {
  const rules = storeRules(config);
  return [
    ['store_free_bytes', "free bytes of the store's filesystem.", [], ({ freeBytes }) => alone(freeBytes)],
    ['store_filesystem_bytes', "size of the store's filesystem.", [], ({ totalBytes }) => alone(totalBytes)],
    [
      'store_reserve_bytes',
      'free bytes that are left alone (store.reserve).',
      [],
      (space) => alone(reserveOf(rules, space)),
    ],
  ];
}

/** Redis remembers datasets that the configuration does not have any more; labels are bounded by what it has. */
function ofDeclared(
  [name, help, labels, samples]: Gauge<ClusterSample, 'dataset'>,
  { datasets }: Pick<Config, 'datasets'>,
): Gauge<ClusterSample, 'dataset'> {
  return [
    name,
    help,
    labels,
    (from) => samples(from).filter((sample) => Object.hasOwn(datasets, sample.labels.dataset)),
  ];
}

function byDataset(values: Readonly<Record<string, number>>): readonly Sample<'dataset'>[] {
  return Object.entries(values).map(([dataset, value]) => ({ labels: { dataset }, value }));
}

function alone(value: number): readonly Sample<never>[] {
  return [{ labels: {}, value }];
}
