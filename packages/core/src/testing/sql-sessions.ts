/** What a piece of work brings to a session, for tests of drivers without a source around them. */
import type { Use } from '../sources/sql/session.ts';
import { hostClock } from './host-clock.ts';

export function useOf(more: Partial<Use> = {}): Use {
  const { clock = hostClock } = more;
  return {
    signal: new AbortController().signal,
    clock,
    deadlineMs: clock.now() + 60_000,
    redact: (text) => text,
    action: 'fill',
    ...more,
  };
}
