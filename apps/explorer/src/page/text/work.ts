/** Probes and fills in words, and how fast they go. Pure. */
import type { FillSummary, Outcome } from '@parqueue/client';
import { bytes, count, plural } from './numbers.ts';
import { duration } from './times.ts';

export type Tone = 'good' | 'bad' | 'warn' | 'busy' | 'calm';

const PHASES: Readonly<Record<string, string>> = {
  queued: 'waiting for a worker',
  opening: 'opening the source',
  reading: 'reading',
  syncing: 'writing to the store',
  publishing: 'publishing',
};

export function phaseOf({ state, progress }: Pick<FillSummary, 'state' | 'progress'>): string {
  if (state === 'queued') return PHASES['queued'] ?? '';
  if (state === 'finished') return 'ended';
  return progress === null ? 'taken by a worker' : (PHASES[progress.phase] ?? progress.phase);
}

export function outcomeOf(outcome: Outcome | null): { readonly tone: Tone; readonly words: string } {
  if (outcome === null) return { tone: 'calm', words: 'ended' };
  switch (outcome.kind) {
    case 'committed':
      return { tone: 'good', words: `loaded ${plural(outcome.rows, 'row')}, ${bytes(outcome.bytes)}` };
    case 'verified':
      return { tone: 'good', words: 'not changed' };
    case 'satisfied':
      return { tone: 'good', words: "somebody else's work was enough" };
    case 'changed':
      return { tone: 'good', words: 'changed: loaded next' };
    case 'absent':
      return { tone: 'good', words: 'nothing to prove: loaded next' };
    case 'failed':
      return { tone: 'bad', words: outcome.failure.code };
    case 'cancelled':
      return { tone: 'warn', words: 'cancelled' };
  }
}

/** How long it waited and worked, as far as it came. */
export function timesOf(
  { enqueuedAt, startedAt, finishedAt }: Pick<FillSummary, 'enqueuedAt' | 'startedAt' | 'finishedAt'>,
  nowMs: number,
): { readonly waitedMs: number; readonly workedMs: number | null } {
  const began = startedAt === null ? null : Date.parse(startedAt);
  const end = finishedAt === null ? nowMs : Date.parse(finishedAt);
  return {
    waitedMs: Math.max(0, (began ?? end) - Date.parse(enqueuedAt)),
    workedMs: began === null ? null : Math.max(0, end - began),
  };
}

/** `1,200,000 rows · 45 MiB of 82 MiB` */
export function amountOf(progress: FillSummary['progress']): string {
  if (progress === null) return '';
  const { rows, bytes: done, bytesTotal } = progress;
  const parts = [
    ...(rows > 0 ? [`${count(rows)} rows`] : []),
    ...(done > 0
      ? [bytesTotal === null ? bytes(done) : `${bytes(Math.min(done, bytesTotal))} of ${bytes(bytesTotal)}`]
      : []),
  ];
  return parts.join(' · ');
}

/** 0 to 1; null where nobody can know how much is left. */
export function shareOf(progress: FillSummary['progress']): number | null {
  if (progress === null || progress.bytesTotal === null || progress.bytesTotal === 0 || progress.bytes === 0)
    return null;
  return Math.min(1, progress.bytes / progress.bytesTotal);
}

export interface Sample {
  readonly atMs: number;
  readonly rows: number;
  readonly bytes: number;
}

/** Rates are told over so long: shorter jumps about, longer tells of the past. */
const RATE_WINDOW_MS = 8_000;

/** Samples that a rate is told from, oldest first. Another phase counts anew. */
export function withSample(samples: readonly Sample[], sample: Sample): readonly Sample[] {
  const last = samples.at(-1);
  if (last !== undefined && (sample.rows < last.rows || sample.bytes < last.bytes)) return [sample];
  return [...samples.filter(({ atMs }) => sample.atMs - atMs <= RATE_WINDOW_MS), sample];
}

export function ratesOf(samples: readonly Sample[]): { readonly rows: number | null; readonly bytes: number | null } {
  const first = samples[0];
  const last = samples.at(-1);
  if (first === undefined || last === undefined || last.atMs - first.atMs < 500) return { rows: null, bytes: null };
  const seconds = (last.atMs - first.atMs) / 1000;
  const per = (from: number, to: number): number | null => (to > from ? (to - from) / seconds : null);
  return { rows: per(first.rows, last.rows), bytes: per(first.bytes, last.bytes) };
}

/** What is left, where the share grows steadily. */
export function remaining(progress: FillSummary['progress'], bytesPerSecond: number | null): string {
  if (progress?.bytesTotal == null || bytesPerSecond === null || bytesPerSecond <= 0) return '';
  const left = progress.bytesTotal - progress.bytes;
  return left <= 0 ? '' : `about ${duration(Math.max(1_000, Math.round(left / bytesPerSecond) * 1_000))} left`;
}

/** A worker takes what waits within a second, unless something keeps it. */
const STUCK_MS = 15_000;

/** How long work has waited while nothing runs at all; null: it has not, or not for long. */
export function stuckMs(fills: readonly Pick<FillSummary, 'state' | 'enqueuedAt'>[], nowMs: number): number | null {
  if (fills.some(({ state }) => state === 'running')) return null;
  const waited = fills
    .filter(({ state }) => state === 'queued')
    .map(({ enqueuedAt }) => nowMs - Date.parse(enqueuedAt));
  const longest = Math.max(0, ...waited);
  return longest < STUCK_MS ? null : longest;
}
