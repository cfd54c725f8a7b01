/** What a piece of work brings to a session, for tests of drivers without a source around them. */
import type { Use } from '../sources/sql/session.ts';
import { hostClock } from './host-clock.ts';

/** To be over in `ms` from each of its calls: its clock stands still, so that nothing is late before it has begun. */
export function useWithin(ms: number): Use {
  const nowMs = hostClock.now();
  return useOf({ clock: { ...hostClock, now: () => nowMs }, deadlineMs: nowMs + ms });
}

export function useOf(more: Partial<Use> = {}): Use {
  const { clock = hostClock } = more;
  return {
    signal: new AbortController().signal,
    clock,
    deadlineMs: clock.now() + 600_000,
    redact: (text) => text,
    action: 'fill',
    ...more,
  };
}
