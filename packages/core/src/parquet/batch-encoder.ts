/** What makes chunks of batches: one for each form. */
import type { Message } from './ipc/message.ts';
import type { Chunk } from './text/sink.ts';

export interface BatchEncoder {
  /** It wants no further rows, where it may be content with some. */
  readonly isContent?: boolean;
  /**
   * What it does not give yet comes with a later batch, or with `end`.
   * @param messages one Arrow stream, of this batch alone
   * @returns the rows there were
   */
  batch(messages: readonly Message[]): Generator<Chunk, number, undefined>;
  end(): Generator<Chunk, void, undefined>;
}
