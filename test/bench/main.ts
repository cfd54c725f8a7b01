/**
 * `npm run bench [-- SECTION…] [--long] [--write] [--profile] [--list]`: what Parqueue does against floors and peers; docs/performance.md says how to read it.
 * Ends with 0 where all sections came to figures, goals reached or not; 1 where one failed; 2 for arguments that say nothing.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { USAGE, wantedOf, type Wanted } from './arguments.ts';
import { writeDocument } from './document.ts';
import { busyShare, busyWarning, describeMachine, machineLine, type Machine } from './machine.ts';
import { NGINX } from './nginx.ts';
import { playSection } from './play.ts';
import { judge, type Played } from './played.ts';
import { ProgressLine } from './progress-line.ts';
import { profileInto } from './profiled.ts';
import { reportOf, toldGoal } from './report.ts';
import { ROOT } from './root.ts';
import type { Section } from './section.ts';
import { SECTIONS } from './sections/index.ts';

const folder = join(ROOT, 'var/bench');
const NAMES = SECTIONS.map(({ name }) => name);
/** As a shell tells it of who was ended by Ctrl-C. */
const ENDED = 130;

async function main(): Promise<number> {
  const wanted = wantedOf(process.argv.slice(2), NAMES);
  if (typeof wanted === 'string') {
    console.error(`${wanted}\n${USAGE}`);
    return 2;
  }
  if (wanted.list) {
    const width = Math.max(...NAMES.map((name) => name.length));
    for (const { name, title } of SECTIONS) console.log(`${name.padEnd(width)}  ${title}`);
    return 0;
  }
  return await play(wanted);
}

async function play({ sections, scale, write, profile }: Wanted): Promise<number> {
  if (profile) profileInto(join(folder, 'profiles'));
  const ended = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => ended.abort(new Error(signal)));
  const { signal } = ended;
  const machine = describeMachine(tmpdir(), { nginx: NGINX });
  console.log(machineLine(machine));
  const warning = busyWarning(await busyShare());
  if (warning !== null) console.log(warning);
  const line = new ProgressLine(process.stdout);
  const played: Played[] = [];
  const failed: { readonly name: string; readonly message: string }[] = [];
  for (const [at, section] of SECTIONS.filter(({ name }) => sections.includes(name)).entries()) {
    if (signal.aborted) break;
    line.begin(`[${at + 1}/${sections.length}] ${section.name}`);
    const onProgress = (text: string): void => line.tell(text);
    const told = await one(section, machine, { scale, signal, onProgress });
    line.end();
    if (told === null) break;
    if ('message' in told) failed.push(told);
    else played.push(told);
    console.log('message' in told ? `${told.name} FAILED: ${told.message}\n` : `${reportOf(told)}\n`);
  }
  mkdirSync(folder, { recursive: true });
  const report = join(folder, 'report.json');
  writeFileSync(report, `${JSON.stringify({ machine, played, failed }, null, 2)}\n`);
  tellGoals(played);
  for (const { name } of failed) console.log(`FAILED ${name}`);
  console.log(`${played.length} of ${sections.length} sections measured, ${failed.length} failed; ${report}`);
  if (write && played.length > 0) {
    const files = writeDocument(join(ROOT, 'docs'), played, NAMES);
    console.log(`written: ${files.map((file) => `docs/${file}`).join(', ')}`);
  }
  if (signal.aborted) return ENDED;
  return failed.length > 0 ? 1 : 0;
}

/** @returns null: ended before its time */
async function one(
  section: Section,
  machine: Machine,
  options: Parameters<typeof playSection>[1],
): Promise<Played | { readonly name: string; readonly message: string } | null> {
  const { name, title, about } = section;
  const busy = await busyShare();
  const beganMs = Date.now();
  const outcome = await playSection(name, options);
  if (outcome.kind === 'ended') return null;
  if (outcome.kind === 'failed') return { name, message: outcome.message };
  const { findings } = outcome;
  const seconds = (Date.now() - beganMs) / 1000;
  const beganAt = new Date(beganMs).toISOString();
  const goals = judge(section, findings);
  return { name, title, about, scale: options.scale, beganAt, seconds, busy, machine, findings, goals };
}

function tellGoals(played: readonly Played[]): void {
  const goals = played.flatMap(({ goals: own }) => own);
  for (const { name, goals: own } of played)
    for (const { text, reached } of own.filter((goal) => goal.reached === false))
      console.log(`${toldGoal(reached)}: ${name}: ${text}`);
  console.log(`${goals.filter(({ reached }) => reached === true).length} of ${goals.length} goals reached`);
}

process.exitCode = await main();
