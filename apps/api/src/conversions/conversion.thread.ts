/** The entry of a conversion thread: decoding must not hold up the answers of the main thread, nor a bad file end the process. */
import { openConversion, openStatistics } from '@parqueue/core/parquet';
import { convertWith } from './convert.ts';
import type { ConversionTask } from './protocol.ts';

export async function convert(task: ConversionTask): Promise<void> {
  await convertWith(
    (wish) => (wish.format === 'statistics' ? openStatistics(wish, () => performance.now()) : openConversion(wish)),
    task,
  );
}
