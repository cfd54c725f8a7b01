/**
 * The schedule of a swarm: waves of gets, changes of the source among them, one round to catch up, one that must be
 * warm. Knows nothing of what is changed or how; that is the target's.
 */
import type { Freshness, Question } from '@parqueue/client';
import { chanceOf, type Chance } from './chance.ts';
import type { Evidence, LoadCounts } from './judge.ts';
import type { AnswerShape, Regeneration, Sighting } from './messages.ts';
import { SwarmClient } from './processes.ts';

export interface SwarmSize {
  readonly clients: number;
  readonly waves: number;
  readonly regenerations: number;
  readonly gets: number;
  readonly rows: number;
  readonly seed: number;
}

export interface SwarmTarget {
  readonly url: string;
  readonly apiKey: string | null;
  readonly question: Question;
  readonly freshness: Freshness;
  readonly shape: AnswerShape;
  /** Makes the source show this revision, after a delay that belongs to the plan. */
  change(revision: number, delayMs: number): Promise<Regeneration>;
  counts(): Promise<Counts>;
  stop(): Promise<void>;
}

/** Running totals; null where nobody can be asked. */
export interface Counts {
  readonly loads: LoadCounts | null;
  readonly executions: number | null;
}

/** Gets and changes of one wave are spread over so many milliseconds. */
const WAVE_MS = 120;

export async function runSwarm(
  size: SwarmSize,
  target: SwarmTarget,
  onWave: (line: string) => void,
): Promise<Evidence> {
  const chance = chanceOf(size.seed);
  const { url, apiKey, question, freshness, shape } = target;
  const clients = Array.from(
    { length: size.clients },
    (_, index) => new SwarmClient({ client: index + 1, url, apiKey, question, freshness, shape }),
  );
  const together = async (): Promise<readonly Sighting[]> =>
    (await Promise.all(clients.map(async (client) => await client.wave([0])))).flat();
  try {
    const before = await target.counts();
    const history: Regeneration[] = [await target.change(1, 0)];
    const sightings: Sighting[] = [];
    const changing = wavesWithChanges(size, chance);
    for (let wave = 0; wave < size.waves; wave += 1) {
      const delays = clients.map(() => Array.from({ length: size.gets }, () => chance.whole(WAVE_MS / size.gets)));
      const looking = clients.map(async (client, index) => await client.wave(delays[index] ?? []));
      for (let change = 0; change < (changing.get(wave) ?? 0); change += 1) {
        history.push(await target.change(history.length + 1, chance.whole(WAVE_MS)));
      }
      const seen = (await Promise.all(looking)).flat();
      sightings.push(...seen);
      onWave(waveLine(wave, size, history, seen));
    }
    // One round to catch up with the last change, and one that must find everything in the cache.
    sightings.push(...(await together()));
    const warm = await together();
    return { history, sightings, warm, ...difference(before, await target.counts()) };
  } finally {
    for (const client of clients) client.end();
  }
}

/** How many changes fall into which wave. The first wave finds the source as it was at first. */
function wavesWithChanges({ waves, regenerations }: SwarmSize, chance: Chance): ReadonlyMap<number, number> {
  const changing = new Map<number, number>();
  for (let change = 0; change < regenerations; change += 1) {
    const wave = waves === 1 ? 0 : 1 + chance.whole(waves - 1);
    changing.set(wave, (changing.get(wave) ?? 0) + 1);
  }
  return changing;
}

function difference(before: Counts, after: Counts): Counts {
  return {
    loads: before.loads === null || after.loads === null ? null : loadsBetween(before.loads, after.loads),
    executions: before.executions === null || after.executions === null ? null : after.executions - before.executions,
  };
}

function loadsBetween(before: LoadCounts, after: LoadCounts): LoadCounts {
  return {
    committed: after.committed - before.committed,
    fenced: after.fenced - before.fenced,
    failed: after.failed - before.failed,
    unchanged: after.unchanged - before.unchanged,
  };
}

function waveLine(
  wave: number,
  { waves }: SwarmSize,
  history: readonly Regeneration[],
  seen: readonly Sighting[],
): string {
  const revisions = [...new Set(seen.map(({ revision }) => revision ?? '?'))].join(' ');
  return `wave ${String(wave + 1).padStart(2)}/${waves}: ${seen.length} gets, revision ${history.length} written, saw ${revisions}`;
}
