/** The store: there, writable in the way commits need, roomy, and the one that Redis means. */
import type { Config } from '@parqueue/core/config';
import { STORE_FORMAT } from '@parqueue/core/store';
import { spellBytes, spellCount, spellMs, spellNumber } from '../output/units.ts';
import type { Checks } from './check.ts';
import type { StepOutcome, StoreOutcomes, StoreResults } from './store-probe.ts';

/** A commit syncs four times: beyond this each load waits for a second and more. */
const SLOW_WRITE_MS = 1000;
/** Less is gone within minutes while somebody looks for what to remove. */
const FREE_MIN = 0.05;

const HUNG_MEANS = 'a process that touches the store waits as long; loads and answers stand still';
const HUNG_TODO =
  'look at the NFS server and the network; `hard` mounts go on by themselves when it is back; docs/operations.md, "NFS hangs"';

export interface StoreFacts {
  readonly config: Config;
  /** Of the marker in Redis; null where that is not known. */
  readonly storeIdInRedis: string | null;
  /** What the store holds by its own count, or null where Redis is away. */
  readonly usedBytes: number | null;
  /** Bytes of the filesystem that are to stay free. */
  readonly reserveBytes: number;
  /** Why garbage collection removes nothing at the moment; null where it does, or nobody can tell. */
  readonly collectionWaits: CollectionWait | null;
}

/** `untilMs`: by Redis's clock; null while entries are still being compared with the store. */
export interface CollectionWait {
  readonly untilMs: number | null;
}

/** @returns whether the store can be used */
export function checkStore(checks: Checks, outcomes: StoreOutcomes, facts: StoreFacts): boolean {
  const { root } = facts.config.store;
  const reached = settle(checks, 'reachable', outcomes.reach);
  if (reached === null) return false;
  checks.ok('reachable', `${root}, ${spellMs(reached.tookMs)}`);
  const identity = settle(checks, 'identity', outcomes.identity);
  if (identity === null || !checkIdentity(checks, identity.result, facts)) return false;
  const space = settle(checks, 'space', outcomes.space);
  if (space !== null) checkSpace(checks, space.result, facts);
  const written = settle(checks, 'write', outcomes.write);
  if (written !== null) checkWrite(checks, written.tookMs);
  const heads = settle(checks, 'heads', outcomes.heads);
  if (heads !== null) checkHeads(checks, heads.result);
  return written !== null;
}

function settle<Result>(
  checks: Checks,
  name: string,
  outcome: StepOutcome<Result> | undefined,
): { readonly tookMs: number; readonly result: Result } | null {
  if (outcome === undefined) return null;
  switch (outcome.kind) {
    case 'done':
      return outcome;
    case 'hung':
      checks.fail(name, `no answer within ${spellMs(outcome.limitMs)}`, { means: HUNG_MEANS, todo: HUNG_TODO });
      return null;
    case 'failed':
      checks.fail(name, outcome.message, { means: meaningOf(outcome.errno), todo: todoOf(outcome.errno) });
      return null;
    default:
      return outcome satisfies never;
  }
}

function meaningOf(errno: string): string {
  if (errno === 'ENOENT') return 'the folder is not there: not mounted, or no server was ever started';
  if (errno === 'ENOSPC' || errno === 'EDQUOT' || errno === 'PQ_STORE_FULL')
    return 'nothing can be loaded; what is kept is still answered';
  if (errno === 'PQ_CONFIG') return 'servers refuse to start on it';
  return 'loads fail with PQ_STORE_IO; if it cannot be read either, so do answers';
}

function todoOf(errno: string): string {
  switch (errno) {
    case 'ENOENT':
      return 'mount it, or correct store.root; a first `parqueue up` makes a new one';
    case 'EACCES':
    case 'EPERM':
    case 'EROFS':
      return 'give this user read and write access; on NFS look at the export (root_squash, ro)';
    case 'ENOSPC':
    case 'EDQUOT':
      return '`parqueue gc`, a lower store.quota, or a larger disk; docs/operations.md, "The disk is full"';
    case 'PQ_CONFIG':
      return 'follow the message';
    default:
      return 'look at the mount, its server, and dmesg';
  }
}

function checkIdentity(checks: Checks, identity: StoreResults['identity'], { storeIdInRedis }: StoreFacts): boolean {
  if (identity === null) {
    checks.fail('identity', 'there is no parqueue.json', {
      means: 'the folder holds no store: the wrong filesystem is mounted, or no server was ever started',
      todo: 'check the mount; a first `parqueue up` makes a new store',
    });
    return false;
  }
  const { storeId, storeFormat } = identity;
  if (storeIdInRedis !== null && storeIdInRedis !== storeId) {
    checks.fail('identity', `store ${storeId}, but Redis coordinates store ${storeIdInRedis}`, {
      means: 'this host has another filesystem mounted than the others, or redis.url names the wrong Redis or database',
      todo: 'correct the mount, store.root or redis.url; each store has a Redis database of its own',
    });
    return false;
  }
  if (storeFormat < STORE_FORMAT) {
    checks.note(
      'identity',
      `store ${storeId}, format ${storeFormat}; the first server of this release to start brings it to ${STORE_FORMAT}`,
    );
  } else checks.ok('identity', `store ${storeId}, format ${storeFormat}`);
  return true;
}

function checkSpace(
  checks: Checks,
  space: StoreResults['space'],
  { config, usedBytes, reserveBytes, collectionWaits }: StoreFacts,
): void {
  const { freeBytes, totalBytes, freeFiles, totalFiles } = space;
  const found = `${spellBytes(freeBytes)} of ${spellBytes(totalBytes)} free`;
  if (freeBytes < reserveBytes) {
    checks.fail('free space', `${found}, less than store.reserve (${spellBytes(reserveBytes)})`, {
      means: 'loads are refused with PQ_STORE_FULL; what is kept is still answered',
      todo: '`parqueue gc --dry-run` tells what may go; docs/operations.md, "The disk is full"',
    });
  } else if (freeBytes < totalBytes * FREE_MIN) {
    checks.warn('free space', found, {
      means: 'the next large load may not fit',
      todo: 'lower store.quota, or enlarge the disk',
    });
  } else checks.ok('free space', found);
  if (totalFiles > 0 && freeFiles < totalFiles * FREE_MIN) {
    checks.warn('free inodes', `${spellCount(freeFiles)} of ${spellCount(totalFiles)}`, {
      means: 'a filesystem without free inodes is full, whatever its bytes say',
      todo: 'remove small files beside the store, or make a filesystem with more inodes',
    });
  }
  const { quotaBytes } = config.store;
  if (usedBytes === null) return;
  const used = `${spellBytes(usedBytes)}${quotaBytes === null ? ', no quota' : ` of store.quota ${spellBytes(quotaBytes)}`}`;
  if (quotaBytes !== null && usedBytes > quotaBytes) {
    checks.warn('quota', used, {
      means: `${overQuota(collectionWaits, config.store.retention.graceMs)}; loads that find no room are refused with PQ_STORE_FULL`,
      todo: '`parqueue gc --dry-run` tells what goes and why, or until when it waits; raise store.quota where that is too much',
    });
  } else checks.ok('quota', used);
}

function overQuota(waits: CollectionWait | null, graceMs: number): string {
  if (waits === null)
    return `what was read least recently is retired, counts for the grace of ${spellMs(graceMs)}, and goes then`;
  const until = waits.untilMs === null ? 'entries were compared with the store' : new Date(waits.untilMs).toISOString();
  return `gc removes nothing until ${until}, since readers may hold pins that Redis forgot`;
}

function checkWrite(checks: Checks, tookMs: number): void {
  const found = `write, fsync, rename and read back in ${spellMs(tookMs)}`;
  if (tookMs <= SLOW_WRITE_MS) checks.ok('commits', found);
  else
    checks.warn('commits', found, {
      means: 'every load waits for several of these',
      todo: 'look at the load of the NFS server or disk',
    });
}

function checkHeads(checks: Checks, { looked, missing }: StoreResults['heads']): void {
  if (missing.length === 0)
    return checks.ok('same files', `${spellNumber(looked, 'file')} of heads in Redis, all here`);
  const advice = {
    means: 'Redis names files that this host does not see: a mount of something older, or files removed by hand',
    todo: 'compare the mounts of all hosts; then `parqueue verify` marks what is really gone, so that it is loaded again',
  };
  if (missing.length === looked)
    checks.fail('same files', `of ${spellNumber(looked, 'file')} of heads in Redis none is here`, advice);
  else
    checks.warn(
      'same files',
      `of ${spellNumber(looked, 'file')} of heads in Redis ${missing.length} are not here`,
      advice,
    );
}
