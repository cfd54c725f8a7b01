/** The generator process of a swarm: replaces the file on command, in one step, and says when it began and was done. */
import { setTimeout as sleep } from 'node:timers/promises';
import { generateFile } from '@parqueue/core/parquet';
import { nowNs, type FromGenerator, type GeneratorPlan, type ToGenerator } from './messages.ts';

const plan = JSON.parse(process.argv[2] ?? '') as GeneratorPlan;

process.on('message', (message: ToGenerator) => {
  void regenerate(message).then((report) => process.send?.(report));
});
process.once('disconnect', () => process.exit(0));

async function regenerate({ revision, delayMs }: ToGenerator): Promise<FromGenerator> {
  await sleep(delayMs);
  const beganNs = nowNs();
  try {
    const { rows } = await generateFile({
      path: plan.file,
      format: 'parquet',
      rows: plan.rows,
      seed: plan.seed,
      revision,
    });
    return { type: 'regenerated', regeneration: { revision, rows, beganNs, completedNs: nowNs() } };
  } catch (error) {
    return { type: 'failed', message: error instanceof Error ? error.message : String(error) };
  }
}
