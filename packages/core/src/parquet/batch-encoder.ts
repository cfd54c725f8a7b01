/** What makes chunks of batches: one for each form. */
import type { Message } from './ipc/message.ts';
import type { Chunk } from './text/sink.ts';

export interface BatchEncoder {
  /** The rows of a window of the plan are next; told before each of them. */
  begin?(window: number): void;
  /** It wants no further rows of this window, where it may be content with some. */
  readonly isContent?: boolean;
  /**
   * What it does not give yet comes with a later batch, or with `end`.
   * @param messages one Arrow stream, of this batch alone
   * @returns the rows there were
   */
  batch(messages: readonly Message[]): Generator<Chunk, number, undefined>;
  end(): Generator<Chunk, void, undefined>;
}
