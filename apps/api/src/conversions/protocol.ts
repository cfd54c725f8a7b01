/**
 * What a conversion thread is given and what the two sides tell each other over the conversion's port. Errors do not
 * survive the border between threads; failures do.
 */
import type { MessagePort } from 'node:worker_threads';
import type { Failure } from '@parqueue/core';
import type { ConversionWish, StatisticsWish } from '@parqueue/core/parquet';
import type { Coding } from '../http/encoding.ts';

/** Whatever is made of a part in a thread: its rows in another form, or their statistics. */
export type ThreadWish = ConversionWish | StatisticsWish;

export interface ConversionTask {
  readonly wish: ThreadWish;
  readonly coding: Coding;
  readonly port: MessagePort;
}

export type ThreadMessage =
  | { readonly kind: 'opened'; readonly rows: number; readonly rowsTotal: number; readonly memoryBytes: number }
  /** Its buffer is transferred. */
  | { readonly kind: 'chunk'; readonly bytes: Uint8Array<ArrayBuffer> }
  | { readonly kind: 'end' }
  /** `trapped`: what this thread's memory holds is not to be trusted again. */
  | { readonly kind: 'failed'; readonly failure: Failure; readonly trapped: boolean };

export type HostMessage =
  /** So many more chunks may be made and sent. */
  | { readonly kind: 'credit'; readonly chunks: number }
  /** Whatever is under way is to end; also said after the end, so that the task outlives its last message. */
  | { readonly kind: 'stop' };
