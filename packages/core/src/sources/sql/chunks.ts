/** Chunks of a database's rows → what a RowAppender takes. */
import type { RowChunk } from '../../parquet/row-appender.ts';
import type { LoadPlan } from './column-plan.ts';
import type { WireChunk } from './wire/fields.ts';

/** Values, or where they lie. */
export type Chunk = unknown[][] | WireChunk;

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
    } else {
      onRows(chunk.length);
      plan.convertRows(chunk);
      yield chunk;
    }
  }
}
