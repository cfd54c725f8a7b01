/**
 * The one seam for watching: each use case announces its steps by name. In production a step is a log line and a
 * metric, in tests a gate and a crash point.
 */
export const FILL_STEPS = [
  'lease-acquired',
  'snapshot-opened',
  'first-batch',
  'part-synced',
  'staged',
  'published',
  'commit-sent',
  'commit-acked',
  'head-written',
] as const;

export type FillStep = (typeof FILL_STEPS)[number];

export type StepName =
  | FillStep
  | 'looked'
  | 'enqueued'
  | 'waited'
  | 'probe-started'
  | 'probe-finished'
  | 'probe-shared'
  | 'lease-busy'
  | 'lease-lost'
  | 'lease-released'
  | 'fenced'
  | 'unchanged'
  | 'staging-swept'
  | 'epoch-opened'
  | 'key-reconciled'
  | 'reconciled'
  | 'generation-retired'
  | 'head-evicted'
  | 'room-refused'
  | 'generation-damaged'
  | 'refresh-started'
  | 'refresh-finished'
  | 'failed';

export type OnStep = (name: StepName, details: Readonly<Record<string, unknown>>) => void | Promise<void>;
