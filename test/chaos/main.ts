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
const run = await Run.open(plan);
/** As a shell tells it of who was ended by these. */
const EXIT_CODES = { SIGINT: 130, SIGTERM: 143 } as const;
// Ctrl-C reaches Redis and the databases as well, so nothing can be mended then. Told twice, it is in a hurry.
for (const signal of ['SIGINT', 'SIGTERM'] as const)
  process.on(signal, () => {
    console.log(`${signal}: ends before its time`);
    run.cut(signal, signal === 'SIGINT');
  });
const story = await run.play();
mkdirSync(folder, { recursive: true });
const file = join(folder, 'report.md');
writeFileSync(file, reportOf(story));
for (const { reason, message } of story.findings) console.log(`${reason}: ${message}`);
const { tally, deeds, findings, cut } = story;
const early = cut === null ? '' : `, cut short by ${cut.by}`;
console.log(`${tally.answers} reads, ${deeds.length} deeds, ${findings.length} findings${early}; ${file}`);
const code = findings.length > 0 ? 1 : cut === null ? 0 : EXIT_CODES[cut.by === 'SIGINT' ? 'SIGINT' : 'SIGTERM'];
await run[Symbol.asyncDispose]().catch((error: unknown) => console.error(error));
// Clients and writers of a run that was cut short in a hurry would go on.
process.exit(code);
