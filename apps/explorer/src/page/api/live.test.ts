// @vitest-environment happy-dom
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { fillOf } from '../testing/answers.ts';
import { serve, type FakeServer } from '../testing/server.ts';
import { follow, live, pause, take } from './live.ts';

const BEGAN_MS = Date.parse('2026-01-01T00:00:00.000Z');
const at = (seconds: number): string => new Date(BEGAN_MS + seconds * 1_000).toISOString();

const finished = (id: string, seconds: number) =>
  fillOf(id, { enqueuedAt: at(seconds), outcome: { kind: 'committed', fence: 1, rows: 1, bytes: 1 } });

describe('work that is kept', () => {
  beforeEach(() => {
    live.set({ fills: new Map(), by: 'polling', moved: 0 });
  });

  it('is what runs, however long ago it was asked for, then what was asked for latest', () => {
    take([fillOf('long', { state: 'running', outcome: null, enqueuedAt: at(0) })]);
    take(Array.from({ length: 400 }, (_, index) => finished(`short-${index}`, index + 1)));
    const kept = [...live.get().fills.keys()];
    expect(kept).toHaveLength(300);
    expect(kept.slice(0, 3)).toEqual(['long', 'short-399', 'short-398']);
    expect(kept).not.toContain('short-0');
  });

  it('wakes the views once for each load that came to an end, where no stream tells of heads', () => {
    take([finished('a', 1), finished('b', 2), fillOf('c')]);
    expect(live.get().moved).toBe(2);
    take([finished('a', 1)]);
    expect(live.get().moved).toBe(2);
    live.set({ ...live.get(), by: 'stream' });
    take([finished('d', 3)]);
    expect(live.get().moved).toBe(2);
  });

  it('has samples for a rate only while it runs', () => {
    const progress = { phase: 'reading', rows: 10, bytes: 0, bytesTotal: null } as const;
    take([fillOf('a', { state: 'running', outcome: null, progress })]);
    take([fillOf('a', { state: 'running', outcome: null, progress: { ...progress, rows: 20 } })]);
    expect(
      live
        .get()
        .fills.get('a')
        ?.samples.map(({ rows }) => rows),
    ).toEqual([10, 20]);
    take([fillOf('a')]);
    expect(live.get().fills.get('a')?.samples).toEqual([]);
  });
});

describe('a pause', () => {
  it('ends when its time is over, when the page is left and when somebody looks at it again, and leaves nothing behind', async () => {
    const added = vi.spyOn(document, 'addEventListener');
    const removed = vi.spyOn(document, 'removeEventListener');
    const left = new AbortController();
    const waits = [pause(1, left.signal), pause(3_600_000, left.signal)];
    await waits[0];
    document.dispatchEvent(new Event('visibilitychange'));
    await waits[1];
    const other = pause(3_600_000, left.signal);
    left.abort();
    await other;
    expect(added).toHaveBeenCalledTimes(3);
    expect(removed).toHaveBeenCalledTimes(3);
    vi.restoreAllMocks();
  });
});

describe('following the work', () => {
  let server: FakeServer;
  let left: AbortController;

  beforeEach(() => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    live.set({ fills: new Map(), by: 'nothing', moved: 0 });
    server = serve({ '/v1/fills': { fills: [] } });
    left = new AbortController();
  });
  afterEach(async () => {
    left.abort();
    // What was gathered is taken, and nobody is told of it in the next test.
    await vi.advanceTimersByTimeAsync(2_000);
    vi.useRealTimers();
    server[Symbol.dispose]();
  });

  const progress = { phase: 'reading', rows: 1, bytes: 1, bytesTotal: null } as const;
  const running = (id: string) => fillOf(id, { state: 'running', outcome: null, progress });
  const asked = (path: string): number => server.asked.filter((one) => one.path === path).length;
  const tell = (...events: readonly (readonly [string, unknown])[]): void => {
    const text = events.map(([name, data]) => `event: ${name}\ndata: ${JSON.stringify(data)}\n\n`).join('');
    server.answers.set('/v1/events', new Response(text, { headers: { 'content-type': 'text/event-stream' } }));
  };

  it('takes what a stream tells, and comes back after its end', async () => {
    tell(['fill', running('a')], ['unheard-of', {}], ['bye', {}], ['fill', running('b')]);
    void follow(left.signal);
    await vi.advanceTimersByTimeAsync(1_000);
    expect([...live.get().fills.keys()]).toEqual(['a']);
    expect(live.get()).toMatchObject({ by: 'stream', moved: 0 });
    expect(asked('/v1/events')).toBe(1);
    await vi.advanceTimersByTimeAsync(3_000);
    expect(asked('/v1/events')).toBe(2);
    expect(live.get().by).toBe('stream');
  });

  it.each(['head', 'evicted'])('wakes the views once for many events: %s', async (name) => {
    tell([name, {}], [name, {}], [name, {}]);
    void follow(left.signal);
    await vi.advanceTimersByTimeAsync(2_000);
    expect(live.get().moved).toBe(1);
  });

  it('looks every few seconds where there is no stream, and lets go of what ended unseen', async () => {
    live.set({ fills: new Map([['lost', { fill: running('lost'), samples: [] }]]), by: 'nothing', moved: 0 });
    take([fillOf('known')]);
    server.answers.set('/v1/fills', { fills: [running('new')] });
    void follow(left.signal);
    await vi.advanceTimersByTimeAsync(100);
    expect(live.get().by).toBe('polling');
    expect([...live.get().fills.keys()]).toEqual(['new', 'known']);
    // Two looks make a rate.
    await vi.advanceTimersByTimeAsync(1_500);
    expect(live.get().fills.get('new')?.samples).toHaveLength(2);
    server.answers.set('/v1/fills', { fills: [fillOf('new')] });
    await vi.advanceTimersByTimeAsync(2_000);
    expect(live.get().fills.get('new')?.fill.state).toBe('finished');
    // Nothing runs: the next look is some way off.
    const looks = asked('/v1/fills');
    await vi.advanceTimersByTimeAsync(3_000);
    expect(asked('/v1/fills')).toBe(looks);
    await vi.advanceTimersByTimeAsync(4_000);
    expect(asked('/v1/fills')).toBe(looks + 2);
  });
});
