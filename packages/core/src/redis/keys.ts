/**
 * Every name this system uses in Redis; docs/redis-keyspace.md explains each. All share one hash tag, so that they fall
 * into one slot and a script may touch several of them on Redis Cluster too.
 */
export const PREFIX = '{pq}';

const named =
  (kind: string) =>
  (name: string): string =>
    `${PREFIX}:${kind}:${name}`;

export const KEYS = {
  marker: `${PREFIX}:marker`,
  clock: `${PREFIX}:clock`,
  pass: `${PREFIX}:pass`,
  entries: `${PREFIX}:entries`,
  reads: `${PREFIX}:reads`,
  changes: `${PREFIX}:changes`,
  queues: `${PREFIX}:queues`,
  leases: `${PREFIX}:leases`,
  paused: `${PREFIX}:paused`,
  refresher: `${PREFIX}:refresher`,
  processes: `${PREFIX}:processes`,
  written: `${PREFIX}:written`,
  chores: `${PREFIX}:chores`,
  usage: `${PREFIX}:usage`,
  reserved: `${PREFIX}:reserved`,
  key: named('key'),
  head: named('head'),
  lease: named('lease'),
  pins: named('pins'),
  pinned: named('pinned'),
  retired: named('retired'),
  removing: named('removing'),
  sizes: named('sizes'),
  outgrown: named('outgrown'),
  scope: named('scope'),
  target: named('target'),
  part: named('part'),
  readers: named('readers'),
  cooling: named('cooling'),
  refreshed: named('refreshed'),
  health: named('health'),
  dataset: named('dataset'),
  outcome: named('outcome'),
  memo: named('memo'),
  ask: named('ask'),
  noted: named('noted'),
  process: named('process'),
  asksMinute: named('asks-minute'),
  asksHour: named('asks-hour'),
  asksBatch: named('asks-batch'),
} as const;

export const CHANNELS = {
  notice: named('notice'),
  cancel: `${PREFIX}:cancel`,
} as const;

/** The hash that holds the marks of `key:KEY` or of a scope. */
export function markKey(target: string): string {
  return target.startsWith('key:') ? KEYS.key(target.slice('key:'.length)) : KEYS.scope(target);
}
