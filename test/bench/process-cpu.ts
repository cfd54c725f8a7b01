/** Processor time of other processes, as `Taken.cpuSeconds` of alternate.ts wants it. */
import { readdirSync, readFileSync } from 'node:fs';

const NS = 1e9;

/** Seconds of all live threads of a process, to the nanosecond; NaN where nobody counts them so, as anywhere but on Linux. */
export function cpuSecondsOf(pid: number): number {
  const tasks = `/proc/${pid}/task`;
  try {
    const spent = readdirSync(tasks).map((thread) =>
      Number(readFileSync(`${tasks}/${thread}/schedstat`, 'utf8').split(' ')[0]),
    );
    return spent.reduce((sum, ns) => sum + ns, 0) / NS;
  } catch {
    return Number.NaN;
  }
}

/** Those whose parent this is, and theirs. */
export function childrenOf(pid: number): readonly number[] {
  try {
    const own = readdirSync(`/proc/${pid}/task`).flatMap((thread) =>
      readFileSync(`/proc/${pid}/task/${thread}/children`, 'utf8').split(' ').filter(Boolean).map(Number),
    );
    return own.flatMap((child) => [child, ...childrenOf(child)]);
  } catch {
    return [];
  }
}
