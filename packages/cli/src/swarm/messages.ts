/**
 * What the coordinator and its processes tell each other. Times are nanoseconds of the machine's monotonic clock, as
 * decimal text: all processes run on one machine and share that clock, so they can be compared with each other.
 */
import type { Freshness, Question } from '@parqueue/client';

export interface Regeneration {
  readonly revision: number;
  readonly rows: number;
  /** Before anybody could see it, and when everybody could: the rename of a file, the commit of a transaction. */
  readonly beganNs: string;
  readonly completedNs: string;
}

export interface SightingProblem {
  /** torn: the answer contradicts itself. failed: there is no answer. */
  readonly kind: 'torn' | 'failed';
  readonly message: string;
}

/** What one get saw. */
export interface Sighting {
  readonly client: number;
  readonly askedNs: string;
  readonly answeredNs: string;
  readonly revision: number | null;
  readonly generation: number | null;
  readonly cacheStatus: string;
  readonly problem: SightingProblem | null;
}

export interface ClientPlan {
  readonly client: number;
  readonly url: string;
  readonly apiKey: string | null;
  readonly question: Question;
  readonly freshness: Freshness;
  readonly shape: AnswerShape;
}

/** What every sound answer of this swarm looks like. */
export interface AnswerShape {
  readonly rows: number;
  /** The column that counts the rows from 0. */
  readonly id: string;
  /** Columns that all hold the one revision: one for each part of the source that changes together. */
  readonly revisions: readonly string[];
}

export interface GeneratorPlan {
  readonly file: string;
  /** How many there will be, the first included. */
  readonly revisions: number;
  readonly rows: number;
  readonly seed: number;
}

export type ToClient = { readonly type: 'wave'; readonly delaysMs: readonly number[] };
export type FromClient = { readonly type: 'sightings'; readonly sightings: readonly Sighting[] };

export type ToGenerator = { readonly type: 'regenerate'; readonly revision: number; readonly delayMs: number };
export type FromGenerator =
  | { readonly type: 'regenerated'; readonly regeneration: Regeneration }
  | { readonly type: 'failed'; readonly message: string };

export function nowNs(): string {
  return String(process.hrtime.bigint());
}
