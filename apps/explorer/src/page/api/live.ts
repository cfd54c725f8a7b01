/**
 * Work under way, kept current for the whole page: one stream of events while the page is looked at, and where there is no
 * stream (an older server, too many of them, Redis away) a look every few seconds. Heads that moved wake the views that
 * show them.
 */
import type { FillPage, FillSummary } from '@parqueue/client';
import { now } from '../clock.ts';
import { withSample, type Sample } from '../text/work.ts';
import { readEvents } from './events.ts';
import { ask, askJson } from './request.ts';
import { createStore } from './store.ts';

export interface LiveFill {
  readonly fill: FillSummary;
  /** Of its progress, for its rate. */
  readonly samples: readonly Sample[];
}

export interface Live {
  /** By id. Running and queued ones, and what ended lately. */
  readonly fills: ReadonlyMap<string, LiveFill>;
  /** How they are known: `stream` tells at once. */
  readonly by: 'nothing' | 'stream' | 'polling';
  /** Counts heads that moved; a view that shows entries looks again when it changes. */
  readonly moved: number;
}

const FILLS_LISTED = 200;
const FILLS_KEPT = 300;
const POLL_BUSY_MS = 1_500;
const POLL_CALM_MS = 6_000;
const RECONNECT_MS = 3_000;
/** Events are shown together: a page that is drawn a thousand times a second shows nothing. */
const GATHER_MS = 250;
/** Views ask again at most so often, however fast heads move. */
const MOVED_MS = 1_500;

export const live = createStore<Live>({ fills: new Map(), by: 'nothing', moved: 0 });

/** Runs until aborted. */
export async function follow(signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    try {
      await look(signal);
      if (!document.hidden && (await stream(signal))) {
        await pause(RECONNECT_MS, signal);
        continue;
      }
    } catch {
      // Whoever failed has said so: request.ts notes how the server stands.
    }
    live.set({ ...live.get(), by: 'polling' });
    await pause(isBusy() ? POLL_BUSY_MS : POLL_CALM_MS, signal);
  }
}

/** @returns whether there was a stream */
async function stream(signal: AbortSignal): Promise<boolean> {
  const hidden = new AbortController();
  const onHidden = (): void => {
    if (document.hidden) hidden.abort();
  };
  document.addEventListener('visibilitychange', onHidden);
  try {
    const response = await ask('/v1/events', {
      signal: AbortSignal.any([signal, hidden.signal]),
      headers: { accept: 'text/event-stream' },
    }).catch(() => null);
    if (response === null || response.body === null) return false;
    live.set({ ...live.get(), by: 'stream' });
    for await (const { name, data } of readEvents(response.body)) {
      if (name === 'fill') gather(JSON.parse(data) as FillSummary);
      else if (name === 'head' || name === 'evicted') noteMoved();
      else if (name === 'bye') return true;
    }
    return true;
  } catch {
    return !signal.aborted;
  } finally {
    document.removeEventListener('visibilitychange', onHidden);
  }
}

const gathered: FillSummary[] = [];

function gather(fill: FillSummary): void {
  gathered.push(fill);
  if (gathered.length === 1) setTimeout(() => take(gathered.splice(0)), GATHER_MS);
}

/** What the views show was changed: they ask again. */
export function askAgain(): void {
  live.set({ ...live.get(), moved: live.get().moved + 1 });
}

let noting = false;

function noteMoved(): void {
  if (noting) return;
  noting = true;
  setTimeout(() => {
    noting = false;
    askAgain();
  }, MOVED_MS);
}

async function look(signal: AbortSignal): Promise<void> {
  if (document.hidden) return;
  // What runs for long is not among the latest, where much ends meanwhile.
  const [latest, running] = await Promise.all(
    ['', '&state=running'].map((which) => askJson<FillPage>(`/v1/fills?limit=${FILLS_LISTED}${which}`, { signal })),
  );
  const fills = [...(running?.fills ?? []), ...(latest?.fills ?? [])];
  const listed = new Map(fills.map((fill) => [fill.id, fill]));
  // What the server lists no more and never was told to have ended, ended unseen.
  const kept = [...live.get().fills].filter(([id, { fill }]) => listed.has(id) || fill.state === 'finished');
  live.set({ ...live.get(), fills: new Map(kept) });
  take([...listed.values()]);
}

export function take(fills: readonly FillSummary[]): void {
  const { fills: known, by, moved } = live.get();
  const next = new Map(known);
  let ended = 0;
  for (const fill of fills) {
    const before = next.get(fill.id);
    if (fill.state === 'finished' && fill.outcome?.kind === 'committed' && before?.fill.state !== 'finished')
      ended += 1;
    next.set(fill.id, { fill, samples: samplesOf(before?.samples ?? [], fill) });
  }
  live.set({
    fills: new Map([...next].toSorted(foremost).slice(0, FILLS_KEPT)),
    by,
    moved: by === 'stream' ? moved : moved + ended,
  });
}

const RANKS = { running: 0, queued: 1, finished: 1 } as const;

/** What runs, however long, and of the others the latest. */
function foremost([, { fill: one }]: [string, LiveFill], [, { fill: other }]: [string, LiveFill]): number {
  return RANKS[one.state] - RANKS[other.state] || Date.parse(other.enqueuedAt) - Date.parse(one.enqueuedAt);
}

function samplesOf(samples: readonly Sample[], { state, progress }: FillSummary): readonly Sample[] {
  if (state !== 'running' || progress === null) return [];
  return withSample(samples, { atMs: now(), rows: progress.rows, bytes: progress.bytes });
}

function isBusy(): boolean {
  return [...live.get().fills.values()].some(({ fill }) => fill.state !== 'finished');
}

/** Ends early when the page is looked at again: what it shows is as old as it was left. */
export function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(end, ms);
    const onVisible = (): void => {
      if (!document.hidden) end();
    };
    signal.addEventListener('abort', end);
    document.addEventListener('visibilitychange', onVisible);

    function end(): void {
      clearTimeout(timer);
      signal.removeEventListener('abort', end);
      document.removeEventListener('visibilitychange', onVisible);
      resolve();
    }
  });
}
