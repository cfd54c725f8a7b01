/** How an epoch is opened: the register is in Redis, the numbers are claimed on the store. */
import type { Mark } from './coordination.ts';

export interface Marker {
  readonly epoch: number;
  /** `run_id` of the Redis process under which the epoch was opened. */
  readonly runId: string;
  /** Random; tells two openings apart that share everything else. */
  readonly incarnation: string;
  readonly storeId: string;
}

export interface EpochRegister {
  /**
   * The marker in Redis, if any, and the run_id of the Redis process that answered. Where there is no marker, this read
   * leaves a random incarnation behind: a memory without a name could be emptied twice and look the same.
   */
  read(): Promise<{ readonly marker: Marker | null; readonly runId: string; readonly incarnation: string }>;
  /**
   * Writes the marker and restores the scope marks, and moves the clock to the epoch's start (never back), if Redis is
   * still the process `expected.runId` and its memory's incarnation is still `expected.incarnation`, as read.
   */
  open(
    next: Marker,
    expected: { readonly runId: string; readonly incarnation: string },
    marks: readonly Mark[],
  ): Promise<boolean>;
  /** From now on every script call carries this marker. */
  adopt(marker: Marker): void;
  /** Resolves when the marker in use was found gone or changed, or the connection met another run_id. */
  onLost(listener: () => void): () => void;
}

export interface EpochStore {
  readonly storeId: string;
  /** Highest epoch ever claimed on this store, 0 for none. */
  latest(): Promise<number>;
  /** Claims the number for ever. @returns false when somebody else has it. */
  claim(epoch: number): Promise<boolean>;
  /** Hard and purge marks of datasets, sources and tables, listed afresh. */
  scopeMarks(): Promise<readonly Mark[]>;
}
