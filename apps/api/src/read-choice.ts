/**
 * Which of several generations a range belongs to, where one reader's name stands for several reads: two readers of one
 * host, or one that began again after a change. Pure. The range itself is the witness: a reader takes its offsets from
 * the footer of the generation it reads, so a range that begins or ends where only one generation has a boundary is of
 * that one (docs/adr/0027).
 */
import type { NotedRead } from '@parqueue/core';

export interface ExplicitRange {
  readonly start: number;
  /** Inclusive; null: to the end. */
  readonly end: number | null;
}

/** What a generation's footer says of its file. */
export interface Layout {
  /** Generations of equal content are one, as far as a reader is concerned. */
  readonly sha256: string;
  readonly bytes: number;
  /** Where the footer begins. */
  readonly dataEnd: number;
  readonly boundaries: ReadonlySet<number>;
}

export interface Candidate {
  readonly read: NotedRead;
  /** Null where its files are not there any more. */
  readonly layout: Layout | null;
}

export type Choice =
  | { readonly kind: 'chosen'; readonly read: NotedRead }
  /** Any of these could have been meant. */
  | { readonly kind: 'undecided'; readonly among: readonly NotedRead[]; readonly newest: NotedRead };

/** A reader that asked for nothing for so long is taken to be done with it, where another one began since. */
export const IDLE_MS = 10_000;

/** fsspec's files read so far ahead of what was asked for. */
const READ_AHEAD_BYTES = 5 * 1024 * 1024;

/** @param candidates at least one */
export function chooseRead(
  candidates: readonly Candidate[],
  range: ExplicitRange,
  { text, nowMs }: { readonly text: string; readonly nowMs: number },
): Choice {
  const all = distinct(candidates);
  const footer = isFooterRead(range, all);
  // Nobody asks for a part of a file before its footer: where none was read, the range is of another generation.
  // Unless it explains the range better than those that were: some readers keep footers for longer than reads are noted.
  const any = best(all, range);
  const opened = best(
    all.filter(({ read, layout }) => footer || readersOf(read, layout) > 0),
    range,
  );
  const equal = opened.score > 0 && opened.score >= any.score ? opened.candidates : any.candidates;
  // And readers ask for a range once: where all had it, none is asking now.
  const asking = equal.filter(({ read, layout }) => !hasHad(read, layout, text));
  const possible = asking.length === 0 || footer ? equal : asking;
  const newest = possible.reduce((latest, one) => (one.read.begunAtMs >= latest.read.begunAtMs ? one : latest));
  const open = possible.filter(
    (one) => one !== newest && one.read.usedAtMs + IDLE_MS > nowMs && !hasHad(one.read, one.layout, text),
  );
  if (open.length === 0) return { kind: 'chosen', read: newest.read };
  return { kind: 'undecided', among: [...open, newest].map(({ read }) => read), newest: newest.read };
}

/** Those that explain the range best. */
function best(
  candidates: readonly Candidate[],
  range: ExplicitRange,
): { readonly score: number; readonly candidates: readonly Candidate[] } {
  const scores = candidates.map(({ layout }) => scoreOf(range, layout));
  const score = Math.max(0, ...scores);
  return { score, candidates: candidates.filter((_, at) => scores[at] === score) };
}

/** Of generations with equal content, the one begun last that may be sent stands for all. */
function distinct(candidates: readonly Candidate[]): readonly Candidate[] {
  return candidates.filter(
    (one) =>
      !candidates.some(
        (other) =>
          other !== one && other.layout?.sha256 === one.layout?.sha256 && one.layout !== null && goesFirst(other, one),
      ),
  );
}

function goesFirst({ read: a }: Candidate, { read: b }: Candidate): boolean {
  if (a.usable !== b.usable) return a.usable;
  return a.begunAtMs === b.begunAtMs ? a.fence > b.fence : a.begunAtMs > b.begunAtMs;
}

/** How many ends of the range lie on a boundary. */
function scoreOf({ start, end }: ExplicitRange, layout: Layout | null): number {
  if (layout === null || start >= layout.bytes) return 0;
  const { boundaries } = layout;
  const after = end === null ? layout.bytes : end + 1;
  const begins = boundaries.has(start);
  const ends = boundaries.has(after) || boundaries.has(after - READ_AHEAD_BYTES);
  return (begins ? 1 : 0) + (ends ? 1 : 0);
}

/** Every reader of that generation asked for this very range already. */
function hasHad(read: NotedRead, layout: Layout | null, text: string): boolean {
  const readers = readersOf(read, layout);
  return readers > 0 && (read.asked[text] ?? 0) >= readers;
}

/** As many as asked most often for one range that ends with the file, since each needs its footer. */
function readersOf({ asked }: NotedRead, layout: Layout | null): number {
  if (layout === null) return 0;
  const tails = Object.entries(asked).filter(([range]) => {
    const [, end = ''] = range.split('-');
    return end === '' || Number(end) >= layout.bytes - 1;
  });
  return Math.max(0, ...tails.map(([, times]) => times));
}

/** The last bytes of one of the files, and not from where a part of one begins: that is data, read ahead to the end. */
function isFooterRead({ start, end }: ExplicitRange, candidates: readonly Candidate[]): boolean {
  const layouts = candidates.flatMap(({ layout }) => layout ?? []);
  return (
    layouts.some(({ bytes }) => end === null || end >= bytes - 1)
    && !layouts.some(({ boundaries, dataEnd }) => start < dataEnd && boundaries.has(start))
  );
}
