/** Redis by itself: there, of a kind that keeps its word, and of this store. */
import { isParqueueError, toFailure } from '@parqueue/core';
import type { Config } from '@parqueue/core/config';
import { inspectRedis, withoutCredentials, type RedisInspection } from '@parqueue/core/redis';
import type { Context } from '../context.ts';
import { spellBytes, spellMs, spellNumber } from '../output/units.ts';
import type { RedisAddressFound } from '../store-access.ts';
import type { Checks } from './check.ts';

/** Streams, scripts and BullMQ as they are used here are tested from this release on. */
const VERSION_MIN: readonly [number, number] = [6, 2];
/** Of a local network; a look waits for one round trip. */
const ROUND_TRIP_MAX_MS = 20;
const MEMORY_FULL_AT = 0.9;
/** The difference matters to nobody's lease, but logs and ages shown lie by as much. */
export const SKEW_MAX_MS = 5000;

const AWAY_TODO = 'start Redis, or correct redis.url (host, port, password, TLS); docs/operations.md, "Redis is lost"';
const SILENT_TODO =
  'it took the connection and says nothing: look at its process and host (stopped, swapping, a disk that hangs, one command that runs for long: SLOWLOG GET), then restart it; or a firewall drops what it sends';

function isSilent(error: unknown): boolean {
  return isParqueueError(error) && error.details['silent'] === true;
}

export async function checkRedis(
  checks: Checks,
  found: RedisAddressFound,
  { config, context }: { readonly config: Config; readonly context: Context },
): Promise<RedisInspection | null> {
  if (found.url === null) {
    checks.fail('reachable', 'there is none', { means: 'nothing can be asked or loaded', todo: found.why });
    return null;
  }
  const where = `${withoutCredentials(found.url)}${found.from === 'embedded' ? ' (of a running `parqueue up`)' : ''}`;
  let redis: RedisInspection;
  try {
    redis = await inspectRedis(found.url, { clock: context.clock, now: () => performance.now() });
  } catch (error) {
    checks.fail('reachable', `${where}: ${toFailure(error).message}`, {
      means:
        'callers hear 503 PQ_COORDINATION_DOWN; nothing is lost, and heads are rebuilt from the store when it is back',
      todo: isSilent(error) ? SILENT_TODO : AWAY_TODO,
    });
    return null;
  }
  checks.ok('reachable', `${where}, Redis ${redis.version}`);
  checkKind(checks, redis);
  checkMemory(checks, redis, config);
  checkClock(checks, redis, context.clock.now());
  return redis;
}

function checkKind(checks: Checks, { version, role, replicas, roundTripMs }: RedisInspection): void {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  if (major < VERSION_MIN[0] || (major === VERSION_MIN[0] && minor < VERSION_MIN[1])) {
    checks.fail('version', version, {
      means: 'scripts and queues need commands that it may lack',
      todo: `upgrade Redis to ${VERSION_MIN.join('.')} or newer`,
    });
  } else checks.ok('version', version);
  if (role !== 'master') {
    checks.fail('role', role, {
      means: 'this is a replica: it refuses writes, so nothing can be asked',
      todo: 'let redis.url name the primary (or the proxy that follows it)',
    });
  } else {
    const copies = replicas === 0 ? 'no replicas' : spellNumber(replicas, 'replica');
    checks.ok('role', `primary, ${copies}${replicas === 0 ? '' : '; a failover opens a new epoch, as a restart does'}`);
  }
  if (roundTripMs > ROUND_TRIP_MAX_MS) {
    checks.warn('round trip', spellMs(roundTripMs), {
      means: 'every ask waits for it at least once',
      todo: 'place API and workers near Redis; look at its slowlog and load',
    });
  } else checks.ok('round trip', spellMs(roundTripMs));
}

function checkMemory(checks: Checks, redis: RedisInspection, config: Config): void {
  const { evictionPolicy, persistent, persistenceFailing, usedBytes, maxBytes } = redis;
  if (evictionPolicy === null) checks.note('eviction', 'it does not tell; make sure maxmemory-policy is noeviction');
  else if (evictionPolicy === 'noeviction') checks.ok('eviction', evictionPolicy);
  else {
    checks.fail('eviction', `maxmemory-policy is ${evictionPolicy}`, {
      means: 'it may throw away leases and queues: loads happen twice, jobs vanish',
      todo: 'set maxmemory-policy noeviction, and give it memory enough',
    });
  }
  if (maxBytes !== null && usedBytes > maxBytes * MEMORY_FULL_AT) {
    checks.warn('memory', `${spellBytes(usedBytes)} of ${spellBytes(maxBytes)}`, {
      means: 'when it is full it refuses writes, and nothing can be asked any more',
      todo: 'raise maxmemory; docs/redis-keyspace.md tells what takes how much',
    });
  } else
    checks.ok('memory', `${spellBytes(usedBytes)}${maxBytes === null ? ', no limit' : ` of ${spellBytes(maxBytes)}`}`);
  if (persistenceFailing) {
    checks.fail('persistence', 'its last write to disk failed', {
      means: 'a restart now forgets queues, marks and ages; Redis may refuse writes until it can save',
      todo: "look at Redis's log and disk",
    });
  } else if (persistent === null) checks.note('persistence', 'it does not tell; make sure that appendonly is yes');
  else if (persistent) checks.ok('persistence', 'on');
  else if (!config.redis.durable) checks.note('persistence', 'off, and redis.durable: false accepts that');
  else {
    checks.fail('persistence', 'off', {
      means:
        'a restart forgets everything: all heads are verified again, waiting jobs are gone. Servers refuse to start',
      todo: 'set appendonly yes, or accept it with redis.durable: false',
    });
  }
}

function checkClock(checks: Checks, { nowMs, roundTripMs }: RedisInspection, hostNowMs: number): void {
  const skewMs = Math.round(hostNowMs - roundTripMs / 2 - nowMs);
  const found = `${spellSkew(skewMs)} (this host against Redis)`;
  if (Math.abs(skewMs) <= SKEW_MAX_MS) checks.ok('clock', found);
  else
    checks.warn('clock', found, {
      means: 'no lease or answer depends on it, but times in logs and Last-Modified are off by as much',
      todo: 'synchronise the clocks (chrony, systemd-timesyncd)',
    });
}

export function spellSkew(skewMs: number): string {
  return `${skewMs < 0 ? '-' : '+'}${spellMs(Math.abs(skewMs))}`;
}
