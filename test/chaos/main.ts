/** `npm run chaos [-- READS [SEED]]`: the long form, with a line every ten seconds and a report at its end. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { reportOf } from './report.ts';
import { LONG, Run, SHORT } from './run.ts';

/** So few reads are a try, for a busy machine. */
const SHORT_BELOW = 10_000;

const [
  reads = '1000000',
  seed = String(Date.now() % 1_000_000),
  folder = join(import.meta.dirname, '../../../var/chaos'),
] = process.argv.slice(2);
const plan = {
  ...(Number(reads) < SHORT_BELOW ? SHORT : LONG),
  seed: Number(seed),
  reads: Number(reads),
  onProgress: (line: string): void => console.log(line),
};
console.log(`seed ${plan.seed}`);
await using run = await Run.open(plan);
for (const signal of ['SIGINT', 'SIGTERM'] as const)
  process.once(signal, () => void run[Symbol.asyncDispose]().finally(() => process.exit(130)));
const story = await run.play();
mkdirSync(folder, { recursive: true });
const file = join(folder, 'report.md');
writeFileSync(file, reportOf(story));
for (const { reason, message } of story.findings) console.log(`${reason}: ${message}`);
console.log(`${story.tally.answers} reads, ${story.deeds.length} deeds, ${story.findings.length} findings; ${file}`);
process.exitCode = story.findings.length === 0 ? 0 : 1;
