/** Refreshes as one worker of the simulation runs them: the real use case, as often as the nemesis likes. */
import {
  Refresher,
  type GenerationReader,
  type RefreshDeps,
  type RefreshReport,
  type ResolvedRequest,
} from '@parqueue/core';
import { neverAborted } from './scheduler.ts';
import type { MemoryCoordination, MemoryRedis } from '@parqueue/core/testing';

export interface SimRefreshParts extends Pick<RefreshDeps, 'clock' | 'jobs' | 'notices' | 'epochs' | 'onStep'> {
  readonly coordination: MemoryCoordination;
  readonly redis: MemoryRedis;
  readonly reader: GenerationReader;
  readonly requests: readonly ResolvedRequest[];
  readonly gate: (label: string) => Promise<void>;
}

/** Longer than any load of the simulation takes. */
const LASTS_MS = 5_000;

export interface SimRefresh {
  /** Of an interval, or of a time of day; every request is named, so that first loads are among them. */
  readonly refresh: (joinsRunning: boolean) => Promise<RefreshReport | null>;
}

export function simRefresh(parts: SimRefreshParts): SimRefresh {
  const { coordination, redis, requests, gate, clock } = parts;
  const { heads, retirement, cooling } = coordination;
  const list: RefreshDeps['entries']['list'] = async () => {
    await gate('entries');
    const entries = [...redis.state.keys].flatMap(([key, { head }]) =>
      head === null ? [] : [{ key, head, lastReadAtMs: null }],
    );
    return { entries, next: null };
  };
  return {
    refresh: async (joinsRunning) => {
      const refresher = new Refresher({ ...parts, heads, retirement, cooling, entries: { list } });
      const plan = {
        dataset: 'sims',
        alike: ['sims'],
        source: 'sim',
        joinsRunning,
        jitterMs: 20,
        readWithinMs: null,
        lanes: 2,
        always: requests,
        again: () => null,
      };
      return await refresher.run(plan, {
        since: null,
        onSince: async () => undefined,
        beganAtMs: clock.now(),
        endsAtMs: clock.now() + LASTS_MS,
        onEntry: () => undefined,
        signal: neverAborted(),
      });
    },
  };
}
