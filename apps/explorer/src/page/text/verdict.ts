/**
 * What the next ask of an entry meets, in one sentence for a person: the same decisions in the same order as the server's
 * (core's model/freshness.ts and resolve.ts), out of what …/explain tells. Pure.
 */
import type { Explanation } from '@parqueue/client';
import { placeIn, zonesOf, type Policy } from './policy.ts';
import { coarse, setting } from './times.ts';

export type Verdict = 'answered' | 'behind' | 'checked' | 'loaded';

export interface Judgement {
  readonly verdict: Verdict;
  readonly sentence: string;
  /** Why, in the order in which it was decided. */
  readonly because: readonly string[];
  /** Whether its age decided, under the policy; otherwise it counts for nothing. */
  readonly byAge: boolean;
}

export type Standing = Pick<Explanation, 'head' | 'ticks' | 'files' | 'reconciled' | 'lease'> & {
  readonly source: { readonly name: string; readonly cooling: { readonly until: string } | null };
};

const EPOCH_TICKS = 1e12;

/** @param policy of its dataset; null: asked ad hoc, or the dataset is not configured any more */
export function judge(standing: Standing, policy: Policy | null, ageMs: number): Judgement {
  const { head, ticks, files } = standing;
  if (head.damaged !== null || files.state === 'damaged')
    return loaded(`A reader found its files damaged (${head.damaged ?? files.reason ?? 'no reason was told'}).`);
  if (files.state === 'absent') return loaded('Its file is not in the store.');
  if (ticks.purge >= ticks.filled) return loaded('It was purged after these rows were read.');
  if (ticks.hard >= ticks.filled) return loaded('Somebody called these rows wrong (a hard mark) after they were read.');
  const probed = policy === null || (policy.version !== 'ttl' && policy.version !== 'manual');
  const age = `It was last proved right ${coarse(ageMs)} ago`;
  if (!standing.reconciled) return checked('Redis forgot since, and this entry was not compared with the store yet.');
  if (ticks.soft >= ticks.verified)
    return checked('Somebody asked for a check (a soft mark) after it was last proved right.');
  if (Math.floor(ticks.verified / EPOCH_TICKS) < ticks.epoch)
    return checked('Redis was restarted or emptied since it was last proved right.');
  if (policy === null)
    return { verdict: 'checked', sentence: 'The policy of whoever asks decides.', because: [`${age}.`], byAge: false };
  if (policy.version === 'manual')
    return {
      verdict: 'answered',
      sentence: 'The next ask is answered at once.',
      because: [`${age}; it counts as right until somebody invalidates it.`],
      byAge: false,
    };
  const spans = zonesOf(policy);
  const zone = spans[placeIn(spans, ageMs / 1000).at]?.zone ?? 'checked';
  switch (zone) {
    case 'fresh':
      return {
        verdict: 'answered',
        sentence: 'The next ask is answered at once.',
        because: [`${age}, and its dataset allows ${setting(policy.maxAgeSeconds)}.`],
        byAge: true,
      };
    case 'stale-while-revalidate':
      return {
        verdict: 'behind',
        sentence: probed
          ? 'The next ask has the source checked first; a change is loaded behind the answer.'
          : 'The next ask is answered with these rows while new ones are loaded behind.',
        because: [
          `${age}, more than ${setting(policy.maxAgeSeconds)}; the old rows may be given while new ones are loaded.`,
        ],
        byAge: true,
      };
    default:
      return checked(
        policy.maxAgeSeconds === 0
          ? `${age}, and its dataset is strict: each ask wants work that began after it.`
          : `${age}, more than its dataset allows.`,
        zone === 'stale-if-error' ? ['If the source cannot be asked, these rows are given all the same.'] : [],
        true,
      );
  }

  function checked(why: string, more: readonly string[] = [], byAge = false): Judgement {
    if (!probed) return { ...loaded(why), byAge };
    const { cooling, name } = standing.source;
    const cool = cooling === null ? [] : [`${name} failed repeatedly and is left alone for now.`];
    return {
      verdict: 'checked',
      sentence: 'The next ask has the source checked first; only a change is loaded.',
      because: [why, ...more, ...cool],
      byAge,
    };
  }
}

function loaded(why: string): Judgement {
  return { verdict: 'loaded', sentence: 'The next ask loads it again.', because: [why], byAge: false };
}

export interface TickLine {
  readonly name: string;
  readonly tick: number;
  readonly meaning: string;
}

/** The logical times of an entry in the order in which they happened; marks only where there are any. */
export function tickLines(ticks: Explanation['ticks']): readonly TickLine[] {
  const lines: readonly TickLine[] = [
    { name: 'filled', tick: ticks.filled, meaning: 'the load of these rows began' },
    { name: 'verified', tick: ticks.verified, meaning: 'the latest work began that proved them right' },
    {
      name: 'started',
      tick: ticks.started,
      meaning: 'the latest probe or load began, of this entry or of what it reads',
    },
    { name: 'latest fence', tick: ticks.latestFence, meaning: 'the latest load was granted: only it may commit' },
    { name: 'soft mark', tick: ticks.soft, meaning: 'what was verified before is checked again' },
    { name: 'hard mark', tick: ticks.hard, meaning: 'what was filled before is loaded again' },
    { name: 'purge', tick: ticks.purge, meaning: 'what was filled before is gone' },
  ];
  return lines.filter(({ tick }) => tick > 0).toSorted((one, other) => one.tick - other.tick);
}

/** `1·43`: the 43rd tick of epoch 1. */
export function tickName(tick: number): string {
  return tick < EPOCH_TICKS ? String(tick) : `${Math.floor(tick / EPOCH_TICKS)}·${tick % EPOCH_TICKS}`;
}
