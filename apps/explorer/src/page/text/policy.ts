/** A policy in words, and what it means for an age. Pure. */
import type { Dataset } from '@parqueue/client';
import { setting } from './times.ts';

type Freshness = Dataset['freshness'];

export type PolicyTimes = Pick<Freshness, 'maxAgeSeconds' | 'staleWhileRevalidateSeconds' | 'staleIfErrorSeconds'>;
export type Policy = PolicyTimes & Pick<Freshness, 'version'>;

/** What is done with an answer of some age. */
export type Zone = 'fresh' | 'stale-while-revalidate' | 'stale-if-error' | 'checked';

export interface ZoneSpan {
  readonly zone: Zone;
  readonly fromSeconds: number;
  /** null: without end. */
  readonly toSeconds: number | null;
}

export const ZONE_WORDS: Readonly<Record<Zone, string>> = {
  fresh: 'answered at once',
  'stale-while-revalidate': 'a change is loaded behind the answer',
  'stale-if-error': 'given if the source is down',
  checked: 'checked first',
};

/** In a cell: how old an answer may be without a check. */
export function shortPolicy({ maxAgeSeconds, version }: Policy): string {
  if (version === 'manual') return 'until told';
  return maxAgeSeconds === 0 ? 'strict' : `≤ ${setting(maxAgeSeconds)}`;
}

/** One sentence for each part of the policy that says something. */
export function policySentences(policy: Policy): readonly string[] {
  const { version, maxAgeSeconds, staleWhileRevalidateSeconds, staleIfErrorSeconds } = policy;
  if (version === 'manual') return ['An answer counts as right until somebody invalidates it.'];
  const after = (seconds: number): string =>
    `For ${setting(seconds)} ${maxAgeSeconds === 0 ? 'after it was last proved right' : 'beyond that'}`;
  return [
    maxAgeSeconds === 0
      ? 'Strict: every ask looks at the source first. What did not change is not loaded again.'
      : `Answers up to ${setting(maxAgeSeconds)} old are given without a look at the source.`,
    ...(staleWhileRevalidateSeconds === 0
      ? []
      : [`${after(staleWhileRevalidateSeconds)}, a changed answer is still given while it is loaded again behind.`]),
    ...(staleIfErrorSeconds === 0
      ? []
      : [`${after(staleIfErrorSeconds)}, an answer is given while the source cannot be asked.`]),
    VERSION_WORDS[version],
  ];
}

const VERSION_WORDS: Readonly<Record<Exclude<Freshness['version'], 'manual'>, string>> = {
  checksum: 'A change is noticed by the SHA-256 of the file.',
  rowscn: 'A change is noticed by the change numbers of the tables it reads.',
  'row-version': 'A change is noticed by the transactions of the rows of the tables it reads.',
  'table-checksum': 'A change is noticed by a checksum of the tables it reads.',
  'refresh-key': 'A change is noticed by the result of a statement of its own.',
  ttl: 'Nothing tells of a change: age alone decides.',
};

/** The life of an answer under the policy, in order. Windows behind maxAge overlap: the more generous one comes first. */
export function zonesOf({
  maxAgeSeconds,
  staleWhileRevalidateSeconds,
  staleIfErrorSeconds,
}: PolicyTimes): readonly ZoneSpan[] {
  const edges: (readonly [Zone, number])[] = [['fresh', maxAgeSeconds]];
  if (staleWhileRevalidateSeconds > 0)
    edges.push(['stale-while-revalidate', maxAgeSeconds + staleWhileRevalidateSeconds]);
  if (staleIfErrorSeconds > 0) edges.push(['stale-if-error', maxAgeSeconds + staleIfErrorSeconds]);
  const spans: ZoneSpan[] = [];
  let from = 0;
  for (const [zone, to] of edges) {
    if (to <= from) continue;
    spans.push({ zone, fromSeconds: from, toSeconds: to });
    from = to;
  }
  return [...spans, { zone: 'checked', fromSeconds: from, toSeconds: null }];
}

/** Which span an age lies in, and how far into it, 0 to 1. */
export function placeIn(
  spans: readonly ZoneSpan[],
  ageSeconds: number,
): { readonly at: number; readonly ratio: number } {
  const found = spans.findIndex(({ toSeconds }) => toSeconds === null || ageSeconds < toSeconds);
  const at = found < 0 ? spans.length - 1 : found;
  const span = spans[at];
  if (span === undefined) return { at: 0, ratio: 0 };
  const into = Math.max(0, ageSeconds - span.fromSeconds);
  // The last one has no end: the further beyond, the closer to its right edge.
  const length = span.toSeconds === null ? null : span.toSeconds - span.fromSeconds;
  return { at, ratio: length === null ? into / (into + Math.max(60, span.fromSeconds)) : into / length };
}
