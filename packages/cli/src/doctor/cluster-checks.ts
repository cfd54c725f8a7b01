/** The processes of the cluster: there, of one release, told the same, and with clocks that agree. */
import type { ProcessRecord } from '@parqueue/core';
import { configDigests, type Config } from '@parqueue/core/config';
import { grouped, type Checks } from './check.ts';
import { SKEW_MAX_MS, spellSkew } from './redis-checks.ts';

export interface ClusterFacts {
  readonly processes: readonly ProcessRecord[];
  /** Workers whose connection asked Redis something lately; null where it does not tell. */
  readonly connectedWorkers: number | null;
  readonly config: Config;
  readonly version: string;
}

/** Sections that only one kind of process acts on. */
const ONLY_FOR: Readonly<Record<string, ProcessRecord['role']>> = { auth: 'api' };

export function checkCluster(checks: Checks, { processes, connectedWorkers, config, version }: ClusterFacts): void {
  const workers = processes.filter(({ role }) => role === 'worker');
  const apis = processes.filter(({ role }) => role === 'api');
  if (workers.length > 0) checks.ok('workers', counted(workers));
  else checkSilentWorkers(checks, connectedWorkers);
  if (apis.length > 0) checks.ok('APIs', counted(apis));
  else
    checks.warn('APIs', NO_HEARTBEAT, {
      means: 'nobody can ask over HTTP',
      todo: `start one (\`parqueue api\`, or \`parqueue up\`); where it runs, look at its log for Redis. ${OLDER}`,
    });
  if (processes.length === 0) return;
  checkVersions(checks, processes, version);
  checkConfig(checks, processes, configDigests(config));
  checkClocks(checks, processes);
}

const NO_HEARTBEAT = 'no heartbeat seen in the last 45 s';
const OLDER = 'After Redis forgot it takes them up to 15 s; those of an older release may send none';

/** Nobody waits for the next beat here: who works asks Redis for jobs every few seconds, whether it tells of itself or not. */
function checkSilentWorkers(checks: Checks, connected: number | null): void {
  if (connected !== null && connected > 0) {
    checks.warn('workers', `${NO_HEARTBEAT}, but ${connected} ${connected === 1 ? 'asks' : 'ask'} Redis for jobs`, {
      means: 'they work; of which release they are and what they were told cannot be said',
      todo: `look again in 15 s. ${OLDER}`,
    });
    return;
  }
  checks.fail('workers', connected === 0 ? `${NO_HEARTBEAT}, and none asks Redis for jobs` : NO_HEARTBEAT, {
    means: 'nothing is loaded or verified: asks that need it wait, then fail with PQ_SOURCE_UNAVAILABLE',
    todo: `start workers (\`parqueue worker\`, or \`parqueue up\`); where they run, look at their logs for Redis${connected === null ? `. ${OLDER}` : ''}`,
  });
}

function counted(found: readonly ProcessRecord[]): string {
  return `${found.length}: ${listed(found.map(({ host, pid }) => `${host} (${pid})`))}`;
}

function checkVersions(checks: Checks, processes: readonly ProcessRecord[], own: string): void {
  const versions = [...new Set(processes.map(({ version }) => version))].toSorted();
  if (versions.length > 1) {
    const who = versions.map(
      (version) => `${version}: ${listed(named(processes.filter((other) => other.version === version)))}`,
    );
    checks.warn('releases', who.join('; '), {
      means:
        'an upgrade is under way, or stopped half-way; jobs that the other release does not understand are asked again',
      todo: 'finish it: restart those of the older release; docs/operations.md, "Rolling upgrade"',
    });
  } else checks.ok('releases', `all ${versions[0] ?? ''}`);
  if (!versions.includes(own)) checks.note('this command', `is ${own}, which none of them is`);
}

function checkConfig(checks: Checks, processes: readonly ProcessRecord[], own: Readonly<Record<string, string>>): void {
  const differing = Object.keys(own).flatMap((section) => {
    const told = processes.filter(({ role }) => (ONLY_FOR[section] ?? role) === role);
    const digests = new Set(told.map(({ config }) => config[section] ?? ''));
    return digests.size > 1 ? [{ section, told }] : [];
  });
  for (const { section, told } of differing) {
    const groups = grouped(told, ({ config }) => config[section] ?? '');
    checks.fail(`config: ${section}`, groups.map((group) => listed(named(group))).join(' differ from '), {
      means: 'an API asks for what a worker refuses (PQ_INVALID_REQUEST, retryable), or answers differ by who is asked',
      todo: 'give all the same configuration and restart those that have the old one',
    });
  }
  if (differing.length > 0) return;
  const stale = Object.keys(own).filter((section) =>
    processes.some(({ role, config }) => (ONLY_FOR[section] ?? role) === role && config[section] !== own[section]),
  );
  if (stale.length === 0) checks.ok('config', 'the same everywhere, and this file');
  else {
    checks.warn('config', `the same everywhere, but this file differs: ${stale.join(', ')}`, {
      means: 'the file was changed since they started, or they read another one',
      todo: 'restart them to take it over, or name their file with --config',
    });
  }
}

function checkClocks(checks: Checks, processes: readonly ProcessRecord[]): void {
  const off = processes.filter(({ skewMs }) => Math.abs(skewMs) > SKEW_MAX_MS);
  if (off.length === 0) return checks.ok('clocks', 'all near that of Redis');
  checks.warn('clocks', listed(off.map((record) => `${record.host} ${spellSkew(record.skewMs)}`)), {
    means: 'no lease or answer depends on it, but times in logs and Last-Modified are off by as much',
    todo: 'synchronise the clocks of these hosts',
  });
}

function named(processes: readonly ProcessRecord[]): readonly string[] {
  return processes.map(({ role, host, pid }) => `${role} ${host} (${pid})`);
}

const LISTED_MAX = 6;

function listed(names: readonly string[]): string {
  const more = names.length - LISTED_MAX;
  return `${names.slice(0, LISTED_MAX).join(', ')}${more > 0 ? ` and ${more} more` : ''}`;
}
