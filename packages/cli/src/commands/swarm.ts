/**
 * `parqueue swarm file`: the same promise as in the README, asked for by many processes at once while the file
 * changes. The plan comes from one seed; what happens in between is real concurrency, so a seed repeats the plan, not
 * the schedule.
 */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import type { Context } from '../context.ts';
import { EXIT, UsageError, type ExitCode } from '../exit.ts';
import { scrape, sumOf } from '../metrics-text.ts';
import { table } from '../output/table.ts';
import { spellMs } from '../output/units.ts';
import { chanceOf } from '../swarm/chance.ts';
import { judge, type Evidence, type Finding, type LoadCounts } from '../swarm/judge.ts';
import type { Regeneration, Sighting } from '../swarm/messages.ts';
import { SwarmClient, SwarmGenerator } from '../swarm/processes.ts';
import { startStack, type Stack } from '../up/stack.ts';

export interface SwarmOptions {
  readonly clients: number;
  readonly waves: number;
  readonly regenerations: number;
  readonly gets: number;
  readonly rows: number;
  readonly seed: number;
  readonly workers: number;
  readonly url?: string;
  readonly key?: string;
  readonly dataset?: string;
  readonly file?: string;
  readonly json?: boolean;
}

/** Gets and changes of one wave are spread over so many milliseconds. */
const WAVE_MS = 120;
const FINDINGS_SHOWN = 20;

interface Target {
  readonly url: string;
  readonly dataset: string;
  readonly file: string;
  readonly loads: () => Promise<LoadCounts | null>;
  readonly stop: () => Promise<void>;
}

export async function swarmFile(context: Context, options: SwarmOptions): Promise<ExitCode> {
  if (options.clients < 1 || options.waves < 1) throw new UsageError('a swarm needs at least one client and one wave');
  const began = context.clock.now();
  const target =
    options.url === undefined ? await ownTarget(context, options) : givenTarget(context, options, options.url);
  try {
    const evidence = await runSwarm(context, options, target);
    const findings = judge(evidence);
    tell(context, options, evidence, findings, context.clock.now() - began);
    return findings.length === 0 ? EXIT.ok : EXIT.failed;
  } finally {
    await target.stop();
  }
}

async function runSwarm(context: Context, options: SwarmOptions, target: Target): Promise<Evidence> {
  const chance = chanceOf(options.seed);
  const generator = new SwarmGenerator({
    file: target.file,
    revisions: options.regenerations + 1,
    rows: options.rows,
    seed: options.seed,
  });
  const clients = Array.from(
    { length: options.clients },
    (_, index) =>
      new SwarmClient({
        client: index + 1,
        url: target.url,
        apiKey: options.key ?? null,
        dataset: target.dataset,
        rows: options.rows,
      }),
  );
  try {
    const loadsBefore = await target.loads();
    const history: Regeneration[] = [await generator.regenerate(1, 0)];
    const sightings: Sighting[] = [];
    const changing = wavesWithChanges(options, chance);
    for (let wave = 0; wave < options.waves; wave += 1) {
      const delays = clients.map(() =>
        Array.from({ length: options.gets }, () => chance.whole(WAVE_MS / options.gets)),
      );
      const looking = clients.map(async (client, index) => await client.wave(delays[index] ?? []));
      for (let change = 0; change < (changing.get(wave) ?? 0); change += 1) {
        history.push(await generator.regenerate(history.length + 1, chance.whole(WAVE_MS)));
      }
      const seen = (await Promise.all(looking)).flat();
      sightings.push(...seen);
      if (options.json !== true) context.err(waveLine(wave, options, history, seen));
    }
    // One round to catch up with the last change, and one that must find everything in the cache.
    sightings.push(...(await Promise.all(clients.map(async (client) => await client.wave([0])))).flat());
    const warm = (await Promise.all(clients.map(async (client) => await client.wave([0])))).flat();
    const loadsAfter = await target.loads();
    return {
      history,
      sightings,
      warm,
      loads: loadsBefore === null || loadsAfter === null ? null : difference(loadsBefore, loadsAfter),
    };
  } finally {
    generator.end();
    for (const client of clients) client.end();
  }
}

/** How many changes fall into which wave. The first wave finds the file as it was written at first. */
function wavesWithChanges(
  { waves, regenerations }: SwarmOptions,
  chance: ReturnType<typeof chanceOf>,
): ReadonlyMap<number, number> {
  const changing = new Map<number, number>();
  for (let change = 0; change < regenerations; change += 1) {
    const wave = waves === 1 ? 0 : 1 + chance.whole(waves - 1);
    changing.set(wave, (changing.get(wave) ?? 0) + 1);
  }
  return changing;
}

async function ownTarget(context: Context, options: SwarmOptions): Promise<Target> {
  const directory = mkdtempSync(join(tmpdir(), 'parqueue-swarm-'));
  mkdirSync(join(directory, 'data'));
  const config = join(directory, 'parqueue.yaml');
  writeFileSync(config, SWARM_CONFIG);
  const lines: string[] = [];
  const stack: Stack = await startStack(context, {
    config,
    workers: options.workers,
    events: {
      onLine: (name, line) => {
        lines.push(`${name} ${line}`);
        if ((context.env['PARQUEUE_DEBUG'] ?? '') !== '') context.err(`${name} ${line}`);
      },
      onNote: (line) => context.err(line),
    },
  });
  return {
    url: stack.url,
    dataset: 'swarm',
    file: join(directory, 'data', 'swarm.parquet'),
    loads: async () => await countLoads(stack.workerUrls),
    stop: async () => {
      await stack.stop();
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

/** A server that runs elsewhere: its file is ours to replace, its workers cannot be asked for their counters. */
function givenTarget(context: Context, { dataset, file }: SwarmOptions, url: string): Target {
  if (dataset === undefined || file === undefined)
    throw new UsageError('--url also needs --dataset NAME and --file PATH, the file that dataset reads');
  const path = resolve(context.cwd, file);
  mkdirSync(dirname(path), { recursive: true });
  return { url, dataset, file: path, loads: async () => await Promise.resolve(null), stop: async () => {} };
}

async function countLoads(workerUrls: readonly string[]): Promise<LoadCounts> {
  const samples = await scrape(workerUrls);
  const of = (outcome: string): number => sumOf(samples, 'parqueue_fills_total', { outcome });
  return { committed: of('committed'), fenced: of('fenced'), failed: of('failed'), unchanged: of('unchanged') };
}

function difference(before: LoadCounts, after: LoadCounts): LoadCounts {
  return {
    committed: after.committed - before.committed,
    fenced: after.fenced - before.fenced,
    failed: after.failed - before.failed,
    unchanged: after.unchanged - before.unchanged,
  };
}

function waveLine(
  wave: number,
  { waves }: SwarmOptions,
  history: readonly Regeneration[],
  seen: readonly Sighting[],
): string {
  const revisions = [...new Set(seen.map(({ revision }) => revision ?? '?'))].join(' ');
  return `wave ${String(wave + 1).padStart(2)}/${waves}: ${seen.length} gets, revision ${history.length} written, saw ${revisions}`;
}

function tell(
  context: Context,
  options: SwarmOptions,
  evidence: Evidence,
  findings: readonly Finding[],
  ms: number,
): void {
  const { history, sightings, warm, loads } = evidence;
  const reasons = [...new Set(findings.map(({ reason }) => reason))];
  if (options.json === true) {
    context.out(
      JSON.stringify({
        ok: findings.length === 0,
        reasons,
        findings,
        seed: options.seed,
        gets: sightings.length + warm.length,
        revisions: history.length,
        loads,
        ms,
      }),
    );
    return;
  }
  const summary: readonly (readonly [string, string])[] = [
    ['seed', String(options.seed)],
    ['clients × waves × gets', `${options.clients} × ${options.waves} × ${options.gets}`],
    ['gets answered and checked', String(sightings.length + warm.length)],
    ['revisions of the file', String(history.length)],
    ['loads committed', loads === null ? 'not counted (workers run elsewhere)' : String(loads.committed)],
    ['loads found unchanged', loads === null ? '-' : String(loads.unchanged)],
    ['stale', String(countOf(findings, 'stale'))],
    ['torn', String(countOf(findings, 'torn'))],
    ['duplicate loads', String(countOf(findings, 'duplicate'))],
    ['failed gets', String(countOf(findings, 'failed'))],
    ['final check warm', countOf(findings, 'cold') === 0 ? 'yes' : 'no'],
    ['time', spellMs(ms)],
  ];
  context.out(
    table(summary, [
      { title: 'SWARM', value: ([name]) => name },
      { title: '', value: ([, value]) => value },
    ]),
  );
  for (const { reason, message } of findings.slice(0, FINDINGS_SHOWN)) context.err(`${reason}: ${message}`);
  context.out(
    findings.length === 0 ? 'clean: every answer was current, whole and loaded once' : `FAILED: ${reasons.join(', ')}`,
  );
}

function countOf(findings: readonly Finding[], reason: Finding['reason']): number {
  return findings.filter((finding) => finding.reason === reason).length;
}

const SWARM_CONFIG = `listen: { host: 127.0.0.1, port: 0 }
store: { root: ./store }
redis: { durable: false }
worker: { listen: { host: 127.0.0.1, port: 0 } }
sources:
  files: { kind: file, root: ./data }
datasets:
  swarm: { source: files, path: swarm.parquet }
`;
