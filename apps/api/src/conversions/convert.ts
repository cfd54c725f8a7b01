/**
 * One conversion in a thread it shares with others: chunk by chunk as credit allows, and after each chunk the others
 * have their turn.
 */
import { setImmediate as turn } from 'node:timers/promises';
import { toFailure } from '@parqueue/core';
import type { Conversion } from '@parqueue/core/parquet';
import { codedChunks } from './coded-chunks.ts';
import { CreditLine } from './credit-line.ts';
import type { ConversionTask, ThreadWish } from './protocol.ts';

export type OpenConversion = (wish: ThreadWish) => Promise<Conversion>;

export async function convertWith(open: OpenConversion, task: ConversionTask): Promise<void> {
  const line = new CreditLine(task.port);
  try {
    await send(open, task, line);
  } catch (error) {
    const failure = toFailure(error);
    // A trap in WebAssembly arrives as an error that nobody coded.
    line.tell({ kind: 'failed', failure, trapped: failure.code === 'PQ_INTERNAL' });
  }
  // A task that ended before its last message arrived would look like a thread that died.
  await line.stopped();
  line.close();
}

async function send(open: OpenConversion, { wish, coding }: ConversionTask, line: CreditLine): Promise<void> {
  await using conversion = await open(wish);
  const { rows, rowsTotal, memoryBytes } = conversion;
  line.tell({ kind: 'opened', rows, rowsTotal, memoryBytes });
  const chunks = codedChunks(conversion.chunks(), coding);
  try {
    while (await line.credit()) {
      const { done, value } = await chunks.next();
      if (done === true) {
        line.tell({ kind: 'end' });
        return;
      }
      line.tell({ kind: 'chunk', bytes: value });
      // Promises alone never let a message in: without this turn neither a stop nor another conversion is heard.
      await turn();
    }
  } finally {
    await chunks.return();
  }
}
