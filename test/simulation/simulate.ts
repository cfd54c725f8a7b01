/**
 * `npm run simulate`: any number of seeds, spread over child processes in blocks. Blocks that are done are kept in
 * var/simulate together with the program they were played on: whoever stops a run and starts it again goes on where it
 * stopped. It ends with counts, a report, and each failing seed with the command that plays it again.
 */
import { fork, type ChildProcess } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { availableParallelism, cpus } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { PROFILES } from './profiles.ts';
import { runSeed } from './run-seed.ts';
import type { Block, BlockReport, Failing } from './simulate.child.ts';
import { add, inWords, noTotals, type Totals } from './totals.ts';

const ROOT = join(import.meta.dirname, '..', '..', '..');
const FOLDER = join(ROOT, 'var', 'simulate');
const BLOCK_SEEDS = 25;
const TELL_EVERY_MS = 10_000;

interface Wanted {
  readonly profiles: readonly string[];
  readonly seedsOfEach: number;
  readonly from: number;
}

/** What is kept between runs. */
interface Kept {
  readonly program: string;
  readonly wanted: Wanted;
  readonly done: number[];
  readonly totals: Totals;
  readonly failing: Failing[];
  spentMs: number;
}

const { values } = parseArgs({
  options: {
    seeds: { type: 'string', default: '5000' },
    from: { type: 'string', default: '1' },
    seed: { type: 'string' },
    profile: { type: 'string' },
    jobs: { type: 'string', default: String(availableParallelism()) },
  },
});

const names = PROFILES.map(({ name }) => name).filter(
  (name) => values.profile === undefined || name === values.profile,
);
if (names.length === 0) {
  console.error(`there is no profile ${values.profile}; there are: ${PROFILES.map(({ name }) => name).join(', ')}`);
  process.exitCode = 2;
} else if (values.seed === undefined) {
  const seedsOfEach = Math.ceil(natural('seeds', values.seeds) / names.length);
  process.exitCode = await playAll({ profiles: names, seedsOfEach, from: natural('from', values.from) });
} else {
  for (const name of names) await playOne(natural('seed', values.seed), name);
}

function natural(option: string, text: string): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value) || value < 1)
    throw new Error(`--${option} takes a whole number from 1, not ${text}`);
  return value;
}

/** With the stacks of what it threw, and the digest that shows whether two runs were the same. */
async function playOne(seed: number, name: string): Promise<void> {
  const profile = PROFILES.find((candidate) => candidate.name === name);
  if (profile === undefined) return;
  const report = await runSeed(seed, profile);
  console.log(`${name}, seed ${seed}: digest ${report.digest}, ${report.steps} steps, ${report.answers} answers`);
}

async function playAll(wanted: Wanted): Promise<number> {
  mkdirSync(FOLDER, { recursive: true });
  const kept = open(wanted);
  const blocks = blocksOf(wanted);
  const done = new Set(kept.done);
  const waiting = [...blocks.keys()].filter((index) => !done.has(index));
  if (done.size > 0) console.log(`going on: ${kept.totals.seeds} seeds were played before on this program`);
  const total = wanted.seedsOfEach * wanted.profiles.length;
  const pace = { beganMs: performance.now(), seedsBefore: kept.totals.seeds, toldMs: 0 };
  let stopping = false;
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.on(signal, () => {
      stopping = true;
      console.log('stopping after the blocks under way; the same command goes on from there');
    });
  }

  const line = async (): Promise<void> => {
    let child: ChildProcess | null = null;
    for (;;) {
      const index = stopping ? undefined : waiting.shift();
      const block = index === undefined ? undefined : blocks[index];
      if (index === undefined || block === undefined) break;
      child ??= fork(join(import.meta.dirname, 'simulate.child.js'));
      const report = await played(child, block);
      if (report.crashed) child = null;
      note(kept, index, report);
      for (const failing of report.failing) console.log(tellFailing(failing));
      const nowMs = performance.now();
      if (nowMs - pace.toldMs < TELL_EVERY_MS) continue;
      pace.toldMs = nowMs;
      save(kept, pace);
      console.log(progress(kept.totals, { total, violations: kept.failing.length, ...pace, nowMs }));
    }
    child?.disconnect();
  };
  await Promise.all(Array.from({ length: natural('jobs', values.jobs) }, line));
  save(kept, pace);
  console.log(`${inWords(kept.totals)}\n${kept.failing.length} violations; ${join(FOLDER, 'report.md')}`);
  for (const failing of kept.failing) console.log(tellFailing(failing));
  if (kept.failing.length > 0)
    console.log(
      `kept in ${join(FOLDER, 'failing-seeds.json')}; what is fixed goes into test/simulation/kept-seeds.ts with what it found`,
    );
  if (waiting.length > 0) return 130;
  return kept.failing.length > 0 ? 1 : 0;
}

/** Profiles in turn, so that a run that is stopped has seen all of them. */
function blocksOf({ profiles, seedsOfEach, from }: Wanted): readonly Block[] {
  const blocks: Block[] = [];
  for (let start = 0; start < seedsOfEach; start += BLOCK_SEEDS) {
    const seeds = Math.min(BLOCK_SEEDS, seedsOfEach - start);
    blocks.push(...profiles.map((profile) => ({ profile, from: from + start, seeds })));
  }
  return blocks;
}

interface Played extends BlockReport {
  readonly crashed: boolean;
}

/** A child that ends without a report crashed on a seed of its block: which, is for who plays the block again to see. */
function played(child: ChildProcess, block: Block): Promise<Played> {
  return new Promise((resolve) => {
    const settle = (report: Played): void => {
      child.off('message', onMessage);
      child.off('exit', onExit);
      resolve(report);
    };
    const onMessage = (message: unknown): void => settle({ ...(message as BlockReport), crashed: false });
    const onExit = (): void => {
      const found = `the process crashed within the ${block.seeds} seeds from here`;
      const totals = { ...noTotals(), seeds: block.seeds };
      settle({ totals, failing: [{ profile: block.profile, seed: block.from, found }], crashed: true });
    };
    child.on('message', onMessage);
    child.on('exit', onExit);
    child.send(block);
  });
}

function note(kept: Kept, index: number, { totals, failing }: BlockReport): void {
  kept.done.push(index);
  add(kept.totals, totals);
  kept.failing.push(...failing);
}

/** What was played on another program proves nothing of this one. */
function open(wanted: Wanted): Kept {
  const program = programDigest();
  const path = join(FOLDER, 'state.json');
  const before = existsSync(path) ? (JSON.parse(readFileSync(path, 'utf8')) as Kept) : null;
  if (before?.program === program && JSON.stringify(before.wanted) === JSON.stringify(wanted)) return before;
  return { program, wanted, done: [], totals: noTotals(), failing: [], spentMs: 0 };
}

/** Now and then: whoever is killed leaves the counts, and the report, of a moment ago. */
function save(kept: Kept, pace: { beganMs: number }): void {
  const nowMs = performance.now();
  kept.spentMs += nowMs - pace.beganMs;
  pace.beganMs = nowMs;
  replace('state.json', JSON.stringify(kept));
  replace('failing-seeds.json', JSON.stringify(kept.failing, null, 2));
  replace('report.md', report(kept));
}

/** In one step: who is killed between two writes leaves the older file. */
function replace(name: string, text: string): void {
  const path = join(FOLDER, name);
  writeFileSync(`${path}.new`, text);
  renameSync(`${path}.new`, path);
}

function programDigest(): string {
  const hash = createHash('sha256');
  for (const folder of [import.meta.dirname, join(ROOT, 'packages', 'core', 'dist')]) {
    const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.js'));
    for (const file of files.toSorted()) hash.update(file).update(readFileSync(join(folder, file)));
  }
  return hash.digest('hex');
}

function tellFailing({ profile, seed, found }: Failing): string {
  return `VIOLATION ${profile}, seed ${seed}: ${found}\n  npm run simulate -- --profile '${profile}' --seed ${seed}`;
}

function progress(
  { seeds, steps, answers }: Totals,
  at: { total: number; violations: number; beganMs: number; seedsBefore: number; nowMs: number },
): string {
  return `${seeds} of ${at.total} seeds, ${steps} steps, ${answers} answers, ${at.violations} violations; ${pacing(seeds, at)}`;
}

function pacing(seeds: number, at: { total: number; seedsBefore: number }): string {
  const perSecond = (seeds - at.seedsBefore) / (performance.now() / 1000);
  const leftMinutes = Math.ceil((at.total - seeds) / perSecond / 60);
  return `${perSecond.toFixed(1)} seeds/s, ${leftMinutes} min left`;
}

function report({ wanted, totals, failing, spentMs }: Kept): string {
  const injected = Object.entries(totals.injected).map(([name, times]) => `| ${name} | ${times} |`);
  const machine = `${cpus().length} × ${cpus()[0]?.model ?? 'unknown'}, Node ${process.version}`;
  return [
    '# A run of the simulation',
    '',
    `${new Date().toISOString()}, ${machine}, ${(spentMs / 60_000).toFixed(1)} minutes: ${wanted.profiles.length} profiles, `
      + `up to ${wanted.seedsOfEach} seeds of each from ${wanted.from}.`,
    '',
    `${inWords(totals)}; ${failing.length} violations.`,
    '',
    '| what went wrong | times |',
    '|---|--:|',
    ...injected,
    '',
    ...failing.map((one) => `- ${tellFailing(one).replace('\n ', ':')}`),
    '',
  ].join('\n');
}
