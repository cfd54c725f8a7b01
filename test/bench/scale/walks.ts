/** What goes over all entries of a store, each timed once: as the commands and the workers do it, by the use cases themselves. */
import { collectGarbage, reconcilePass, verifyStore } from '@parqueue/core';
import { cpuSecondsOf } from '../process-cpu.ts';
import type { ManyEntries } from './many-entries.ts';
import { randomId, silent } from './open-parts.ts';

export const WALKS = ['list', 'gcDryRun', 'gc', 'verify', 'rebuild'] as const;
export type Walk = (typeof WALKS)[number];

const PAGE_ENTRIES = 500;

export interface WalkTime {
  readonly seconds: number;
  /** Processor time of this process and the API: of all who walk, but not of Redis. */
  readonly cpuSeconds: number;
}

/** Each must have seen every entry. @param told.apiPid the process behind `url` */
export async function walk(
  name: Walk,
  told: {
    readonly many: ManyEntries;
    readonly url: string;
    readonly apiPid: number;
    readonly signal: AbortSignal;
  },
): Promise<WalkTime> {
  const { many, url, apiPid, signal } = told;
  const beganMs = performance.now();
  const spentBefore = cpuSeconds(apiPid);
  const seen = await WALKED[name](many, url, signal);
  const seconds = (performance.now() - beganMs) / 1000;
  if (seen < many.count) throw new Error(`${name} saw ${seen} of ${many.count} entries`);
  return { seconds, cpuSeconds: cpuSeconds(apiPid) - spentBefore };
}

function cpuSeconds(apiPid: number): number {
  const { user, system } = process.cpuUsage();
  const ofApi = cpuSecondsOf(apiPid);
  return (user + system) / 1e6 + (Number.isFinite(ofApi) ? ofApi : 0);
}

const WALKED: Readonly<Record<Walk, (many: ManyEntries, url: string, signal: AbortSignal) => Promise<number>>> = {
  async list(_many, url, signal) {
    let listed = 0;
    for (let after: string | null = ''; after !== null;) {
      const query = `limit=${PAGE_ENTRIES}${after === '' ? '' : `&after=${encodeURIComponent(after)}`}`;
      const response = await fetch(`${url}/v1/entries?${query}`, { signal });
      const page = (await response.json()) as { entries: readonly unknown[]; next: string | null };
      listed += page.entries.length;
      after = page.next;
    }
    return listed;
  },
  gcDryRun: async (many, _url, signal) => await collect(many, true, signal),
  gc: async (many, _url, signal) => await collect(many, false, signal),
  async verify({ parts: { store, coordination } }, _url, signal) {
    const { keys, findings } = await verifyStore(
      { reader: store.reader, directories: store.directories, heads: coordination.heads, onStep: silent },
      { key: null, generations: 'heads', signal, onProgress: () => undefined },
    );
    if (findings.length > 0) throw new Error(`damaged: ${findings[0]?.reason}`);
    return keys;
  },
  async rebuild({ parts: { store, coordination, epochs } }, _url, signal) {
    await epochs.openNext();
    let seen = 0;
    const { reconciler, ticks, parts } = coordination;
    const { directories, reader } = store;
    const onStep = (step: string): void => {
      if (step === 'key-reconciled') seen += 1;
    };
    await reconcilePass({ reconciler, ticks, parts, directories, reader, onStep }, { signal });
    return seen;
  },
};

/** Its gate would be closed for an hour after a rebuild; that no pin is an hour old is certain here. */
async function collect({ parts }: ManyEntries, dryRun: boolean, signal: AbortSignal): Promise<number> {
  const { store, coordination, rules } = parts;
  const { heads, leases, retirement, eviction, usage } = coordination;
  const { directories, marks, space } = store;
  const ports = { heads, leases, retirement, eviction, usage, directories, marks, space };
  const report = await collectGarbage(
    { ...ports, randomId, onStep: silent },
    { rules: { ...rules, graceMs: 0 }, pinMaxMs: 0, dryRun, signal },
  );
  if (report.waitingFor !== null) throw new Error(`gc waits for ${report.waitingFor}`);
  return report.keys;
}
