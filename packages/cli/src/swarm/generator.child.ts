/**
 * The generator process of a swarm: replaces the file on command, in one step, and says when it began and was done.
 * The next revision is written aside beforehand, so that the replacement itself, the moment that matters, falls among
 * the gets of its wave and not after them.
 */
import { rename } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { generateFile } from '@parqueue/core/parquet';
import { nowNs, type FromGenerator, type GeneratorPlan, type ToGenerator } from './messages.ts';

const plan = JSON.parse(process.argv[2] ?? '') as GeneratorPlan;
const prepared = new Map<number, Promise<string>>();

process.on('message', (message: ToGenerator) => {
  void regenerate(message).then((report) => process.send?.(report));
});
process.once('disconnect', () => process.exit(0));

async function regenerate({ revision, delayMs }: ToGenerator): Promise<FromGenerator> {
  try {
    const aside = await prepare(revision);
    await sleep(delayMs);
    const beganNs = nowNs();
    await rename(aside, plan.file);
    const completedNs = nowNs();
    if (revision < plan.revisions) void prepare(revision + 1).catch(() => undefined);
    return { type: 'regenerated', regeneration: { revision, rows: plan.rows, beganNs, completedNs } };
  } catch (error) {
    return { type: 'failed', message: error instanceof Error ? error.message : String(error) };
  }
}

/** Writes a revision beside the file, once. @returns where it is. */
function prepare(revision: number): Promise<string> {
  const path = `${plan.file}.revision-${revision}`;
  const known = prepared.get(revision);
  if (known !== undefined) return known;
  const { rows, seed } = plan;
  const writing = generateFile({ path, format: 'parquet', rows, seed, revision }).then(() => path);
  prepared.set(revision, writing);
  return writing;
}
