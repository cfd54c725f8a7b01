/** Chunks of a database's rows → what a RowAppender takes. */
import type { RowChunk } from '../../parquet/row-appender.ts';
import type { LoadPlan } from './column-plan.ts';
import type { Chunk } from './wire/fields.ts';

/** @throws ParqueueError what the plan throws */
export async function* converted(
  chunks: AsyncGenerator<Chunk, void, undefined>,
  plan: LoadPlan,
  onRows: (rows: number) => void,
): AsyncGenerator<RowChunk, void, undefined> {
  for await (const chunk of chunks) {
    if ('pieces' in chunk) {
      for (const rows of chunk.pieces) {
        onRows(rows.rows);
        yield plan.columnsOf(rows);
      }
      // Whoever asks for more has put all of them.
      chunk.release?.();
    } else {
      onRows(chunk.length);
      plan.convertRows(chunk);
      yield chunk;
    }
  }
}
