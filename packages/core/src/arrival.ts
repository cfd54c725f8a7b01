/** What a caller keeps of its looks: the ticks of its arrival, and what later looks bring to light of the time before it. */
import { marksFor, requirementAtArrival, withMarksFound, type Arrival, type SeenTicks } from './model/freshness.ts';
import type { Tick } from './model/ticks.ts';
import type { Look } from './ports/coordination.ts';

export interface Kept {
  readonly seen: SeenTicks;
  readonly requirement: Arrival;
  /** Of the head there was at the arrival; null for none. */
  readonly fence: Tick | null;
  /** How far the head of the latest look was proved; 0 for none. */
  readonly verified: Tick;
}

/** @param continues what an earlier ask was told to come back with */
export function keptAfter(earlier: Kept | null, { seen, head }: Look, continues: Arrival | null): Kept {
  const kept = earlier ?? {
    seen,
    requirement: continues ?? requirementAtArrival(seen),
    fence: head?.fence ?? null,
  };
  const found = marksFor(kept.requirement.arrived, seen);
  return {
    seen: { ...kept.seen, soft: Math.max(kept.seen.soft, found.soft), hard: Math.max(kept.seen.hard, found.hard) },
    requirement: withMarksFound(kept.requirement, seen),
    fence: kept.fence,
    verified: head?.verified ?? 0,
  };
}
