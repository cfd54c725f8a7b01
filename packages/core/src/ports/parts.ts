/**
 * What probes found of parts (tables, views, refresh keys), shared by all keys that read them, and which tables stand
 * behind a view. Atomic steps like those of ports/coordination.ts, under the same marker.
 *
 * A record is a claim: the part had this version at some moment after its tick was taken, and `started` of the part had
 * been raised to that tick before the source was touched. That is why a record above a caller's `after` answers it (I13).
 */
import type { PartQuestion } from '../model/parts.ts';
import type { Tick } from '../model/ticks.ts';
import type { ProbedPart } from './source.ts';

export interface PartRecord extends ProbedPart {
  readonly tick: Tick;
  /** When the probe took its tick, by Redis's clock, ms. */
  readonly beganAtMs: number;
}

/** Somebody asks the source for this part right now, or died at it: a hint with an end. */
export interface RunningProbe {
  readonly tick: Tick;
  readonly untilMs: number;
}

export interface SeenPart {
  readonly record: PartRecord | null;
  readonly running: RunningProbe | null;
}

export interface PartsSeen {
  /** By target, for every target of the question. */
  readonly parts: Readonly<Record<string, SeenPart>>;
  /** Redis's clock, ms. */
  readonly nowMs: number;
}

export interface PartsFound {
  readonly tick: Tick;
  readonly beganAtMs: number;
  /** By target; empty where the probe failed. */
  readonly parts: Readonly<Record<string, ProbedPart>>;
}

/** More readers of one table are not told apart: whoever invalidates it marks the whole source. */
export const READERS_MAX = 1000;
export const TOO_MANY_READERS = '*';

export interface Parts {
  /** The latest record of each part, and who asks for it now. */
  read(question: PartQuestion): Promise<PartsSeen>;
  /**
   * Keeps what the probe that took `found.tick` for these targets found; an older finding never replaces a newer one.
   * Its announcement is taken back, also for targets it found nothing of.
   */
  record(question: PartQuestion, found: PartsFound): Promise<void>;
  /**
   * Remembers that the view or synonym reads these tables, and hands their marks on to it: what was invalidated before
   * anybody knew is invalidated then. Called before a generation filled from it can become the head.
   */
  learn(name: string, tables: readonly string[]): Promise<void>;
  /** Names learned to read the table; TOO_MANY_READERS among them when some could not be kept. */
  readers(table: string): Promise<readonly string[]>;
}
