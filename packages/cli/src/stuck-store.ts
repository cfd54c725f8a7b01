/**
 * Calls of this process into a store that hangs. Node waits for them when it ends, in `process.exit` too, and only the kernel
 * can end them: a command that has said what is wrong would stay for as long as the mount does, and a nightly one pile up.
 */
import type { FileStore } from '@parqueue/core/store';

type Calls = Pick<FileStore['calls'], 'stuck'>;

let watched: Calls | null = null;

export function watchStoreCalls(calls: Calls): void {
  watched = calls;
}

/** Where some are stuck, ends the process as a supervisor would: 137 to a shell. To be called when all has been said. */
export function endWhereStuck(): void {
  if (watched !== null && watched.stuck > 0) process.kill(process.pid, 'SIGKILL');
}
