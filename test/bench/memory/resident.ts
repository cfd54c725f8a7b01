/** Memory that other processes hold of the machine, as Linux tells it; NaN anywhere else. */
import { readFileSync } from 'node:fs';

const KIB_PER_MIB = 1024;

/** @param field of /proc/PID/status: VmRSS now, VmHWM the most there ever was */
export function residentMiB(pid: number, field: 'VmRSS' | 'VmHWM'): number {
  try {
    const status = readFileSync(`/proc/${pid}/status`, 'utf8');
    return Number(new RegExp(`^${field}:\\s+(\\d+)`, 'm').exec(status)?.[1]) / KIB_PER_MIB;
  } catch {
    return Number.NaN;
  }
}
