/**
 * One `parqueue up` per data directory: two Redis processes on one append-only file would destroy it. The lock is a
 * file that names a process; a process that no longer runs holds nothing, so a crash or a power cut leaves no debris
 * that somebody has to remove by hand.
 *
 * A process id alone would lie: ids are reused, and in a container the same program gets the same id every time. On
 * Linux the lock therefore also keeps the boot and the process's start time.
 */
import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ParqueueError } from '@parqueue/core';

interface Holder {
  readonly pid: number;
  readonly identity: string;
}

export interface DataLock {
  release(): void;
}

/** @throws ParqueueError PQ_CONFIG when another process holds the directory. */
export function lockDataDirectory(directory: string): DataLock {
  mkdirSync(directory, { recursive: true });
  const path = join(directory, 'up.lock');
  const own: Holder = { pid: process.pid, identity: identityOf(process.pid) ?? 'unknown' };
  for (let attempt = 0; attempt < 2; attempt += 1) {
    try {
      writeFileSync(path, `${JSON.stringify(own)}\n`, { flag: 'wx' });
      return { release: () => releaseIfOurs(path, own) };
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error;
    }
    const holder = readHolder(path);
    if (holder !== null && identityOf(holder.pid) === holder.identity) {
      throw new ParqueueError(
        'PQ_CONFIG',
        `${directory} is in use by another \`parqueue up\` (process ${holder.pid}): `
          + 'stop it, or choose another directory with --data DIR',
      );
    }
    takeAway(path);
  }
  throw new ParqueueError(
    'PQ_CONFIG',
    `${directory} is being taken by another \`parqueue up\` at this moment: try again`,
  );
}

/**
 * Two processes may find the same dead lock: the slower one would remove the lock that the faster one has just made.
 * So it is renamed, looked at again, and put back when it turns out to be alive.
 */
function takeAway(path: string): void {
  const aside = `${path}.${process.pid}`;
  try {
    renameSync(path, aside);
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return;
    throw error;
  }
  const holder = readHolder(aside);
  if (holder !== null && identityOf(holder.pid) === holder.identity) renameSync(aside, path);
  else rmSync(aside, { force: true });
}

function releaseIfOurs(path: string, own: Holder): void {
  const holder = readHolder(path);
  if (holder?.pid === own.pid && holder.identity === own.identity) rmSync(path, { force: true });
}

function readHolder(path: string): Holder | null {
  try {
    const value: unknown = JSON.parse(readFileSync(path, 'utf8'));
    if (typeof value !== 'object' || value === null || !('pid' in value) || !('identity' in value)) return null;
    return typeof value.pid === 'number' && typeof value.identity === 'string'
      ? { pid: value.pid, identity: value.identity }
      : null;
  } catch {
    // Half a file is left by a crash while it was written, no file by a release in between: nobody holds it.
    return null;
  }
}

/** What tells this run of this process from all others; null when it does not run. */
function identityOf(pid: number): string | null {
  try {
    process.kill(pid, 0);
  } catch (error) {
    const forbidden = error instanceof Error && 'code' in error && error.code === 'EPERM';
    if (!forbidden) return null;
  }
  try {
    const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // The name in parentheses may hold spaces; the start time is the 20th field after it (proc(5): field 22).
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    if (fields[0] === 'Z') return null;
    return `${boot}:${fields[19]}`;
  } catch {
    return 'running';
  }
}
