/**
 * Rows of any number in bounded memory: one record batch at a time, as it arrives. Where a transfer breaks, it goes on
 * with the row after the last complete batch, of the same generation: an immutable one, so no row is missed or doubled.
 */
import type { RecordBatch } from 'apache-arrow';
import { isParqueueHttpError } from '../problem.ts';
import { generationCall } from '../question.ts';
import { isArrowEnd, loadArrow, type ArrowModule } from './arrow.ts';
import { askFor, type AskContext, type Wish } from './asking.ts';
import { infoOf } from './answers.ts';
import { loadProgress, type AnswerInfo, type Progress } from './options.ts';
import { bodyOf, interrupted, Tail } from './transfer.ts';

export interface BatchContext extends AskContext {
  readonly onProgress?: ((progress: Progress) => void) | undefined;
  readonly onAnswer?: ((info: AnswerInfo) => void) | undefined;
}

/** @throws ParqueueHttpError INTERRUPTED, PQ_GONE where the generation was removed meanwhile; the signal's reason */
export async function* fetchBatches(wish: Wish, context: BatchContext): AsyncGenerator<RecordBatch, void> {
  const { transport, onProgress, onWait } = context;
  const arrow = await loadArrow();
  const leaving = new AbortController();
  const signal = context.signal === undefined ? leaving.signal : AbortSignal.any([context.signal, leaving.signal]);
  const asking = {
    ...context,
    signal,
    onWait: (fill: Parameters<typeof loadProgress>[0]): void => {
      onWait?.(fill);
      onProgress?.(loadProgress(fill));
    },
  };
  const reply = await askFor(wish, null, asking);
  if (reply.kind === 'unchanged') return;
  const facts = reply.factsOf(reply.response);
  context.onAnswer?.(infoOf(facts, transport.now(), { from: 'server', verified: true }));
  const { limit, offset = 0 } = wish.form;
  let rows = 0;
  let response = reply.response;
  let bytes = 0;
  const onBytes = (more: number): void => onProgress?.({ kind: 'transfer', bytes: (bytes += more), bytesTotal: null });
  for (let failures = 0; ;) {
    try {
      for await (const batch of readBatches(arrow, response, { signal, onBytes })) {
        rows += batch.numRows;
        failures = 0;
        let isWanted = false;
        try {
          yield batch;
          isWanted = true;
        } finally {
          // Whoever leaves the loop ends the transfer, which may be waiting for bytes that never come.
          if (!isWanted) leaving.abort(new Error('nobody reads on'));
        }
      }
      return;
    } catch (error) {
      signal.throwIfAborted();
      if (!isParqueueHttpError(error) || (error.code !== 'INTERRUPTED' && error.code !== 'UNREACHABLE')) throw error;
      failures += 1;
      if (failures > transport.retries) throw error;
      await transport.pause(failures - 1, signal);
      const rest = limit === undefined ? undefined : limit - rows;
      response = await transport.send(
        generationCall(facts, { ...wish.form, offset: offset + rows, limit: rest }, signal),
      );
    }
  }
}

interface ReadOptions {
  readonly signal: AbortSignal;
  readonly onBytes: (bytes: number) => void;
}

async function* readBatches(
  arrow: ArrowModule,
  { body }: Response,
  { signal, onBytes }: ReadOptions,
): AsyncGenerator<RecordBatch, void> {
  const reader = await arrow.RecordBatchReader.from(checked(body, onBytes));
  for await (const batch of reader) {
    signal.throwIfAborted();
    yield batch;
  }
}

/** The bytes as they come, and an error where they end too early: Arrow's reader takes any end for a good one. */
async function* checked(
  body: Response['body'],
  onBytes: (bytes: number) => void,
): AsyncGenerator<Uint8Array<ArrayBuffer>, void> {
  const tail = new Tail();
  for await (const chunk of bodyOf(body)) {
    tail.take(chunk);
    onBytes(chunk.byteLength);
    yield chunk;
  }
  if (!isArrowEnd(tail.bytes)) throw interrupted('the answer ended without the mark of its end');
}
